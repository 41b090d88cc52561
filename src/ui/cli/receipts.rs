//! Receipts: shown, exported in many forms, presented, given back.

use std::path::Path;

use serde_json::{Value, json};

use crate::domain::billing::carrier;
use crate::domain::billing::export::ReceiptFile;
use crate::ui::cli::args_money::{Format, Receipt};
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::documents::{pretty, write_new};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::{page, show, verify};
use crate::ui::qr;

pub(super) async fn receipt(client: &Client, output: Output, what: Receipt) -> Result<(), Failure> {
    let path = |id: &str, what: &str| format!("/v1/receipts/{}{what}", escaped(id));
    match what {
        Receipt::List => output.show(&client.get("/v1/receipts").await?, show::receipts),
        Receipt::Show { id } => output.show(&client.get(&path(&id, "")).await?, show::receipt),
        Receipt::Export { id, format, output: file } => {
            export(client, output, &id, format, file.as_deref()).await
        }
        Receipt::Present { id, challenge, output: file } => {
            let shown = client.post(&path(&id, "/present"), &json!({ "challenge": challenge })).await?;
            give(output, &id, file.as_deref(), &shown, pretty(&shown).as_bytes())
        }
        Receipt::Refund { id, amount, reason, keep_access, key } => {
            let ends = if keep_access {
                client.get(&path(&id, "")).await?["period_end"].clone()
            } else {
                Value::Null
            };
            let body = json!({
                "credit": "refund", "amount": amount, "reason": reason, "key": key, "access_ends": ends,
            });
            output.show(&client.post(&path(&id, "/credit"), &body).await?, show::credited)
        }
        Receipt::Revoke { id, reason, key } => {
            let body = json!({ "credit": "revoke", "reason": reason, "key": key });
            output.show(&client.post(&path(&id, "/credit"), &body).await?, show::credited)
        }
        Receipt::Reverse { note, reason } => {
            let path = format!("/v1/credit-notes/{}/reverse", escaped(&note));
            let reversed = client.post(&path, &json!({ "reason": reason })).await?;
            output.show(&reversed, |_| "the credit note no longer counts".to_owned())
        }
        Receipt::Verify(wanted) => verify::verify(output, &wanted),
    }
}

async fn export(
    client: &Client,
    output: Output,
    id: &str,
    format: Format,
    file: Option<&Path>,
) -> Result<(), Failure> {
    let path = |what: &str| format!("/v1/receipts/{}{what}", escaped(id));
    let other = match format {
        Format::CreditNotes => Some("/credit-notes"),
        Format::Contradiction => Some("/contradiction"),
        _ => None,
    };
    if let Some(what) = other {
        let document = client.get(&path(what)).await?;
        return give(output, id, file, &document, pretty(&document).as_bytes());
    }
    let document = client.get(&path("/file")).await?;
    if format == Format::Json {
        return give(output, id, file, &document, pretty(&document).as_bytes());
    }
    let receipt: ReceiptFile = serde_json::from_value(document.clone()).map_err(|_| unreadable())?;
    if format == Format::Jws {
        let compact = receipt.jws.ok_or_else(|| {
            Failure::failed("no_jws", "this receipt was signed once only: export it as JSON")
        })?;
        return give(output, id, file, &json!({ "jws": compact }), compact.as_bytes());
    }
    let code = carrier::qr_text(&receipt).ok_or_else(unreadable)?;
    let too_long =
        || Failure::failed("qr", "the receipt and its log are too long for a QR code: export it as JSON");
    let written: Vec<u8> = match format {
        Format::Qr => qr::terminal(&code).ok_or_else(too_long)?.into_bytes(),
        Format::Svg => qr::svg(&code).ok_or_else(too_long)?.into_bytes(),
        Format::Png => qr::png(&code).ok_or_else(too_long)?,
        _ => page::receipt(&receipt).ok_or_else(unreadable)?.into_bytes(),
    };
    if format == Format::Png && file.is_none() {
        return Err(Failure::misused("a picture is written to a file: name one with --output"));
    }
    give(output, id, file, &json!({ "text": code }), &written)
}

/// Writes to a new file, or to stdout.
fn give(
    output: Output,
    id: &str,
    file: Option<&Path>,
    document: &Value,
    written: &[u8],
) -> Result<(), Failure> {
    match file {
        None => output.show(document, |_| String::from_utf8_lossy(written).trim_end().to_owned()),
        Some(path) => {
            write_new(path, written)?;
            let made = json!({ "receipt": id, "file": path });
            output.show(&made, |_| format!("written to {}", path.display()))
        }
    }
}

fn unreadable() -> Failure {
    Failure::failed("receipt", "the receipt can't be read")
}
