//! Routes about a business's books: what came in, the chain of its events, its audit, the listings it carries.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::domain::billing::audit::Summary;
use crate::domain::billing::ledger_file::{EventLine, Head, SignedEnd};
use crate::domain::directory::profile::DraftError;
use crate::engine::books::{self, Books};
use crate::engine::command::{Command, Outcome, Refusal};
use crate::ui::http::api::Api;
use crate::ui::http::billing::one_receipt;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Params};
use crate::ui::ledger_check::Verifiers;

pub(super) async fn books(State(api): State<Api>) -> Result<Json<Books>, ApiError> {
    let now = api.node().now();
    Ok(Json(api.view(move |rows| books::books(rows, now)).await?))
}

pub(super) async fn head(State(api): State<Api>) -> Result<Json<Head>, ApiError> {
    let account = api.node().account();
    Ok(Json(api.view(move |rows| books::ledger_head(rows, &account)).await?))
}

/// Where a page of events begins.
#[derive(Deserialize, JsonSchema)]
pub(super) struct From {
    #[serde(default)]
    from: u64,
}

pub(super) async fn events(
    State(api): State<Api>,
    Params(From { from }): Params<From>,
) -> Result<Json<Vec<EventLine>>, ApiError> {
    let page = api.view(move |rows| books::ledger_page(rows, from, charging::LEDGER_PAGE)).await?;
    let whole = page.iter().map(|entry| entry.as_ref().map(EventLine::new)).collect::<Option<Vec<_>>>();
    whole.map(Json).ok_or_else(|| ApiError::from(Refusal::Billing(GONE.to_owned())))
}

const GONE: &str = "an event of the ledger isn't there any more: `sigillo ledger audit` names it";

pub(super) async fn end(State(api): State<Api>) -> Result<Json<SignedEnd>, ApiError> {
    match api.command(Command::SignLedger).await? {
        Outcome::LedgerEnd { end } => Ok(Json(*end)),
        _ => Err(Refusal::NotABusiness.into()),
    }
}

/// What an audit found.
#[derive(Serialize)]
pub(super) struct Audited {
    sound: bool,
    #[serde(flatten)]
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) async fn audit(State(api): State<Api>) -> Result<Json<Audited>, ApiError> {
    let account = api.node().account();
    let audited = api.view(move |rows| {
        let mut verifiers = Verifiers::new();
        books::audit(rows, &account, |entries, logs| verifiers.events(entries, logs))
    });
    let summary = audited.await?;
    let reason = summary.first_break.as_ref().map(|found| found.reason.to_string());
    Ok(Json(Audited { sound: summary.first_break.is_none(), summary, reason }))
}

/// Receipts to be carried in the profile.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Listings {
    /// Ids, or the beginnings of them.
    receipts: Vec<String>,
}

pub(super) async fn set_listings(
    State(api): State<Api>,
    Body(Listings { receipts }): Body<Listings>,
) -> Result<Json<Outcome>, ApiError> {
    if receipts.len() > charging::LISTINGS_MAX {
        return Err(Refusal::Profile(DraftError::Listings.to_string()).into());
    }
    let _editing = api.edit().await;
    let mut ids = Vec::new();
    for receipt in receipts {
        ids.push(one_receipt(&api, &receipt).await?.id);
    }
    Ok(Json(api.command(Command::SetListings(ids)).await?))
}
