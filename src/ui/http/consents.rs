//! Routes about consent: what businesses may write about, what was dropped, quiet hours, reports.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::AccountId;
use crate::domain::consent::export::ConsentFile;
use crate::domain::consent::quiet::{Quiet, QuietError, Zone};
use crate::domain::identity::address;
use crate::engine::command::{Command, Refusal};
use crate::engine::consent_view::{self, ConsentView, DroppedView, QuietView};
use crate::engine::view::ContactView;
use crate::ui::http::api::Api;
use crate::ui::http::contacts;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Params, Part};
use crate::ui::http::who;
use crate::wire::consent::Topic;
use crate::wire::report::Reason;

/// Whose consents are asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct With {
    who: Option<String>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Params(With { who }): Params<With>,
) -> Result<Json<Vec<ConsentView>>, ApiError> {
    let with = match who {
        Some(who) => Some(who::contact(&api, &who).await?),
        None => None,
    };
    shown(&api, with).await
}

/// What a business may write about.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// A contact that is a business.
    who: String,
    /// `service`, `utility`, `authentication` or `marketing`.
    #[schemars(with = "Vec<String>")]
    topics: Vec<Topic>,
    /// For how many days.
    days: Option<u32>,
}

pub(super) async fn give(
    State(api): State<Api>,
    Body(Wish { who, topics, days }): Body<Wish>,
) -> Result<Json<Vec<ConsentView>>, ApiError> {
    if topics.is_empty() {
        return Err(ApiError::bad_request("say what they may write about"));
    }
    let to = who::contact(&api, &who).await?;
    let days = Some(days.unwrap_or(consent_limits::CONSENT_DAYS));
    api.command(Command::Consent { to, topics, days }).await?;
    shown(&api, Some(to)).await
}

/// What a business may no longer write about.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    who: String,
    /// All that hold, where none is named.
    #[serde(default)]
    /// `service`, `utility`, `authentication` or `marketing`.
    #[schemars(with = "Vec<String>")]
    topics: Vec<Topic>,
}

pub(super) async fn revoke(
    State(api): State<Api>,
    Body(Revocation { who, topics }): Body<Revocation>,
) -> Result<Json<Vec<ConsentView>>, ApiError> {
    let to = who::contact(&api, &who).await?;
    api.command(Command::Consent { to, topics, days: None }).await?;
    shown(&api, Some(to)).await
}

async fn shown(api: &Api, with: Option<AccountId>) -> Result<Json<Vec<ConsentView>>, ApiError> {
    let now = api.node().now();
    Ok(Json(api.view(move |rows| consent_view::consents(rows, with.as_ref(), now)).await?))
}

pub(super) async fn dropped(State(api): State<Api>) -> Result<Json<Vec<DroppedView>>, ApiError> {
    Ok(Json(api.view(|rows| consent_view::dropped(rows)).await?))
}

pub(super) async fn quiet(State(api): State<Api>) -> Result<Json<QuietView>, ApiError> {
    let now = api.node().now();
    Ok(Json(api.view(move |rows| consent_view::quiet_hours(rows, now)).await?))
}

/// Hours in which the person isn't to be disturbed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hours {
    /// As `22:00-07:00`.
    hours: String,
    /// As `-03:00`.
    zone: String,
}

pub(super) async fn set_quiet(
    State(api): State<Api>,
    Body(Hours { hours, zone }): Body<Hours>,
) -> Result<Json<QuietView>, ApiError> {
    let hours = zone.parse::<Zone>().and_then(|zone| Quiet::parse(&hours, zone));
    let hours = hours.map_err(|error: QuietError| ApiError::bad_request(error.to_string()))?;
    api.command(Command::SetQuiet(Some(hours))).await?;
    quiet(State(api)).await
}

pub(super) async fn end_quiet(State(api): State<Api>) -> Result<Json<QuietView>, ApiError> {
    api.command(Command::SetQuiet(None)).await?;
    quiet(State(api)).await
}

/// What goes into a file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    who: String,
    /// Also what we have against them.
    #[serde(default)]
    reports: bool,
}

pub(super) async fn file(
    State(api): State<Api>,
    Params(Wanted { who, reports }): Params<Wanted>,
) -> Result<Json<ConsentFile>, ApiError> {
    let with = who::contact(&api, &who).await?;
    let file = api.view(move |rows| consent_view::file(rows, &with, reports)).await?;
    file.map(Json).ok_or_else(|| Refusal::NotAContact(address::encode(&with)).into())
}

/// What is to be said against a contact.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Complaint {
    /// `spam`, `fraud`, `abuse` or `other`.
    #[schemars(with = "String")]
    reason: Reason,
    #[serde(default)]
    note: String,
}

pub(super) async fn report(
    State(api): State<Api>,
    Part(who): Part,
    Body(Complaint { reason, note }): Body<Complaint>,
) -> Result<Json<ContactView>, ApiError> {
    contacts::change(&api, &who, |contact| Command::Report { contact, reason, note }).await
}
