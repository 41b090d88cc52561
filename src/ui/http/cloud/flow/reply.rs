//! An answer to a form, as that API tells it: one JSON object, written as a text.

use serde_json::{Map, Value, json};

use crate::wire::said::field::FieldKind;
use crate::wire::said::form::Known;
use crate::wire::said::form_answer::{Filled, FormAnswer};

/// Under which name the token comes back.
pub(super) const TOKEN: &str = "flow_token";
/// What stands for a token where none was given.
pub(in crate::ui::http::cloud) const NO_TOKEN: &str = "unused";

/// An answer that fits its form, with what comes back with it.
pub(in crate::ui::http::cloud) fn interactive(answer: &FormAnswer, token: &str, known: &[Known]) -> Value {
    let mut response: Map<String, Value> = Map::new();
    for Known { id, value } in known {
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
        response.insert(id.clone(), value);
    }
    response.extend(answer.fields.iter().map(|field| (field.id.clone(), value(field))));
    let token = if token.is_empty() { NO_TOKEN } else { token };
    response.insert(TOKEN.to_owned(), token.into());
    json!({
        "type": "nfm_reply",
        "nfm_reply": { "name": "flow", "body": "Sent", "response_json": Value::Object(response).to_string() },
    })
}

/// What was said to a field, as that API writes it.
fn value(field: &Filled) -> Value {
    match field.kind {
        FieldKind::Several => json!(field.values),
        FieldKind::Agreement => json!(!field.values.is_empty()),
        _ => json!(field.values.first().map(String::as_str).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::said::form::tests::form;
    use crate::wire::said::form_answer::tests::answer;

    #[test]
    fn an_answer_is_told_with_the_forms_own_token() {
        let told = interactive(&answer(), "visit-7", &form().known);
        let response: Value =
            serde_json::from_str(told["nfm_reply"]["response_json"].as_str().unwrap()).unwrap();
        let expected = json!({
            "flow_token": "visit-7",
            "source": "poster",
            "name": "Ana",
            "seats": "",
            "day": "2027-05-01",
            "breads": ["oat", "rye"],
            "terms": true,
        });
        assert_eq!(response, expected);
        let bare = interactive(&answer(), "", &[]);
        assert!(bare["nfm_reply"]["response_json"].as_str().unwrap().contains(r#""flow_token":"unused""#));
    }
}
