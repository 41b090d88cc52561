//! Routes about our own devices: shown, linked, revoked.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::identity::link_offer;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::device_view::{self, DeviceView};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::identity::Key;

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<DeviceView>>, ApiError> {
    let account = api.node().account();
    Ok(Json(api.view(move |rows| device_view::devices(rows, &account)).await?))
}

/// What the new device shows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    code: String,
    key: Key,
}

pub(super) async fn link(
    State(api): State<Api>,
    Body(Code { code, key }): Body<Code>,
) -> Result<Json<Outcome>, ApiError> {
    let offer = link_offer::decode(&code);
    let offer = offer.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "code", error.to_string()))?;
    let command = key.with(&api, Command::LinkDevice(Box::new(offer))).await?;
    Ok(Json(api.command(command).await?))
}

pub(super) async fn revoke(
    State(api): State<Api>,
    Part(device): Part,
    Body(key): Body<Key>,
) -> Result<Json<Vec<DeviceView>>, ApiError> {
    let account = api.node().account();
    let fitting = api.view(move |rows| device_view::fitting(rows, &account, &device)).await?;
    let [device] = fitting.as_slice() else { return Err(Refusal::NoSuchDevice(fitting.len()).into()) };
    let command = key.with(&api, Command::RevokeDevice(*device)).await?;
    api.command(command).await?;
    list(State(api)).await
}
