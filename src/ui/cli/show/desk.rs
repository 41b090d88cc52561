//! The front desk in words.

use serde_json::Value;

use crate::ui::cli::show::said::said;
use crate::ui::cli::show::words::{
    ago, fields, glimpse, indented, joined, list, money, number, table, text, time,
};

/// Conversations as the desk keeps them.
pub(in crate::ui::cli) fn cases(value: &Value) -> String {
    let row = |one: &Value| {
        vec![
            text(one, "name").to_owned(),
            text(one, "status").to_owned(),
            ago(one, "since"),
            text(one, "assigned").to_owned(),
            joined(&one["labels"]),
            glimpse(&said(&one["last"])),
        ]
    };
    let rows = list(&value["conversations"]).iter().map(row).collect();
    let shown = table(&["NAME", "STATUS", "SINCE", "AGENT", "LABELS", "LAST"], rows, "no conversations");
    match value["next"].as_u64() {
        None => shown,
        Some(next) => format!("{shown}\n(there may be more: --after {next})"),
    }
}

/// One conversation as the desk keeps it.
pub(in crate::ui::cli) fn case(value: &Value) -> String {
    let bot = if value["person"] == true { "silent: a person looks after it" } else { "" };
    fields(&[
        ("name", text(value, "name").to_owned()),
        ("address", text(value, "address").to_owned()),
        ("status", format!("{} since {}", text(value, "status"), time(value, "since"))),
        ("agent", text(value, "assigned").to_owned()),
        ("labels", joined(&value["labels"])),
        ("bot", bot.to_owned()),
        ("last", glimpse(&said(&value["last"]))),
    ])
}

/// Notes on a conversation.
pub(in crate::ui::cli) fn notes(value: &Value) -> String {
    let note = |one: &Value| {
        let by = match text(one, "by") {
            "" => "note",
            by => by,
        };
        format!("{}  {by}: {}", time(one, "at"), indented(text(one, "text")))
    };
    list(value).iter().map(note).collect::<Vec<_>>().join("\n")
}

/// What is said by itself, but for the bot.
pub(in crate::ui::cli) fn reception(value: &Value) -> String {
    let hours = match text(value, "hours") {
        "" => "always open".to_owned(),
        hours => {
            let now = if value["open"] == true { "open now" } else { "closed now" };
            let opens = if value["opens"].is_null() {
                String::new()
            } else {
                format!(", opens {}", time(value, "opens"))
            };
            format!("{hours} ({}): {now}{opens}", text(value, "zone"))
        }
    };
    let greeting = match (text(value, "greeting"), value["again_after_days"].as_u64()) {
        ("", _) => "none".to_owned(),
        (greeting, None) => format!("{greeting} (once)"),
        (greeting, Some(days)) => format!("{greeting} (again after {days} days of silence)"),
    };
    let away = match text(value, "away") {
        "" => "none",
        away => away,
    };
    fields(&[("hours", hours), ("greeting", greeting), ("away", away.to_owned())])
}

/// Quick replies.
pub(in crate::ui::cli) fn quick_replies(value: &Value) -> String {
    let row = |one: &Value| vec![text(one, "name").to_owned(), glimpse(text(one, "text"))];
    table(&["NAME", "TEXT"], list(value).iter().map(row).collect(), "no quick replies")
}

/// The newest version of each template.
pub(in crate::ui::cli) fn templates(value: &Value) -> String {
    let row = |one: &Value| {
        vec![
            text(one, "name").to_owned(),
            number(one, "version").to_string(),
            text(one, "category").to_owned(),
            keys(&one["languages"]),
            keys(&one["variables"]),
        ]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["NAME", "VERSION", "CATEGORY", "LANGUAGES", "VARIABLES"], rows, "no templates")
}

/// A template whole: its newest version, and which others are kept.
pub(in crate::ui::cli) fn template(value: &Value) -> String {
    let Some((newest, others)) = list(value).split_first() else { return String::new() };
    let typed = |(name, kind): (&String, &Value)| format!("{name} ({})", kind.as_str().unwrap_or_default());
    let variables = newest["variables"].as_object().into_iter().flatten().map(typed);
    let others: Vec<String> = others.iter().map(|one| number(one, "version").to_string()).collect();
    let mut lines = vec![
        ("name", text(newest, "name").to_owned()),
        ("category", text(newest, "category").to_owned()),
        ("version", number(newest, "version").to_string()),
        ("earlier", others.join(", ")),
        ("variables", variables.collect::<Vec<_>>().join(", ")),
    ];
    for (tag, words) in newest["languages"].as_object().into_iter().flatten() {
        let parts =
            [text(words, "header"), text(words, "body"), text(words, "footer"), &joined(&words["buttons"])];
        let given: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        lines.push((tag.as_str(), given.join("\n")));
    }
    fields(&lines)
}

/// The catalog.
pub(in crate::ui::cli) fn items(value: &Value) -> String {
    let row = |one: &Value| {
        let price = money(&one["price"]);
        let image = if one["image"] == true { "yes" } else { "" };
        let (id, name) = (text(one, "id").to_owned(), text(one, "name").to_owned());
        vec![id, name, price, image.to_owned(), glimpse(text(one, "about"))]
    };
    table(
        &["ID", "NAME", "PRICE", "IMAGE", "ABOUT"],
        list(value).iter().map(row).collect(),
        "nothing is sold",
    )
}

/// One thing of the catalog.
pub(in crate::ui::cli) fn item(value: &Value) -> String {
    fields(&[
        ("id", text(value, "id").to_owned()),
        ("name", text(value, "name").to_owned()),
        ("price", money(&value["price"])),
        ("about", text(value, "about").to_owned()),
        ("image", if value["image"] == true { "yes".to_owned() } else { String::new() }),
    ])
}

/// A bot: its tree, node by node.
pub(in crate::ui::cli) fn bot(value: &Value) -> String {
    let mut shown = vec![fields(&[
        ("start", text(value, "start").to_owned()),
        ("a person takes over after", format!("{} misunderstandings", number(value, "give_up_after"))),
        ("and for", format!("{} hours", number(&value["person"], "hours"))),
        ("with the label", text(&value["person"], "label").to_owned()),
    ])];
    for (name, node) in value["nodes"].as_object().into_iter().flatten() {
        let mut lines = vec![format!("{name}: {}", indented(text(node, "text")))];
        for (at, choice) in list(&node["options"]).iter().enumerate() {
            let to = if choice["person"] == true { "a person" } else { text(choice, "goto") };
            lines.push(format!("    {}. {} -> {to}", at + 1, text(choice, "title")));
        }
        lines.extend(node["then"].as_str().map(|then| format!("    -> {then}")));
        shown.push(lines.join("\n"));
    }
    for keyword in list(&value["keywords"]) {
        shown.push(format!("{} -> {}", joined(&keyword["words"]), text(keyword, "goto")));
    }
    shown.join("\n\n")
}

fn keys(value: &Value) -> String {
    let keys: Vec<&str> = value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    keys.join(", ")
}
