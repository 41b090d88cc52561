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

/// A safety number: twelve groups of five digits, four on a line, and its code where there is one.
pub(in crate::ui::cli) fn safety_number(value: &Value, code: Option<&str>) -> String {
    let digits: Vec<char> = text(value, "digits").chars().collect();
    let groups: Vec<String> = digits.chunks(5).map(|group| group.iter().collect()).collect();
    let lines: Vec<String> = groups.chunks(4).map(|line| format!("    {}", line.join(" "))).collect();
    let picture = code.map(|code| format!("{code}\n{}\n\n", text(value, "code"))).unwrap_or_default();
    format!(
        "{picture}you and {} ({}, {}):\n\n{}\n\nthey must see the same number: `sigillo verify NAME --scan CODE` compares",
        text(value, "name"),
        text(value, "address"),
        text(value, "verification"),
        lines.join("\n")
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
            text(contact, "verification").to_owned(),
            text(contact, "address").to_owned(),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    let none = "no contacts yet: `sigillo invite` for a person, `sigillo find` for a business";
    table(&["NAME", "KIND", "STANDING", "KEY", "ADDRESS"], rows, none)
}

/// One contact.
pub(in crate::ui::cli) fn contact(value: &Value) -> String {
    fields(&[
        ("name", text(value, "name").to_owned()),
        ("address", text(value, "address").to_owned()),
        ("kind", kind(value).to_owned()),
        ("standing", text(value, "standing").to_owned()),
        ("key", key(value)),
        ("devices", number(value, "devices").to_string()),
        ("we are", text(value, "we_are").to_owned()),
        ("since", time(value, "added_at")),
    ])
}

fn key(contact: &Value) -> String {
    let since = if contact["verification_at"].is_null() {
        String::new()
    } else {
        format!(" since {}", time(contact, "verification_at"))
    };
    let forked =
        if contact["forked_at"].is_null() { "" } else { "; two of their device lists contradict each other" };
    format!("{}{since}{forked}", text(contact, "verification"))
}

fn kind(contact: &Value) -> &'static str {
    if contact["business"] == Value::Bool(true) { "business" } else { "person" }
}
