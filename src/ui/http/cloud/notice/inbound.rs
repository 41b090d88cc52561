//! What a contact said, as a message of that API.

use serde_json::{Value, json};

use crate::domain::chat::timeline::{Body, Entry, From};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::notice::envelope::seconds;
use crate::ui::http::cloud::party::Party;

/// The message; nothing where the contact said nothing.
pub(super) fn message(entry: &Entry, party: &Party, wamid: &str) -> Option<Value> {
    if !matches!(entry.from, From::Them { .. }) {
        return None;
    }
    let (kind, content) = content(&entry.body)?;
    // A clock that is ahead is no reason to be told first.
    let at = entry.sent_at.min(entry.at);
    let mut message = json!({
        "from": party.wa_id,
        "from_user_id": party.user_id,
        "id": wamid,
        "timestamp": seconds(at),
        "type": kind,
    });
    message[content.0] = content.1;
    Some(message)
}

/// The type of a message, and its part that has that type's name.
fn content(body: &Body) -> Option<(&'static str, (&'static str, Value))> {
    match body {
        Body::Text(text) => Some(("text", ("text", json!({ "body": text })))),
        Body::Billing { summary, .. } => {
            let error = Graph::new(Code::Unsupported, format!("This API has no form for it: {summary}"));
            Some(("unsupported", ("errors", json!([error.later()]))))
        }
        // What never came is told when it comes.
        Body::Missing | Body::Notice(_) => None,
    }
}
