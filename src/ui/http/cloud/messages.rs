//! Something is sent, or was read.

use serde_json::{Value, json};

use crate::base::cloud_limits as limits;
use crate::base::time::Time;
use crate::domain::chat::changes::Named;
use crate::domain::identity::contact::Contact;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::letter;
use crate::store::snapshot::Fault;
use crate::store::tx::Tx;
use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::later::{self, Why};
use crate::ui::http::cloud::parameters::{self, Parameters};
use crate::ui::http::cloud::read;
use crate::ui::http::cloud::recipient::{self, Recipient};
use crate::ui::http::cloud::send::letter::Letter;
use crate::ui::http::cloud::send::{contacts, interactive, location, media, reaction, template, text};
use crate::ui::http::cloud::sent::{self, Sent};
use crate::ui::http::cloud::wamid::Wamid;

/// Every type that there is: of one that isn't named, the first that is there is meant.
const TYPES: [&str; 11] = [
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
];

/// Sends, or marks as read.
pub(super) async fn post(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    match parameters.text("messaging_product").as_deref() {
        Some("whatsapp") => {}
        None => return Err(Graph::missing("messaging_product")),
        Some(_) => return Err(Graph::value("messaging_product", "must be `whatsapp`")),
    }
    match parameters.text("status").as_deref() {
        None => send(&ask, &parameters).await,
        Some("read") => read::mark(&ask, &parameters).await,
        Some(_) => Err(Graph::value("status", "must be `read`")),
    }
}

async fn send(ask: &Ask, parameters: &Parameters) -> Answer {
    let recipient = recipient::of(&ask.api, &ask.account, parameters).await?;
    if parameters.text("recipient_type").is_some_and(|kind| kind != "individual") {
        return Err(Graph::unsupported("messages to others than individuals"));
    }
    let opaque = parameters.text("biz_opaque_callback_data");
    if opaque.as_ref().is_some_and(|opaque| opaque.chars().count() > limits::OPAQUE_CHARS_MAX) {
        let must = format!("has at most {} characters", limits::OPAQUE_CHARS_MAX);
        return Err(Graph::value("biz_opaque_callback_data", &must));
    }
    let letter = letter(ask, parameters).await?;
    let wamid = match &recipient.contact {
        None => later::fail(&ask.api, &recipient, Why::Nobody, opaque).await?,
        Some((contact, alias)) => {
            let sent = kept(&letter, opaque.clone(), ask.api.node().now());
            let command = command(ask, contact, letter, context(ask, contact, parameters).await?).await?;
            let thread = contact.thread;
            let keep = move |tx: &Tx<'_>, outcome: &Outcome| {
                if let (Outcome::Queued { position, .. }, Some(sent)) = (outcome, sent) {
                    sent::keep(tx, &thread, *position, sent);
                }
            };
            match ask.api.node().command_and(command, keep).await {
                Ok(Outcome::Queued { id, position }) => Wamid { with: *alias, position, id }.text(),
                Ok(_) => return Err(Fault("a message was answered otherwise".into()).into()),
                Err(refusal) => match Why::of(&refusal) {
                    Some(why) => later::fail(&ask.api, &recipient, why, opaque).await?,
                    None => return Err(refused(refusal)),
                },
            }
        }
    };
    let Recipient { input, party, .. } = &recipient;
    Ok(answer(&json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": input, "wa_id": party.wa_id, "user_id": party.user_id }],
        "messages": [{ "id": wamid, "message_status": "accepted" }],
    })))
}

/// Why a message isn't taken. Too much is here too much for one person, and nowhere else.
fn refused(refusal: Refusal) -> Graph {
    match refusal {
        Refusal::TooMany(_) => Graph::new(Code::PairRate, refusal.to_string()),
        other => other.into(),
    }
}

