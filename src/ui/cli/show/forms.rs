//! Forms and answers to them, in words.

use serde_json::Value;

use crate::ui::cli::show::words::{fields, glimpse, indented, joined, list, table, text, time};

/// A form as lines: each field with the id by which it is filled in.
pub(super) fn form(entry: &Value) -> String {
    let mut lines = vec![text(entry, "header").to_owned(), text(entry, "text").to_owned()];
    lines.extend(screens(entry));
    lines.push(text(entry, "footer").to_owned());
    lines.push("  (fill it in: `sigillo fill WHO ID --field ID=VALUE …`)".to_owned());
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn screens(form: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for screen in list(&form["screens"]) {
        lines.push(text(screen, "title").to_owned());
        lines.push(text(screen, "text").to_owned());
        for field in list(&screen["fields"]) {
            let mark = if field["required"] == true { " *" } else { "" };
            let (id, label, takes) = (text(field, "id"), text(field, "label"), text(field, "takes"));
            lines.push(format!("  [{id}] {label}{mark}: {takes}"));
            if !text(field, "hint").is_empty() {
                lines.push(format!("      {}", indented(text(field, "hint"))));
            }
            for option in list(&field["options"]) {
                let about = text(option, "about");
                let about = if about.is_empty() { String::new() } else { format!(": {about}") };
                lines.push(format!("      {} = {}{about}", text(option, "id"), text(option, "title")));
            }
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// An answer as lines; one that doesn't fit its form says so before anything that it claims.
pub(super) fn answer(entry: &Value) -> String {
    let mut lines = vec!["answer to a form:".to_owned()];
    if entry["fits"] == false {
        let why = indented(text(entry, "misfit"));
        lines = vec![format!("no answer to the form that it names ({why}); what it claims:")];
    }
    for field in list(&entry["fields"]) {
        let words = if list(&field["titles"]).is_empty() { &field["values"] } else { &field["titles"] };
        let words = match joined(words) {
            words if words.is_empty() => "-".to_owned(),
            words => indented(&words),
        };
        lines.push(format!("  {}: {words}", text(field, "label")));
    }
    if !text(entry, "token").is_empty() {
        lines.push(format!("  token: {}", indented(text(entry, "token"))));
    }
    lines.join("\n")
}

/// The registry.
pub(in crate::ui::cli) fn forms(value: &Value) -> String {
    let row = |one: &Value| {
        let asks = match (&one["form"], one["takes_data"] == true) {
            (Value::Null, true) => "takes data".to_owned(),
            (Value::Null, false) => "nothing yet".to_owned(),
            (form, _) => glimpse(text(form, "text")),
        };
        let (id, name, status) = (text(one, "id"), text(one, "name"), text(one, "status"));
        vec![id.to_owned(), name.to_owned(), status.to_owned(), joined(&one["categories"]), asks]
    };
    let rows = list(value).iter().map(row).collect();
    table(&["ID", "NAME", "STATUS", "CATEGORIES", "ASKS"], rows, "no forms")
}

/// A form of the registry whole.
pub(in crate::ui::cli) fn kept_form(value: &Value) -> String {
    let form = &value["form"];
    let mut lines = vec![
        ("id", text(value, "id").to_owned()),
        ("name", text(value, "name").to_owned()),
        ("status", text(value, "status").to_owned()),
        ("categories", joined(&value["categories"])),
        ("added", time(value, "added")),
        ("changed", time(value, "changed")),
    ];
    if value["takes_data"] == true {
        lines.push(("asks", "what its source makes of the data that it is sent with".to_owned()));
    }
    for (name, key) in [("header", "header"), ("text", "text"), ("footer", "footer"), ("button", "label")] {
        lines.push((name, text(form, key).to_owned()));
    }
    let screens = screens(form);
    let shown = fields(&lines);
    if screens.is_empty() { shown } else { format!("{shown}\n{}", screens.join("\n")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_told_with_the_ids_of_its_fields_and_options() {
        let option = json!({ "id": "rye", "title": "Rye", "about": "dark" });
        let fields = json!([
            { "id": "name", "kind": "line", "label": "Your name", "required": true, "takes": "a line" },
            { "id": "bread", "kind": "one", "label": "Bread", "hint": "of today", "required": false, "takes": "one of rye", "options": [option] },
        ]);
        let told = form(&json!({ "text": "Book", "screens": [{ "title": "You", "fields": fields }] }));
        let expected = "Book\nYou\n  [name] Your name *: a line\n  [bread] Bread: one of rye\n      of today\n      rye = Rye: dark\n  (fill it in: `sigillo fill WHO ID --field ID=VALUE …`)";
        assert_eq!(told, expected);
    }

    #[test]
    fn what_does_not_fit_says_so_before_what_it_claims() {
        let fields = json!([
            { "label": "Your name", "values": ["two\nlines"] },
            { "label": "Bread", "values": ["rye"], "titles": ["Rye"] },
            { "label": "Phone", "values": [] },
        ]);
        let mut entry = json!({ "fields": fields, "fits": true, "token": "t" });
        assert_eq!(
            answer(&entry),
            "answer to a form:\n  Your name: two\n    lines\n  Bread: Rye\n  Phone: -\n  token: t"
        );
        (entry["fits"], entry["misfit"]) = (false.into(), "why".into());
        assert!(answer(&entry).starts_with("no answer to the form that it names (why); what it claims:\n"));
    }
}
