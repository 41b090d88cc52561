//! Routes about bearer tokens: made, shown, taken back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::base::limits::NAME_MAX;
use crate::base::time::Time;
use crate::node::identity::system_rng;
use crate::ui::http::api::Api;
use crate::ui::http::bearer::Kept;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::scope::Scope;
use crate::ui::http::short_id::ShortId;

/// A token that is to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// What it is for; at most 80 bytes.
    #[serde(default)]
    label: String,
    /// What it lets its bearer do.
    scopes: Vec<Scope>,
    /// For how many seconds it holds; for ever where there is no number.
    seconds: Option<u64>,
}

/// A token, but for its secret.
#[derive(Serialize, JsonSchema)]
pub(super) struct TokenView {
    id: String,
    label: String,
    scopes: Vec<Scope>,
    /// Milliseconds since 1970.
    created: Time,
    expires: Option<Time>,
    expired: bool,
}

/// A token that was made.
#[derive(Serialize, JsonSchema)]
pub(super) struct Made {
    /// Its text, which is shown this once.
    token: String,
    #[serde(flatten)]
    view: TokenView,
}

impl Drop for Made {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

pub(super) async fn create(
    State(api): State<Api>,
    Body(Wanted { label, scopes, seconds }): Body<Wanted>,
) -> Result<Json<Made>, ApiError> {
    let label = label.trim().to_owned();
    if label.len() > NAME_MAX || label.chars().any(char::is_control) {
        let words = format!("a token's label is one line of at most {NAME_MAX} bytes");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "label", words));
    }
    if scopes.is_empty() {
        let words = "name at least one scope: metrics, read, send, manage, subscribe or admin";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "scopes", words));
    }
    let now = api.node().now();
    let expires = seconds.map(|seconds| now.plus(core::time::Duration::from_secs(seconds)));
    let scopes = scopes.into_iter().collect();
    let (id, text, kept) = api.tokens().create(&mut system_rng(), label, scopes, expires).await?;
    Ok(Json(Made { token: text.as_str().to_owned(), view: view(id, kept, now) }))
}

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<TokenView>>, ApiError> {
    let now = api.node().now();
    let tokens = api.tokens().list().await?;
    Ok(Json(tokens.into_iter().map(|(id, kept)| view(id, kept, now)).collect()))
}

pub(super) async fn revoke(State(api): State<Api>, Part(id): Part) -> Result<Json<TokenView>, ApiError> {
    let id =
        ShortId::parse(&id).ok_or_else(|| ApiError::bad_request("a token's id is 16 hexadecimal digits"))?;
    let kept = api.tokens().revoke(id).await?;
    Ok(Json(view(id, kept, api.node().now())))
}

fn view(id: ShortId, kept: Kept, now: Time) -> TokenView {
    let expired = kept.has_expired(now);
    let Kept { label, scopes, created, expires, .. } = kept;
    TokenView { id: id.to_string(), label, scopes: scopes.listed(), created, expires, expired }
}
