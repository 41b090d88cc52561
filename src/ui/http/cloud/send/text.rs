//! A text.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::engine::command::Command;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::send::letter::{Letter, required};

/// Reads `text`; whether there is to be a preview is for the reader's side.
pub(in crate::ui::http::cloud) fn read(content: &Map<String, Value>) -> Result<Letter, Graph> {
    let text = required(content, "text", "body")?;
    if text.chars().count() > limits::TEXT_CHARS_MAX {
        let words = format!("The parameter text.body has at most {} characters.", limits::TEXT_CHARS_MAX);
        return Err(Graph::new(Code::Parameter, words));
    }
    Ok(Letter { command: Box::new(move |to| Command::Send { to, text }), category: None })
}
