//! Templates in the form of that API: components in one language, with places that are numbered or named.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::crypto::hash::sha256;
use crate::domain::business::template::{Definition, Kind, Words};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::parameters::text;
use crate::wire::consent::Topic;

/// What stands before the number of a place in a header: a header's numbers are its own.
const HEADER: &str = "header_";
/// Ids are of fifteen digits.
const ID_FIRST: u64 = 100_000_000_000_000;
const ID_COUNT: u64 = 800_000_000_000_000;

/// The place of a header that is a file.
const ABOVE: &str = "header_file";
/// Formats of such headers.
const FORMATS: [(Kind, &str); 3] =
    [(Kind::Image, "image"), (Kind::Video, "video"), (Kind::Document, "document")];

/// What a file of a template is called, as the type of a parameter.
pub(super) fn format_of(kind: Kind) -> &'static str {
    FORMATS.into_iter().find(|(known, _)| *known == kind).map_or("text", |(_, word)| word)
}

/// The id of a template in one language.
pub(super) fn id(name: &str, language: &str) -> String {
    let hash = sha256(&[name.as_bytes(), b" ", language.as_bytes()]);
    let number = hash.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    (ID_FIRST + number % ID_COUNT).to_string()
}

/// A language as that API writes it, such as `pt_BR`.
pub(super) fn shown_language(tag: &str) -> String {
    tag.replace('-', "_")
}

/// A language as it is written here, such as `pt-BR`.
pub(super) fn language(shown: &str) -> String {
    shown.replace('_', "-")
}

/// A category as that API writes it.
pub(super) const fn shown_category(category: Topic) -> &'static str {
    match category {
        Topic::Service | Topic::Utility => "UTILITY",
        Topic::Authentication => "AUTHENTICATION",
        Topic::Marketing => "MARKETING",
    }
}

/// The category that is meant.
pub(super) fn category(shown: &str) -> Result<Topic, Graph> {
    match shown {
        "UTILITY" => Ok(Topic::Utility),
        "AUTHENTICATION" => Ok(Topic::Authentication),
        "MARKETING" => Ok(Topic::Marketing),
        _ => Err(Graph::new(
            Code::Parameter,
            "The parameter category is UTILITY, AUTHENTICATION or MARKETING.",
        )),
    }
}

/// Whether the places are numbered; otherwise they are named.
fn is_numbered(definition: &Definition) -> bool {
    let number =
        |name: &str| name.strip_prefix(HEADER).unwrap_or(name).bytes().all(|byte| byte.is_ascii_digit());
    definition.variables.keys().all(|name| name == ABOVE || number(name))
}

/// A template in one language.
pub(super) fn shown(definition: &Definition, tag: &str, words: &Words) -> Map<String, Value> {
    let mut components = Vec::new();
    if let Some((_, kind)) = definition.file_above(tag) {
        components.push(json!({ "type": "HEADER", "format": format_of(kind).to_ascii_uppercase() }));
    } else if !words.header.is_empty() {
        let text = words.header.replace(&format!("{{{{{HEADER}"), "{{");
        components.push(json!({ "type": "HEADER", "format": "TEXT", "text": text }));
    }
    components.push(json!({ "type": "BODY", "text": words.body }));
    if !words.footer.is_empty() {
        components.push(json!({ "type": "FOOTER", "text": words.footer }));
    }
    if !words.buttons.is_empty() {
        let button = |title: &String| json!({ "type": "QUICK_REPLY", "text": title });
        let buttons: Vec<Value> = words.buttons.iter().map(button).collect();
        components.push(json!({ "type": "BUTTONS", "buttons": buttons }));
    }
    let numbered = is_numbered(definition);
    let document = json!({
        "id": id(&definition.name, tag),
        "name": definition.name,
        "language": shown_language(tag),
        // Nobody reviews it.
        "status": "APPROVED",
        "category": shown_category(definition.category),
        "parameter_format": if numbered { "POSITIONAL" } else { "NAMED" },
        "components": components,
        "quality_score": { "score": "UNKNOWN" },
        "rejected_reason": "NONE",
    });
    document.as_object().cloned().unwrap_or_default()
}

/// The words of components, and what stands in their places.
pub(super) fn words(components: &Value) -> Result<(Words, BTreeMap<String, Kind>), Graph> {
    let wrong = |words: &str| Graph::new(Code::Parameter, format!("The parameter components {words}."));
    let list = components.as_array().ok_or_else(|| wrong("is a list"))?;
    let mut words =
        Words { header: String::new(), body: String::new(), footer: String::new(), buttons: Vec::new() };
    let mut above = None;
    for component in list {
        let kind = component.get("type").and_then(text).unwrap_or_default().to_ascii_uppercase();
        let said = || component.get("text").and_then(text).unwrap_or_default().replace("\r\n", "\n");
        match kind.as_str() {
            "HEADER" => {
                let format = component.get("format").and_then(text).unwrap_or_else(|| "TEXT".into());
                above = FORMATS
                    .into_iter()
                    .find(|(_, word)| format.eq_ignore_ascii_case(word))
                    .map(|(kind, _)| kind);
                words.header = match above {
                    Some(_) => format!("{{{{{ABOVE}}}}}"),
                    None if format.eq_ignore_ascii_case("TEXT") => numbered_header(&tight(&said())),
                    None => {
                        let words = "templates with other headers than texts, pictures, videos and documents";
                        return Err(Graph::unsupported(words));
                    }
                };
            }
            "BODY" => words.body = tight(&said()),
            "FOOTER" => words.footer = said(),
            "BUTTONS" => words.buttons = buttons(component)?,
            _ => return Err(wrong("has components of the types HEADER, BODY, FOOTER and BUTTONS")),
        }
    }
    if words.body.is_empty() {
        return Err(wrong("has a BODY with a text"));
    }
    let mut variables = BTreeMap::new();
    for part in [&words.header, &words.body] {
        variables.extend(places(part).into_iter().map(|name| (name, Kind::Text)));
    }
    if let Some(kind) = above {
        variables.insert(ABOVE.to_owned(), kind);
    }
    Ok((words, variables))
}

