//! Something is sent, or was read.

use serde_json::{Map, Value, json};

use crate::base::cloud_limits as limits;
use crate::base::id::MessageId;
use crate::domain::identity::contact::Contact;
use crate::engine::command::Outcome;
use crate::store::snapshot::Fault;
use crate::store::tx::Tx;
use crate::ui::http::cloud::alias::Alias;
use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::later::{self, Why};
use crate::ui::http::cloud::parameters::Parameters;
use crate::ui::http::cloud::read;
use crate::ui::http::cloud::recipient::{self, Recipient};
use crate::ui::http::cloud::send::letter::Letter;
use crate::ui::http::cloud::send::{template, text};
use crate::ui::http::cloud::sent::{self, Sent};
use crate::ui::http::cloud::wamid::Wamid;

/// Every type that this surface's contract knows.
const TYPES: [&str; 12] = [
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
    "order",
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
    let letter = letter(ask, parameters, &recipient).await?;
    let category = letter.category;
    let wamid = match (&recipient.contact, letter.command) {
        (None, _) => later::fail(&ask.api, &recipient, Why::Nobody, opaque).await?,
        (Some((contact, alias)), command) => match ask.api.node().command(command(contact.account)).await {
            Ok(Outcome::Queued { id, position }) => {
                let sent = Sent { at: ask.api.node().now(), opaque, category };
                keep(ask, (contact, *alias), (id, position), sent).await?
            }
            Ok(_) => return Err(Fault("a message was answered otherwise".into()).into()),
            Err(refusal) => match Why::of(&refusal) {
                Some(why) => later::fail(&ask.api, &recipient, why, opaque).await?,
                None => return Err(refusal.into()),
            },
        },
    };
    let Recipient { input, party, .. } = &recipient;
    Ok(answer(&json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": input, "wa_id": party.wa_id, "user_id": party.user_id }],
        "messages": [{ "id": wamid, "message_status": "accepted" }],
    })))
}

/// What is to be sent, by its type.
async fn letter(ask: &Ask, parameters: &Parameters, recipient: &Recipient) -> Result<Letter, Graph> {
    let named = parameters.text("type").unwrap_or_else(|| {
        let given = TYPES.into_iter().find(|kind| parameters.get(kind).is_some());
        given.unwrap_or("text").to_owned()
    });
    let content = || -> Result<&Map<String, Value>, Graph> {
        let content = parameters.get(&named).ok_or_else(|| Graph::missing(&named))?;
        content.as_object().ok_or_else(|| Graph::value(&named, "is an object"))
    };
    if parameters.get("context").is_some() {
        return Err(Graph::unsupported("answers that quote a message"));
    }
    match named.as_str() {
        "text" => text::read(content()?),
        "template" => template::read(ask, content()?, recipient).await,
        kind if TYPES.contains(&kind) => Err(Graph::unsupported(&format!("messages of the type {kind}"))),
        kind => Err(Graph::new(Code::Unsupported, format!("There are no messages of the type {kind}."))),
    }
}

/// Keeps what statuses are to give back, and gives the message's id.
async fn keep(
    ask: &Ask,
    (contact, alias): (&Contact, Alias),
    (id, position): (MessageId, u64),
    sent: Sent,
) -> Result<String, Graph> {
    if !sent.is_usual() {
        let thread = contact.thread;
        ask.api.node().write(move |tx: &Tx<'_>| sent::keep(tx, &thread, position, sent)).await?;
    }
    Ok(Wamid { with: alias, position, id }.text())
}
