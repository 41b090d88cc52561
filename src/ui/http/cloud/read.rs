//! A message was read, and with it all that came before it.

use crate::domain::chat::timeline::From;
use crate::engine::command::Command;
use crate::ui::http::cloud::ask::{Answer, Ask, success};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::parameters::Parameters;
use crate::ui::http::cloud::wamid::Wamid;

/// Says so to whoever wrote it. That somebody is typing is said to nobody.
pub(super) async fn mark(ask: &Ask, parameters: &Parameters) -> Answer {
    let text = parameters.required("message_id")?;
    let unknown = || Graph::new(Code::Parameter, format!("There is no message {text} of a contact here."));
    let wamid = Wamid::parse(&text).ok_or_else(unknown)?;
    let found = ask.api.view(move |rows| wamid.find(rows)).await?;
    let theirs = found.filter(|(_, entry)| matches!(entry.from, From::Them { .. }));
    let (contact, entry) = theirs.ok_or_else(unknown)?;
    ask.api.command(Command::MarkRead(contact.account, Some(entry.position))).await?;
    Ok(success())
}
