//! Subscriptions, invoices and receipts in words.

use serde_json::Value;

use crate::ui::cli::show::words::{fields, list, money, number, short, table, text, time};

/// All subscriptions.
pub(in crate::ui::cli) fn subscriptions(value: &Value) -> String {
    let row = |one: &Value| {
        let access = if one["access"] == Value::Bool(true) { "yes" } else { "no" };
        vec![
            text(one, "name").to_owned(),
            text(one, "we_are").to_owned(),
            text(&one["plan"], "id").to_owned(),
            text(one, "state").replace('_', " "),
            access.to_owned(),
            time(one, "until"),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["WITH", "WE ARE", "PLAN", "STATE", "ACCESS", "UNTIL"], rows, "no subscriptions")
}

/// All invoices.
pub(in crate::ui::cli) fn invoices(value: &Value) -> String {
    let row = |one: &Value| {
        vec![
            text(one, "key").to_owned(),
            text(one, "name").to_owned(),
            text(one, "we_are").to_owned(),
            text(one, "plan").to_owned(),
            money(&one["amount"]),
            text(one, "state").to_owned(),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["KEY", "WITH", "WE ARE", "PLAN", "AMOUNT", "STATE"], rows, "no invoices")
}

/// One invoice.
pub(in crate::ui::cli) fn invoice(value: &Value) -> String {
    fields(&[
        ("invoice", text(value, "key").to_owned()),
        ("with", format!("{} ({})", text(value, "name"), text(value, "with"))),
        ("we are", text(value, "we_are").to_owned()),
        ("plan", text(value, "plan").to_owned()),
        ("amount", money(&value["amount"])),
        ("period", period(value)),
        ("expires", time(value, "expires")),
        ("state", text(value, "state").to_owned()),
        ("receipt", text(value, "receipt").to_owned()),
        ("pay by", ways(&value["pay"])),
        ("payer says", claims(&value["claims"])),
    ])
}

fn ways(ways: &Value) -> String {
    let way = |one: &Value| format!("{}: {} [{}]", text(one, "rail"), text(one, "text"), text(one, "trust"));
    list(ways).iter().map(way).collect::<Vec<_>>().join("\n")
}

fn claims(claims: &Value) -> String {
    let claim = |one: &Value| {
        let said = if one["text"].is_string() { text(one, "text") } else { text(one, "proof") };
        format!("{}: {said} [{}]", text(one, "rail"), text(one, "trust"))
    };
    list(claims).iter().map(claim).collect::<Vec<_>>().join("\n")
}

/// How a business takes money.
pub(in crate::ui::cli) fn rails(value: &Value) -> String {
    let row =
        |one: &Value| ["rail", "account", "name", "place"].map(|key| text(one, key).to_owned()).to_vec();
    let rows = list(value).iter().map(row).collect();
    table(&["RAIL", "ACCOUNT", "NAME", "PLACE"], rows, "by hand only: `sigillo rail add` offers more")
}

/// Another plan that was asked for.
pub(in crate::ui::cli) fn change_asked(value: &Value) -> String {
    let (due, at) = (money(&value["due"]), time(value, "at"));
    format!("asked for, from {at} on; due for what is paid for already: {due}")
}

/// A credit note that was issued.
pub(in crate::ui::cli) fn credited(value: &Value) -> String {
    format!("credit note {} (key {}) is on its way", text(value, "id"), text(value, "key"))
}

/// The receipt that was issued for an invoice.
pub(in crate::ui::cli) fn receipted(value: &Value) -> String {
    let (receipt, amount) = (text(value, "receipt"), money(&value["amount"]));
    format!("paid: {amount} by {}\nreceipt {receipt} is on its way", text(value, "subject"))
}

/// All receipts.
pub(in crate::ui::cli) fn receipts(value: &Value) -> String {
    let row = |one: &Value| {
        vec![
            short(text(one, "id")),
            text(one, "name").to_owned(),
            text(one, "we_are").to_owned(),
            money(&one["amount"]),
            period(one),
            trust(one),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["ID", "WITH", "WE ARE", "AMOUNT", "PERIOD", "TRUST"], rows, "no receipts")
}

/// One receipt.
pub(in crate::ui::cli) fn receipt(value: &Value) -> String {
    fields(&[
        ("receipt", text(value, "id").to_owned()),
        ("with", format!("{} ({})", text(value, "name"), text(value, "with"))),
        ("we are", text(value, "we_are").to_owned()),
        ("amount", money(&value["amount"])),
        ("period", period(value)),
        ("invoice", text(value, "invoice").to_owned()),
        ("number", number(value, "seq").to_string()),
        ("issued", time(value, "issued_at")),
        ("rail", text(value, "rail").to_owned()),
        ("trust", trust(value)),
        ("credit notes", credit_notes(&value["credit_notes"])),
    ])
}

fn credit_notes(notes: &Value) -> String {
    let note = |one: &Value| {
        let (credit, amount, ends) = (text(one, "credit"), money(&one["amount"]), time(one, "access_ends"));
        format!("{} {credit} of {amount}, access until {ends}: {}", text(one, "id"), text(one, "reason"))
    };
    list(notes).iter().map(note).collect::<Vec<_>>().join("\n")
}

fn period(value: &Value) -> String {
    format!("{} to {}", time(value, "period_start"), time(value, "period_end"))
}

fn trust(receipt: &Value) -> String {
    let trust = text(receipt, "trust");
    if receipt["contradicted"] == Value::Bool(true) {
        return format!("{trust}; CONTRADICTED by another receipt of the same number");
    }
    trust.to_owned()
}
