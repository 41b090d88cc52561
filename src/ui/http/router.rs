//! All routes of the API, each behind what holds for it.

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Router};

use crate::base::{api_limits, limits};
use crate::ui::http::api::Api;
use crate::ui::http::bearer::Denied;
use crate::ui::http::caller::Caller;
use crate::ui::http::error::ApiError;
use crate::ui::http::idempotency;
use crate::ui::http::openapi::{Document, describe};
use crate::ui::http::routes::table;
use crate::ui::http::rule::Rule;

/// The routes over a node, for its own person: whoever may call them may do all that the person may.
pub fn router(api: Api) -> Router {
    bare(api).layer(Extension(Caller::Owner))
}

/// The description of all routes in OpenAPI 3.1.
pub fn description() -> serde_json::Value {
    describe(&table())
}

/// The routes, for whoever a layer around them says the caller is; for nobody where none does.
pub(super) fn bare(api: Api) -> Router {
    let document = Document::new(|| description().to_string().into());
    let mut router = Router::new();
    for route in table() {
        let guard = from_fn_with_state((api.clone(), route.rule), guard);
        router = router.route(route.path, route.handler.route_layer(guard));
    }
    router
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(Extension(document))
        .layer(DefaultBodyLimit::max(limits::API_BODY_MAX))
        .layer(from_fn_with_state(api.clone(), count))
        .with_state(api)
}

/// What holds for a route.
async fn guard(State((api, mut rule)): State<(Api, Rule)>, request: Request, next: Next) -> Response {
    let caller = caller(&request);
    if caller == Caller::Owner && !rule.streams {
        // A person can wait, and can stop waiting.
        rule.patience = limits::API_WAIT_MAX + api_limits::PATIENCE;
    }
    if let Err(error) = caller.check(rule.needs) {
        return error.into_response();
    }
    if !rule.writes || rule.streams {
        return rule.run(request, next).await;
    }
    match idempotency::key(request.headers()) {
        Ok(None) => rule.run(request, next).await,
        Ok(Some(key)) => {
            let answered = api.answers().once(rule, caller, &key, request, next).await;
            answered.unwrap_or_else(ApiError::into_response)
        }
        Err(error) => error.into_response(),
    }
}

fn caller(request: &Request) -> Caller {
    request.extensions().get().copied().unwrap_or(Caller::Nobody(Denied::Missing))
}

async fn count(State(api): State<Api>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    api.counts().answered(response.status());
    response
}

async fn no_route(request: Request) -> ApiError {
    refused(&request).unwrap_or_else(|| ApiError::not_found("no_route", "the local API has no such route"))
}

async fn no_method(request: Request) -> ApiError {
    let words = "the route doesn't have this method";
    refused(&request).unwrap_or_else(|| ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no_method", words))
}

/// Who brings no token isn't told what routes there are.
fn refused(request: &Request) -> Option<ApiError> {
    match caller(request) {
        Caller::Nobody(denied) => Some(denied.into()),
        Caller::Owner | Caller::Bearer(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::http::caller::Needs;
    use crate::ui::http::scope::Scope;
    use axum::http::Method;

    #[test]
    fn the_description_has_every_route_and_no_other() {
        let document = describe(&table());
        let mut described = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                assert!(!operation["summary"].as_str().unwrap().is_empty());
                described.push((path.clone(), method.to_uppercase()));
            }
        }
        let mut routes: Vec<(String, String)> =
            table().iter().map(|route| (route.path.to_owned(), route.method.to_string())).collect();
        described.sort();
        routes.sort();
        assert_eq!(described, routes);
        let names: std::collections::BTreeSet<_> = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|operations| operations.as_object().unwrap().values())
            .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names.len(), routes.len(), "each has a name of its own");
    }

    #[test]
    fn the_description_refers_to_nothing_that_it_lacks() {
        let document = describe(&table());
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut referred = 0;
        for part in text.split(r##""$ref":"#/components/schemas/"##).skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
            referred += 1;
        }
        assert!(referred > routes_with_bodies(), "{referred}");
        let send = &document["paths"]["/v1/messages"]["post"];
        assert_eq!(send["security"], serde_json::json!([{ "token": ["send"] }]));
        assert!(schemas["Letter"]["properties"]["text"].is_object());
        let history = &document["paths"]["/v1/conversations/{who}/history"]["get"];
        let names: Vec<_> =
            history["parameters"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["who", "before", "limit", "search"]);
    }

    fn routes_with_bodies() -> usize {
        table().iter().filter(|route| route.body.is_some()).count()
    }

    #[test]
    fn what_is_open_to_all_is_short_and_reads_only() {
        let open = table().into_iter().filter(|route| route.rule.needs == Needs::Nothing);
        let open: Vec<_> = open.map(|route| (route.method, route.path)).collect();
        let expected = ["/healthz", "/readyz", "/v1/openapi.json"].map(|path| (Method::GET, path));
        assert_eq!(open, expected);
    }

    #[test]
    fn what_changes_something_takes_more_than_reading() {
        for route in table().into_iter().filter(|route| route.method != Method::GET) {
            let reads = route.rule.needs == Needs::Scope(Scope::Read);
            // These are asked with a body because what is compared is no part of an address.
            let compares = ["/v1/contacts/{who}/safety-number", "/v1/receipts/verify"].contains(&route.path);
            assert_eq!(reads, compares, "{} {}", route.method, route.path);
            assert_eq!(route.rule.writes, !compares, "{} {}", route.method, route.path);
        }
    }

    #[test]
    fn what_could_take_the_identity_or_carry_it_away_takes_admin() {
        for route in table() {
            let grave = ["/v1/id/", "/v1/tokens", "/v1/webhooks", "/v1/backup", "/v1/cloud"]
                .iter()
                .any(|part| route.path.starts_with(part))
                || route.path.starts_with("/v1/devices") && route.method != Method::GET;
            let admin = route.rule.needs == Needs::Scope(Scope::Admin);
            assert_eq!(grave, admin, "{} {}", route.method, route.path);
        }
    }
}