/// What is to be sent, by its type.
async fn letter(ask: &Ask, parameters: &Parameters) -> Result<Letter, Graph> {
    let named = parameters.text("type").unwrap_or_else(|| {
        let given = TYPES.into_iter().find(|kind| parameters.get(kind).is_some());
        given.unwrap_or("text").to_owned()
    });
    let given = || parameters.get(&named).ok_or_else(|| Graph::missing(&named));
    let content = || given()?.as_object().ok_or_else(|| Graph::value(&named, "is an object"));
    match named.as_str() {
        "text" => text::read(content()?),
        "location" => location::read(content()?),
        "contacts" => contacts::read(given()?),
        "reaction" => reaction::read(content()?),
        "interactive" => interactive::read(ask, content()?).await,
        "template" => template::read(ask, content()?).await,
        "image" | "video" | "audio" | "document" | "sticker" => media::read(ask, &named, content()?).await,
        kind => Err(Graph::new(Code::Unsupported, format!("There are no messages of the type {kind}."))),
    }
}

/// The message that another one answers, which is of the same conversation.
async fn context(ask: &Ask, contact: &Contact, parameters: &Parameters) -> Result<Option<Named>, Graph> {
    let Some(context) = parameters.get("context").and_then(Value::as_object) else { return Ok(None) };
    let Some(text) = context.get("message_id").and_then(parameters::text) else { return Ok(None) };
    let unknown = || Graph::new(Code::Parameter, format!("There is no message {text} in this conversation."));
    let wamid = Wamid::parse(&text).ok_or_else(unknown)?;
    find(ask, contact, wamid).await?.ok_or_else(unknown).map(Some)
}

async fn find(ask: &Ask, contact: &Contact, wamid: Wamid) -> Result<Option<Named>, Graph> {
    let found = ask.api.view(move |rows| wamid.find(rows)).await?;
    let same = found.filter(|(other, _)| other.thread == contact.thread);
    Ok(same.and_then(|(_, entry)| entry.name()))
}

/// What sends it to a contact.
async fn command(
    ask: &Ask,
    contact: &Contact,
    letter: Letter,
    reply: Option<Named>,
) -> Result<Command, Graph> {
    let to = contact.account;
    let (said, template) = match letter {
        Letter::Said(said) => (*said, None),
        Letter::Made(said, template) => (*said, Some(*template)),
        Letter::Reaction { message, emoji } => {
            let found = find(ask, contact, message).await?;
            let words = || format!("There is no message {} in this conversation.", message.text());
            let message = found.ok_or_else(|| Graph::new(Code::Parameter, words()))?;
            return Ok(Command::React { with: to, message, emoji });
        }
    };
    Ok(Command::Say { to, letter: Box::new(letter::Letter { said, reply, template }) })
}

/// What statuses are to give back, where that isn't as usual. No statuses come of a reaction, whose place is another
/// message's.
fn kept(letter: &Letter, opaque: Option<String>, at: Time) -> Option<Sent> {
    let category = match letter {
        Letter::Made(_, template) => Some(template.category),
        Letter::Said(_) => None,
        Letter::Reaction { .. } => return None,
    };
    Some(Sent { at, opaque, category }).filter(|sent| !sent.is_usual())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::MessageId;
    use crate::ui::http::cloud::alias::Alias;

    #[test]
    fn what_comes_back_with_statuses_is_kept_of_what_has_statuses() {
        let said = Letter::Said(Box::new(crate::wire::said::message::Said::Text("x".into())));
        let opaque = || Some("order 7".to_owned());
        let sent = Sent { at: Time::EPOCH, opaque: opaque(), category: None };
        assert_eq!(kept(&said, opaque(), Time::EPOCH), Some(sent));
        assert_eq!(kept(&said, None, Time::EPOCH), None);
        let wamid = Wamid {
            with: Alias::new(999_000_000_000_007).unwrap(),
            position: 1,
            id: MessageId::new([7; 16]),
        };
        let reaction = Letter::Reaction { message: wamid, emoji: "x".into() };
        assert_eq!(kept(&reaction, opaque(), Time::EPOCH), None);
    }

    #[test]
    fn too_much_for_one_person_is_to_be_tried_later() {
        let code = |refusal| {
            let code = refused(refusal).code;
            (code.number(), code.status().as_u16())
        };
        assert_eq!(code(Refusal::TooMany("messages waiting for this contact")), (131_056, 429));
        assert_eq!(code(Refusal::TextLength { length: 0 }), (100, 400));
    }
}
