//! The description of the API in OpenAPI 3.1, made of the table of routes and the types that they take and give.

use std::sync::{Arc, LazyLock};

use axum::Extension;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::ui::http::caller::Needs;
use crate::ui::http::route::{Describe, Route};
use crate::ui::http::scope::Scope;

/// The description, made and written once, when it is first asked for.
#[derive(Clone)]
pub(super) struct Document(Arc<LazyLock<Bytes>>);

impl Document {
    /// What describes the routes.
    pub(super) fn new(describe: fn() -> Bytes) -> Self {
        Self(Arc::new(LazyLock::new(describe)))
    }
}

pub(super) async fn document(Extension(Document(document)): Extension<Document>) -> Response {
    ([(CONTENT_TYPE, "application/json")], Bytes::clone(&document)).into_response()
}

/// Describes a table of routes.
pub(super) fn describe(table: &[Route]) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in table {
        let operation = operation(route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Error".into(), error());
    let scopes: Vec<String> = Scope::ALL.iter().map(ToString::to_string).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "sigillo's local API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A node's own API: on a Unix socket in its home without a token, and over TCP with one. Every \
                            write may carry an `Idempotency-Key`.",
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": "http://127.0.0.1:7800", "description": "where `[api] listen` says" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": format!("from `sigillo token create`, with scopes: {}", scopes.join(", ")),
            } },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = variables(route.path).map(path_parameter).collect();
    if let Some(query) = route.query {
        parameters.extend(query_parameters(query, generator));
    }
    if route.rule.writes && !route.rule.streams {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "The same key and request are carried out once within 24 hours.",
        }));
    }
    let answer = route.answer.map_or_else(|| json!({}), |answer| answer(generator).to_value());
    let kind = match route.path {
        "/metrics" => "text/plain",
        "/v1/backup" => "application/octet-stream",
        _ if route.bytes => "application/octet-stream",
        _ => "application/json",
    };
    let mut operation = json!({
        "operationId": name(route),
        "summary": route.summary,
        "parameters": parameters,
        "responses": {
            "200": { "description": "It is done.", "content": { kind: { "schema": answer } } },
            "default": {
                "description": "It isn't done, and why.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
            },
        },
        "security": security(route.rule.needs),
    });
    if let Needs::Scope(scope) = route.rule.needs {
        operation["x-sigillo-scope"] = json!(scope);
    }
    if route.rule.streams {
        operation["requestBody"] = json!({ "required": true, "content": { "application/octet-stream": {} } });
    }
    if let Some(body) = route.body {
        let schema = body(generator).to_value();
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    operation
}

fn security(needs: Needs) -> Value {
    match needs {
        Needs::Nothing => json!([]),
        // For a bearer scheme, OpenAPI 3.1 takes the roles that are needed.
        Needs::Scope(scope) => json!([{ "token": [scope] }]),
    }
}

/// A name that is the route's alone: its method and the words of its path.
fn name(route: &Route) -> String {
    let words = route
        .path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty() && *word != "v1");
    let words: Vec<&str> = words.collect();
    format!("{}_{}", route.method.as_str().to_ascii_lowercase(), words.join("_"))
}

/// The variable parts of a path.
fn variables(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
}

/// Each property of a query's object as a parameter.
fn query_parameters(query: Describe, generator: &mut SchemaGenerator) -> Vec<Value> {
    let reference = query(generator).to_value();
    let name =
        reference["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
    // It is described here, part by part, and not among the types.
    let schema = generator.definitions_mut().remove(name).unwrap_or_default();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let needed = schema["required"].as_array().cloned().unwrap_or_default();
    let parameter = |(name, schema): (String, Value)| {
        let required = needed.iter().any(|needed| *needed == name.as_str());
        let mut parameter = json!({ "name": name, "in": "query", "required": required, "schema": schema });
        if let Some(description) = schema.get("description") {
            parameter["description"] = description.clone();
        }
        parameter
    };
    properties.into_iter().map(parameter).collect()
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": { "type": "string", "description": "A short word for programs, which stays." },
                "message": { "type": "string", "description": "What is wrong and what to do, for people." },
            },
        } },
    })
}
