//! The route that sends a text, and waits for its delivery where asked.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, MessageId};
use crate::base::limits;
use crate::domain::chat::delivery::State as Delivery;
use crate::domain::identity::address;
use crate::engine::command::{self, Command, Outcome};
use crate::engine::view::{self, EntryView};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Body;
use crate::ui::http::files;
use crate::ui::http::who;
use crate::wire::said::message::Said;
use crate::wire::template::Template;

/// What is to be sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Letter {
    /// A contact, or the full address of a business, which is added.
    to: String,
    /// A text, or a file in its place.
    text: Option<String>,
    /// A file that was given to the node: its id, or the beginning of it.
    file: Option<String>,
    /// The text under the file.
    caption: Option<String>,
    /// By which template a business wrote it.
    #[schemars(with = "Option<TemplateForm>")]
    template: Option<Template>,
    /// How far the message must have got before the answer comes.
    wait: Option<Wanted>,
    /// How long to wait at most.
    timeout_ms: Option<u64>,
}

/// How a template is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Template`")]
struct TemplateForm {
    /// Its name for programs: `a-z`, `0-9` and `_`.
    name: String,
    /// From 1, which it is where nothing is said.
    version: Option<u32>,
    /// A language tag.
    language: String,
    /// `service`, `utility`, `authentication` or `marketing`.
    category: String,
    /// What stands in its places.
    #[serde(default)]
    variables: Vec<VariableForm>,
}

/// How a variable of a template is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Variable`")]
struct VariableForm {
    name: String,
    value: String,
}

/// How far a message must have got.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Wanted {
    /// The next hop has it.
    Sent,
    /// The recipient's mailboxes have it.
    Stored,
    /// It is on the recipient's disk.
    Delivered,
}

/// What became of a text.
#[derive(Serialize, JsonSchema)]
pub(super) struct Sent {
    to: String,
    name: String,
    id: MessageId,
    position: u64,
    state: Delivery,
    /// Whether it got as far as was asked for, in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    reached: Option<bool>,
}

pub(super) async fn send(State(api): State<Api>, Body(letter): Body<Letter>) -> Result<Json<Sent>, ApiError> {
    let (to, known) = who::contact_or_address(&api, &letter.to).await?;
    if !known {
        api.command(Command::Add { account: to, name: None }).await?;
    }
    let said = match (letter.text, letter.file) {
        (Some(text), None) => Said::Text(text),
        (None, Some(file)) => files::said(&api, &file, letter.caption.unwrap_or_default()).await?,
        _ => return Err(ApiError::bad_request("a message is a text or a file")),
    };
    let say = command::Letter { said, reply: None, template: letter.template };
    let outcome = api.command(Command::Say { to, letter: Box::new(say) }).await?;
    let Outcome::Queued { id, position } = outcome else {
        return Err(ApiError::from(crate::store::snapshot::Fault("a text was answered otherwise".into())));
    };
    let patience = Duration::from_millis(letter.timeout_ms.unwrap_or(0)).min(limits::API_WAIT_MAX);
    let (state, reached) = match letter.wait {
        None => (state_of(&api, to, position).await?, None),
        Some(wanted) => {
            let waited = tokio::time::timeout(patience, until(&api, to, position, wanted)).await;
            let state = match waited {
                Ok(state) => state?,
                Err(_) => state_of(&api, to, position).await?,
            };
            (state, Some(is_reached(state, wanted)))
        }
    };
    let name = api.view(move |rows| view::contact(rows, &to)).await?.map(|contact| contact.name);
    let name = name.unwrap_or_default();
    Ok(Json(Sent { to: address::encode(&to), name, id, position, state, reached }))
}

/// Looks whenever something happens, and at short intervals: that the next hop took a message is no event.
async fn until(api: &Api, to: AccountId, position: u64, wanted: Wanted) -> Result<Delivery, ApiError> {
    let mut events = api.node().events();
    loop {
        let state = state_of(api, to, position).await?;
        if is_reached(state, wanted) || state == Delivery::Failed {
            return Ok(state);
        }
        tokio::select! {
            () = api.ending().cancelled() => return Ok(state),
            () = tokio::time::sleep(limits::API_LOOK_INTERVAL) => {}
            event = events.recv() => if event.is_err() {
                // Lagging or ended: the interval is enough.
                tokio::time::sleep(limits::API_LOOK_INTERVAL).await;
            }
        }
    }
}

async fn state_of(api: &Api, to: AccountId, position: u64) -> Result<Delivery, ApiError> {
    let entry: Option<EntryView> = api.view(move |rows| view::since(rows, &to, position, 1).pop()).await?;
    Ok(entry.and_then(|entry| entry.state).unwrap_or(Delivery::Queued))
}

fn is_reached(state: Delivery, wanted: Wanted) -> bool {
    let least = match wanted {
        Wanted::Sent => Delivery::Sent,
        Wanted::Stored => Delivery::Stored,
        Wanted::Delivered => Delivery::Delivered,
    };
    state >= least && state != Delivery::Failed
}
