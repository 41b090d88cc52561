//! Routes about payments: rails, notices of payment, evidence, credit.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::domain::billing::credit::Wish;
use crate::domain::billing::notes::CreditNotes;
use crate::domain::billing::payment::Payment;
use crate::engine::command::{Command, Outcome};
use crate::engine::ledger::{self, Contradiction};
use crate::engine::letter::PaidNotice;
use crate::node::identity::system_rng;
use crate::ui::http::api::Api;
use crate::ui::http::billing::{invoice_key, no_receipt, one_receipt};
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::own;
use crate::wire::billing::{Credit, Tax};
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::rail::{Payee, Rail};

pub(super) async fn rails(State(api): State<Api>) -> Result<Json<Vec<Payee>>, ApiError> {
    Ok(Json(own::draft(&api).await?.map(|(draft, _)| draft.payees).unwrap_or_default()))
}

/// Whom to pay by the rail that the path names.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    account: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    place: String,
}

pub(super) async fn put_rail(
    State(api): State<Api>,
    Part(rail): Part,
    Body(Account { account, name, place }): Body<Account>,
) -> Result<Json<Payee>, ApiError> {
    let _editing = api.edit().await;
    let trimmed = |text: String| text.trim().to_owned();
    let (account, name, place) = (trimmed(account), trimmed(name), trimmed(place));
    let payee = Payee { rail: rail_of(&rail)?, account, name, place };
    api.command(Command::PutPayee(payee.clone())).await?;
    Ok(Json(payee))
}

pub(super) async fn remove_rail(State(api): State<Api>, Part(rail): Part) -> Result<Json<Outcome>, ApiError> {
    let _editing = api.edit().await;
    Ok(Json(api.command(Command::RemovePayee(rail_of(&rail)?)).await?))
}

fn rail_of(text: &str) -> Result<Rail, ApiError> {
    let known = Rail::ALL.into_iter().find(|rail| rail.word() == text.trim().to_ascii_lowercase());
    known.ok_or_else(|| ApiError::bad_request("a rail is manual, pix, upi, sepa or lightning"))
}

/// How an invoice was paid; by hand, where nothing is said.
#[derive(Deserialize, Default, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Notice {
    idempotency_key: Option<String>,
    /// `manual`, `pix`, `upi`, `sepa` or `lightning`.
    #[schemars(with = "Option<String>")]
    rail: Option<Rail>,
    /// Whatever the payment provider calls the payment; its SHA-256 goes into the receipt.
    evidence: Option<String>,
    #[schemars(with = "Vec<TaxForm>")]
    tax: Vec<Tax>,
}

pub(super) async fn paid(
    State(api): State<Api>,
    Part(key): Part,
    Body(notice): Body<Option<Notice>>,
) -> Result<Json<Outcome>, ApiError> {
    let invoice = invoice_key(&key)?;
    let Notice { idempotency_key, rail, evidence, tax } = notice.unwrap_or_default();
    if evidence.as_ref().is_some_and(|evidence| evidence.len() > charging::EVIDENCE_TEXT_MAX) {
        return Err(ApiError::bad_request("what is given as evidence has at most 4096 bytes"));
    }
    let evidence_hash = evidence.map(|evidence| Digest::new(sha256(&[evidence.as_bytes()])));
    let payment = Payment { tax, evidence_hash, ..Payment::by(rail.unwrap_or(Rail::Manual)) };
    let notice = PaidNotice { invoice, payment, idempotency_key };
    Ok(Json(api.command(Command::Paid(Box::new(notice))).await?))
}

/// How a tax is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Tax`")]
struct TaxForm {
    name: String,
    /// Its rate in hundredths of a per cent.
    basis_points: u32,
    /// Minor units of the receipt's currency.
    minor: i64,
}

/// What the payer says about a payment.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    /// `manual`, `pix`, `upi`, `sepa` or `lightning`.
    #[schemars(with = "String")]
    rail: Rail,
    /// Lightning: the preimage in hexadecimal. Else the payment's own reference.
    proof: String,
}

pub(super) async fn evidence(
    State(api): State<Api>,
    Part(key): Part,
    Body(Claim { rail, proof }): Body<Claim>,
) -> Result<Json<Outcome>, ApiError> {
    let proof = proof.trim();
    let proof = if rail == Rail::Lightning {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(proof.as_bytes());
        bytes.map_err(|_| ApiError::bad_request("a preimage is 64 hexadecimal digits"))?
    } else {
        proof.as_bytes().to_vec()
    };
    Ok(Json(api.command(Command::SayPaid { invoice: invoice_key(&key)?, rail, proof }).await?))
}

