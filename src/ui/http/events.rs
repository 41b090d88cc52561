//! The stream of what happens: JSON lines from now on, or server-sent events that go on where a reader stopped.

use core::convert::Infallible;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::base::api_limits as limits;
use crate::engine::command::Refusal;
use crate::node::event_log::{self, Page};
use crate::ui::http::api::Api;
use crate::ui::http::caller::Caller;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Params;

/// Where to go on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    /// The number of the last event that was read, where the header `Last-Event-ID` can't be sent. Server-sent events
    /// only.
    after: Option<u64>,
}

/// What happens, as server-sent events where they are asked for (`Accept: text/event-stream`), else as JSON lines.
///
/// Lines tell everything from here on, until the caller goes or the node ends. Who reads them too slowly is told how
/// many events were missed (`{"event":"lagged","missed":N}`) and should look at the store again. Server-sent events are
/// read from the node's log of events and have its numbers as ids: who comes again with the last one
/// (`Last-Event-ID`) gets what it missed, or a `gap` where the log no longer has it.
pub(super) async fn stream(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Params(From { after }): Params<From>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !api.node().is_online() {
        // Nothing ever happens at a node without a network.
        return Err(Refusal::Offline.into());
    }
    let place = api.stream().ok_or_else(|| {
        let words = format!("at most {} streams of events are open at once: close one", limits::STREAMS_MAX);
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", words)
    })?;
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if accept.into_iter().any(|accept| accept.contains("text/event-stream")) {
        return numbered(api, caller, last_id(&headers)?.or(after), place).await;
    }
    Ok(lines(api, caller, place))
}

/// The id that a reader saw last. An empty one is none, as where a stream had no event yet.
fn last_id(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or("?").trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse();
    number.map(Some).map_err(|_| ApiError::bad_request("Last-Event-ID is the number of an event"))
}

