//! Routes about charging: subscriptions, invoices, receipts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::time::Time;
use crate::domain::billing::export::ReceiptFile;
use crate::domain::identity::address;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::ledger::{self, InvoiceView, ReceiptView, SubscriptionView};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::who;
use crate::wire::invoice_key::InvoiceKey;

pub(super) async fn subscriptions(State(api): State<Api>) -> Result<Json<Vec<SubscriptionView>>, ApiError> {
    let now = api.node().now();
    Ok(Json(api.view(move |rows| ledger::subscriptions(rows, now)).await?))
}

/// A plan of a business.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// A contact, or the full address of a business, which is added.
    issuer: String,
    plan: String,
}

/// What was asked of which business.
#[derive(Serialize)]
pub(super) struct Answer {
    issuer: String,
    plan: String,
    #[serde(flatten)]
    outcome: Outcome,
}

pub(super) async fn subscribe(
    State(api): State<Api>,
    Body(Wish { issuer, plan }): Body<Wish>,
) -> Result<Json<Answer>, ApiError> {
    let issuer = who::contact(&api, &issuer).await?;
    let outcome = api.command(Command::Subscribe { issuer, plan: plan.clone() }).await?;
    Ok(Json(Answer { issuer: address::encode(&issuer), plan, outcome }))
}

/// A subscription that is to end, at the end of what is paid for or now.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Leave {
    issuer: String,
    plan: String,
    #[serde(default)]
    now: bool,
}

pub(super) async fn cancel(
    State(api): State<Api>,
    Body(Leave { issuer, plan, now }): Body<Leave>,
) -> Result<Json<Answer>, ApiError> {
    let issuer = who::contact(&api, &issuer).await?;
    let command = if now {
        Command::CancelNow { issuer, plan: plan.clone() }
    } else {
        Command::Cancel { issuer, plan: plan.clone() }
    };
    let outcome = api.command(command).await?;
    Ok(Json(Answer { issuer: address::encode(&issuer), plan, outcome }))
}

/// Another plan in the place of one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    issuer: String,
    plan: String,
    to: String,
}

pub(super) async fn change(
    State(api): State<Api>,
    Body(Change { issuer, plan, to }): Body<Change>,
) -> Result<Json<Answer>, ApiError> {
    let issuer = who::contact(&api, &issuer).await?;
    let outcome = api.command(Command::ChangePlan { issuer, plan: plan.clone(), to }).await?;
    Ok(Json(Answer { issuer: address::encode(&issuer), plan, outcome }))
}

/// A pause from the end of what is paid for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    issuer: String,
    plan: String,
    /// Milliseconds since 1970.
    #[schemars(with = "u64")]
    until: Time,
}

pub(super) async fn pause(
    State(api): State<Api>,
    Body(Pause { issuer, plan, until }): Body<Pause>,
) -> Result<Json<Answer>, ApiError> {
    let issuer = who::contact(&api, &issuer).await?;
    let outcome = api.command(Command::Pause { issuer, plan: plan.clone(), until }).await?;
    Ok(Json(Answer { issuer: address::encode(&issuer), plan, outcome }))
}

/// An answer to another price.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceAnswer {
    /// The id of the change, in hexadecimal.
    #[schemars(with = "String")]
    change: Digest,
    agrees: bool,
}

pub(super) async fn answer_price(
    State(api): State<Api>,
    Body(PriceAnswer { change, agrees }): Body<PriceAnswer>,
) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::AnswerPrice { change, agrees }).await?))
}

pub(super) async fn invoices(State(api): State<Api>) -> Result<Json<Vec<InvoiceView>>, ApiError> {
    let now = api.node().now();
    Ok(Json(api.view(move |rows| ledger::invoices(rows, now)).await?))
}

pub(super) async fn invoice(State(api): State<Api>, Part(key): Part) -> Result<Json<InvoiceView>, ApiError> {
    let key = invoice_key(&key)?.to_string();
    let (wanted, now) = (key.clone(), api.node().now());
    let look = move |rows: &crate::store::table::Reader<'_>| {
        ledger::invoices(rows, now).into_iter().find(|invoice| invoice.key == wanted)
    };
    api.view(look).await?.map(Json).ok_or_else(|| Refusal::NoInvoice(key).into())
}

pub(super) async fn receipts(State(api): State<Api>) -> Result<Json<Vec<ReceiptView>>, ApiError> {
    Ok(Json(api.view(|rows| ledger::receipts(rows)).await?))
}

pub(super) async fn receipt(State(api): State<Api>, Part(id): Part) -> Result<Json<ReceiptView>, ApiError> {
    one_receipt(&api, &id).await.map(Json)
}

pub(super) async fn receipt_file(
    State(api): State<Api>,
    Part(id): Part,
) -> Result<Json<ReceiptFile>, ApiError> {
    let receipt = one_receipt(&api, &id).await?.id;
    let file = api.view(move |rows| ledger::receipt_file(rows, &receipt)).await?;
    file.map(Json).ok_or_else(|| no_receipt(&id))
}

/// The receipt of an id or the beginning of one.
pub(super) async fn one_receipt(api: &Api, id: &str) -> Result<ReceiptView, ApiError> {
    let folded = id.trim().to_ascii_lowercase();
    if folded.len() < charging::RECEIPT_PREFIX_LEAST {
        return Err(no_receipt(id));
    }
    let look = move |rows: &crate::store::table::Reader<'_>| -> Vec<ReceiptView> {
        let all = ledger::receipts(rows).into_iter();
        all.filter(|receipt| receipt.id.to_string().starts_with(&folded)).collect()
    };
    let mut fitting = api.view(look).await?;
    match (fitting.pop(), fitting.len()) {
        (Some(one), 0) => Ok(one),
        (None, _) => Err(no_receipt(id)),
        (Some(_), _) => {
            let message = format!("several receipts begin with {id}: write more of the id");
            Err(ApiError::new(StatusCode::CONFLICT, "ambiguous", message))
        }
    }
}

pub(super) fn invoice_key(text: &str) -> Result<InvoiceKey, ApiError> {
    let key = text.trim().to_ascii_uppercase().parse();
    key.map_err(|_| ApiError::bad_request("an invoice is named by 20 characters of A-Z and 2-7"))
}

pub(super) fn no_receipt(id: &str) -> ApiError {
    ApiError::not_found(
        "no_receipt",
        format!("there is no receipt {id} here: `sigillo receipt list` shows them"),
    )
}
