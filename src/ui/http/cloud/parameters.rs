//! What is asked: from the query, a form or JSON, whichever a client uses.

use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Uri};
use serde_json::{Map, Value};

use crate::base::{api_limits, limits};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::path::pairs;

/// All that a request says. What it doesn't know it ignores.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Parameters(Map<String, Value>);

impl Parameters {
    /// Those of the query alone.
    pub(super) fn of_query(uri: &Uri) -> Self {
        let pairs = pairs(uri).into_iter().filter(|(name, _)| name != "access_token");
        Self(pairs.map(|(name, text)| (name, value(text))).collect())
    }

    /// Those of the query and of the body; the body's count where both have one.
    pub(super) async fn read(uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Self, Graph> {
        let mut parameters = Self::of_query(uri);
        let read =
            tokio::time::timeout(api_limits::BODY_PATIENCE, to_bytes(body, limits::API_BODY_MAX)).await;
        let bytes =
            read.map_err(|_| Graph::new(Code::Parameter, "The body of the request does not come."))?;
        let bytes = bytes.map_err(|_| {
            let words = format!(
                "The body of the request breaks off, or has more than {} bytes.",
                limits::API_BODY_MAX
            );
            Graph::new(Code::Parameter, words)
        })?;
        if !bytes.is_empty() {
            parameters.0.extend(parsed(headers, &bytes)?);
        }
        parameters.0.remove("access_token");
        Ok(parameters)
    }

    /// What stands under a name; nothing where it is `null`.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text; a number is one, too.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(self.get(name)?)
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &str) -> Result<String, Graph> {
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(|| Graph::missing(name))
    }

    /// A yes or no.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// All names and values.
    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }
}

/// A text, or the digits of a number.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn parsed(headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, Graph> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        let form = core::str::from_utf8(bytes).ok().and_then(|form| format!("/?{form}").parse::<Uri>().ok());
        let form = form.ok_or_else(|| Graph::new(Code::Parameter, "The form can't be understood."))?;
        return Ok(pairs(&form).into_iter().map(|(name, text)| (name, value(text))).collect());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Graph::new(Code::Parameter, "The body is JSON, but no object.")),
        Err(error) => Err(Graph::new(Code::Parameter, format!("The body can't be understood: {error}."))),
    }
}

/// In a query or a form, what is more than a text is JSON.
fn value(text: String) -> Value {
    let is_json = text.starts_with(['{', '[']);
    let parsed = is_json.then(|| serde_json::from_str(&text).ok()).flatten();
    parsed.unwrap_or(Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn read(query: &str, kind: &str, body: &str) -> Result<Value, Graph> {
        let uri = format!("/v1.0/1/messages{query}").parse().unwrap();
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
        let read = Parameters::read(&uri, &headers, Body::from(body.to_owned())).await;
        read.map(|Parameters(map)| Value::Object(map))
    }

    #[tokio::test]
    async fn the_same_is_said_in_json_in_a_form_and_in_a_query() {
        let expected = json!({ "to": "5", "text": { "body": "a b" } });
        let json = r#"{"to":"5","text":{"body":"a b"},"access_token":"secret"}"#;
        assert_eq!(read("", "application/json", json).await.unwrap(), expected);
        assert_eq!(read("", "text/plain", json).await.unwrap(), expected);
        let form = "to=5&text=%7B%22body%22%3A%22a+b%22%7D&access_token=secret";
        assert_eq!(
            read("", "application/x-www-form-urlencoded; charset=UTF-8", form).await.unwrap(),
            expected
        );
        assert_eq!(read(&format!("?{form}"), "application/json", "").await.unwrap(), expected);
        let both = read("?to=4", "application/json", r#"{"to":"5"}"#).await.unwrap();
        assert_eq!(both, json!({ "to": "5" }));
    }

    #[tokio::test]
    async fn what_is_no_object_is_refused() {
        for body in ["[]", "5", "{", "\"x\""] {
            let error = read("", "application/json", body).await.unwrap_err();
            assert_eq!(error.code, Code::Parameter, "{body}");
        }
        let large = "x".repeat(limits::API_BODY_MAX + 1);
        assert!(read("", "application/json", &large).await.is_err());
    }

    #[test]
    fn numbers_are_texts_and_texts_flags() {
        let Value::Object(map) = json!({ "to": 5, "on": "true", "off": false, "none": null }) else {
            panic!()
        };
        let parameters = Parameters(map);
        assert_eq!(parameters.text("to"), Some("5".into()));
        assert_eq!((parameters.flag("on"), parameters.flag("off")), (Some(true), Some(false)));
        assert_eq!(parameters.get("none"), None);
        assert!(parameters.required("none").is_err());
    }
}
