//! A route that says what a receipt file proves, whoever brings it.

use axum::Json;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::domain::billing::export::{self, Expect, ReceiptFile};
use crate::domain::identity::address;
use crate::node::clock;
use crate::ui::facts::receipt_refusal_word;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Body;

/// A receipt file, and what it must prove.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    /// The file, as `sigillo receipt export` writes it.
    #[schemars(with = "Value")]
    file: ReceiptFile,
    /// The address of the business that must have issued it.
    issuer: String,
    /// The address, as the business knows them, of whom it must be for.
    subject: Option<String>,
    /// The moment at which it must hold, in milliseconds since 1970; now where there is none.
    at: Option<u64>,
    /// It need hold at no moment.
    #[serde(default)]
    any_time: bool,
}

pub(super) async fn verify(Body(claim): Body<Claim>) -> Result<Json<Value>, ApiError> {
    let at = claim.at.map_or_else(clock::now, Time::from_millis);
    let expect = Expect {
        issuer: Some(account(&claim.issuer)?),
        subject: claim.subject.as_deref().map(account).transpose()?,
        at: (!claim.any_time).then_some(at),
    };
    let verdict = export::verify(&claim.file, &expect).map_err(|refusal| {
        let code = receipt_refusal_word(&refusal);
        ApiError::new(StatusCode::CONFLICT, code, format!("refused: {refusal}"))
    })?;
    let mut document = json!(verdict);
    document["verified"] = json!(verdict.issuer_pinned);
    document["subject_address"] = json!(address::encode(&verdict.receipt.terms.subject));
    Ok(Json(document))
}

fn account(text: &str) -> Result<AccountId, ApiError> {
    address::decode(text)
        .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "address", error.to_string()))
}
