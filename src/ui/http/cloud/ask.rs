//! A request on its way to its edge.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::ui::http::api::Api;
use crate::ui::http::caller::{Caller, Needs};
use crate::ui::http::cloud::account::Account;
use crate::ui::http::cloud::error::{Graph, JSON};
use crate::ui::http::cloud::parameters::Parameters;
use crate::ui::http::cloud::path::{Target, token_in};
use crate::ui::http::scope::Scope;

/// What came of a request.
pub(super) type Answer = Result<Response, Graph>;

/// A request.
pub(super) struct Ask {
    pub(super) api: Api,
    pub(super) account: Arc<Account>,
    pub(super) caller: Caller,
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// Behind a lock only because a body alone can't be shared; it is taken once.
    pub(super) body: Mutex<Body>,
}

impl Ask {
    /// All that it says; its body is read now.
    pub(super) async fn parameters(&mut self) -> Result<Parameters, Graph> {
        let body = self.take_body();
        Parameters::read(&self.uri, &self.headers, body).await
    }

    /// Its body, which is there once.
    pub(super) fn take_body(&mut self) -> Body {
        core::mem::take(self.body.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether whoever asks may do what takes `scope`.
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.caller.check(Needs::Scope(scope)).is_ok()
    }

    /// What its query says.
    pub(super) fn query(&self) -> Parameters {
        Parameters::of_query(&self.uri)
    }

    /// The address of an edge, under the name by which this node was asked.
    pub(super) fn url(&self, path: &str) -> String {
        let host = self.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        // A proxy that speaks TLS says so. Whoever else says it is given an address that leads nowhere.
        let forwarded = self.headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        format!("{}://{host}{path}", if forwarded { "https" } else { "http" })
    }

    /// The token, where the query has it: addresses that lead on have it then as well.
    pub(super) fn token_in_query(&self) -> Option<String> {
        token_in(&self.uri)
    }
}

/// An answer.
pub(super) fn answer(document: &Value) -> Response {
    ([(CONTENT_TYPE, JSON)], document.to_string()).into_response()
}

/// The answer that something was done.
pub(super) fn success() -> Response {
    answer(&json!({ "success": true }))
}
