//! How contacts are reached, and why not, as the command line tells it.

use serde_json::Value;

use crate::harness::Place;

fn contact<'v>(status: &'v Value, name: &str) -> &'v Value {
    let contacts = status["contacts"].as_array().unwrap();
    contacts.iter().find(|contact| contact["name"] == name).unwrap_or(&Value::Null)
}

fn check<'v>(found: &'v Value, name: &str) -> &'v Value {
    found["checks"].as_array().unwrap().iter().find(|check| check["check"] == name).unwrap()
}

#[test]
fn status_says_how_a_contact_is_reached_and_doctor_why_not() {
    let (ana, bob) = (Place::person("Ana"), Place::person("Bob"));
    let (_ana, node) = (ana.start(&[]), bob.start(&[]));
    bob.json(&["add", ana.done(&["invite"]).trim()]);
    bob.json(&["send", "Ana", "hello", "--wait"]);
    let direct = ana.until(&["status"], |status| contact(status, "Bob")["reached"] == "direct");
    assert_eq!(contact(&direct, "Bob")["transport"], "tcp");
    assert!(contact(&direct, "Bob")["since"].as_u64() > Some(0));
    assert!(ana.done(&["status"]).contains("directly over TCP"));

    node.stop("-TERM");
    ana.json(&["send", "Bob", "are you there?"]);
    let offline = |status: &Value| {
        let bob = contact(status, "Bob");
        bob["reached"] == "offline" && !bob["reason"].is_null()
    };
    let status = ana.until(&["status"], offline);
    let bob = contact(&status, "Bob");
    assert_eq!((&bob["reason"], &bob["waiting"]), (&"nobody listens there".into(), &1.into()));
    assert!(bob["since"].as_u64() > Some(0));
    assert!(ana.done(&["status"]).contains("not now (nobody listens there)"));
    let found = ana.json(&["doctor"]);
    let waiting = check(&found, "contacts");
    assert_eq!(waiting["verdict"], "warn");
    assert_eq!(waiting["finding"], "Bob: 1 waiting, nobody listens there");
    assert_eq!(found["healthy"], true, "{found}");
    assert!(ana.done(&["doctor"]).contains("-> nothing is lost"));
}

#[test]
fn doctor_fails_where_the_node_does_not_run_and_says_what_to_do() {
    let ana = Place::person("Ana");
    let answer = ana.run(&["doctor", "--json"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    let found: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(found["healthy"], false);
    assert_eq!(check(&found, "node")["advice"], "start it with `sigillo run`");
    assert_eq!(check(&found, "disk")["verdict"], "ok");
    assert_eq!(check(&found, "clock")["verdict"], "ok");
}

#[test]
fn two_people_whom_nobody_can_dial_talk_through_a_relay_that_only_the_invite_names() {
    let (relay, ana, bob) = (Place::business("Relay"), Place::person("Ana"), Place::person("Bob"));
    let relaying = relay.start(&["--serve-relay"]);
    assert_eq!(relay.json(&["status"])["network"]["reachable"]["relays_for_others"], true);
    let (_ana, node) = (ana.start_hidden(&["--relay", &relaying.listen()]), bob.start_hidden(&[]));
    let reserved = |status: &Value| status["network"]["listen"].as_array().is_some_and(|all| !all.is_empty());
    ana.until(&["status"], reserved);
    bob.json(&["add", ana.done(&["invite"]).trim()]);
    bob.json(&["send", "Ana", "hello", "--wait"]);
    let status = bob.until(&["status"], |status| contact(status, "Ana")["reached"] == "relayed");
    assert_eq!(contact(&status, "Ana")["relay"], relaying.said["peer"]);
    assert!(bob.done(&["status"]).contains("through the relay"));
    bob.until(&["status"], reserved);
    assert_eq!(check(&bob.json(&["doctor"]), "reachable")["verdict"], "ok");

    node.stop("-TERM");
    let _node = bob.start_hidden(&[]);
    bob.until(&["status"], reserved);
    ana.json(&["send", "Bob", "welcome back", "--wait"]);
}
