//! One route: method, path, what a caller needs, what it does, and how it is described.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::base::{api_limits, limits};
use crate::ui::http::api::Api;
use crate::ui::http::caller::Needs;
use crate::ui::http::rule::Rule;
use crate::ui::http::scope::Scope;

/// Describes a type.
pub(super) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// One route. There is no way to make one without saying what a caller needs.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) rule: Rule,
    /// What it does, in a few words.
    pub(super) summary: &'static str,
    pub(super) handler: MethodRouter<Api>,
    /// The query, as an object with a property for each parameter.
    pub(super) query: Option<Describe>,
    /// The body of the request.
    pub(super) body: Option<Describe>,
    /// The body of the answer.
    pub(super) answer: Option<Describe>,
    /// Whether the answer is bytes and no JSON.
    pub(super) bytes: bool,
}

impl Route {
    fn new<H: Handler<T, Api>, T: 'static>(
        needs: Needs,
        (method, path): (Method, &'static str),
        summary: &'static str,
        handler: H,
    ) -> Self {
        // Every method of the table has a filter.
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        // What is asked with a body, because it is no part of an address, changes nothing where reading is enough for it.
        let writes = method != Method::GET && needs != Needs::Scope(Scope::Read);
        let rule = Rule { needs, patience: api_limits::PATIENCE, writes, secret: false, streams: false };
        let handler = on(filter, handler);
        Self { method, path, rule, summary, handler, query: None, body: None, answer: None, bytes: false }
    }

    /// Describes the query.
    pub(super) fn asks<T: JsonSchema>(mut self) -> Self {
        self.query = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// Describes the body of the request.
    pub(super) fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// Describes the body of the answer.
    pub(super) fn gives<T: JsonSchema>(mut self) -> Self {
        self.answer = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// It waits for others.
    pub(super) fn waiting(mut self) -> Self {
        self.rule.patience = limits::API_WAIT_MAX + api_limits::PATIENCE;
        self
    }

    /// Its request's body is bytes that may be many, and take as long as they take.
    pub(super) const fn streaming(mut self) -> Self {
        self.rule.streams = true;
        self.rule.patience = api_limits::STREAM_PATIENCE;
        self
    }

    /// It answers with bytes that are no JSON.
    pub(super) const fn gives_bytes(mut self) -> Self {
        self.bytes = true;
        self
    }

    /// What it is sent or answers isn't kept.
    pub(super) const fn secret(mut self) -> Self {
        self.rule.secret = true;
        self
    }
}

/// A route that is open to all.
pub(super) fn open<H: Handler<T, Api>, T: 'static>(
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Route {
    Route::new(Needs::Nothing, (Method::GET, path), summary, handler)
}

/// A route with the method GET, for bearers of a token with this scope.
pub(super) fn get<H: Handler<T, Api>, T: 'static>(
    scope: Scope,
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Route {
    Route::new(Needs::Scope(scope), (Method::GET, path), summary, handler)
}

/// A route with the method POST, for bearers of a token with this scope.
pub(super) fn post<H: Handler<T, Api>, T: 'static>(
    scope: Scope,
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Route {
    Route::new(Needs::Scope(scope), (Method::POST, path), summary, handler)
}

/// A route with the method PUT, for bearers of a token with this scope.
pub(super) fn put<H: Handler<T, Api>, T: 'static>(
    scope: Scope,
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Route {
    Route::new(Needs::Scope(scope), (Method::PUT, path), summary, handler)
}

/// A route with the method PATCH, for bearers of a token with this scope.
pub(super) fn patch<H: Handler<T, Api>, T: 'static>(
    scope: Scope,
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Route {
    Route::new(Needs::Scope(scope), (Method::PATCH, path), summary, handler)
}

/// A route with the method DELETE, for bearers of a token with this scope.
pub(super) fn delete<H: Handler<T, Api>, T: 'static>(
    scope: Scope,
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Route {
    Route::new(Needs::Scope(scope), (Method::DELETE, path), summary, handler)
}
