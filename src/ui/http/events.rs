//! The stream of what happens, as JSON lines.

use core::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Serialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use crate::engine::command::Refusal;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;

/// Everything from here on, one event a line, until the caller goes or the node ends. Who reads too slowly is
/// told how many events were missed (`{"event":"lagged","missed":N}`) and should look at the store again.
pub(super) async fn stream(State(api): State<Api>) -> Result<Response, ApiError> {
    if !api.node().is_online() {
        // Nothing ever happens at a node without a network.
        return Err(Refusal::Offline.into());
    }
    let state = (api.node().events(), api.ending().clone());
    let lines = stream::unfold(state, |(mut events, ending)| async move {
        let line = tokio::select! {
            () = ending.cancelled() => return None,
            event = events.recv() => match event {
                Ok(event) => line(&event),
                Err(RecvError::Lagged(missed)) => line(&json!({ "event": "lagged", "missed": missed })),
                Err(RecvError::Closed) => return None,
            },
        };
        Some((Ok::<_, Infallible>(line), (events, ending)))
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

fn line(value: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line.into()
}
