//! Requests that are sent twice with one idempotency key.

use crate::harness::Place;
use crate::tcp::{Tcp, start, token};

fn with_key(api: &Tcp, key: &str) -> Tcp {
    api.header(&format!("idempotency-key: {key}"))
}

#[test]
fn one_key_is_one_request_and_one_answer_also_after_a_restart() {
    let place = Place::person("Ana");
    let (node, api) = start(&place, "manage");
    let once = with_key(&api, "one");
    let first = once.ask("POST /v1/invites", "");
    assert_eq!(first.status, 200, "{first:?}");
    assert!(!first.head.contains("idempotency-replayed"), "{first:?}");
    let again = once.ask("POST /v1/invites", "");
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert!(again.head.contains("idempotency-replayed: true"), "{again:?}");
    assert_ne!(api.ask("POST /v1/invites", "").body, first.body, "without a key it is another invite");
    assert_ne!(with_key(&api, "two").ask("POST /v1/invites", "").body, first.body);
    for (request, body) in
        [("POST /v1/invites", "{}"), ("POST /v1/contacts", ""), ("POST /v1/invites?x=1", "")]
    {
        assert_eq!(
            once.ask(request, body).refusal(),
            (422, "idempotency_mismatch".into()),
            "{request} {body}"
        );
    }
    let other = with_key(&api.with(&token(&place, "manage")), "one");
    assert_ne!(other.ask("POST /v1/invites", "").body, first.body, "another caller's keys are its own");
    drop(node);
    let node = place.start(&["--api", "127.0.0.1:0"]);
    let once = with_key(&Tcp::of(&node).with(api.token.as_ref().unwrap()), "one");
    let again = once.ask("POST /v1/invites", "");
    assert_eq!((again.status, &again.body), (200, &first.body), "{again:?}");
    assert_eq!(once.ask("POST /v1/invites", "{}").refusal().0, 422);
}

#[test]
fn refusals_are_answers_too_but_not_those_that_say_to_try_again() {
    let place = Place::person("Ana");
    let (_node, api) = start(&place, "manage,send");
    let once = with_key(&api, "one");
    let body = r#"{"to":"Bob","text":"hi"}"#;
    assert_eq!(once.ask("POST /v1/messages", body).refusal(), (404, "unknown_contact".into()));
    let again = once.ask("POST /v1/messages", body);
    assert_eq!(again.refusal(), (404, "unknown_contact".into()));
    assert!(again.head.contains("idempotency-replayed: true"), "{again:?}");
    let long = with_key(&api, &"x".repeat(256));
    assert_eq!(long.ask("POST /v1/messages", body).refusal(), (400, "idempotency_key".into()));
    // A key that is sent with a reading request is of no meaning.
    let reads = with_key(&api.with(&token(&place, "read")), "one");
    assert!(!reads.ask("GET /v1/id", "").head.contains("idempotency"));
    assert!(!reads.ask("GET /v1/id", "").head.contains("idempotency"));
}

#[test]
fn a_secret_answer_is_not_kept() {
    let place = Place::person("Ana");
    let (_node, api) = start(&place, "admin");
    let once = with_key(&api, "one");
    let body = r#"{"scopes":["read"]}"#;
    let made = once.done("POST /v1/tokens", body);
    assert!(made["token"].is_string());
    assert_eq!(once.ask("POST /v1/tokens", body).refusal(), (409, "idempotency_answer".into()));
    assert_eq!(api.done("GET /v1/tokens", "").as_array().unwrap().len(), 2, "it was made once");
}

#[test]
fn a_request_whose_caller_hung_up_is_answered_when_it_is_repeated() {
    let place = Place::person("Ana");
    let (_node, api) = start(&place, "manage");
    for number in 0..20 {
        let once = with_key(&api, &number.to_string());
        drop(once.open("POST /v1/invites", ""));
        let answered = loop {
            let answered = once.ask("POST /v1/invites", "");
            if answered.status == 200 {
                break answered;
            }
            assert_eq!(answered.refusal(), (409, "idempotency_running".into()));
        };
        assert_eq!(once.ask("POST /v1/invites", "").body, answered.body);
    }
}
