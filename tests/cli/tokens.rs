//! The local API over TCP: who is let in, and to what.

use serde_json::{Value, json};

use crate::harness::{Place, document};
use crate::tcp::{Tcp, start, token};

const SCOPES: [&str; 5] = ["metrics", "read", "send", "manage", "admin"];

#[test]
fn only_a_token_that_holds_and_has_the_scope_is_let_in() {
    let place = Place::person("Ana");
    let (_node, api) = start(&place, "read");
    assert_eq!(api.done("GET /v1/id", "")["name"], "Ana");
    let refused = |api: &Tcp, request: &str| api.ask(request, "{}").refusal();
    let nobody = Tcp { token: None, ..api.clone() };
    let missing = nobody.ask("GET /v1/id", "");
    assert_eq!(missing.refusal(), (401, "token_missing".into()));
    assert!(missing.head.contains("www-authenticate: bearer"), "{missing:?}");
    assert_eq!(refused(&nobody, "GET /v1/no-such-route"), (401, "token_missing".into()));
    let own = api.token.clone().unwrap();
    let last = if own.ends_with('A') { "E" } else { "A" };
    let changed = format!("{}{last}", &own[..own.len() - 1]);
    for wrong in
        [changed.as_str(), "x", "sigillo_0000000000000000_x", &own.to_uppercase(), &format!("{own}A")]
    {
        assert_eq!(refused(&api.with(wrong), "GET /v1/id"), (401, "token_unknown".into()), "{wrong}");
    }
    assert_eq!(refused(&api, "POST /v1/messages"), (403, "scope".into()));
    assert_eq!(refused(&api, "GET /v1/tokens"), (403, "scope".into()));
    assert_eq!(refused(&api, "GET /v1/no-such-route"), (404, "no_route".into()));
    let admin = api.with(&token(&place, "admin"));
    let expired = admin.done("POST /v1/tokens", r#"{"scopes":["read"],"seconds":0}"#);
    let expired = api.with(expired["token"].as_str().unwrap());
    assert_eq!(refused(&expired, "GET /v1/id"), (401, "token_expired".into()));
}

#[test]
fn a_request_to_another_host_or_from_another_page_is_refused_whatever_its_token() {
    let place = Place::person("Ana");
    let (_node, api) = start(&place, "admin");
    let port = api.at.rsplit(':').next().unwrap().to_owned();
    let host = |host: &str| Tcp { host: Some(host.to_owned()), ..api.clone() };
    assert_eq!(host(&format!("localhost:{port}")).ask("GET /v1/id", "").status, 200);
    for foreign in ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1:1".to_owned()] {
        assert_eq!(host(&foreign).ask("GET /v1/id", "").refusal(), (421, "wrong_host".into()), "{foreign}");
        assert_eq!(host(&foreign).ask("GET /healthz", "").refusal(), (421, "wrong_host".into()), "{foreign}");
    }
    let page = |origin: &str| api.header(&format!("origin: {origin}"));
    assert_eq!(page(&format!("http://{}", api.at)).ask("GET /v1/id", "").status, 200);
    for foreign in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(
            page(foreign).ask("GET /v1/id", "").refusal(),
            (403, "foreign_origin".into()),
            "{foreign}"
        );
    }
    let preflight = page("https://evil.example").ask("OPTIONS /v1/id", "");
    assert_eq!(preflight.status, 403);
    assert!(!preflight.head.contains("access-control"), "{preflight:?}");
}

#[test]
fn a_token_is_shown_once_kept_as_a_hash_and_gone_when_it_is_revoked() {
    let place = Place::person("Ana");
    // Without a node that runs.
    let made =
        place.json(&["token", "create", "--scope", "read,send", "--label", "shop", "--expires", "30d"]);
    let (text, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert_eq!(made["scopes"], json!(["read", "send"]));
    assert_eq!(made["expires"].as_u64().unwrap() - made["created"].as_u64().unwrap(), 30 * 86_400_000);
    let listed = place.json(&["token", "list"]);
    assert_eq!((&listed[0]["id"], &listed[0]["label"]), (&made["id"], &"shop".into()));
    assert!(!listed.to_string().contains(text));
    let shown = place.done(&["token", "list"]);
    assert!(shown.contains(id) && shown.contains("read, send") && !shown.contains(text), "{shown}");
    let secret = text.rsplit('_').next().unwrap();
    for file in files(&place.home()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{}", file.display());
    }
    let node = place.start(&["--api", "127.0.0.1:0"]);
    let api = Tcp::of(&node).with(text);
    assert_eq!(api.done("GET /v1/id", "")["name"], "Ana");
    let mut events = api.events(None);
    place.done(&["token", "revoke", id]);
    assert_eq!(api.ask("GET /v1/id", "").refusal(), (401, "token_unknown".into()));
    assert_eq!(events.next(), None, "a stream that it opened ends, too");
    assert_eq!(document(&place.run(&["token", "revoke", id, "--json"]).stdout)["error"]["code"], "no_token");
    drop(node);
    let node = place.start(&["--api", "127.0.0.1:0"]);
    assert_eq!(Tcp::of(&node).with(text).ask("GET /v1/id", "").status, 401, "after a restart, too");
}

fn files(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else if entry.file_type().unwrap().is_file() {
            found.push(entry.path());
        }
    }
    found
}

