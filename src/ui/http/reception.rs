//! Routes of what a business says by itself: opening hours, a greeting, an away message, a bot.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::time::Time;
use crate::domain::business::bot::{self, Bot};
use crate::domain::business::reception::{self, Greeting, OpenHours, Ready, Reception};
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::desk_command::DeskCommand;
use crate::ui::http::api::Api;
use crate::ui::http::desk::business;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Body;
use crate::ui::http::own;

/// What is said by itself, but for the bot.
#[derive(Serialize, JsonSchema)]
pub(super) struct Shown {
    /// Opening hours; none where it is always open.
    hours: Option<String>,
    /// The time zone that they are in.
    zone: Option<String>,
    /// Whether it is open now.
    open: Option<bool>,
    /// When it opens next after now.
    opens: Option<Time>,
    greeting: Option<String>,
    /// After so many days of silence a customer is greeted again.
    again_after_days: Option<u32>,
    away: Option<String>,
}

pub(super) async fn show(State(api): State<Api>) -> Result<Json<Shown>, ApiError> {
    business(&api)?;
    let reception = api.view(|rows| reception::get(rows)).await?;
    let opening = Ready::from(reception.clone()).opening(api.node().now());
    let (hours, zone) = reception.hours.map(|open| (open.hours, open.zone)).unzip();
    let greeting = reception.greeting;
    Ok(Json(Shown {
        hours,
        zone,
        open: opening.map(|(open, _)| open),
        opens: opening.and_then(|(_, opens)| opens),
        again_after_days: greeting.as_ref().and_then(|greeting| greeting.again_after_days),
        greeting: greeting.map(|greeting| greeting.text),
        away: reception.away,
    }))
}

/// Opening hours.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hours {
    /// As `Mo-Fr 08:00-18:00; Sa 08:00-12:00`; those of the profile as they stand now, where nothing is said.
    hours: Option<String>,
    /// As `America/Sao_Paulo` or `-03:00`.
    zone: String,
}

pub(super) async fn set_hours(
    State(api): State<Api>,
    Body(Hours { hours, zone }): Body<Hours>,
) -> Result<Json<Shown>, ApiError> {
    let hours = match hours {
        Some(hours) => hours,
        None => own::draft(&api).await?.unwrap_or_default().0.hours,
    };
    change(api, |reception| reception.hours = Some(OpenHours { hours, zone })).await
}

pub(super) async fn end_hours(State(api): State<Api>) -> Result<Json<Shown>, ApiError> {
    change(api, |reception| reception.hours = None).await
}

/// What is said to who comes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Welcome {
    text: String,
    /// After so many days of silence a customer is greeted again; once only where nothing is said.
    again_after_days: Option<u32>,
}

pub(super) async fn set_greeting(
    State(api): State<Api>,
    Body(Welcome { text, again_after_days }): Body<Welcome>,
) -> Result<Json<Shown>, ApiError> {
    change(api, |reception| reception.greeting = Some(Greeting { text, again_after_days })).await
}

pub(super) async fn end_greeting(State(api): State<Api>) -> Result<Json<Shown>, ApiError> {
    change(api, |reception| reception.greeting = None).await
}

/// What is said out of hours.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Excuse {
    text: String,
}

pub(super) async fn set_away(
    State(api): State<Api>,
    Body(Excuse { text }): Body<Excuse>,
) -> Result<Json<Shown>, ApiError> {
    change(api, |reception| reception.away = Some(text)).await
}

pub(super) async fn end_away(State(api): State<Api>) -> Result<Json<Shown>, ApiError> {
    change(api, |reception| reception.away = None).await
}

async fn change(api: Api, change: impl FnOnce(&mut Reception)) -> Result<Json<Shown>, ApiError> {
    let editing = api.edit().await;
    let mut reception = api.view(|rows| reception::get(rows)).await?;
    change(&mut reception);
    api.command(Command::Desk(DeskCommand::SetReception(Box::new(reception)))).await?;
    drop(editing);
    show(State(api)).await
}

pub(super) async fn show_bot(State(api): State<Api>) -> Result<Json<Bot>, ApiError> {
    business(&api)?;
    let none = || Refusal::NoneSuch("there is no bot: `sigillo bot set FILE` turns one on".into()).into();
    api.view(|rows| bot::get(rows)).await?.map(Json).ok_or_else(none)
}

pub(super) async fn set_bot(State(api): State<Api>, Body(bot): Body<Bot>) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Desk(DeskCommand::SetBot(Some(Box::new(bot))))).await?))
}

pub(super) async fn end_bot(State(api): State<Api>) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Desk(DeskCommand::SetBot(None))).await?))
}
