//! A message, ready to be sent to whomever.

use serde_json::{Map, Value};

use crate::base::id::AccountId;
use crate::engine::command::Command;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::parameters;
use crate::wire::consent::Topic;

/// A message.
pub(in crate::ui::http::cloud) struct Letter {
    /// What sends it to a contact.
    pub(in crate::ui::http::cloud) command: Box<dyn FnOnce(AccountId) -> Command + Send>,
    /// The category of its template, where it has one.
    pub(in crate::ui::http::cloud) category: Option<Topic>,
}

/// A text of an object that must be there, in the form in which lines are sent.
pub(super) fn required(content: &Map<String, Value>, path: &str, name: &str) -> Result<String, Graph> {
    let text = content.get(name).and_then(parameters::text).filter(|text| !text.is_empty());
    text.map(|text| text.replace("\r\n", "\n")).ok_or_else(|| Graph::missing(&format!("{path}.{name}")))
}
