//! The node itself in words.

use serde_json::Value;

use crate::ui::cli::show::words::{bytes, fields, list, number, text};

/// Who the node is.
pub(in crate::ui::cli) fn identity(value: &Value) -> String {
    fields(&[
        ("address", text(value, "address").to_owned()),
        ("kind", text(value, "kind").to_owned()),
        ("name", text(value, "name").to_owned()),
        ("peer", text(value, "peer").to_owned()),
    ])
}

/// That the node runs, and where.
pub(in crate::ui::cli) fn running(value: &Value) -> String {
    let mut lines =
        vec![("address", text(value, "address").to_owned()), ("peer", text(value, "peer").to_owned())];
    lines.extend(
        list(&value["listen"]).iter().filter_map(Value::as_str).map(|one| ("listen", one.to_owned())),
    );
    format!("{}\nrunning; end it with Ctrl-C", fields(&lines))
}

/// How the node does.
pub(in crate::ui::cli) fn status(value: &Value) -> String {
    let network = &value["network"];
    let mut lines = vec![
        ("address", text(value, "address").to_owned()),
        ("kind", text(value, "kind").to_owned()),
        ("home", text(value, "home").to_owned()),
        ("version", text(value, "version").to_owned()),
    ];
    if value["running"] == Value::Bool(true) {
        lines.push(("node", "running".to_owned()));
        lines.push(("peer", text(value, "peer").to_owned()));
        let listen = list(&network["listen"]).iter().filter_map(Value::as_str);
        lines.extend(listen.map(|address| ("listen", address.to_owned())));
        let (peers, routing) = (number(network, "connected_peers"), number(network, "routing_table"));
        lines.push(("peers", format!("{peers} connected, {routing} in the routing table")));
        let role = if network["serves_directory"] == Value::Bool(true) { "serves it" } else { "only asks" };
        lines.push(("directory", format!("{role}, keeps {} records", number(network, "records_kept"))));
    } else {
        lines.push(("node", "not running: start it with `sigillo run`".to_owned()));
    }
    let disk = &value["disk"];
    lines.push(("disk", bytes(number(disk, "journal_bytes") + number(disk, "tree_bytes"))));
    let counters = value["counters"].as_object().into_iter().flatten();
    let seen: Vec<String> = counters
        .filter_map(|(name, count)| {
            let count = count.as_u64().filter(|count| *count > 0)?;
            Some(format!("{count} {}", name.replace('_', " ")))
        })
        .collect();
    lines.push(("counted", seen.join(", ")));
    fields(&lines)
}
