//! A route with figures about the node, in the text format of Prometheus (version 0.0.4).
//!
//! They are counts of what the node did and holds; no name, address or text of anybody is among them.

use core::fmt::Write as _;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::node::event_log;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::webhook::hook::Health;

pub(super) async fn metrics(State(api): State<Api>) -> Result<Response, ApiError> {
    let status = api.node().status().await?;
    let last = api.view(|rows| event_log::last(rows)).await?;
    let mut page = Page::default();
    page.gauge("sigillo_info", "Which version runs.", [(label("version", env!("CARGO_PKG_VERSION")), 1)]);
    page.gauge("sigillo_peers", "Peers that are connected.", [(String::new(), status.engine.peers as u64)]);
    let counters = serde_json::to_value(status.engine.counters).unwrap_or_default();
    let counters = counters.as_object().cloned().unwrap_or_default();
    let counters = counters.iter().map(|(name, count)| (label("kind", name), count.as_u64().unwrap_or(0)));
    page.counter(
        "sigillo_engine_total",
        "What the engine did, and what it dropped, since the start.",
        counters,
    );
    if let Some(network) = &status.network {
        let both = |(one, value), (other, more)| {
            [(label("direction", one), value), (label("direction", other), more)]
        };
        let (inward, outward) = (network.connections_in as u64, network.connections_out as u64);
        page.gauge("sigillo_connections", "Connections with peers.", both(("in", inward), ("out", outward)));
        let traffic = network.traffic;
        let frames = both(("in", traffic.frames_received), ("out", traffic.frames_sent));
        page.counter("sigillo_frames_total", "Sealed envelopes over links.", frames);
        let bytes = both(("in", traffic.bytes_received), ("out", traffic.bytes_sent));
        page.counter("sigillo_frame_bytes_total", "Their bytes.", bytes);
        let routing = [(String::new(), network.routing as u64)];
        page.gauge("sigillo_routing_peers", "Peers in the routing table of the directory.", routing);
        let records = [(String::new(), network.records as u64)];
        page.gauge("sigillo_records_kept", "Records of the directory that are kept for others.", records);
        page.counter(
            "sigillo_peers_cut_off_total",
            "Peers that broke the protocol.",
            [(String::new(), network.cut_off)],
        );
    }
    let files = api.node().file_counts();
    let files = [(label("direction", "in"), files.fetched), (label("direction", "out"), files.given)];
    page.counter(
        "sigillo_file_chunks_total",
        "Chunks of files, of at most 64 KiB, fetched and given.",
        files,
    );
    let disk = status.disk;
    let disk = [(label("part", "journal"), disk.journal_bytes), (label("part", "tree"), disk.tree_bytes)];
    page.gauge("sigillo_disk_bytes", "Bytes on the disk.", disk);
    page.counter("sigillo_events_total", "The number of the last event in the log.", [(String::new(), last)]);
    let answers =
        api.counts().answers().map(|(class, count)| (label("status", &format!("{class}xx")), count));
    page.counter("sigillo_api_answers_total", "Answers of the local API, by status.", answers);
    let hooks = api.hooks().list().await?;
    let of_hooks = |figure: fn(&Health) -> u64| {
        let values =
            hooks.iter().map(move |(id, _, health)| (label("webhook", &id.to_string()), figure(health)));
        values.collect::<Vec<_>>()
    };
    let delivered = of_hooks(|health| health.delivered);
    page.counter("sigillo_webhook_delivered_total", "Events that a webhook's receiver took.", delivered);
    page.counter("sigillo_webhook_failed_total", "Attempts that failed.", of_hooks(|health| health.failed));
    let waiting = of_hooks(|health| health.waiting as u64);
    page.gauge("sigillo_webhook_waiting", "Events that wait to be tried again.", waiting);
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.text).into_response())
}

/// Lines of the exposition, one family after the other.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn gauge(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (String, u64)>) {
        self.family(name, "gauge", help, values);
    }

    fn counter(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (String, u64)>) {
        self.family(name, "counter", help, values);
    }

    fn family(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        values: impl IntoIterator<Item = (String, u64)>,
    ) {
        // Writing to a text never fails.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (label, value) in values {
            let _ = writeln!(self.text, "{name}{label} {value}");
        }
    }
}

/// One label, escaped as the format asks.
fn label(name: &str, value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{{{name}=\"{escaped}\"}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_written_in_the_text_format() {
        let mut page = Page::default();
        page.counter("a_total", "What.", [(label("kind", "x\"y\\z\nw"), 7), (String::new(), 8)]);
        let expected =
            "# HELP a_total What.\n# TYPE a_total counter\na_total{kind=\"x\\\"y\\\\z\\nw\"} 7\na_total 8\n";
        assert_eq!(page.text, expected);
    }
}
