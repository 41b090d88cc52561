//! The node itself in words.

use serde_json::Value;

use crate::ui::cli::show::words::{ago, bytes, fields, list, number, table, text};

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
    lines.push(("api", text(value, "api").to_owned()));
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
        lines.push(("reachable", reachable(&network["reachable"])));
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
    let contacts = list(&value["contacts"]);
    if contacts.is_empty() || value["running"] != Value::Bool(true) {
        return fields(&lines);
    }
    let rows = contacts.iter().map(contact).collect();
    format!("{}\n\n{}", fields(&lines), table(&["CONTACT", "REACHED", "SINCE", "WAITING"], rows, ""))
}

fn reachable(value: &Value) -> String {
    let relays = list(&value["relays"]).iter().filter(|relay| relay["reserved"] == Value::Bool(true)).count();
    match (value["public"] == Value::Bool(true), relays) {
        (true, _) => "by anybody, directly".to_owned(),
        (false, 0) => "from its own network at least; `sigillo doctor` says more".to_owned(),
        (false, 1) => "through a relay".to_owned(),
        (false, count) => format!("through {count} relays"),
    }
}

fn contact(value: &Value) -> Vec<String> {
    let how = match text(value, "reached") {
        "direct" => format!("directly over {}", text(value, "transport").to_uppercase()),
        "relayed" => format!("through the relay {}", text(value, "relay")),
        "offline" => format!("not now{}", parenthesis(text(value, "reason"))),
        _ => format!("not tried yet{}", parenthesis(text(value, "reason"))),
    };
    let since = if value["since"].is_null() { "-".to_owned() } else { ago(value, "since") };
    let waiting = match number(value, "waiting") {
        0 => String::new(),
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    };
    vec![text(value, "name").to_owned(), how, since, waiting]
}

fn parenthesis(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(" ({words})") }
}

/// What was looked at, and what to do.
pub(in crate::ui::cli) fn doctor(value: &Value) -> String {
    let line = |check: &Value| {
        let advice = match text(check, "advice") {
            "" => String::new(),
            advice => format!("\n      -> {advice}"),
        };
        format!(
            "{:4}  {:9}  {}{advice}",
            text(check, "verdict"),
            text(check, "check"),
            text(check, "finding")
        )
    };
    list(&value["checks"]).iter().map(line).collect::<Vec<_>>().join("\n")
}
