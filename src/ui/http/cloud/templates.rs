//! Templates of messages.

use serde_json::json;

use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::error::Graph;

pub(super) async fn list(_: Ask) -> Answer {
    Ok(answer(&json!({ "data": [] })))
}

pub(super) async fn show(ask: Ask) -> Answer {
    Err(Graph::object(ask.target.edge.last().unwrap_or(&ask.target.object)))
}

pub(super) async fn create(_: Ask) -> Answer {
    Err(Graph::unsupported("templates that are made over this API"))
}

pub(super) async fn edit(ask: Ask) -> Answer {
    Err(Graph::object(&ask.target.object))
}

pub(super) async fn remove(_: Ask) -> Answer {
    Err(Graph::unsupported("templates that are removed over this API"))
}
