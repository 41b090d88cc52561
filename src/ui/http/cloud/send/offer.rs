//! Things of the catalog: one, several in sections, or all of them.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::domain::business::display::{self, Display, DisplayError, Things};
use crate::ui::http::cloud::account::Account;
use crate::ui::http::cloud::ask::Ask;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::send::letter::{Letter, edge, list, object, optional, required, said, short};
use crate::wire::said::message::Said;

/// What stands before every name in this.
const ACTION: &str = "interactive.action";

/// Reads `interactive` of the type `product`, `product_list` or `catalog_message`.
pub(super) async fn read(ask: &Ask, content: &Map<String, Value>, kind: &str) -> Result<Letter, Graph> {
    let display = display(&ask.account, content, kind)?;
    let offer = ask.api.view(move |rows| display::offer(rows, display)).await?;
    said(Said::Offer(Box::new(offer.map_err(|error| refused(&error))?)))
}

fn refused(error: &DisplayError) -> Graph {
    let code = if matches!(error, DisplayError::Bounds(_)) { Code::Parameter } else { Code::Value };
    Graph::new(code, format!("It can't be offered: {error}."))
}

/// What is to be offered.
fn display(account: &Account, content: &Map<String, Value>, kind: &str) -> Result<Display, Graph> {
    let has_header = content.get("header").is_some_and(|header| !header.is_null());
    let header = match kind {
        "product_list" => {
            let header = object(content, "interactive", "header")?;
            if optional(header, "type").is_some_and(|kind| kind != "text") {
                return Err(Graph::value("interactive.header.type", "is text above several products"));
            }
            required(header, "interactive.header", "text")?;
            edge(content, "header")?
        }
        _ if has_header => {
            return Err(Graph::value("interactive.header", &format!("isn't there in a {kind}")));
        }
        _ => String::new(),
    };
    let body = content.get("body").and_then(Value::as_object).and_then(|body| optional(body, "text"));
    if body.is_none() && kind == "product_list" {
        return Err(Graph::missing("interactive.body.text"));
    }
    let text = short(body.unwrap_or_default(), "interactive.body.text", limits::BODY_CHARS_MAX)?;
    let action = object(content, "interactive", "action")?;
    let things = match kind {
        "product" => {
            is_ours(account, action)?;
            let id = required(action, ACTION, "product_retailer_id")?;
            Things::Shelves(vec![(String::new(), vec![id])])
        }
        "product_list" => {
            is_ours(account, action)?;
            Things::Shelves(sections(action)?)
        }
        _ => Things::All(
            action
                .get("parameters")
                .and_then(Value::as_object)
                .and_then(|parameters| optional(parameters, "thumbnail_product_retailer_id")),
        ),
    };
    Ok(Display { header, text, footer: edge(content, "footer")?, things })
}

/// A business has one catalog.
fn is_ours(account: &Account, action: &Map<String, Value>) -> Result<(), Graph> {
    if required(action, ACTION, "catalog_id")? == account.catalog() {
        return Ok(());
    }
    Err(Graph::value(
        "interactive.action.catalog_id",
        &format!("is {}, the only one here", account.catalog()),
    ))
}

