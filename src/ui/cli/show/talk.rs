//! Conversations and events in words.

use serde_json::Value;

use crate::ui::cli::show::files::file_event;
use crate::ui::cli::show::said::{changes, quote, said};
use crate::ui::cli::show::words::{ago, glimpse, indented, list, number, short, table, text, time};

/// What became of a message.
pub(in crate::ui::cli) fn sent(value: &Value, running: bool) -> String {
    let (name, state) = (text(value, "name"), text(value, "state"));
    let later = if running { "" } else { "; it leaves when the node runs: `sigillo run`" };
    format!("{state} for {name} (message {}){later}", message_id(value))
}

/// Conversations, the latest first.
pub(in crate::ui::cli) fn inbox(value: &Value) -> String {
    let row = |one: &Value| {
        let unread = number(one, "unread");
        let changed = if one["key_changed"] == true { " (key changed)" } else { "" };
        vec![
            format!("{}{changed}", text(one, "name")),
            if unread > 0 { unread.to_string() } else { String::new() },
            ago(one, "last_at"),
            glimpse(&said(&one["last"])),
        ]
    };
    let rows = list(&value["conversations"]).iter().map(row).collect();
    let shown = table(&["NAME", "UNREAD", "WHEN", "LAST"], rows, "no conversations");
    match number(value, "requests") {
        0 => shown,
        waiting => format!(
            "{shown}\n\nstrangers who wrote: {waiting} (`sigillo inbox --requests`, `sigillo contacts admit WHO`)"
        ),
    }
}

/// A part of a conversation.
pub(in crate::ui::cli) fn history(value: &Value, ids: bool) -> String {
    let name = text(value, "name");
    let entry = |one: &Value| match ids {
        true => format!("{}  {}", message_id(one), entry(one, name)),
        false => entry(one, name),
    };
    let entries: Vec<String> = list(&value["entries"]).iter().map(entry).collect();
    match (entries.is_empty(), value["next"].as_u64()) {
        (true, _) => "nothing was said".to_owned(),
        (false, None) => entries.join("\n"),
        (false, Some(next)) => format!("{}\n(there is more: --before {next})", entries.join("\n")),
    }
}

/// One line of a conversation.
pub(in crate::ui::cli) fn entry(value: &Value, name: &str) -> String {
    let who = if text(value, "direction") == "out" { "you" } else { name };
    let mark = match (text(value, "state"), text(value, "cause")) {
        ("", _) if value["key_changed"] == true => "  [key changed: compare `sigillo verify`]".to_owned(),
        ("", _) => String::new(),
        (state, "") => format!("  [{state}]"),
        (state, cause) => format!("  [{state}: {cause}]"),
    };
    let words = indented(&format!("{}{}", quote(value, name), said(value)));
    format!("{}  {who}: {words}{}{mark}", time(value, "at"), changes(value, name))
}

/// The beginning of a message's id, by which it can be named.
fn message_id(value: &Value) -> String {
    text(value, "id").chars().take(8).collect()
}

/// Something that happened.
pub(in crate::ui::cli) fn event(value: &Value) -> String {
    if text(value, "event") == "entry" {
        return entry(&value["entry"], text(value, "name"));
    }
    if text(value, "event") == "changed" {
        return format!("changed: {}", entry(&value["entry"], text(value, "name")));
    }
    event_discreetly(value)
}

/// Something that happened, without what was said.
pub(in crate::ui::cli) fn event_discreetly(value: &Value) -> String {
    let with = || short(text(value, "with"));
    match text(value, "event") {
        "entry" if text(&value["entry"], "direction") == "out" => format!("to {}", text(value, "name")),
        "entry" => format!("from {}", text(value, "name")),
        "changed" => format!("a message changed, with {}", text(value, "name")),
        "delivery" => {
            format!("{} by {}: everything up to {}", text(value, "state"), with(), number(value, "seq"))
        }
        "contact" if value["request"] == Value::Bool(true) => {
            let name = text(value, "name");
            format!("a stranger wrote, {name}: `sigillo contacts admit {}`", text(value, "address"))
        }
        "contact" => format!("contact {} ({})", text(value, "name"), text(value, "address")),
        "consent" => {
            let says = if value["granted"] == Value::Bool(true) { "may" } else { "may no longer" };
            format!("{} says that we {says} write about {}", with(), text(value, "topic"))
        }
        "desk" => {
            let labels: Vec<&str> = list(&value["labels"]).iter().filter_map(Value::as_str).collect();
            let labels = if labels.is_empty() { String::new() } else { format!(" [{}]", labels.join(", ")) };
            format!("{} is {}{labels}", text(value, "name"), text(value, "status"))
        }
        "invoice" => format!("invoice {} with {}", text(value, "key"), with()),
        "receipt" => format!("receipt {} with {}", short(text(value, "id")), with()),
        "charging" => format!("{} with {}", text(value, "what").replace('_', " "), with()),
        "published" => format!("the profile is published (number {})", number(value, "seq")),
        "not_published" => format!("the profile couldn't be published: {}", text(value, "reason")),
        "file" => file_event(value),
        "read" => format!("read on another device: {} unread with {}", number(value, "unread"), with()),
        "identity" => format!("this identity is {} now", text(value, "address")),
        "link_granted" => format!("{} lets this device in", text(value, "address")),
        "lagged" => format!("{} events were missed: see `sigillo inbox`", number(value, "missed")),
        other => other.to_owned(),
    }
}
