//! Consents in words.

use serde_json::Value;

use crate::ui::cli::show::words::{ago, list, number, table, text, time};

/// What businesses may write about, or what customers let us.
pub(in crate::ui::cli) fn consents(value: &Value) -> String {
    let row = |one: &Value| {
        let state = match (one["granted"] == true, one["in_force"] == true) {
            (true, true) => format!("until {}", time(one, "expires")),
            (true, false) => format!("expired {}", time(one, "expires")),
            (false, _) => format!("taken back {}", time(one, "issued")),
        };
        vec![text(one, "name").to_owned(), text(one, "topic").to_owned(), state, text(one, "with").to_owned()]
    };
    let rows = list(value).iter().map(row).collect();
    let none = "no consents: businesses answer what you write, and nothing else (`sigillo consent give`)";
    table(&["NAME", "TOPIC", "STATE", "ADDRESS"], rows, none)
}

/// What was dropped.
pub(in crate::ui::cli) fn dropped(value: &Value) -> String {
    let row = |one: &Value| {
        vec![
            text(one, "name").to_owned(),
            number(one, "count").to_string(),
            text(one, "cause").to_owned(),
            text(one, "category").to_owned(),
            ago(one, "last"),
            text(one, "with").to_owned(),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["NAME", "DROPPED", "CAUSE", "CATEGORY", "LAST", "ADDRESS"], rows, "nothing was dropped")
}

/// The quiet hours.
pub(in crate::ui::cli) fn quiet(value: &Value) -> String {
    if value["hours"].is_null() {
        return "no quiet hours: `sigillo consent quiet 22:00-07:00 --zone -03:00` sets some".to_owned();
    }
    let now = if value["until"].is_null() {
        String::new()
    } else {
        format!("; now, until {}", time(value, "until"))
    };
    format!("quiet from {} (UTC{}){now}", text(value, "hours"), text(value, "zone"))
}
