//! A text.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::send::letter::{Letter, required, said, short};
use crate::wire::said::message::Said;

/// Reads `text`; whether there is to be a preview is for the reader's side.
pub(in crate::ui::http::cloud) fn read(content: &Map<String, Value>) -> Result<Letter, Graph> {
    said(Said::Text(short(required(content, "text", "body")?, "text.body", limits::TEXT_CHARS_MAX)?))
}
