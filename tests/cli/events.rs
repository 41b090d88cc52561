//! The stream of events, left and taken up again.

use crate::harness::{Place, Running};
use crate::tcp::{Tcp, start};

struct Pair {
    ana: Place,
    bob: Place,
    api: Tcp,
    nodes: [Running; 2],
}

/// Ana, with the API over TCP, and Bob, who is her contact.
fn pair() -> Pair {
    let (ana, bob) = (Place::person("Ana"), Place::person("Bob"));
    let ((node, api), other) = (start(&ana, "read"), bob.start(&[]));
    let invite = ana.done(&["invite"]);
    bob.done(&["add", invite.trim()]);
    Pair { ana, bob, api, nodes: [node, other] }
}

fn say(bob: &Place, text: &str) {
    bob.json(&["send", "Ana", text, "--wait", "delivered"]);
}

#[test]
fn a_reader_that_comes_again_misses_nothing_over_a_reconnect_and_a_restart() {
    let Pair { ana, bob, api, nodes: [node, _other] } = pair();
    let mut events = api.events(Some(0));
    say(&bob, "one");
    say(&bob, "two");
    let first = events.texts_until("two");
    assert_eq!(first.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    let seen = first[0].0;
    drop(events);
    say(&bob, "three");
    let missed = api.events(Some(seen)).texts_until("three");
    assert_eq!(missed.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["two", "three"]);
    assert_eq!(missed[0], first[1], "the same event has the same number");

    assert!(node.stop("-TERM").success());
    let node = ana.start(&["--api", "127.0.0.1:0"]);
    let api = Tcp::of(&node).with(api.token.as_ref().unwrap());
    say(&bob, "four");
    let after = api.events(Some(seen)).texts_until("four");
    assert_eq!(after[..2], missed[..]);
    assert_eq!(after[2].1, "four");
    assert!(after[2].0 > missed[1].0, "numbers go on: {after:?}");

    // Killed in the middle, too.
    node.signal("-KILL");
    drop(node);
    let node = ana.start(&["--api", "127.0.0.1:0"]);
    let api = Tcp::of(&node).with(api.token.as_ref().unwrap());
    say(&bob, "five");
    let all = api.events(Some(seen)).texts_until("five");
    assert_eq!((&all[..3], all[3].1.as_str()), (&after[..], "five"));
}

#[test]
fn what_a_node_without_the_api_did_not_keep_is_told_as_a_gap() {
    let Pair { ana, bob, api, nodes: [node, _other] } = pair();
    say(&bob, "one");
    let (seen, _) = api.events(Some(0)).texts_until("one")[0];
    drop(node);
    let node = ana.start(&[]);
    say(&bob, "two");
    drop(node);
    let node = ana.start(&["--api", "127.0.0.1:0"]);
    let api = Tcp::of(&node).with(api.token.as_ref().unwrap());
    say(&bob, "three");
    let mut events = api.events(Some(seen));
    let mut kinds = Vec::new();
    loop {
        let (_, kind, event) = events.next().unwrap();
        assert_ne!(event["entry"]["text"], "two");
        kinds.push(kind);
        if event["entry"]["text"] == "three" {
            break;
        }
    }
    assert!(kinds.contains(&"gap".to_owned()), "{kinds:?}");
}

#[test]
fn a_stream_without_a_number_begins_now_and_a_wrong_one_is_refused() {
    let Pair { ana: _ana, bob, api, nodes: _nodes } = pair();
    say(&bob, "one");
    api.events(Some(0)).texts_until("one");
    let mut events = api.events(None);
    say(&bob, "two");
    assert_eq!(events.texts_until("two").len(), 1);
    let wrong = api.header("accept: text/event-stream").header("last-event-id: x").ask("GET /v1/events", "");
    assert_eq!(wrong.refusal(), (400, "bad_request".into()));
}

#[test]
fn streams_have_a_bound() {
    let place = Place::person("Ana");
    let (_node, api) = start(&place, "read");
    let _open: Vec<_> = (0..32).map(|_| api.events(None)).collect();
    let asking = api.header("accept: text/event-stream");
    assert_eq!(asking.ask("GET /v1/events", "").refusal(), (429, "too_many_streams".into()));
    assert_eq!(api.ask("GET /v1/id", "").status, 200, "other requests go on");
}
