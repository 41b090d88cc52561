//! What holds for a route before its handler runs: who may call it, how long it may take.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::time::Duration;

use crate::ui::http::caller::Needs;
use crate::ui::http::error::ApiError;

/// What holds for a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rule {
    /// What callers need.
    pub(super) needs: Needs,
    /// How long an answer may take.
    pub(super) patience: Duration,
    /// Whether it changes something.
    pub(super) writes: bool,
    /// Whether its request or its answer is so secret that nothing of it is kept.
    pub(super) secret: bool,
    /// Whether its request's body is taken as it comes: no answer to it is kept, since nobody could tell two apart.
    pub(super) streams: bool,
}

impl Rule {
    /// Runs the rest of the route, for as long as it may take.
    pub(super) async fn run(self, request: Request, next: Next) -> Response {
        match tokio::time::timeout(self.patience, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                let words = "this takes too long: it may still be carried out";
                ApiError::new(StatusCode::GATEWAY_TIMEOUT, "timed_out", words).into_response()
            }
        }
    }
}
