//! Routes of the front desk's inbox: status, labels, agents and notes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::domain::business::desk::{Change, Filter, Status};
use crate::engine::command::{Command, Refusal};
use crate::engine::desk_command::DeskCommand;
use crate::engine::desk_view::{self, CaseView, NoteView};
use crate::engine::view;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Params, Part};
use crate::ui::http::who;

/// Which conversations to show: all that is given must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// `open`, `pending` or `done`.
    status: Option<Status>,
    label: Option<String>,
    /// The agent's name; empty for those that nobody looks after.
    assigned: Option<String>,
    /// Those that got their status last come first; otherwise those that have it for longest.
    #[serde(default)]
    latest: bool,
    /// Only those after what an earlier answer named as `next`.
    after: Option<u64>,
    /// At most so many.
    limit: Option<usize>,
}

/// Conversations, and where the list goes on.
#[derive(Serialize, JsonSchema)]
pub(super) struct Desk {
    conversations: Vec<CaseView>,
    /// What `after` must be for the part after this one; nothing where there is none.
    next: Option<u64>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Params(which): Params<Which>,
) -> Result<Json<Desk>, ApiError> {
    business(&api)?;
    let Which { status, label, assigned, latest, after, limit } = which;
    let filter = Filter { status, label, agent: assigned };
    let (limit, now) = (page(limit)?, api.node().now());
    let look = move |rows: &crate::store::table::Reader<'_>| {
        desk_view::cases(rows, &filter, (after, limit, latest), now)
    };
    let (conversations, next) = api.view(look).await?;
    Ok(Json(Desk { conversations, next }))
}

pub(super) async fn show(State(api): State<Api>, Part(who): Part) -> Result<Json<CaseView>, ApiError> {
    business(&api)?;
    let with = who::contact(&api, &who).await?;
    case(&api, with).await
}

/// What is to be changed; what isn't given stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// `open`, `pending` or `done`.
    status: Option<Status>,
    /// The agent's name; empty for nobody.
    assigned: Option<String>,
    /// Labels to be added.
    #[serde(default)]
    label: Vec<String>,
    /// Labels to be taken away.
    #[serde(default)]
    unlabel: Vec<String>,
}

pub(super) async fn change(
    State(api): State<Api>,
    Part(who): Part,
    Body(wish): Body<Wish>,
) -> Result<Json<CaseView>, ApiError> {
    let with = who::contact(&api, &who).await?;
    let Wish { status, assigned, label, unlabel } = wish;
    let change = Change { status, agent: assigned, label, unlabel };
    api.command(Command::Desk(DeskCommand::Change { with, change })).await?;
    case(&api, with).await
}

async fn case(api: &Api, with: AccountId) -> Result<Json<CaseView>, ApiError> {
    let now = api.node().now();
    let (case, name) = api
        .view(move |rows| (desk_view::case(rows, &with, now), view::contact(rows, &with).map(|one| one.name)))
        .await?;
    let none =
        || Refusal::NoneSuch(format!("the desk keeps no conversation with {}", name.unwrap_or_default()));
    case.map(Json).ok_or_else(|| none().into())
}

/// Which notes to show.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    /// From this number on.
    from: Option<u64>,
    /// At most so many.
    limit: Option<usize>,
}

pub(super) async fn notes(
    State(api): State<Api>,
    Part(who): Part,
    Params(range): Params<Range>,
) -> Result<Json<Vec<NoteView>>, ApiError> {
    business(&api)?;
    let (from, limit) = (range.from.unwrap_or(0), page(range.limit)?);
    let with = who::contact(&api, &who).await?;
    Ok(Json(api.view(move |rows| desk_view::notes(rows, &with, from, limit)).await?))
}

/// A note to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNote {
    text: String,
    /// Who writes it.
    #[serde(default)]
    by: String,
}

pub(super) async fn add_note(
    State(api): State<Api>,
    Part(who): Part,
    Body(NewNote { text, by }): Body<NewNote>,
) -> Result<Json<CaseView>, ApiError> {
    let with = who::contact(&api, &who).await?;
    api.command(Command::Desk(DeskCommand::Note { with, by, text })).await?;
    case(&api, with).await
}

/// Only a business has a front desk.
pub(super) fn business(api: &Api) -> Result<(), ApiError> {
    match api.node().kind() {
        AccountKind::Business => Ok(()),
        AccountKind::Person => Err(Refusal::NotABusiness.into()),
    }
}

fn page(limit: Option<usize>) -> Result<usize, ApiError> {
    let limit = limit.unwrap_or(limits::API_PAGE_DEFAULT);
    if (1..=limits::API_PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    let message = format!("the limit is 1 to {}", limits::API_PAGE_MAX);
    Err(ApiError::new(StatusCode::BAD_REQUEST, "limit", message))
}
