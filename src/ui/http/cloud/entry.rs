//! One request: whether it is one of this surface, who asks, and the answer.

use std::sync::Mutex;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::time::Duration;

use crate::base::kind::AccountKind;
use crate::base::{api_limits, cloud_limits};
use crate::ui::http::api::Api;
use crate::ui::http::bearer::Denied;
use crate::ui::http::caller::Caller;
use crate::ui::http::cloud::ask::{Answer, Ask};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::path::Target;
use crate::ui::http::cloud::routes::route;
use crate::ui::http::error::ApiError;

/// What a request of this surface names; nothing for one of the local API's own, and at a person's node.
pub(in crate::ui::http) fn target(api: &Api, path: &str) -> Option<Target> {
    Target::parse(path).filter(|_| api.node().kind() == AccountKind::Business)
}

/// Answers what is of this surface, and passes on what isn't.
pub(in crate::ui::http) async fn fork(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(target) = target(&api, request.uri().path()) else { return next.run(request).await };
    let answered = match tokio::time::timeout(patience(&target), serve(&api, target, request)).await {
        Ok(answered) => answered,
        Err(_) => Err(Graph::new(Code::Unavailable, "This takes too long: it may still be carried out.")),
    };
    let response = answered.unwrap_or_else(Graph::into_response);
    api.counts().answered(response.status());
    response
}

/// How long an answer may take: files take their time.
fn patience(target: &Target) -> Duration {
    let has_files = target.edge.first().is_some_and(|edge| edge == "media" || edge == "messages");
    if has_files { cloud_limits::MEDIA_TIME_MAX } else { api_limits::PATIENCE }
}

async fn serve(api: &Api, target: Target, request: Request) -> Answer {
    let caller = request.extensions().get().copied().unwrap_or(Caller::Nobody(Denied::Missing));
    if let Caller::Nobody(denied) = caller {
        // Who brings no token isn't told what there is.
        return Err(refused(denied, &target));
    }
    let account = api.cloud().get().await?;
    let (parts, body) = request.into_parts();
    let (method, uri, headers) = (parts.method, parts.uri, parts.headers);
    let (api, body) = (api.clone(), Mutex::new(body));
    let (scope, work) = route(Ask { api, account, caller, method, target, uri, headers, body })?;
    caller.check(scope)?;
    work.await
}

fn refused(denied: Denied, target: &Target) -> Graph {
    let mut error = Graph::from(ApiError::from(denied));
    if denied == Denied::TooFast {
        let is_message = target.edge.first().is_some_and(|edge| edge == "messages");
        error.code = if is_message { Code::Throughput } else { Code::AccountRate };
    }
    error
}
