//! Conversations and events in words.

use serde_json::Value;

use crate::ui::cli::show::words::{ago, glimpse, indented, list, number, short, table, text, time};

/// What became of a text.
pub(in crate::ui::cli) fn sent(value: &Value, running: bool) -> String {
    let (name, state) = (text(value, "name"), text(value, "state"));
    let later = if running { "" } else { "; it leaves when the node runs: `sigillo run`" };
    format!("{state} for {name}{later}")
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
pub(in crate::ui::cli) fn history(value: &Value) -> String {
    let name = text(value, "name");
    let entries: Vec<String> = list(&value["entries"]).iter().map(|one| entry(one, name)).collect();
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
    format!("{}  {who}: {}{mark}", time(value, "at"), indented(&said(value)))
}

/// Something that happened.
pub(in crate::ui::cli) fn event(value: &Value) -> String {
    if text(value, "event") == "entry" {
        return entry(&value["entry"], text(value, "name"));
    }
    event_discreetly(value)
}

/// Something that happened, without what was said.
pub(in crate::ui::cli) fn event_discreetly(value: &Value) -> String {
    let with = || short(text(value, "with"));
    match text(value, "event") {
        "entry" if text(&value["entry"], "direction") == "out" => format!("to {}", text(value, "name")),
        "entry" => format!("from {}", text(value, "name")),
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
        "read" => format!("read on another device: {} unread with {}", number(value, "unread"), with()),
        "identity" => format!("this identity is {} now", text(value, "address")),
        "link_granted" => format!("{} lets this device in", text(value, "address")),
        "lagged" => format!("{} events were missed: see `sigillo inbox`", number(value, "missed")),
        other => other.to_owned(),
    }
}

/// What happened to a conversation, and what its person may want to do.
fn notice(what: &str) -> &str {
    match what {
        "session_remade" => "the encrypted session was made anew",
        "identity_restored" => {
            "their identity was restored from its recovery phrase, on a device that is new to you: ask them if it was they"
        }
        "logs_contradict" => {
            "two lists of their devices contradict each other: somebody may be between you; compare `sigillo verify`"
        }
        "log_incomplete" => {
            "a part of their list of devices is missing: nothing is sent until you compare `sigillo verify` and --accept"
        }
        "device_added" => "they have one more device",
        "device_revoked" => "a device of theirs was taken out",
        "identity_rotated" => {
            "they changed their identity key, which the former one confirms: their address and safety number are new"
        }
        other => other,
    }
}

pub(super) fn said(entry: &Value) -> String {
    match text(entry, "kind") {
        "text" | "billing" => text(entry, "text").to_owned(),
        "missing" => "(a message that never came)".to_owned(),
        "notice" => format!("({})", notice(text(entry, "notice"))),
        "" => String::new(),
        other => format!("({other})"),
    }
}
