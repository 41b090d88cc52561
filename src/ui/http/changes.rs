//! Routes that change a message, or answer one: a menu, an offer.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::api_limits as limits;
use crate::base::id::{AccountId, MessageId};
use crate::domain::chat::changes::{Named, Side};
use crate::domain::identity::address;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::letter::OrderWish;
use crate::engine::order_view;
use crate::engine::view::{self, EntryView};
use crate::store::snapshot::Fault;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Body;
use crate::ui::http::files;
use crate::ui::http::who;

/// A conversation's contact, and a message of it by its id or the beginning of one.
type Place = Path<(String, String)>;

/// What somebody feels about a message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Feeling {
    /// One emoji; empty for nothing any more.
    emoji: String,
}

/// Another text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewText {
    text: String,
}

/// What is chosen of a menu.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    /// The row's id.
    row: String,
}

/// What is ordered of an offer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ordering {
    /// At least one.
    items: Vec<Wanted>,
    /// What else there is to say.
    #[serde(default)]
    text: String,
}

/// A thing of an offer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The thing's id.
    id: String,
    /// How many; 1 where nothing is said.
    #[serde(default = "one")]
    quantity: u32,
}

impl Wanted {
    pub(super) fn pair(self) -> (String, u32) {
        (self.id, self.quantity)
    }
}

const fn one() -> u32 {
    1
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Changed {
    to: String,
    name: String,
    /// The id of what goes out: the change, the choice, the order or the answer.
    id: MessageId,
    /// The message as it stands; for a choice, an order or an answer, the message that it is.
    entry: EntryView,
}

pub(super) async fn show(
    State(api): State<Api>,
    Path((who, id)): Place,
) -> Result<Json<EntryView>, ApiError> {
    let account = who::contact(&api, &who).await?;
    Ok(Json(message(&api, account, &id, None).await?.1))
}

pub(super) async fn react(
    State(api): State<Api>,
    Path((who, id)): Place,
    Body(feeling): Body<Feeling>,
) -> Result<Json<Changed>, ApiError> {
    let with = who::contact(&api, &who).await?;
    let (message, _) = message(&api, with, &id, None).await?;
    done(&api, with, Command::React { with, message, emoji: feeling.emoji }).await
}

pub(super) async fn edit(
    State(api): State<Api>,
    Path((who, id)): Place,
    Body(new): Body<NewText>,
) -> Result<Json<Changed>, ApiError> {
    let with = who::contact(&api, &who).await?;
    let message = own(&api, with, &id).await?;
    done(&api, with, Command::Edit { with, message, text: new.text }).await
}

pub(super) async fn delete(
    State(api): State<Api>,
    Path((who, id)): Place,
) -> Result<Json<Changed>, ApiError> {
    let with = who::contact(&api, &who).await?;
    let message = own(&api, with, &id).await?;
    done(&api, with, Command::Delete { with, message }).await
}

pub(super) async fn choose(
    State(api): State<Api>,
    Path((who, id)): Place,
    Body(chosen): Body<Chosen>,
) -> Result<Json<Changed>, ApiError> {
    let to = who::contact(&api, &who).await?;
    let (menu, _) = message(&api, to, &id, Some(Side::Theirs)).await?;
    done(&api, to, Command::Choose { to, menu: menu.id, row: chosen.row }).await
}

pub(super) async fn order(
    State(api): State<Api>,
    Path((who, id)): Place,
    Body(Ordering { items, text }): Body<Ordering>,
) -> Result<Json<Changed>, ApiError> {
    let to = who::contact(&api, &who).await?;
    let (offer, _) = message(&api, to, &id, Some(Side::Theirs)).await?;
    let items = items.into_iter().map(Wanted::pair).collect();
    done(&api, to, Command::Order(to, Box::new(OrderWish { offer: offer.id, items, text }))).await
}

/// The small picture of a thing of an offer.
pub(super) async fn picture(
    State(api): State<Api>,
    Path((who, id, item)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    let with = who::contact(&api, &who).await?;
    let (offer, _) = message(&api, with, &id, None).await?;
    let picture = api.view(move |rows| order_view::picture(rows, &with, offer, &item)).await?;
    let none = || ApiError::not_found("no_picture", "that message has no picture of such a thing");
    picture.map(files::small_picture).ok_or_else(none)
}

/// Has it done, and shows the message as it stands then.
pub(super) async fn done(api: &Api, with: AccountId, command: Command) -> Result<Json<Changed>, ApiError> {
    let outcome = api.command(command).await?;
    let Outcome::Queued { id, position } = outcome else {
        return Err(ApiError::from(Fault("a change was answered otherwise".into())));
    };
    let look = move |rows: &crate::store::table::Reader<'_>| {
        let name = view::contact(rows, &with).map(|contact| contact.name).unwrap_or_default();
        Some((name, view::since(rows, &with, position, 1).pop()?))
    };
    let (name, entry) = api.view(look).await?.ok_or(Refusal::NoSuchMessage)?;
    Ok(Json(Changed { to: address::encode(&with), name, id, entry }))
}

/// A message of ours, by its id or the beginning of one.
async fn own(api: &Api, with: AccountId, id: &str) -> Result<MessageId, ApiError> {
    match message(api, with, id, Some(Side::Ours)).await {
        Ok((named, _)) => Ok(named.id),
        Err(error) => match message(api, with, id, None).await {
            Ok(_) => Err(Refusal::Said("only its author edits a message or takes it back".into()).into()),
            Err(_) => Err(error),
        },
    }
}

/// The message that is meant by an id or the beginning of one, of one side where only that can be meant.
pub(super) async fn message(
    api: &Api,
    with: AccountId,
    id: &str,
    side: Option<Side>,
) -> Result<(Named, EntryView), ApiError> {
    let id = id.trim().to_owned();
    if id.len() < limits::MESSAGE_ID_LEAST || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let least = limits::MESSAGE_ID_LEAST;
        let words = format!("a message is named by its id, or by the first {least} digits of it or more");
        return Err(ApiError::bad_request(words));
    }
    let beginning = id.clone();
    let mut found = api.view(move |rows| view::messages(rows, &with, &beginning)).await?;
    found.retain(|(named, _)| side.is_none_or(|side| named.side == side));
    match (found.pop(), found.len()) {
        (Some(found), 0) => Ok(found),
        (None, _) => Err(Refusal::NoSuchMessage.into()),
        (Some(_), _) => {
            let words = format!("several messages' ids begin with {id}: write more of it");
            Err(ApiError::new(StatusCode::CONFLICT, "ambiguous", words))
        }
    }
}
