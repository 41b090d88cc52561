//! What programs use, in words: tokens.

use serde_json::Value;

use crate::ui::cli::show::words::{fields, joined, list, table, text, time};

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

fn expiry(one: &Value) -> String {
    match (one["expires"].is_null(), one["expired"] == Value::Bool(true)) {
        (true, _) => "never".to_owned(),
        (false, true) => "expired".to_owned(),
        (false, false) => time(one, "expires"),
    }
}
