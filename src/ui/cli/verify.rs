//! Verifying a receipt file, without a node, a home, a store or a network.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::base::id::AccountId;
use crate::base::limits;
use crate::base::time::Time;
use crate::disk::files;
use crate::domain::billing::export::{self, Expect, ReceiptFile, Refusal, Verdict};
use crate::domain::identity::address;
use crate::node::clock;
use crate::ui::cli::args::Verify;
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

pub(super) fn account(flag: &str, text: &str) -> Result<AccountId, Failure> {
    address::decode(text).map_err(|error| Failure::misused(format!("{flag}: {error}")))
}

pub(super) fn moment(text: &str) -> Result<Option<Time>, Failure> {
    match text {
        "now" => return Ok(Some(clock::now())),
        "any" => return Ok(None),
        _ => {}
    }
    let parsed: Option<jiff::Timestamp> = text.parse().ok();
    let millis = parsed.and_then(|timestamp| u64::try_from(timestamp.as_millisecond()).ok());
    let wrong = || Failure::misused("--at: a moment is written as 2026-11-22T16:00:00Z, `now` or `any`");
    millis.map(|millis| Some(Time::from_millis(millis))).ok_or_else(wrong)
}

/// Reads a file of at most so many bytes, or stdin.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().take(most).read_to_end(&mut bytes).map(|_| bytes)
    } else {
        files::read_bounded(path, most)
    };
    read.map_err(|error| Failure::failed("file", format!("{} can't be read: {error}", path.display())))
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
