//! Mailboxes in words.

use serde_json::Value;

use crate::ui::cli::show::words::{ago, list, number, table, text, time};

/// The mailboxes of this identity.
pub(in crate::ui::cli) fn mailboxes(value: &Value) -> String {
    let row = |one: &Value| {
        let address = list(&one["addresses"]).first().and_then(Value::as_str).unwrap_or_default();
        vec![state(one), text(one, "peer").to_owned(), address.to_owned()]
    };
    let rows = list(&value["mailboxes"]).iter().map(row).collect();
    table(&["STATE", "PEER", "ADDRESS"], rows, "no mailboxes: `sigillo mailbox add ADDRESS` takes one on")
}

/// How they do, and what this node keeps for others.
pub(in crate::ui::cli) fn mailbox_status(value: &Value) -> String {
    let row = |one: &Value| {
        let heard = if one["heard_at"].is_null() { "never".to_owned() } else { ago(one, "heard_at") };
        vec![text(one, "peer").to_owned(), state(one), number(one, "queues").to_string(), heard]
    };
    let rows = list(&value["mailboxes"]).iter().map(row).collect();
    let ours = table(&["PEER", "STATE", "QUEUES", "ANSWERED"], rows, "no mailboxes");
    let stored = match number(value, "words_to_store") {
        0 => "nobody keeps messages to you while this node is off".to_owned(),
        1 => "a message to you is \"stored\" when your one mailbox has it".to_owned(),
        words => format!("a message to you is \"stored\" when {words} mailboxes have it"),
    };
    let hosted = &value["hosted"];
    let (queues, messages, bytes) =
        (number(hosted, "queues"), number(hosted, "messages"), number(hosted, "bytes"));
    format!("{ours}\n\n{stored}\nkept for others: {queues} queues, {messages} messages, {bytes} bytes")
}

fn state(one: &Value) -> String {
    let trouble = match text(one, "trouble") {
        "unreachable" => ": can't be reached",
        "not_admitted" => ": doesn't let this node in",
        "full" => ": full",
        "lost" => ": lost a queue, which is made anew",
        _ => "",
    };
    let until =
        if one["left_at"].is_null() { String::new() } else { format!(" until {}", time(one, "left_at")) };
    format!("{}{until}{trouble}", text(one, "state"))
}
