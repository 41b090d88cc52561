//! Invites and contacts.

use std::io::Read as _;

use axum::http::Method;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::{Value, json};

use crate::base::limits;
use crate::ui::cli::args::{Contacts, Reason};
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;
use crate::ui::cli::spinner::Spinner;

pub(super) async fn invite(client: &Client, output: Output, no_qr: bool) -> Result<(), Failure> {
    let invited = client.post("/v1/invites", &Value::Null).await?;
    let code = if !no_qr && output.is_terminal() { qr(show::text(&invited, "invite")) } else { None };
    output.show(&invited, |invited| show::invite(invited, code.as_deref()))
}

pub(super) async fn add(
    client: &Client,
    output: Output,
    who: &str,
    name: Option<String>,
) -> Result<(), Failure> {
    let who = if who == "-" { stdin_line()? } else { who.to_owned() };
    let spinner = Spinner::start("looking them up");
    let added = client.post("/v1/contacts", &json!({ "who": who, "name": name })).await;
    drop(spinner);
    output.show(&added?, show::added)
}

pub(super) async fn contacts(client: &Client, output: Output, what: Option<Contacts>) -> Result<(), Failure> {
    match what {
        None | Some(Contacts::List) => output.show(&client.get("/v1/contacts").await?, show::contacts),
        Some(Contacts::Rename { who, name }) => {
            let path = format!("/v1/contacts/{}", escaped(&who));
            let contact = client.request(Method::PATCH, &path, Some(&json!({ "name": name }))).await?;
            output.show(&contact, show::contact)
        }
        Some(Contacts::Admit { who }) => {
            let path = format!("/v1/contacts/{}/admit", escaped(&who));
            output.show(&client.post(&path, &Value::Null).await?, show::contact)
        }
        Some(Contacts::Refuse { who }) => {
            let path = format!("/v1/contacts/{}/refuse", escaped(&who));
            output.show(&client.post(&path, &Value::Null).await?, show::contact)
        }
    }
}

/// Keeps a signed statement against a contact, who is blocked.
pub(super) async fn report(
    client: &Client,
    output: Output,
    who: &str,
    (reason, note): (Reason, Option<String>),
) -> Result<(), Failure> {
    let reason = match reason {
        Reason::Spam => "spam",
        Reason::Fraud => "fraud",
        Reason::Abuse => "abuse",
        Reason::Other => "other",
    };
    let path = format!("/v1/contacts/{}/report", escaped(who));
    let complaint = json!({ "reason": reason, "note": note.unwrap_or_default() });
    output.show(&client.post(&path, &complaint).await?, show::contact)
}

pub(super) async fn block(client: &Client, output: Output, who: &str, undo: bool) -> Result<(), Failure> {
    let method = if undo { Method::DELETE } else { Method::PUT };
    let path = format!("/v1/contacts/{}/block", escaped(who));
    output.show(&client.request(method, &path, None).await?, show::contact)
}

/// The link as a QR code of half blocks, light on dark; none where it doesn't fit one.
pub(super) fn qr(link: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L).ok()?;
    // Terminals are mostly dark: what is to be light must be drawn.
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

pub(super) fn stdin_line() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(limits::INVITE_MAX as u64 * 2).read_to_string(&mut text);
    read.map_err(|error| Failure::failed("stdin", format!("stdin can't be read: {error}")))?;
    Ok(text.trim().to_owned())
}
