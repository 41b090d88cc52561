//! Bodies, queries and path parts of requests, whose errors are answered in the API's own form.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::base::api_limits as limits;
use crate::ui::http::error::ApiError;

/// The request's JSON body, whatever its content type.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = whole(request, state).await?;
        let parsed = serde_json::from_slice(&bytes);
        parsed
            .map(Self)
            .map_err(|error| ApiError::bad_request(format!("the body can't be understood: {error}")))
    }
}

/// The whole body, if it comes in time and isn't too large.
pub(super) async fn whole<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    let bytes = tokio::time::timeout(limits::BODY_PATIENCE, Bytes::from_request(request, state)).await;
    let bytes = bytes.map_err(|_| {
        let words = "the body of the request doesn't come: send it at once";
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "slow_body", words)
    })?;
    bytes.map_err(|error| ApiError::new(error.status(), "bad_request", error.body_text()))
}

/// The request's query.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|error| ApiError::bad_request(error.body_text()))
    }
}

/// The one variable part of the path, decoded.
pub(super) struct Part(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(part)| Self(part)).map_err(|error| ApiError::bad_request(error.body_text()))
    }
}
