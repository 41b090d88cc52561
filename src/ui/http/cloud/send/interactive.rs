//! A menu: buttons, a list, or a link.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::send::letter::{Letter, list, object, optional, required, said, short};
use crate::wire::said::menu::{Link, Menu, Row, Section};
use crate::wire::said::message::Said;

/// What stands before every name in this.
const PATH: &str = "interactive";

/// Reads `interactive`.
pub(in crate::ui::http::cloud) fn read(content: &Map<String, Value>) -> Result<Letter, Graph> {
    let kind = required(content, PATH, "type")?;
    let most = if kind == "list" { limits::LIST_BODY_CHARS_MAX } else { limits::BODY_CHARS_MAX };
    if !matches!(kind.as_str(), "button" | "list" | "cta_url") {
        return Err(Graph::unsupported(&format!("interactive messages of the type {kind}")));
    }
    let text = required(object(content, PATH, "body")?, "interactive.body", "text")?;
    let mut menu = Menu {
        header: header(content)?,
        text: short(text, "interactive.body.text", most)?,
        footer: edge(content, "footer")?,
        ..Menu::default()
    };
    let action = object(content, PATH, "action")?;
    match kind.as_str() {
        "button" => menu.buttons = buttons(action)?,
        "list" => {
            let label = required(action, "interactive.action", "button")?;
            menu.label = short(label, "interactive.action.button", limits::BUTTON_TITLE_MAX)?;
            menu.sections = sections(action)?;
        }
        _ => menu.link = Some(link(action)?),
    }
    said(Said::Menu(menu))
}

fn header(content: &Map<String, Value>) -> Result<String, Graph> {
    let Some(header) = content.get("header").and_then(Value::as_object) else { return Ok(String::new()) };
    match optional(header, "type").as_deref() {
        Some("text") | None => edge(content, "header"),
        Some(kind) => Err(Graph::unsupported(&format!("headers of the type {kind}"))),
    }
}

fn edge(content: &Map<String, Value>, name: &str) -> Result<String, Graph> {
    let text = content.get(name).and_then(Value::as_object).and_then(|edge| optional(edge, "text"));
    short(text.unwrap_or_default(), &format!("{PATH}.{name}.text"), limits::EDGE_CHARS_MAX)
}

fn buttons(action: &Map<String, Value>) -> Result<Vec<Row>, Graph> {
    let buttons = list(action, "interactive.action", "buttons")?;
    if !(1..=limits::BUTTONS_MAX).contains(&buttons.len()) {
        let must = format!("has 1 to {}", limits::BUTTONS_MAX);
        return Err(Graph::value("interactive.action.buttons", &must));
    }
    let button = |button: &Map<String, Value>| {
        let path = "interactive.action.buttons.reply";
        let reply = object(button, "interactive.action.buttons", "reply")?;
        let (id, title) = (required(reply, path, "id")?, required(reply, path, "title")?);
        Ok(Row {
            id: short(id, &format!("{path}.id"), limits::BUTTON_ID_MAX)?,
            title: short(title, &format!("{path}.title"), limits::BUTTON_TITLE_MAX)?,
            about: String::new(),
        })
    };
    buttons.into_iter().map(button).collect()
}

fn sections(action: &Map<String, Value>) -> Result<Vec<Section>, Graph> {
    let path = "interactive.action.sections";
    let sections = list(action, "interactive.action", "sections")?;
    if !(1..=limits::ROWS_MAX).contains(&sections.len()) {
        return Err(Graph::value(path, &format!("has 1 to {}", limits::ROWS_MAX)));
    }
    let several = sections.len() > 1;
    let sections: Result<Vec<Section>, Graph> =
        sections.into_iter().map(|section| self::section(section, several, path)).collect();
    let sections = sections?;
    if sections.iter().map(|section| section.rows.len()).sum::<usize>() > limits::ROWS_MAX {
        return Err(Graph::value(path, &format!("has at most {} rows in all", limits::ROWS_MAX)));
    }
    Ok(sections)
}

fn section(section: &Map<String, Value>, several: bool, path: &str) -> Result<Section, Graph> {
    let title = optional(section, "title").unwrap_or_default();
    if several && title.is_empty() {
        return Err(Graph::missing(&format!("{path}.title")));
    }
    let row = |row: &Map<String, Value>| {
        let path = format!("{path}.rows");
        let (id, title) = (required(row, &path, "id")?, required(row, &path, "title")?);
        let about = optional(row, "description").unwrap_or_default();
        Ok(Row {
            id: short(id, &format!("{path}.id"), limits::ROW_ID_MAX)?,
            title: short(title, &format!("{path}.title"), limits::ROW_TITLE_MAX)?,
            about: short(about, &format!("{path}.description"), limits::ROW_ABOUT_MAX)?,
        })
    };
    let rows: Result<Vec<Row>, Graph> = list(section, path, "rows")?.into_iter().map(row).collect();
    let rows = rows?;
    if rows.is_empty() {
        return Err(Graph::missing(&format!("{path}.rows")));
    }
    Ok(Section { title: short(title, &format!("{path}.title"), limits::ROW_TITLE_MAX)?, rows })
}

