//! Contacts and invites in words.

use serde_json::Value;

use crate::ui::cli::show::words::{fields, list, number, table, text, time};

/// An invite, with its code where there is one.
pub(in crate::ui::cli) fn invite(value: &Value, code: Option<&str>) -> String {
    let link = text(value, "invite");
    let Some(code) = code else { return link.to_owned() };
    format!(
        "{code}\n{link}\n\none person can accept it, until {}: `sigillo add LINK`",
        time(value, "expires")
    )
}

/// Who was added.
pub(in crate::ui::cli) fn added(value: &Value) -> String {
    format!("added {} ({})", text(value, "name"), text(value, "address"))
}

/// All contacts.
pub(in crate::ui::cli) fn contacts(value: &Value) -> String {
    let row = |contact: &Value| {
        vec![
            text(contact, "name").to_owned(),
            kind(contact).to_owned(),
            text(contact, "standing").to_owned(),
            text(contact, "address").to_owned(),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    let none = "no contacts yet: `sigillo invite` for a person, `sigillo find` for a business";
    table(&["NAME", "KIND", "STANDING", "ADDRESS"], rows, none)
}

/// One contact.
pub(in crate::ui::cli) fn contact(value: &Value) -> String {
    fields(&[
        ("name", text(value, "name").to_owned()),
        ("address", text(value, "address").to_owned()),
        ("kind", kind(value).to_owned()),
        ("standing", text(value, "standing").to_owned()),
        ("devices", number(value, "devices").to_string()),
        ("we are", text(value, "we_are").to_owned()),
        ("since", time(value, "added_at")),
    ])
}

fn kind(contact: &Value) -> &'static str {
    if contact["business"] == Value::Bool(true) { "business" } else { "person" }
}
