//! The errors of that API, and which of the local API's each is.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use rand_core::Rng as _;
use serde_json::{Value, json};

use crate::engine::command::Refusal;
use crate::node::identity::system_rng;
use crate::store::snapshot::Fault;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::error::ApiError;

/// What every answer of this surface says of itself.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");
/// Where the numbers are explained.
const EXPLAINED: &str = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/";

/// Why a request wasn't carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ui::http) struct Graph {
    pub(super) code: Code,
    /// In words, what it is and what to do.
    pub(super) details: String,
}

impl Graph {
    /// An error.
    pub(super) fn new(code: Code, details: impl Into<String>) -> Self {
        Self { code, details: details.into() }
    }

    /// In words, what it is and what to do.
    pub(in crate::ui::http) fn details(&self) -> &str {
        &self.details
    }

    /// A parameter that must be there and isn't.
    pub(super) fn missing(name: &str) -> Self {
        Self::new(Code::Missing, format!("The parameter {name} is required."))
    }

    /// A parameter that can't be so.
    pub(super) fn value(name: &str, must: &str) -> Self {
        Self::new(Code::Value, format!("The parameter {name} {must}."))
    }

    /// What this node doesn't do.
    pub(super) fn unsupported(what: &str) -> Self {
        Self::new(Code::Unsupported, format!("This node doesn't do this: {what}."))
    }

    /// No object of this id, or none that does what is asked.
    pub(super) fn object(id: &str) -> Self {
        let words = format!("Object with ID '{id}' does not exist here, or does not support this operation.");
        Self::new(Code::Object, words)
    }

    /// As webhooks have it.
    pub(super) fn later(&self) -> Value {
        let title = self.code.title();
        json!({
            "code": self.code.number(),
            "title": title,
            "message": title,
            "error_data": { "details": self.details },
            "href": EXPLAINED,
        })
    }

    /// The body of an answer, with the id under which this very answer could be looked for.
    fn document(&self, trace: &str) -> Value {
        let (number, title) = (self.code.number(), self.code.title());
        let mut error = json!({
            "message": format!("(#{number}) {title}"),
            "type": "OAuthException",
            "code": number,
            "error_data": { "messaging_product": "whatsapp", "details": self.details },
            "fbtrace_id": trace,
        });
        if let Some(subcode) = self.code.subcode() {
            error["error_subcode"] = subcode.into();
        }
        if self.code.is_transient() {
            error["is_transient"] = true.into();
        }
        json!({ "error": error })
    }
}

impl IntoResponse for Graph {
    fn into_response(self) -> Response {
        let mut trace = [0; 8];
        system_rng().fill_bytes(&mut trace);
        let body = self.document(&BASE64URL_NOPAD.encode(&trace));
        let mut response = (self.code.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        match self.code.status() {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<ApiError> for Graph {
    fn from(error: ApiError) -> Self {
        let code = match (error.code(), error.status()) {
            ("too_many_requests", _) => Code::ApiRate,
            ("timed_out" | "offline" | "no_peers" | "stopping", _) => Code::Unavailable,
            ("foreign_origin" | "scope", _) | (_, StatusCode::FORBIDDEN) => Code::Permission,
            (_, StatusCode::UNAUTHORIZED) => Code::Token,
            (_, StatusCode::NOT_FOUND) => Code::Object,
            (_, status) if status.is_server_error() => Code::Internal,
            _ => Code::Parameter,
        };
        Self::new(code, error.message())
    }
}

impl From<Refusal> for Graph {
    fn from(refusal: Refusal) -> Self {
        ApiError::from(refusal).into()
    }
}

impl From<Fault> for Graph {
    fn from(fault: Fault) -> Self {
        ApiError::from(fault).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_form_of_that_api() {
        let error = Graph::new(Code::PairRate, "wait");
        let expected = json!({ "error": {
            "message": "(#131056) (Business Account, Consumer Account) pair rate limit hit",
            "type": "OAuthException",
            "code": 131_056,
            "error_data": { "messaging_product": "whatsapp", "details": "wait" },
            "fbtrace_id": "AAA",
        } });
        assert_eq!(error.document("AAA"), expected);
        let object = Graph::object("5").document("")["error"].clone();
        assert_eq!((&object["code"], &object["error_subcode"]), (&100.into(), &33.into()));
        assert_eq!(Graph::new(Code::Unavailable, "").document("")["error"]["is_transient"], true);
        let later = json!({
            "code": 131_047,
            "title": "Re-engagement message",
            "message": "Re-engagement message",
            "error_data": { "details": "d" },
            "href": EXPLAINED,
        });
        assert_eq!(Graph::new(Code::Window, "d").later(), later);
    }

    #[test]
    fn each_refusal_of_the_node_is_one_of_that_apis() {
        let number = |refusal: Refusal| {
            let code = Graph::from(refusal).code;
            (code.number(), code.status().as_u16())
        };
        assert_eq!(number(Refusal::TooMany("templates")), (100, 400));
        assert_eq!(number(Refusal::TextLength { length: 0 }), (100, 400));
        assert_eq!(number(Refusal::Stopping), (131_016, 503));
        assert_eq!(number(Refusal::Profile("x".into())), (100, 400));
        assert_eq!(Graph::from(Fault("disk".into())).code.number(), 131_000);
        let of = |status, code| {
            let code = Graph::from(ApiError::new(status, code, "")).code;
            (code.number(), code.status().as_u16())
        };
        assert_eq!(of(StatusCode::UNAUTHORIZED, "token_expired"), (190, 401));
        assert_eq!(of(StatusCode::FORBIDDEN, "scope"), (200, 403));
        assert_eq!(of(StatusCode::TOO_MANY_REQUESTS, "too_many_requests"), (4, 429));
        assert_eq!(of(StatusCode::MISDIRECTED_REQUEST, "wrong_host"), (100, 400));
        assert_eq!(of(StatusCode::GATEWAY_TIMEOUT, "timed_out"), (131_016, 503));
    }
}
