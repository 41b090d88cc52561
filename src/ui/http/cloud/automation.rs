//! Ice breakers, commands and welcome messages, which no node shows its person.

use serde_json::json;

use crate::ui::http::cloud::ask::{Answer, Ask, answer, success};
use crate::ui::http::cloud::error::Graph;

pub(super) async fn show(ask: Ask) -> Answer {
    let none = json!({ "enable_welcome_message": false, "prompts": [], "commands": [], "id": ask.account.phone_number() });
    Ok(answer(&json!({ "conversational_automation": none, "id": ask.account.phone_number() })))
}

/// That there is none may be said; it is so.
pub(super) async fn change(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    let is_some =
        |name| parameters.get(name).and_then(|list| list.as_array()).is_some_and(|list| !list.is_empty());
    if parameters.flag("enable_welcome_message") == Some(true) || is_some("prompts") || is_some("commands") {
        return Err(Graph::unsupported(
            "welcome messages, prompts and commands, which no node shows its person",
        ));
    }
    Ok(success())
}
