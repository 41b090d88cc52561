//! What can be answered with a finger: buttons, a list, a link, products, a form, a question where somebody is.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::ui::http::cloud::ask::Ask;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::send::letter::{Letter, edge, list, object, optional, required, said, short};
use crate::ui::http::cloud::send::{flow, media, offer, order};
use crate::wire::said::headed::Headed;
use crate::wire::said::menu::{Link, Menu, Row, Section};
use crate::wire::said::message::Said;
use crate::wire::said::place_request::PlaceRequest;

/// What stands before every name in this.
const PATH: &str = "interactive";

/// Reads `interactive`.
pub(in crate::ui::http::cloud) async fn read(
    ask: &Ask,
    content: &Map<String, Value>,
) -> Result<Letter, Graph> {
    let kind = required(content, PATH, "type")?;
    match kind.as_str() {
        "button" | "list" | "cta_url" => {
            let menu = menu(content, &kind)?;
            match media_header(content, &kind)? {
                None => said(Said::Menu(menu)),
                Some((kind, header)) => {
                    let file = media::sent(ask, kind, (header, &format!("{PATH}.header.{kind}"))).await?;
                    said(Said::Headed(Box::new(Headed::new(file, menu))))
                }
            }
        }
        "order_details" => order::details(ask, content).await,
        "order_status" => order::status(content),
        "location_request_message" => place_request(content),
        "flow" => flow::read(ask, content).await,
        "product" | "product_list" | "catalog_message" => offer::read(ask, content, &kind).await,
        _ => Err(Graph::unsupported(&format!("interactive messages of the type {kind}"))),
    }
}

fn place_request(content: &Map<String, Value>) -> Result<Letter, Graph> {
    let text = required(object(content, PATH, "body")?, "interactive.body", "text")?;
    let text = short(text, "interactive.body.text", limits::BODY_CHARS_MAX)?;
    let parts = [text, edge(content, "footer")?];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    said(Said::PlaceRequest(PlaceRequest { text }))
}

/// A menu, without what stands above it if that is a file.
fn menu(content: &Map<String, Value>, kind: &str) -> Result<Menu, Graph> {
    let most = if kind == "list" { limits::LIST_BODY_CHARS_MAX } else { limits::BODY_CHARS_MAX };
    let text = required(object(content, PATH, "body")?, "interactive.body", "text")?;
    let mut menu = Menu {
        header: header(content)?,
        text: short(text, "interactive.body.text", most)?,
        footer: edge(content, "footer")?,
        ..Menu::default()
    };
    let action = object(content, PATH, "action")?;
    match kind {
        "button" => menu.buttons = buttons(action)?,
        "list" => {
            let label = required(action, "interactive.action", "button")?;
            menu.label = short(label, "interactive.action.button", limits::BUTTON_TITLE_MAX)?;
            menu.sections = sections(action)?;
        }
        _ => menu.link = Some(link(action)?),
    }
    Ok(menu)
}

/// The text above a menu, if it is one.
fn header(content: &Map<String, Value>) -> Result<String, Graph> {
    let header = content.get("header").and_then(Value::as_object);
    match header.and_then(|header| optional(header, "type")).as_deref() {
        Some("text") | None => edge(content, "header"),
        Some(_) => Ok(String::new()),
    }
}

/// The type of a file, and what is said of it.
type Above<'a> = (&'static str, &'a Map<String, Value>);

/// The file above a menu of this kind, if it is one.
fn media_header<'a>(content: &'a Map<String, Value>, kind: &str) -> Result<Option<Above<'a>>, Graph> {
    let Some(header) = content.get("header").and_then(Value::as_object) else { return Ok(None) };
    let file = match optional(header, "type").as_deref() {
        Some("text") | None => return Ok(None),
        Some("image") => "image",
        Some("video") => "video",
        Some("document") => "document",
        Some(_) => return Err(Graph::value("interactive.header.type", "is text, image, video or document")),
    };
    if kind == "list" {
        return Err(Graph::value("interactive.header.type", "is text above a list"));
    }
    Ok(Some((file, object(header, "interactive.header", file)?)))
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
        let content = content.as_object().unwrap();
        let kind = required(content, PATH, "type").unwrap();
        let menu = super::menu(content, &kind).and_then(|menu| match said(Said::Menu(menu.clone())) {
            Ok(_) => Ok(menu),
            Err(error) => Err(error),
        });
        menu.map_err(|error| error.code.number())
    }

    fn file_above(content: &Value) -> Result<Option<&'static str>, u32> {
        let content = content.as_object().unwrap();
        let kind = required(content, PATH, "type").unwrap();
        let found = media_header(content, &kind).map_err(|error| error.code.number())?;
        Ok(found.map(|(kind, _)| kind))
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
    }

    #[test]
    fn above_buttons_is_a_text_or_a_file_and_above_a_list_a_text() {
        let with = |kind: &str, header: Value| {
            let mut content = buttons(1);
            (content["type"], content["header"]) = (kind.into(), header);
            content
        };
        for kind in ["image", "video", "document"] {
            let header = json!({ "type": kind, kind: { "id": "1" } });
            let pictured = with("button", header.clone());
            assert_eq!(
                (file_above(&pictured), menu(&pictured).unwrap().header.as_str()),
                (Ok(Some(kind)), "")
            );
            assert_eq!(file_above(&with("cta_url", header.clone())), Ok(Some(kind)));
            assert_eq!(file_above(&with("list", header)), Err(131_009));
            assert_eq!(file_above(&with("button", json!({ "type": kind }))), Err(131_008));
        }
        assert_eq!(file_above(&with("button", json!({ "type": "text", "text": "Above" }))), Ok(None));
        assert_eq!(file_above(&with("button", json!({ "type": "audio" }))), Err(131_009));
        assert_eq!(file_above(&buttons(1)), Ok(None));
    }

    #[test]
    fn who_asks_for_a_place_says_why() {
        let request = |body: Value| {
            let content = json!({ "type": "location_request_message", "body": body, "action": { "name": "send_location" } });
            place_request(content.as_object().unwrap()).map_err(|error| error.code.number())
        };
        let expected = Said::PlaceRequest(PlaceRequest { text: "Where to?".into() });
        assert_eq!(request(json!({ "text": "Where to?" })), Ok(Letter::Said(Box::new(expected))));
        assert_eq!(request(json!({})), Err(131_008));
        assert_eq!(request(json!({ "text": "x".repeat(1_025) })), Err(100));
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
