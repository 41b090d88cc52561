//! A list, a page at a time.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::base::cloud_limits as limits;
use crate::ui::http::cloud::ask::Ask;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::webhook::post::in_query;

/// A page of the list, as the query asks for it.
pub(super) fn page(items: Vec<Value>, ask: &Ask) -> Result<Value, Graph> {
    let query = ask.query();
    let limit = match query.text("limit") {
        None => limits::PAGE_DEFAULT,
        Some(limit) => {
            let limit = limit.parse().ok().filter(|limit| *limit > 0);
            limit.ok_or_else(|| Graph::new(Code::Parameter, "The parameter limit is a number from 1 on."))?
        }
    };
    let limit = limit.min(limits::PAGE_MAX);
    let cursor = |name: &str| {
        query.text(name).filter(|text| !text.is_empty()).map(|text| place(&text, name)).transpose()
    };
    let (after, before) = (cursor("after")?, cursor("before")?);
    let (first, until) = match (after, before) {
        (Some(after), _) => (after.saturating_add(1), after.saturating_add(1).saturating_add(limit)),
        (None, Some(before)) => (before.saturating_sub(limit), before),
        (None, None) => (0, limit),
    };
    let count = items.len();
    let (first, until) = (first.min(count), until.min(count));
    let data: Vec<Value> = items.into_iter().skip(first).take(until - first).collect();
    if data.is_empty() {
        return Ok(json!({ "data": [] }));
    }
    let (earliest, latest) = (mark(first), mark(until - 1));
    let mut paging = json!({ "cursors": { "before": earliest, "after": latest } });
    if until < count {
        paging["next"] = address(ask, limit, ("after", &latest)).into();
    }
    if first > 0 {
        paging["previous"] = address(ask, limit, ("before", &earliest)).into();
    }
    Ok(json!({ "data": data, "paging": paging }))
}

/// The address of another page of the same list.
fn address(ask: &Ask, limit: usize, (name, cursor): (&str, &str)) -> String {
    let mut url = format!("{}?limit={limit}", ask.url(&ask.target.path()));
    for (other, value) in ask.query().all() {
        if let (false, Value::String(value)) = (matches!(other.as_str(), "limit" | "after" | "before"), value)
        {
            url.push_str(&format!("&{}={}", in_query(other), in_query(value)));
        }
    }
    if let Some(token) = ask.token_in_query() {
        // Who has no other way to say who they are follows the address as it stands.
        url.push_str(&format!("&access_token={}", in_query(&token)));
    }
    url.push_str(&format!("&{name}={cursor}"));
    url
}

fn mark(place: usize) -> String {
    BASE64URL_NOPAD.encode(place.to_string().as_bytes())
}

fn place(cursor: &str, name: &str) -> Result<usize, Graph> {
    let place =
        BASE64URL_NOPAD.decode(cursor.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let place = place.and_then(|text| text.parse().ok());
    place.ok_or_else(|| {
        Graph::new(Code::Parameter, format!("The parameter {name} is no cursor of a page of this list."))
    })
}
