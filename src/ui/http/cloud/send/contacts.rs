//! A contact's card.

use serde_json::Value;

use crate::base::limits::NAME_MAX;
use crate::base::said_limits::CARD_LINES_MAX;
use crate::domain::identity::address;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::send::letter::{Letter, list, object, optional, required, said};
use crate::ui::http::cloud::user_id;
use crate::wire::said::card::Card;
use crate::wire::said::message::Said;

/// Reads `contacts`, of which a message has one: a card has a name, an organization, numbers, addresses and a website.
pub(in crate::ui::http::cloud) fn read(contacts: &Value) -> Result<Letter, Graph> {
    let one = match contacts.as_array().map(Vec::as_slice) {
        None | Some([]) => return Err(Graph::missing("contacts")),
        Some([one]) => one.as_object().ok_or_else(|| Graph::value("contacts", "is a list of objects"))?,
        Some(_) => return Err(Graph::unsupported("several contacts in one message")),
    };
    let name = required(object(one, "contacts", "name")?, "contacts.name", "formatted_name")?;
    let lines = |name: &str, part: &str| -> Result<Vec<String>, Graph> {
        let all = list(one, "contacts", name)?;
        Ok(all.into_iter().filter_map(|entry| optional(entry, part)).take(CARD_LINES_MAX).collect())
    };
    let org = one.get("org").and_then(Value::as_object);
    let phones = list(one, "contacts", "phones")?;
    let card = Card {
        name: cut(&name, NAME_MAX),
        organization: org.and_then(|org| optional(org, "company")).unwrap_or_default(),
        account: phones.iter().find_map(|phone| {
            let id = optional(phone, "user_id").or_else(|| optional(phone, "wa_id"))?;
            user_id::decode(&id).or_else(|| address::decode(&id).ok())
        }),
        phones: lines("phones", "phone")?,
        emails: lines("emails", "email")?,
        website: website(lines("urls", "url")?),
    };
    said(Said::Card(card))
}

/// The first website that can be one here.
fn website(urls: Vec<String>) -> String {
    urls.into_iter().find(|url| crate::wire::record::is_website(url)).unwrap_or_default()
}

/// The beginning of a text, of at most so many bytes.
fn cut(text: &str, max: usize) -> String {
    let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_card_has_what_there_is_a_place_for() {
        let contacts = json!([{
            "name": { "formatted_name": "João", "first_name": "João" },
            "org": { "company": "Padaria", "title": "Padeiro" },
            "phones": [{ "phone": "+55 11 5555-0001", "type": "WORK", "wa_id": "551155550001" }],
            "emails": [{ "email": "joao@padaria.example" }],
            "urls": [{ "url": "https://padaria.example" }],
            "birthday": "1990-01-01",
        }]);
        let expected = Card {
            name: "João".into(),
            organization: "Padaria".into(),
            account: None,
            phones: vec!["+55 11 5555-0001".into()],
            emails: vec!["joao@padaria.example".into()],
            website: "https://padaria.example".into(),
        };
        assert_eq!(read(&contacts).unwrap(), Letter::Said(Box::new(Said::Card(expected))));
        assert!(read(&json!([])).is_err() && read(&json!([{ "name": {} }])).is_err());
        let unreachable = read(&json!([{ "name": { "formatted_name": "João" } }])).unwrap_err();
        assert_eq!(unreachable.code.number(), 100);
        assert_eq!(cut("ãã", 3), "ã");
    }
}
