//! A text that a template makes.

use serde_json::{Map, Value};

use crate::ui::http::cloud::ask::Ask;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::send::letter::{Letter, required};

/// Reads `template`.
pub(in crate::ui::http::cloud) async fn read(
    _ask: &Ask,
    content: &Map<String, Value>,
) -> Result<Letter, Graph> {
    let name = required(content, "template", "name")?;
    let language = content.get("language").and_then(Value::as_object);
    let language =
        required(language.ok_or_else(|| Graph::missing("template.language"))?, "template.language", "code")?;
    Err(Graph::new(Code::TemplateMissing, format!("There is no template {name} in {language} here.")))
}
