//! Short links with a text to begin with: nobody's node opens such links, so there are none.

use serde_json::json;

use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::error::Graph;

pub(super) async fn list(ask: Ask) -> Answer {
    match ask.target.edge.get(1) {
        None => Ok(answer(&json!({ "data": [] }))),
        Some(code) => Err(Graph::object(code)),
    }
}

pub(super) async fn change(_: Ask) -> Answer {
    Err(Graph::unsupported("links that open a conversation with a text, since no node opens them"))
}