fn sections(action: &Map<String, Value>) -> Result<Vec<(String, Vec<String>)>, Graph> {
    let path = "interactive.action.sections";
    let sections = list(action, ACTION, "sections")?;
    if !(1..=limits::ROWS_MAX).contains(&sections.len()) {
        return Err(Graph::value(path, &format!("has 1 to {}", limits::ROWS_MAX)));
    }
    let several = sections.len() > 1;
    let section = |section: &Map<String, Value>| {
        let title = optional(section, "title").unwrap_or_default();
        if several && title.is_empty() {
            return Err(Graph::missing(&format!("{path}.title")));
        }
        let title = short(title, &format!("{path}.title"), limits::ROW_TITLE_MAX)?;
        let items = list(section, path, "product_items")?;
        let id = |item: &Map<String, Value>| {
            required(item, &format!("{path}.product_items"), "product_retailer_id")
        };
        let ids: Result<Vec<String>, Graph> = items.into_iter().map(id).collect();
        match ids? {
            ids if ids.is_empty() => Err(Graph::missing(&format!("{path}.product_items"))),
            ids => Ok((title, ids)),
        }
    };
    let sections: Result<Vec<(String, Vec<String>)>, Graph> = sections.into_iter().map(section).collect();
    let sections = sections?;
    if sections.iter().map(|(_, ids)| ids.len()).sum::<usize>() > limits::PRODUCTS_MAX {
        return Err(Graph::value(path, &format!("has at most {} products in all", limits::PRODUCTS_MAX)));
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::http::cloud::account::tests::account;

    fn read(kind: &str, content: &Value) -> Result<Display, u32> {
        display(&account(), content.as_object().unwrap(), kind).map_err(|error| error.code.number())
    }

    #[test]
    fn one_product_needs_no_text_and_has_no_header() {
        let action = json!({ "catalog_id": account().catalog(), "product_retailer_id": "rye" });
        let one = read("product", &json!({ "action": action, "footer": { "text": "Below" } })).unwrap();
        assert_eq!((one.text.as_str(), one.footer.as_str()), ("", "Below"));
        assert_eq!(one.things, Things::Shelves(vec![(String::new(), vec!["rye".into()])]));
        let header = json!({ "type": "text", "text": "Above" });
        assert_eq!(read("product", &json!({ "action": action, "header": header })), Err(131_009));
        let other = json!({ "catalog_id": "1", "product_retailer_id": "rye" });
        assert_eq!(read("product", &json!({ "action": other })), Err(131_009));
        assert_eq!(
            read("product", &json!({ "action": { "catalog_id": account().catalog() } })),
            Err(131_008)
        );
        assert_eq!(read("product", &json!({ "action": { "product_retailer_id": "rye" } })), Err(131_008));
    }

    #[test]
    fn several_products_have_a_header_a_text_and_sections() {
        let product = |id: usize| json!({ "product_retailer_id": id.to_string() });
        let list = |counts: &[usize]| {
            let section = |count: &usize| {
                let items: Vec<Value> = (0..*count).map(product).collect();
                json!({ "title": "Bread", "product_items": items })
            };
            let sections: Vec<Value> = counts.iter().map(section).collect();
            let action = json!({ "catalog_id": account().catalog(), "sections": sections });
            let header = json!({ "type": "text", "text": "Today" });
            json!({ "header": header, "body": { "text": "Which?" }, "action": action })
        };
        let two = read("product_list", &list(&[2, 1])).unwrap();
        assert_eq!((two.header.as_str(), two.text.as_str()), ("Today", "Which?"));
        let shelf = |ids: &[&str]| ("Bread".to_owned(), ids.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(two.things, Things::Shelves(vec![shelf(&["0", "1"]), shelf(&["0"])]));
        assert!(read("product_list", &list(&[30])).is_ok());
        assert_eq!(read("product_list", &list(&[31])), Err(131_009));
        assert_eq!(read("product_list", &list(&[1; 11])), Err(131_009));
        assert_eq!(read("product_list", &list(&[])), Err(131_009));
        assert_eq!(read("product_list", &list(&[0])), Err(131_008));
        let without = |name: &str| {
            let mut content = list(&[1]);
            content.as_object_mut().unwrap().remove(name);
            read("product_list", &content)
        };
        assert_eq!(
            (without("header"), without("body"), without("action")),
            (Err(131_008), Err(131_008), Err(131_008))
        );
        let mut pictured = list(&[1]);
        pictured["header"] = json!({ "type": "image", "image": { "id": "1" } });
        assert_eq!(read("product_list", &pictured), Err(131_009));
        let mut long = list(&[1]);
        long["action"]["sections"][0]["title"] = "x".repeat(25).into();
        assert_eq!(read("product_list", &long), Err(100));
    }

    #[test]
    fn the_catalog_is_offered_with_a_thing_before_all_others() {
        let parameters = json!({ "thumbnail_product_retailer_id": "rye" });
        let all = json!({ "body": { "text": "All" }, "action": { "name": "catalog_message", "parameters": parameters } });
        assert_eq!(read("catalog_message", &all).unwrap().things, Things::All(Some("rye".into())));
        let plain = json!({ "body": { "text": "All" }, "action": { "name": "catalog_message" } });
        assert_eq!(read("catalog_message", &plain).unwrap().things, Things::All(None));
        assert_eq!(
            read("catalog_message", &json!({ "action": {} })).unwrap().text,
            "",
            "it says enough by itself"
        );
    }

    #[test]
    fn what_is_not_sold_is_no_value_that_a_product_has() {
        let code = |error| refused(&error).code.number();
        assert_eq!(code(DisplayError::Unknown("bun".into())), 131_009);
        assert_eq!((code(DisplayError::Nothing), code(DisplayError::Bounds("x"))), (131_009, 100));
    }
}