fn lines(api: Api, caller: Caller, place: OwnedSemaphorePermit) -> Response {
    let state = (api.node().events(), api, caller, place);
    let lines = stream::unfold(state, |(mut events, api, caller, place)| async move {
        loop {
            let line = tokio::select! {
                () = api.ending().cancelled() => return None,
                () = tokio::time::sleep(limits::STREAM_HEARTBEAT) => None,
                event = events.recv() => match event {
                    Ok(event) => Some(line(&event)),
                    Err(RecvError::Lagged(missed)) => Some(line(&json!({ "event": "lagged", "missed": missed }))),
                    Err(RecvError::Closed) => return None,
                },
            };
            if !may_go_on(&api, caller).await {
                return None;
            }
            if let Some(line) = line {
                return Some((Ok::<_, Infallible>(line), (events, api, caller, place)));
            }
        }
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

fn line(value: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line.into()
}

/// A token that was taken back, or has expired, ends the streams that it opened.
async fn may_go_on(api: &Api, caller: Caller) -> bool {
    match caller {
        Caller::Bearer(id, _) => api.tokens().holds(id).await,
        Caller::Owner | Caller::Nobody(_) => true,
    }
}

/// A reader of the log.
struct Reader {
    api: Api,
    caller: Caller,
    logged: watch::Receiver<u64>,
    /// The number of the last event that was sent.
    last: u64,
    /// Whether the first words were sent.
    begun: bool,
    _place: OwnedSemaphorePermit,
}

async fn numbered(
    api: Api,
    caller: Caller,
    after: Option<u64>,
    place: OwnedSemaphorePermit,
) -> Result<Response, ApiError> {
    // From here on, for those who come again.
    api.node().log_events(true);
    let logged = api.node().logged();
    let last = match after {
        Some(after) => after,
        None => api.view(|rows| event_log::last(rows)).await?,
    };
    let reader = Reader { api, caller, logged, last, begun: false, _place: place };
    let chunks = stream::unfold(reader, |mut reader| async move {
        let chunk = reader.next().await?;
        Some((Ok::<_, Infallible>(chunk), reader))
    });
    let head = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((head, Body::from_stream(chunks)).into_response())
}

impl Reader {
    /// The next events, or a word that the stream lives; none at its end.
    async fn next(&mut self) -> Option<Bytes> {
        if !core::mem::replace(&mut self.begun, true) {
            // So that whoever waits for the answer's head has it, and comes again soon where it breaks off.
            return Some(Bytes::from_static(b"retry: 1000\n\n"));
        }
        loop {
            if !may_go_on(&self.api, self.caller).await {
                return None;
            }
            self.logged.mark_unchanged();
            let last = self.last;
            let read = self.api.view(move |rows| event_log::after(rows, last, limits::EVENT_LOG_PAGE)).await;
            let page = read.ok()?;
            if page.lost.is_some() || !page.events.is_empty() {
                let (text, last) = written(&page, self.last);
                self.last = last;
                return Some(text.into());
            }
            tokio::select! {
                () = self.api.ending().cancelled() => return None,
                changed = self.logged.changed() => changed.ok()?,
                () = tokio::time::sleep(limits::STREAM_HEARTBEAT) => {
                    return Some(Bytes::from_static(b": alive\n\n"));
                }
            }
        }
    }
}

/// A page as server-sent events, and the number of the last of them.
fn written(page: &Page, after: u64) -> (String, u64) {
    let (mut text, mut last) = (String::new(), after);
    if let Some(lost) = &page.lost {
        last = lost.end.saturating_sub(1);
        let gap = json!({ "event": "gap", "from": lost.start, "until": lost.end });
        text.push_str(&format!("id: {last}\nevent: gap\ndata: {gap}\n\n"));
    }
    for (number, event) in &page.events {
        last = *number;
        text.push_str(&format!("id: {number}\nevent: {}\ndata: {}\n\n", name(&event.json), event.json));
    }
    (text, last)
}

/// What kind of event it is, for listeners that tell them apart.
fn name(json: &str) -> String {
    #[derive(Deserialize)]
    struct Tagged {
        event: String,
    }
    serde_json::from_str(json).map_or_else(|_| "message".to_owned(), |Tagged { event }| event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Time;
    use crate::node::event_log::Logged;

    fn page(lost: Option<core::ops::Range<u64>>, numbers: &[u64]) -> Page {
        let event = |number: &u64| {
            let json = format!(r#"{{"event":"published","seq":{number}}}"#);
            (*number, Logged { at: Time::EPOCH, json })
        };
        Page { lost, events: numbers.iter().map(event).collect() }
    }

    #[test]
    fn events_are_written_with_their_numbers() {
        let (text, last) = written(&page(None, &[4, 5]), 3);
        let four = "id: 4\nevent: published\ndata: {\"event\":\"published\",\"seq\":4}\n\n";
        assert_eq!((text, last), (format!("{four}{}", four.replace('4', "5")), 5));
    }

    #[test]
    fn what_the_log_no_longer_has_is_a_gap_that_can_be_gone_on_from() {
        let (text, last) = written(&page(Some(2..9), &[]), 1);
        let gap = "id: 8\nevent: gap\ndata: {\"event\":\"gap\",\"from\":2,\"until\":9}\n\n";
        assert_eq!((text.as_str(), last), (gap, 8));
        // The number was of another log: ids begin anew.
        assert_eq!(written(&page(Some(1..1), &[]), 50).1, 0);
    }

    #[test]
    fn a_reader_that_has_no_number_sends_none_or_an_empty_one() {
        let id = |value: &str| {
            last_id(&HeaderMap::from_iter([("last-event-id".parse().unwrap(), value.parse().unwrap())]))
        };
        assert_eq!(last_id(&HeaderMap::new()).unwrap(), None);
        assert_eq!(id("").unwrap(), None);
        assert_eq!(id(" 7 ").unwrap(), Some(7));
        for wrong in ["x", "-1", "1.5", "99999999999999999999"] {
            assert!(id(wrong).is_err(), "{wrong}");
        }
    }
}
