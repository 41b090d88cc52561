//! A receipt as a page for people, which proves itself: the file is in it, and its QR code.

use crate::base::money::Money;
use crate::domain::billing::carrier;
use crate::domain::billing::export::{self, Expect, ReceiptFile, Verdict};
use crate::domain::identity::address;
use crate::ui::qr;
use crate::wire::billing::Receipt;

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:42em;margin:2em auto;padding:0 1em}\
                     th{text-align:left;padding-right:1.5em;vertical-align:top}td{overflow-wrap:anywhere}\
                     svg{width:16em;height:16em}@media print{body{margin:0}}";

/// The page of a receipt: it follows from the file alone, so that whoever verifies it sees whether a word of it was changed.
/// None where the file isn't a receipt's.
pub(super) fn receipt(file: &ReceiptFile) -> Option<String> {
    let verdict = export::verify(file, &Expect::default()).ok()?;
    let rows: String = facts(&verdict)
        .iter()
        .map(|(name, value)| format!("<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(value)))
        .collect();
    let code = carrier::qr_text(file).and_then(|text| qr::svg(&text)).unwrap_or_default();
    let part = carrier::page_part(file)?;
    let title = format!("Receipt {}", verdict.id);
    Some(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body><h1>Receipt</h1>\n<table>{rows}</table>\n\
         <p>This page proves itself: <code>sigillo receipt verify</code> reads the page, or the code.</p>\n\
         {code}\n{part}\n</body></html>\n"
    ))
}

/// Whether a text is a page.
pub(super) fn is_page(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

fn facts(verdict: &Verdict) -> Vec<(&'static str, String)> {
    let Receipt { terms, amount, tax, .. } = &verdict.receipt;
    let mut facts = vec![
        ("receipt", verdict.id.to_string()),
        ("issued by", verdict.issuer_address.clone()),
        ("to", address::encode(&terms.subject)),
        ("plan", terms.plan.clone()),
        ("amount", amount.to_string()),
    ];
    facts.extend(tax.iter().map(|tax| {
        let money = Money { minor: tax.minor, ..*amount };
        ("tax in it", format!("{} {money}", tax.name))
    }));
    let Receipt { period_start, period_end, invoice, seq, issued_at, rail, .. } = &verdict.receipt;
    facts.extend([
        ("period", format!("{period_start} to {period_end} (exclusive)")),
        ("invoice", invoice.to_string()),
        ("number", seq.to_string()),
        ("issued", issued_at.to_string()),
        ("rail", rail.word().to_owned()),
        ("trust", verdict.trust.to_owned()),
    ]);
    facts
}

/// A text in a page.
fn escaped(text: &str) -> String {
    let marks = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")];
    marks.iter().fold(text.to_owned(), |text, (mark, name)| text.replace(*mark, name))
}
