//! Routes about the plans that this business offers.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::money::Money;
use crate::engine::books;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::own;
use crate::wire::plan::{Period, Plan};

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<Plan>>, ApiError> {
    Ok(Json(own::draft(&api).await?.map(|(draft, _)| draft.plans).unwrap_or_default()))
}

/// The terms of a plan. Its version is counted here.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    name: String,
    #[schemars(with = "Price")]
    price: Money,
    #[schemars(with = "Length")]
    period: Period,
    #[serde(default)]
    trial_days: u32,
    #[serde(default)]
    grace_days: u32,
    #[serde(default)]
    hold_days: u32,
}

/// How a price is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Money`")]
struct Price {
    /// Minor units, such as centavos.
    minor: u64,
    /// ISO 4217, such as BRL.
    currency: String,
}

/// How the length of a period is written.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes the form of `Period`")]
enum Length {
    Monthly,
    Annual,
}

/// Offers a plan: the first terms are version 1, changed ones the next, also after a withdrawal, and the same ones change
/// nothing.
pub(super) async fn offer(
    State(api): State<Api>,
    Part(id): Part,
    Body(terms): Body<Terms>,
) -> Result<Json<Plan>, ApiError> {
    let _editing = api.edit().await;
    let (draft, _) = own::draft(&api).await?.unwrap_or_default();
    let old = draft.plans.into_iter().find(|plan| plan.id == id);
    let known = id.clone();
    let known = api.view(move |rows| books::last_version(rows, &known)).await?;
    let Terms { name, price, period, trial_days, grace_days, hold_days } = terms;
    let version = old.as_ref().map_or(1, |old| old.version);
    let mut plan = Plan { id, version, name, price, period, trial_days, grace_days, hold_days };
    plan.check().map_err(|error| ApiError::from(Refusal::Profile(error.to_string())))?;
    if old.as_ref() == Some(&plan) {
        return Ok(Json(plan));
    }
    plan.version = old.map_or(0, |old| old.version).max(known).saturating_add(1);
    api.command(Command::PutPlan(plan.clone())).await?;
    Ok(Json(plan))
}

/// Announces the offered terms to all who subscribe under older ones.
pub(super) async fn announce(State(api): State<Api>, Part(id): Part) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::AnnouncePrice(id)).await?))
}

pub(super) async fn withdraw(State(api): State<Api>, Part(id): Part) -> Result<Json<Outcome>, ApiError> {
    let _editing = api.edit().await;
    Ok(Json(api.command(Command::RemovePlan(id)).await?))
}
