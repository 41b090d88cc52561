//! Routes that say whether the process answers and the node works, for whoever starts it again where it doesn't.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::base::limits;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;

pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "alive": true }))
}

/// The engine and the network answer, and the disk takes what is written.
pub(super) async fn ready(State(api): State<Api>) -> Result<Json<Value>, ApiError> {
    let not = |words: &str| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", words);
    let written = async {
        let status = api.node().status().await?;
        // An empty transaction waits for the disk behind all others.
        api.node().write(|_| ()).await?;
        Ok::<_, ApiError>(status)
    };
    let status = tokio::time::timeout(limits::API_HEADER_PATIENCE, written).await;
    let status = status.map_err(|_| not("the engine or the disk doesn't answer in time"))??;
    if status.network.is_none() {
        return Err(not("the node has no network"));
    }
    Ok(Json(json!({ "ready": true })))
}
