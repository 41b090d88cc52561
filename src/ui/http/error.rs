//! Errors of the API: a status, a code for programs, a message for people.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::engine::command::Refusal;
use crate::store::snapshot::Fault;

/// Why a request wasn't carried out; answered as `{"error":{"code":CODE,"message":MESSAGE}}`.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    /// An error; the message says what to do next.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The word for programs.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// With which status it is answered.
    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong, for people.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The request itself is wrong.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// What is asked for isn't there.
    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::new(status_of(&refusal), refusal.code(), refusal.to_string())
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store", fault.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = (self.status, Json(body)).into_response();
        match self.status {
            // RFC 9110, section 11.6.1, and RFC 6585, section 4.
            StatusCode::UNAUTHORIZED => {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        // It could be done, but not as the form stands.
        Refusal::Desk("form_state", _) => StatusCode::CONFLICT,
        Refusal::TextLength { .. }
        | Refusal::TextCharacters
        | Refusal::Said(_)
        | Refusal::Name
        | Refusal::Profile(_)
        | Refusal::Consent(_)
        | Refusal::File(_)
        | Refusal::Desk(..)
        | Refusal::Query => StatusCode::BAD_REQUEST,
        Refusal::NotAContact(_)
        | Refusal::NotFound(_)
        | Refusal::NoProfile
        | Refusal::NoSuchDevice(_)
        | Refusal::NoSuchFile
        | Refusal::NoSuchMessage
        | Refusal::NoSuchPlan(_)
        | Refusal::NoSubscription(_)
        | Refusal::NoInvoice(_)
        | Refusal::NoneSuch(_) => StatusCode::NOT_FOUND,
        Refusal::Invite => StatusCode::GONE,
        Refusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Offline | Refusal::NoPeers | Refusal::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::CONFLICT,
    }
}
