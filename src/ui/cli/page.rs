//! A receipt as a page for people, which proves itself: the file is in it, and its QR code.

use serde_json::Value;

use crate::domain::billing::carrier;
use crate::domain::billing::export::ReceiptFile;
use crate::ui::cli::show;
use crate::ui::qr;

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:42em;margin:2em auto;padding:0 1em}\
                     th{text-align:left;padding-right:1.5em;vertical-align:top}td{overflow-wrap:anywhere}\
                     svg{width:16em;height:16em}@media print{body{margin:0}}";

/// The page of a receipt as the API shows it, and of its file.
pub(super) fn receipt(shown: &Value, file: &ReceiptFile) -> Option<String> {
    let rows: String = show::receipt_fields(shown)
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(value)))
        .collect();
    let code = carrier::qr_text(file).and_then(|text| qr::svg(&text)).unwrap_or_default();
    let part = carrier::page_part(file)?;
    let title = format!("Receipt {}", show::text(shown, "id"));
    Some(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body><h1>Receipt</h1>\n<table>{rows}</table>\n\
         <p>This page proves itself: <code>sigillo receipt verify</code> reads the page, or the code.</p>\n\
         {code}\n{part}\n</body></html>\n"
    ))
}

/// A text in a page.
fn escaped(text: &str) -> String {
    let marks = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")];
    marks.iter().fold(text.to_owned(), |text, (mark, name)| text.replace(*mark, name))
}
