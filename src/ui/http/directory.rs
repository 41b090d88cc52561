//! Routes that look for businesses.

use axum::Json;
use axum::extract::State;

use crate::domain::directory::search::Query;
use crate::engine::command::{Command, Outcome};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Params, Part};
use crate::ui::http::who;

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
