//! What programs use, in words: tokens and webhooks.

use serde_json::Value;

use crate::ui::cli::show::words::{fields, glimpse, joined, list, number, table, text, time};

/// A token that was made.
pub(in crate::ui::cli) fn token_made(value: &Value) -> String {
    let lines = [
        ("token", text(value, "token").to_owned()),
        ("id", text(value, "id").to_owned()),
        ("label", text(value, "label").to_owned()),
        ("scopes", joined(&value["scopes"])),
        ("expires", expiry(value)),
    ];
    format!("{}\n\nKeep it: it isn't shown again.", fields(&lines))
}

/// The tokens of this node.
pub(in crate::ui::cli) fn tokens(value: &Value) -> String {
    let row = |one: &Value| {
        vec![
            text(one, "id").to_owned(),
            joined(&one["scopes"]),
            expiry(one),
            time(one, "created"),
            text(one, "label").to_owned(),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["ID", "SCOPES", "EXPIRES", "MADE", "LABEL"], rows, "no tokens: `sigillo token create` makes one")
}

/// A webhook that was made.
pub(in crate::ui::cli) fn webhook_made(value: &Value) -> String {
    let lines = [
        ("webhook", text(value, "id").to_owned()),
        ("sends to", text(value, "url").to_owned()),
        ("events", joined(&value["events"])),
        ("secret", text(value, "secret").to_owned()),
    ];
    format!("{}\n\nKeep the secret for the receiver: it isn't shown again.", fields(&lines))
}

/// What a program of the Cloud-API-compatible surface has to be given.
pub(in crate::ui::cli) fn cloud(value: &Value) -> String {
    let names = [
        ("phone-number id", "phone_number_id"),
        ("phone number", "display_phone_number"),
        ("business account id", "business_account_id"),
        ("catalog id", "catalog_id"),
        ("app id", "app_id"),
        ("app secret", "app_secret"),
    ];
    fields(&names.map(|(name, key)| (name, text(value, key).to_owned())))
}

/// The webhooks of this node.
pub(in crate::ui::cli) fn webhooks(value: &Value) -> String {
    let row = |one: &Value| {
        vec![
            text(one, "id").to_owned(),
            number(one, "delivered").to_string(),
            number(one, "failed").to_string(),
            number(one, "waiting").to_string(),
            text(one, "url").to_owned(),
            text(one, "trouble").to_owned(),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    let head = ["ID", "DELIVERED", "FAILED", "WAITING", "URL", "TROUBLE"];
    table(&head, rows, "no webhooks: `sigillo webhook add URL` makes one")
}

/// What came of a test.
pub(in crate::ui::cli) fn webhook_tested(value: &Value) -> String {
    if value["delivered"] == Value::Bool(true) {
        return "the receiver took it".to_owned();
    }
    format!("the receiver didn't take it: {}", text(value, "trouble"))
}

/// Events that couldn't be delivered.
pub(in crate::ui::cli) fn dead_letters(value: &Value) -> String {
    let row = |one: &Value| {
        vec![
            number(one, "number").to_string(),
            text(&one["event"], "event").to_owned(),
            time(one, "at"),
            number(one, "tries").to_string(),
            glimpse(text(one, "why")),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["NUMBER", "EVENT", "HAPPENED", "TRIES", "WHY"], rows, "no dead letters")
}

fn expiry(one: &Value) -> String {
    match (one["expires"].is_null(), one["expired"] == Value::Bool(true)) {
        (true, _) => "never".to_owned(),
        (false, true) => "expired".to_owned(),
        (false, false) => time(one, "expires"),
    }
}
