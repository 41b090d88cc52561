//! Files in words.

use serde_json::Value;

use crate::ui::cli::show::words::{ago, list, number, short, table, text};

/// All files.
pub(in crate::ui::cli) fn files(value: &Value) -> String {
    let row = |one: &Value| {
        let from = if one["ours"] == true { "you".to_owned() } else { short(text(one, "with")) };
        vec![
            short(text(one, "id")),
            text(one, "name").to_owned(),
            bytes(number(one, "size")),
            state(one),
            from,
            ago(one, "since"),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["ID", "NAME", "SIZE", "STATE", "FROM", "SINCE"], rows, "no files")
}

/// A file as a line of a conversation.
pub(super) fn file_line(entry: &Value) -> String {
    let (name, size) = (text(entry, "file_name"), bytes(number(entry, "size")));
    let state = match text(entry, "file_state") {
        // It needs no word that a file is where it should be.
        "here" => String::new(),
        state => format!(", {}", state_words(state)),
    };
    let caption = match text(entry, "caption") {
        "" => String::new(),
        caption => format!("\n{caption}"),
    };
    format!("[file {}: {name}, {size}{state}]{caption}", short(text(entry, "file")))
}

/// A number of bytes, for people.
pub(in crate::ui::cli) fn bytes(count: u64) -> String {
    const KIBI: u64 = 1_024;
    const MEBI: u64 = KIBI * KIBI;
    match count {
        0..KIBI => format!("{count} B"),
        KIBI..MEBI => format!("{}.{} KiB", count / KIBI, count % KIBI * 10 / KIBI),
        _ => format!("{}.{} MiB", count / MEBI, count % MEBI * 10 / MEBI),
    }
}

/// What became of a file.
pub(super) fn file_event(event: &Value) -> String {
    format!(
        "file {} ({}): {}",
        text(event, "file_name"),
        short(text(event, "file")),
        state_words(text(event, "state"))
    )
}

fn state(one: &Value) -> String {
    let (size, received) = (number(one, "size"), number(one, "received"));
    match (text(one, "state"), text(one, "trouble")) {
        ("waiting", "no_room") => "waits for room".to_owned(),
        ("waiting", "refused") => "waiting: nobody gives it".to_owned(),
        ("waiting", _) if received > 0 => format!("{}%", received * 100 / size.max(1)),
        ("offered", "no_room") => "offered: no room for it".to_owned(),
        (state, _) => state_words(state).to_owned(),
    }
}

fn state_words(state: &str) -> &str {
    match state {
        "waiting" => "waits for the sender",
        "offered" => "not fetched: `sigillo file get`",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_are_for_people() {
        let shown = [0, 1_023, 1_024, 1_536, 1_048_576, 5_767_168].map(bytes);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "5.5 MiB"]);
    }

    #[test]
    fn a_file_that_is_not_here_says_so() {
        let mut entry = json!({ "file": "00112233445566778899", "file_name": "a.pdf", "size": 2_048, "caption": "veja",
            "file_state": "waiting" });
        assert_eq!(file_line(&entry), "[file 0011223344556677: a.pdf, 2.0 KiB, waits for the sender]\nveja");
        (entry["file_state"], entry["caption"]) = (json!("here"), Value::Null);
        assert_eq!(file_line(&entry), "[file 0011223344556677: a.pdf, 2.0 KiB]");
        assert_eq!(state(&json!({ "state": "waiting", "size": 200, "received": 50 })), "25%");
    }
}
