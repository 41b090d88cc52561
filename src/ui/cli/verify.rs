//! Verifying a receipt file, without a node, a home, a store or a network.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::limits;
use crate::domain::billing::carrier::Carried;
use crate::domain::billing::export::{self, Along, Expect, ReceiptFile, Refusal, Verdict};
use crate::domain::billing::notes::CreditNotes;
use crate::domain::identity::address;
use crate::ui::cli::args_money::Verify;
use crate::ui::cli::documents::{account, moment, read};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::page;
use crate::ui::facts::receipt_refusal_word;
use crate::ui::qr;

/// Says what a receipt file proves. Succeeds only for an expected issuer.
pub(super) fn verify(output: Output, wanted: &Verify) -> Result<(), Failure> {
    let expect = Expect {
        issuer: wanted.issuer.as_deref().map(|text| account("--issuer", text)).transpose()?,
        subject: wanted.subject.as_deref().map(|text| account("--subject", text)).transpose()?,
        at: moment(&wanted.at)?,
    };
    let notes = wanted.credit_notes.as_deref().map(notes).transpose()?;
    let bytes = read(&wanted.file, limits::RECEIPT_FILE_MAX)?;
    let verdict = if is_contradiction(&bytes) {
        return contradiction(output, &bytes, &expect);
    } else {
        // A picture of a QR code, or a text in any of the forms that a receipt travels in.
        let text = if bytes.starts_with(PNG) { qr::read_png(&bytes) } else { String::from_utf8(bytes).ok() };
        let along = Along { notes: notes.as_ref(), challenge: wanted.challenge.as_deref() };
        let carried = text.as_deref().and_then(Carried::read).ok_or(Refusal::Malformed);
        if let (Some(text), Ok(Carried::File(file))) = (&text, &carried)
            && page::is_page(text)
            && page::receipt(file).is_some_and(|page| page.trim() != text.trim())
        {
            return Err(Failure::failed("tampered", OTHER_PAGE));
        }
        carried.and_then(|carried| carried.verify(&expect, &along))
    };
    let verdict = verdict
        .map_err(|refusal| Failure::failed(receipt_refusal_word(&refusal), format!("refused: {refusal}")))?;
    output.show(&document(&verdict), |_| verdict.to_string())?;
    pinned_only(verdict.issuer_pinned)
}

const OTHER_PAGE: &str = "refused: the page says something else than the receipt in it, or another version of sigillo made it: \
                          ask for the receipt as JSON";

/// What every PNG picture begins with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn notes(path: &Path) -> Result<CreditNotes, Failure> {
    let read = read(path, limits::RECEIPT_FILE_MAX)?;
    let wrong = || Failure::failed("credit_notes", format!("{}: not a file of credit notes", path.display()));
    serde_json::from_slice(&read).map_err(|_| wrong())
}

/// Two receipts that can't both be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    format: String,
    receipts: [ReceiptFile; 2],
}

fn is_contradiction(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Pair>(bytes).is_ok_and(|pair| pair.format == "sigillo-contradiction/1")
}

/// Says whether a file proves that an issuer contradicts itself. Succeeds only for an expected issuer.
fn contradiction(output: Output, bytes: &[u8], expect: &Expect) -> Result<(), Failure> {
    let refused = |words: String| Failure::failed("no_contradiction", words);
    let pair: Pair = serde_json::from_slice(bytes).map_err(|error| refused(error.to_string()))?;
    let verified = pair.receipts.iter().map(|file| export::verify(file, &Expect { at: None, ..*expect }));
    let verdicts = verified.collect::<Result<Vec<_>, _>>().map_err(|refusal| refused(refusal.to_string()))?;
    let [one, other] = verdicts.as_slice() else { return Err(refused("not two receipts".to_owned())) };
    let same_chain = one.receipt.terms.subscription == other.receipt.terms.subscription
        && one.receipt.terms.issuer == other.receipt.terms.issuer;
    let what = if one.receipt.seq == other.receipt.seq {
        format!("of number {}", one.receipt.seq)
    } else if one.receipt.invoice == other.receipt.invoice {
        format!("for the invoice {}", one.receipt.invoice)
    } else {
        String::new()
    };
    if one.id == other.id || !same_chain || what.is_empty() {
        return Err(refused("the two receipts don't contradict each other".to_owned()));
    }
    let pinned = if one.issuer_pinned { "the expected business" } else { "issuer not pinned" };
    let words = format!(
        "{} ({pinned}) signed two different receipts {what}: {} and {}",
        one.issuer_address, one.id, other.id
    );
    let document = json!({
        "contradiction": true, "verified": one.issuer_pinned, "issuer": one.issuer_address, "receipts": [one.id, other.id],
    });
    output.show(&document, |_| words)?;
    pinned_only(one.issuer_pinned)
}

/// Whoever verifies must say whose word it must be.
fn pinned_only(pinned: bool) -> Result<(), Failure> {
    if pinned {
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
