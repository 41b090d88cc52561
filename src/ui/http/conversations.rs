//! Routes that show what was said.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::domain::identity::address;
use crate::domain::identity::contact::Standing;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::view::{self, ConversationView, EntryView};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Params, Part};
use crate::ui::http::who;

/// Which conversations to show.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Those of strangers who wait to be admitted, instead of those of contacts.
    #[serde(default)]
    requests: bool,
}

/// Conversations, the latest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Inbox {
    conversations: Vec<ConversationView>,
    /// Strangers who wait to be admitted.
    requests: usize,
}

pub(super) async fn list(
    State(api): State<Api>,
    Params(which): Params<Which>,
) -> Result<Json<Inbox>, ApiError> {
    let all = api.view(|rows| view::conversations(rows)).await?;
    let requests = all.iter().filter(|one| one.standing == Standing::Requested).count();
    let wanted = if which.requests { Standing::Requested } else { Standing::Accepted };
    let mut conversations: Vec<ConversationView> =
        all.into_iter().filter(|one| one.standing == wanted).collect();
    conversations.truncate(limits::API_LIST_MAX);
    Ok(Json(Inbox { conversations, requests }))
}

/// Which part of a conversation to show.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    /// Only entries before this position.
    before: Option<u64>,
    /// At most so many.
    limit: Option<usize>,
    /// Only entries with all these words.
    search: Option<String>,
}

/// A part of a conversation.
#[derive(Serialize, JsonSchema)]
pub(super) struct History {
    with: String,
    name: String,
    standing: Standing,
    /// Oldest first; latest first where words were searched for.
    entries: Vec<EntryView>,
    /// What `before` must be for the part before this one; nothing where there is none.
    next: Option<u64>,
}

pub(super) async fn history(
    State(api): State<Api>,
    Part(who): Part,
    Params(range): Params<Range>,
) -> Result<Json<History>, ApiError> {
    let limit = range.limit.unwrap_or(limits::API_PAGE_DEFAULT);
    if !(1..=limits::API_PAGE_MAX).contains(&limit) {
        let message = format!("the limit is 1 to {}", limits::API_PAGE_MAX);
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "limit", message));
    }
    let account = who::contact(&api, &who).await?;
    let look = move |rows: &crate::store::table::Reader<'_>| {
        let contact = view::contact(rows, &account)?;
        let words = range.search.as_deref().map(str::trim).filter(|words| !words.is_empty());
        let (entries, next) = match words {
            Some(words) => view::search(rows, &account, words, range.before, limit),
            None => {
                let entries = view::history(rows, &account, range.before, limit);
                let next = entries.first().map(|first| first.position).filter(|first| *first > 0);
                (entries, next)
            }
        };
        Some(History { with: contact.address, name: contact.name, standing: contact.standing, entries, next })
    };
    let history = api.view(look).await?;
    history.map(Json).ok_or_else(|| Refusal::NotAContact(address::encode(&account)).into())
}

pub(super) async fn read(State(api): State<Api>, Part(who): Part) -> Result<Json<Outcome>, ApiError> {
    let account = who::contact(&api, &who).await?;
    Ok(Json(api.command(Command::MarkRead(account, None)).await?))
}