fn buttons(component: &Value) -> Result<Vec<String>, Graph> {
    let list = component.get("buttons").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let title = |button: &Value| match button.get("type").and_then(text) {
        Some(kind) if kind.eq_ignore_ascii_case("QUICK_REPLY") => {
            button.get("text").and_then(text).ok_or_else(|| Graph::missing("components.buttons.text"))
        }
        _ => Err(Graph::unsupported("templates with other buttons than quick replies")),
    };
    list.iter().map(title).collect()
}

/// The text with places that have no spaces, as `{{1}}`.
fn tight(text: &str) -> String {
    let mut parts = text.split("{{");
    let mut tight = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        tight.push_str("{{");
        match part.split_once("}}") {
            Some((name, rest)) => tight.push_str(&format!("{}}}}}{rest}", name.trim())),
            None => tight.push_str(part),
        }
    }
    tight
}

/// The names of the places of a text.
fn places(text: &str) -> Vec<String> {
    let inside = text.split("{{").skip(1).filter_map(|part| part.split_once("}}"));
    inside.map(|(name, _)| name.to_owned()).collect()
}

fn numbered_header(text: &str) -> String {
    let names = places(text).into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    names.fold(text.to_owned(), |text, name| {
        text.replace(&format!("{{{{{name}}}}}"), &format!("{{{{{HEADER}{name}}}}}"))
    })
}

/// The name of the place that a parameter is for: the `at`th of a component, from 0, unless it says its name.
pub(super) fn place(is_header: bool, at: usize, named: Option<String>) -> String {
    let number = at + 1;
    named.unwrap_or_else(|| if is_header { format!("{HEADER}{number}") } else { number.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_read_back() {
        let components = json!([
            { "type": "HEADER", "format": "TEXT", "text": "Order {{1}}" },
            { "type": "BODY", "text": "Hello {{ 1 }}, it costs {{2}}", "example": { "body_text": [["Ana", "5"]] } },
            { "type": "FOOTER", "text": "Shop" },
            { "type": "BUTTONS", "buttons": [{ "type": "QUICK_REPLY", "text": "Good" }] },
        ]);
        let (words, variables) = words(&components).unwrap();
        assert_eq!(
            (words.header.as_str(), words.body.as_str()),
            ("Order {{header_1}}", "Hello {{1}}, it costs {{2}}")
        );
        assert_eq!(variables.keys().map(String::as_str).collect::<Vec<_>>(), ["1", "2", "header_1"]);
        let languages = BTreeMap::from([("pt-BR".to_owned(), words.clone())]);
        let definition = Definition { name: "order".into(), category: Topic::Utility, variables, languages };
        definition.check().unwrap();
        let shown = shown(&definition, "pt-BR", &words);
        assert_eq!((&shown["language"], &shown["parameter_format"]), (&"pt_BR".into(), &"POSITIONAL".into()));
        assert_eq!(shown["components"][0]["text"], "Order {{1}}");
        assert_eq!(shown["components"][3]["buttons"][0]["text"], "Good");
        assert_eq!(language("pt_BR"), "pt-BR");
    }

    #[test]
    fn what_a_template_cannot_have_is_refused() {
        for (components, code) in [
            (json!([]), 100),
            (json!({}), 100),
            (json!([{ "type": "HEADER", "format": "LOCATION" }, { "type": "BODY", "text": "x" }]), 131_051),
            (
                json!([{ "type": "BODY", "text": "x" }, { "type": "BUTTONS", "buttons": [{ "type": "URL", "text": "x" }] }]),
                131_051,
            ),
            (json!([{ "type": "CAROUSEL" }]), 100),
        ] {
            assert_eq!(words(&components).unwrap_err().code.number(), code, "{components}");
        }
    }

    #[test]
    fn a_header_that_is_a_file_reads_back() {
        let components = json!([
            { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["4::aW"] } },
            { "type": "BODY", "text": "Hello {{1}}" },
        ]);
        let (words, variables) = words(&components).unwrap();
        assert_eq!((words.header.as_str(), variables.get(ABOVE)), ("{{header_file}}", Some(&Kind::Image)));
        let languages = BTreeMap::from([("en".to_owned(), words.clone())]);
        let definition = Definition { name: "menu".into(), category: Topic::Marketing, variables, languages };
        definition.check().unwrap();
        let shown = shown(&definition, "en", &words);
        assert_eq!(shown["components"][0], json!({ "type": "HEADER", "format": "IMAGE" }));
        assert_eq!(shown["parameter_format"], "POSITIONAL");
        assert_eq!((format_of(Kind::Video), format_of(Kind::Text)), ("video", "text"));
    }

    #[test]
    fn an_id_is_of_a_name_and_a_language() {
        assert_eq!(id("order", "en"), id("order", "en"));
        assert_ne!(id("order", "en"), id("order", "pt-BR"));
        assert_eq!(id("order", "en").len(), 15);
    }
}
