//! Routes about charging: subscriptions, invoices, receipts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::billing::export::ReceiptFile;
use crate::domain::identity::address;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::ledger::{self, InvoiceView, ReceiptView, SubscriptionView};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::who;
use crate::wire::billing::InvoiceKey;

/// Fewer characters of a receipt's id name none.
const RECEIPT_PREFIX_LEAST: usize = 8;

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

pub(super) async fn cancel(
    State(api): State<Api>,
    Body(Wish { issuer, plan }): Body<Wish>,
) -> Result<Json<Answer>, ApiError> {
    let issuer = who::contact(&api, &issuer).await?;
    let outcome = api.command(Command::Cancel { issuer, plan: plan.clone() }).await?;
    Ok(Json(Answer { issuer: address::encode(&issuer), plan, outcome }))
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

pub(super) async fn paid(State(api): State<Api>, Part(key): Part) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::MarkPaid(invoice_key(&key)?)).await?))
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
async fn one_receipt(api: &Api, id: &str) -> Result<ReceiptView, ApiError> {
    let folded = id.trim().to_ascii_lowercase();
    if folded.len() < RECEIPT_PREFIX_LEAST {
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

fn invoice_key(text: &str) -> Result<InvoiceKey, ApiError> {
    let key = text.trim().to_ascii_uppercase().parse();
    key.map_err(|_| ApiError::bad_request("an invoice is named by 20 characters of A-Z and 2-7"))
}

fn no_receipt(id: &str) -> ApiError {
    ApiError::not_found(
        "no_receipt",
        format!("there is no receipt {id} here: `sigillo receipt list` shows them"),
    )
}