/// A BOLT11 invoice of the business's own Lightning node.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lightning {
    bolt11: String,
}

pub(super) async fn lightning(
    State(api): State<Api>,
    Part(key): Part,
    Body(Lightning { bolt11 }): Body<Lightning>,
) -> Result<Json<Outcome>, ApiError> {
    let (invoice, bolt11) = (invoice_key(&key)?, bolt11.trim().to_ascii_lowercase());
    Ok(Json(api.command(Command::OfferLightning { invoice, bolt11 }).await?))
}

/// What is to be given back of a receipt.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreditWish {
    /// `refund` or `revoke`.
    #[schemars(with = "String")]
    credit: Credit,
    reason: String,
    /// 20 characters of A-Z and 2-7: the same key gives the same note for ever. Made here where it isn't given.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    key: Option<InvoiceKey>,
    /// In the receipt's currency.
    #[serde(default)]
    amount: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default)]
    #[schemars(with = "Option<u64>")]
    access_ends: Option<Time>,
}

/// A credit note that was issued.
#[derive(Serialize)]
pub(super) struct Credited {
    key: InvoiceKey,
    receipt: Digest,
    #[serde(flatten)]
    outcome: Outcome,
}

pub(super) async fn credit(
    State(api): State<Api>,
    Part(id): Part,
    Body(wish): Body<CreditWish>,
) -> Result<Json<Credited>, ApiError> {
    let of = one_receipt(&api, &id).await?;
    let currency = of.receipt.amount.currency;
    let amount = wish.amount.map(|amount| Money::parse(&amount, currency)).transpose();
    let amount = amount.map_err(|error| ApiError::bad_request(error.to_string()))?;
    let key = wish.key.unwrap_or_else(|| InvoiceKey::random(&mut system_rng()));
    let wish = Wish {
        key,
        receipt: of.id,
        credit: wish.credit,
        minor: amount.map(|amount| amount.minor),
        access_ends: wish.access_ends,
        reason: wish.reason.trim().to_owned(),
    };
    let outcome = api.command(Command::Credit(Box::new(wish))).await?;
    Ok(Json(Credited { key, receipt: of.id, outcome }))
}

/// Why a credit note no longer counts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reversal {
    reason: String,
}

pub(super) async fn reverse(
    State(api): State<Api>,
    Part(id): Part,
    Body(Reversal { reason }): Body<Reversal>,
) -> Result<Json<Outcome>, ApiError> {
    let note = Digest::from_hex(id.trim()).ok_or_else(|| ApiError::bad_request("not a credit note's id"))?;
    let reason = reason.trim().to_owned();
    Ok(Json(api.command(Command::ReverseCredit { note, reason }).await?))
}

pub(super) async fn credit_notes(
    State(api): State<Api>,
    Part(id): Part,
) -> Result<Json<CreditNotes>, ApiError> {
    let receipt = one_receipt(&api, &id).await?.id;
    let now = api.node().now();
    let notes = api.view(move |rows| ledger::credit_notes(rows, &receipt, now)).await?;
    notes.map(Json).ok_or_else(|| no_receipt(&id))
}

pub(super) async fn contradiction(
    State(api): State<Api>,
    Part(id): Part,
) -> Result<Json<Contradiction>, ApiError> {
    let receipt = one_receipt(&api, &id).await?.id;
    let proof = api.view(move |rows| ledger::contradiction(rows, &receipt)).await?;
    let none = || ApiError::not_found("no_contradiction", "no other receipt of this number is known");
    proof.map(Json).ok_or_else(none)
}

/// What the verifier asked to be signed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Challenge {
    challenge: String,
}

pub(super) async fn present(
    State(api): State<Api>,
    Part(id): Part,
    Body(Challenge { challenge }): Body<Challenge>,
) -> Result<Json<crate::domain::billing::export::ReceiptFile>, ApiError> {
    let receipt = one_receipt(&api, &id).await?.id;
    match api.command(Command::Present { receipt, challenge }).await? {
        Outcome::Presented { file } => Ok(Json(*file)),
        _ => Err(no_receipt(&id)),
    }
}