/// Each route of the description, with something in the place of its variable parts.
fn routes(document: &Value) -> Vec<(String, Value)> {
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let path: Vec<_> =
                path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
            routes.push((format!("{} {}", method.to_uppercase(), path.join("/")), operation.clone()));
        }
    }
    routes
}

#[test]
fn every_route_of_the_description_is_there_and_takes_its_scope() {
    let place = Place::person("Ana");
    std::fs::write(place.home().join("config.toml"), "[api]\nrate = 10000\n").unwrap();
    let (_node, admin) = start(&place, "admin");
    let described = admin.done("GET /v1/openapi.json", "");
    let offline: Value = serde_json::from_str(&place.done(&["api", "openapi"])).unwrap();
    assert_eq!(described, offline);
    let routes = routes(&described);
    assert!(routes.len() > 50, "{}", routes.len());
    let tokens = SCOPES.map(|scope| (scope, admin.with(&token(&place, scope))));
    for (request, operation) in routes {
        let Some(needed) = operation["x-sigillo-scope"].as_str() else { continue };
        for (scope, api) in &tokens {
            if *scope != needed && *scope != "admin" {
                let refused = api.ask(&request, "{}").refusal();
                assert_eq!(refused, (403, "scope".into()), "{request} with {scope}");
            }
        }
        if request == "GET /v1/events" {
            // It has no end.
            continue;
        }
        // A wrong body or a name that nobody has: but the route is there, and its scope is enough.
        let (_, api) = tokens.iter().find(|(scope, _)| *scope == needed).unwrap();
        let answered = api.ask(&request, r#"{"no-such-field":1}"#);
        assert!(
            ![401, 403, 404, 405].contains(&answered.status) || answered.refusal().1 != "no_route",
            "{request}"
        );
        assert!(![401, 403, 405].contains(&answered.status), "{request}: {answered:?}");
    }
}

#[test]
fn the_open_routes_tell_health_and_nothing_of_anybody() {
    let place = Place::person("Ana");
    let (_node, api) = start(&place, "metrics");
    let nobody = Tcp { token: None, ..api.clone() };
    assert_eq!(nobody.done("GET /healthz", ""), json!({ "alive": true }));
    assert_eq!(nobody.done("GET /readyz", ""), json!({ "ready": true }));
    assert_eq!(nobody.done("GET /v1/openapi.json", "")["openapi"], "3.1.0");
    assert_eq!(nobody.ask("GET /metrics", "").refusal(), (401, "token_missing".into()));
    let metrics = api.ask("GET /metrics", "");
    assert!(metrics.head.contains("content-type: text/plain; version=0.0.4"), "{metrics:?}");
    for line in metrics.body.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("sigillo_") && value.parse::<u64>().is_ok(), "{line}");
    }
    let lines: Vec<&str> = metrics.body.lines().collect();
    assert!(lines.contains(&"sigillo_peers 0"), "{}", metrics.body);
    assert!(lines.contains(&"sigillo_api_answers_total{status=\"4xx\"} 1"), "{}", metrics.body);
    assert!(!metrics.body.contains("Ana") && !metrics.body.contains("sig1"), "{}", metrics.body);
}

#[test]
fn who_asks_too_often_is_told_to_wait_and_nobody_else_is() {
    let place = Place::person("Ana");
    std::fs::write(place.home().join("config.toml"), "[api]\nrate = 1\n").unwrap();
    let (_node, api) = start(&place, "read");
    let other = api.with(&token(&place, "read"));
    let mut limited = None;
    for _ in 0..1_000 {
        let answered = api.ask("GET /v1/id", "");
        if answered.status != 200 {
            limited = Some(answered);
            break;
        }
    }
    let limited = limited.unwrap();
    assert_eq!(limited.refusal(), (429, "too_many_requests".into()));
    assert!(limited.head.contains("retry-after: 1"), "{limited:?}");
    assert_eq!(other.ask("GET /v1/id", "").status, 200);
}

#[test]
fn the_api_is_off_unless_asked_for_and_on_loopback_unless_insisted() {
    let place = Place::person("Ana");
    let node = place.start(&[]);
    assert!(node.said["api"].is_null(), "{}", node.said);
    drop(node);
    let refused = place.run(&["run", "--json", "--no-mdns", "--api", "0.0.0.0:0"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let error = &document(&refused.stdout)["error"];
    assert!(
        error["code"] == "misused" && error["message"].as_str().unwrap().contains("allow_remote"),
        "{error}"
    );
    let node = place.start(&["--api", "0.0.0.0:0", "--api-allow-remote"]);
    let port = node.said["api"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let at = format!("127.0.0.1:{port}");
    let api = Tcp { at: at.clone(), host: Some(at), ..Tcp::of(&node) };
    assert_eq!(api.ask("GET /v1/id", "").refusal(), (401, "token_missing".into()));
}

#[test]
fn a_backup_is_for_admins_and_one_that_goes_over_tcp_is_whole() {
    let place = Place::person("Ana");
    let (_node, admin) = start(&place, "admin");
    assert_eq!(admin.with(&token(&place, "read")).ask("GET /v1/backup", "").refusal(), (403, "scope".into()));
    let backup = admin.ask("GET /v1/backup", "");
    assert_eq!(backup.status, 200, "{}", backup.head);
    assert!(backup.head.contains("content-type: application/octet-stream"), "{}", backup.head);
    assert!(backup.body.starts_with("sigillo backup\n"));
}
