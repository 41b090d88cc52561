//! Verifying a receipt file, without a node, a home, a store or a network.

use serde_json::{Value, json};

use crate::base::limits;
use crate::domain::billing::export::{self, Expect, ReceiptFile, Refusal, Verdict};
use crate::domain::identity::address;
use crate::ui::cli::args::Verify;
use crate::ui::cli::documents::{account, moment, read};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};

/// Says what a receipt file proves. Succeeds only for an expected issuer.
pub(super) fn verify(output: Output, wanted: &Verify) -> Result<(), Failure> {
    let expect = Expect {
        issuer: wanted.issuer.as_deref().map(|text| account("--issuer", text)).transpose()?,
        subject: wanted.subject.as_deref().map(|text| account("--subject", text)).transpose()?,
        at: moment(&wanted.at)?,
    };
    let text = read(&wanted.file, limits::RECEIPT_FILE_MAX)?;
    let file: Result<ReceiptFile, _> = serde_json::from_slice(&text);
    let verdict = file.map_err(|_| Refusal::Malformed).and_then(|file| export::verify(&file, &expect));
    let verdict =
        verdict.map_err(|refusal| Failure::failed(code(&refusal), format!("refused: {refusal}")))?;
    output.show(&document(&verdict), |_| verdict.to_string())?;
    if verdict.issuer_pinned {
        return Ok(());
    }
    note("error: the issuer isn't pinned: name the business that must have issued it with --issuer ADDRESS");
    Err(Failure::Said)
}

fn document(verdict: &Verdict) -> Value {
    let mut document = json!(verdict);
    document["verified"] = json!(verdict.issuer_pinned);
    document["subject_address"] = json!(address::encode(&verdict.receipt.terms.subject));
    document
}

const fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed => "malformed",
        Refusal::Signature => "tampered",
        Refusal::Log(_) => "log",
        Refusal::Signer => "signer",
        Refusal::Issuer { .. } => "other_issuer",
        Refusal::Subject { .. } => "other_subject",
        Refusal::NotYetValid { .. } => "not_yet_valid",
        Refusal::Expired { .. } => "expired",
    }
}
