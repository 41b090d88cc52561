//! What was said, in words: every kind of it, what it answers, and what was changed of it.

use serde_json::Value;

use crate::ui::cli::show::files::file_line;
use crate::ui::cli::show::forms::{answer, form};
use crate::ui::cli::show::orders::{bill, offer, order, status};
use crate::ui::cli::show::words::{glimpse, list, text};

/// What was said.
pub(in crate::ui::cli) fn said(entry: &Value) -> String {
    match text(entry, "kind") {
        "text" | "billing" => text(entry, "text").to_owned(),
        "location" => place(entry),
        "card" => card(entry),
        "menu" => menu(entry),
        "file" => file_line(entry),
        "offer" => offer(entry),
        "order" => order(entry),
        "bill" => bill(entry),
        "order_status" => status(entry),
        "form" => form(entry),
        "form_answer" => answer(entry),
        "place_request" => {
            format!(
                "{}\n  (answer with a place: `sigillo send WHO --location LAT,LON --reply-to ID`)",
                text(entry, "text")
            )
        }
        "choice" => format!("[{}]", text(entry, "text")),
        "unknown" => {
            format!(
                "(a message that this version can't show: kind {})",
                entry["number"].as_u64().unwrap_or(0)
            )
        }
        "deleted" => "(taken back)".to_owned(),
        "missing" => "(a message that never came)".to_owned(),
        "notice" => format!("({})", notice(text(entry, "notice"))),
        "" => String::new(),
        other => format!("({other})"),
    }
}

/// The message that it answers, on a line before it; nothing where it answers none.
pub(super) fn quote(entry: &Value, name: &str) -> String {
    let quoted = &entry["reply_to"];
    if quoted.is_null() {
        return String::new();
    }
    let who = if text(quoted, "direction") == "out" { "you" } else { name };
    match quoted["text"].as_str() {
        Some(words) => format!("> {who}: {}\n", glimpse(words)),
        None => format!("> a message of {} that isn't here\n", if who == "you" { "yours" } else { name }),
    }
}

/// What was changed of it: that it was edited, reactions, and what of it the other side won't see.
pub(super) fn changes(entry: &Value, name: &str) -> String {
    let mut marks = String::new();
    if !entry["edited_at"].is_null() {
        marks.push_str("  [edited]");
    }
    for reaction in list(&entry["reactions"]) {
        let who = if text(reaction, "by") == "out" { "you" } else { name };
        marks.push_str(&format!("  [{} {who}]", text(reaction, "emoji")));
    }
    if let Some(cause) = entry["unchanged"].as_str() {
        marks.push_str(&format!("  [they don't see the last change: {cause}]"));
    }
    marks
}

fn place(entry: &Value) -> String {
    let degrees = |key: &str| entry[key].as_f64().unwrap_or_default();
    let words = [text(entry, "name"), text(entry, "address")].into_iter().filter(|words| !words.is_empty());
    let words = words.collect::<Vec<_>>().join(", ");
    let at = format!("{:.5}, {:.5}", degrees("latitude"), degrees("longitude"));
    if words.is_empty() { format!("place: {at}") } else { format!("place: {words} ({at})") }
}

fn card(entry: &Value) -> String {
    let lines = [text(entry, "name"), text(entry, "organization"), text(entry, "address")];
    let more = list(&entry["phones"]).iter().chain(list(&entry["emails"])).filter_map(Value::as_str);
    let all = lines.into_iter().chain(more).chain([text(entry, "website")]);
    format!("contact: {}", all.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", "))
}

/// A menu as lines: each row with the id by which it is chosen.
fn menu(entry: &Value) -> String {
    let mut lines = vec![text(entry, "header").to_owned()];
    if !entry["file"].is_null() {
        lines.push(file_line(&entry["file"]));
    }
    lines.push(text(entry, "text").to_owned());
    let row = |row: &Value| {
        let about = text(row, "about");
        let about = if about.is_empty() { String::new() } else { format!(": {about}") };
        format!("  [{}] {}{about}", text(row, "id"), text(row, "title"))
    };
    lines.extend(list(&entry["buttons"]).iter().map(row));
    for section in list(&entry["sections"]) {
        lines.push(text(section, "title").to_owned());
        lines.extend(list(&section["rows"]).iter().map(row));
    }
    if !entry["link"].is_null() {
        lines.push(format!("  {}: {}", text(&entry["link"], "title"), text(&entry["link"], "url")));
    }
    lines.push(text(entry, "footer").to_owned());
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_is_told_in_words() {
        let menu = json!({ "kind": "menu", "text": "Bread?", "footer": "till 19:00",
            "sections": [{ "title": "Today", "rows": [{ "id": "rye", "title": "Rye", "about": "dark" }] }],
            "link": { "title": "All", "url": "https://padaria.example" } });
        assert_eq!(
            said(&menu),
            "Bread?\nToday\n  [rye] Rye: dark\n  All: https://padaria.example\ntill 19:00"
        );
        let place = json!({ "kind": "location", "latitude": -23.5505201, "longitude": -46.6, "name": "Sé" });
        assert_eq!(said(&place), "place: Sé (-23.55052, -46.60000)");
        let card = json!({ "kind": "card", "name": "Bento", "phones": ["+55 11 1"], "address": "sig1x" });
        assert_eq!(said(&card), "contact: Bento, sig1x, +55 11 1");
        assert_eq!(said(&json!({ "kind": "choice", "text": "Rye", "row": "rye" })), "[Rye]");
        let unknown = said(&json!({ "kind": "unknown", "number": 200 }));
        assert_eq!(unknown, "(a message that this version can't show: kind 200)");
    }

    #[test]
    fn what_was_changed_stands_beside_it() {
        let reactions = json!([{ "by": "out", "emoji": "👍" }, { "by": "in", "emoji": "❤" }]);
        let entry = json!({ "edited_at": 5, "reactions": reactions, "unchanged": "expired" });
        assert_eq!(
            changes(&entry, "Ana"),
            "  [edited]  [👍 you]  [❤ Ana]  [they don't see the last change: expired]"
        );
        let reply = json!({ "reply_to": { "direction": "in", "text": "two\nlines" } });
        assert_eq!(quote(&reply, "Ana"), "> Ana: two\n");
        assert_eq!(
            quote(&json!({ "reply_to": { "direction": "out" } }), "Ana"),
            "> a message of yours that isn't here\n"
        );
    }
}
