//! A message, ready to be sent to whomever.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::parameters;
use crate::ui::http::cloud::wamid::Wamid;
use crate::wire::said::message::Said;
use crate::wire::template::Template;

/// A message.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::ui::http::cloud) enum Letter {
    /// Something that has a line of its own.
    Said(Box<Said>),
    /// The same, made by a template.
    Made(Box<Said>, Box<Template>),
    /// What is felt about a message.
    Reaction {
        /// Which one.
        message: Wamid,
        /// Empty where it is nothing any more.
        emoji: String,
    },
}

/// A text of an object that must be there, in the form in which lines are sent.
pub(super) fn required(content: &Map<String, Value>, path: &str, name: &str) -> Result<String, Graph> {
    optional(content, name).ok_or_else(|| Graph::missing(&format!("{path}.{name}")))
}

/// A text of an object; nothing where it is empty.
pub(super) fn optional(content: &Map<String, Value>, name: &str) -> Option<String> {
    let text = content.get(name).and_then(parameters::text).filter(|text| !text.is_empty());
    text.map(|text| text.replace("\r\n", "\n"))
}

/// An object of an object.
pub(super) fn object<'a>(
    content: &'a Map<String, Value>,
    path: &str,
    name: &str,
) -> Result<&'a Map<String, Value>, Graph> {
    let found = content.get(name).ok_or_else(|| Graph::missing(&format!("{path}.{name}")))?;
    found.as_object().ok_or_else(|| Graph::value(&format!("{path}.{name}"), "is an object"))
}

/// A list of objects of an object; empty where there is none.
pub(super) fn list<'a>(
    content: &'a Map<String, Value>,
    path: &str,
    name: &str,
) -> Result<Vec<&'a Map<String, Value>>, Graph> {
    let Some(found) = content.get(name).filter(|found| !found.is_null()) else { return Ok(Vec::new()) };
    let objects: Option<Vec<_>> =
        found.as_array().map(|list| list.iter().map(Value::as_object).collect()).unwrap_or(None);
    objects.ok_or_else(|| Graph::value(&format!("{path}.{name}"), "is a list of objects"))
}

/// A line above or below something interactive.
pub(super) fn edge(content: &Map<String, Value>, name: &str) -> Result<String, Graph> {
    let text = content.get(name).and_then(Value::as_object).and_then(|edge| optional(edge, "text"));
    short(text.unwrap_or_default(), &format!("interactive.{name}.text"), limits::EDGE_CHARS_MAX)
}

/// The text, if it has at most so many characters.
pub(super) fn short(text: String, path: &str, max: usize) -> Result<String, Graph> {
    if text.chars().count() > max {
        return Err(Graph::new(
            Code::Parameter,
            format!("The parameter {path} has at most {max} characters."),
        ));
    }
    Ok(text)
}

/// What is said, if it is within the node's own bounds.
pub(super) fn said(said: Said) -> Result<Letter, Graph> {
    match said.check() {
        Ok(()) => Ok(Letter::Said(Box::new(said))),
        Err(error) => Err(Graph::new(Code::Parameter, format!("It can't be sent: {error}."))),
    }
}
