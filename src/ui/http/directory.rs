//! Routes that look for businesses.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;

use crate::domain::directory::search::Query;
use crate::engine::command::{Command, Outcome};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Params, Part};
use crate::ui::http::who;

/// How a search is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Query`")]
pub(super) struct Search {
    /// Words, as typed.
    words: Option<String>,
    /// A category, whole.
    category: Option<String>,
    /// A country's two letters.
    country: Option<String>,
    /// A region, whole.
    region: Option<String>,
    /// A language; its region doesn't matter.
    language: Option<String>,
    /// Where a further page begins: `next` of the page before.
    cursor: Option<String>,
}

pub(super) async fn find(
    State(api): State<Api>,
    Params(query): Params<Query>,
) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Find(query)).await?))
}

pub(super) async fn look_up(State(api): State<Api>, Part(who): Part) -> Result<Json<Outcome>, ApiError> {
    let account = who::contact(&api, &who).await?;
    Ok(Json(api.command(Command::Lookup(account)).await?))
}