fn link(action: &Map<String, Value>) -> Result<Link, Graph> {
    let path = "interactive.action.parameters";
    let parameters = object(action, "interactive.action", "parameters")?;
    let title = short(
        required(parameters, path, "display_text")?,
        &format!("{path}.display_text"),
        limits::BUTTON_TITLE_MAX,
    )?;
    let url = required(parameters, path, "url")?;
    if !url.starts_with("https://") {
        let words = "The parameter interactive.action.parameters.url begins with https://, since nodes open no other links.";
        return Err(Graph::new(Code::Value, words));
    }
    Ok(Link { title, url })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn menu(content: &Value) -> Result<Menu, u32> {
        match read(content.as_object().unwrap()) {
            Ok(Letter::Said(said)) => match *said {
                Said::Menu(menu) => Ok(menu),
                other => panic!("{other:?}"),
            },
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.code.number()),
        }
    }

    fn button(number: usize) -> Value {
        json!({ "type": "reply", "reply": { "id": number.to_string(), "title": format!("Button {number}") } })
    }

    fn buttons(count: usize) -> Value {
        let buttons: Vec<Value> = (0..count).map(button).collect();
        json!({ "type": "button", "body": { "text": "Which?" }, "action": { "buttons": buttons } })
    }

    #[test]
    fn buttons_are_three_at_most_and_short() {
        let mut three = buttons(3);
        three["header"] = json!({ "type": "text", "text": "Above" });
        three["footer"] = json!({ "text": "Below" });
        let three = menu(&three).unwrap();
        assert_eq!(
            (three.header.as_str(), three.text.as_str(), three.footer.as_str()),
            ("Above", "Which?", "Below")
        );
        assert_eq!((three.buttons.len(), three.buttons[2].title.as_str()), (3, "Button 2"));
        assert_eq!((menu(&buttons(0)), menu(&buttons(4))), (Err(131_009), Err(131_009)));
        let with = |path: &str, value: Value| {
            let mut content = buttons(2);
            *content.pointer_mut(path).unwrap() = value;
            menu(&content).unwrap_err()
        };
        assert_eq!(with("/body/text", json!("x".repeat(1_025))), 100);
        assert_eq!(with("/action/buttons/0/reply/title", json!("x".repeat(21))), 100);
        assert_eq!(with("/action/buttons/0/reply/id", json!("x".repeat(257))), 100);
        assert_eq!(with("/action/buttons/0/reply/id", json!("1")), 100, "the same id twice");
        assert_eq!(with("/action/buttons/0/reply/id", json!(null)), 131_008);
        assert_eq!(with("/type", json!("flow")), 131_051);
        let mut pictured = buttons(1);
        pictured["header"] = json!({ "type": "image", "image": { "id": "1" } });
        assert_eq!(menu(&pictured), Err(131_051));
    }

    #[test]
    fn a_list_has_ten_rows_in_all() {
        let list = |counts: &[usize]| {
            let mut next = 0;
            let section = |count: &usize| {
                let rows: Vec<Value> = (0..*count)
                    .map(|_| {
                        next += 1;
                        json!({ "id": next.to_string(), "title": format!("Row {next}"), "description": "d" })
                    })
                    .collect();
                json!({ "title": "Section", "rows": rows })
            };
            let sections: Vec<Value> = counts.iter().map(section).collect();
            json!({ "type": "list", "body": { "text": "Which?" }, "action": { "button": "Open", "sections": sections } })
        };
        let ten = menu(&list(&[4, 6])).unwrap();
        assert_eq!((ten.label.as_str(), ten.sections.len(), ten.rows().count()), ("Open", 2, 10));
        assert_eq!(ten.sections[1].rows[5].about, "d");
        assert_eq!(menu(&list(&[5, 6])), Err(131_009));
        assert_eq!(menu(&list(&[])), Err(131_009));
        assert_eq!(menu(&list(&[0])), Err(131_008));
        let mut long = list(&[1]);
        long["action"]["sections"][0]["rows"][0]["description"] = "x".repeat(73).into();
        assert_eq!(menu(&long), Err(100));
    }

    #[test]
    fn a_link_is_one_that_nodes_open() {
        let link = |url: &str| {
            let parameters = json!({ "display_text": "See", "url": url });
            let action = json!({ "name": "cta_url", "parameters": parameters });
            menu(&json!({ "type": "cta_url", "body": { "text": "Here" }, "action": action }))
        };
        assert_eq!(
            link("https://shop.example/a?b=c").unwrap().link.unwrap().url,
            "https://shop.example/a?b=c"
        );
        assert_eq!((link("http://shop.example"), link("https://")), (Err(131_009), Err(100)));
    }
}
