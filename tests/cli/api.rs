//! The local API itself: its errors and bounds, over the socket.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::harness::Place;

fn ask(place: &Place, request: &str, body: &[u8]) -> (u16, Value) {
    let mut stream = UnixStream::connect(place.home().join("api.sock")).unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // Refused before it is read where it is too large.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[test]
fn errors_have_a_code_a_message_and_a_fitting_status() {
    let place = Place::person("Ana");
    let _node = place.start(&[]);
    let code = |request: &str, body: &str| {
        let (status, answer) = ask(&place, request, body.as_bytes());
        assert!(answer["error"]["message"].is_string(), "{answer}");
        (status, answer["error"]["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(code("GET /v2/status", ""), (404, "no_route".into()));
    assert_eq!(code("DELETE /v1/status", ""), (405, "no_method".into()));
    assert_eq!(code("POST /v1/messages", "{"), (400, "bad_request".into()));
    assert_eq!(
        code("POST /v1/messages", r#"{"to":"bob","text":"hi","urgent":true}"#),
        (400, "bad_request".into())
    );
    assert_eq!(code("POST /v1/messages", r#"{"to":"bob","text":"hi"}"#), (404, "unknown_contact".into()));
    assert_eq!(code("GET /v1/conversations/bob/history?limit=9999", ""), (400, "limit".into()));
    assert_eq!(code("GET /v1/conversations/bob/history?limit=x", ""), (400, "bad_request".into()));
    assert_eq!(code("POST /v1/contacts", r#"{"who":"sigillo:AAAA"}"#), (400, "invite".into()));
    assert_eq!(code("POST /v1/contacts", r#"{"who":"https://example.com"}"#), (400, "address".into()));
    assert_eq!(code("GET /v1/businesses", ""), (400, "query".into()));
    assert_eq!(code("PATCH /v1/profile", r#"{"about":"x"}"#), (409, "not_a_business".into()));
    assert_eq!(code("POST /v1/invoices/x/paid", ""), (400, "bad_request".into()));
    assert_eq!(code("GET /v1/receipts/00000000", ""), (404, "no_receipt".into()));
}

#[test]
fn a_body_over_the_bound_is_refused_and_the_node_goes_on() {
    let place = Place::person("Ana");
    let _node = place.start(&[]);
    let (status, answer) = ask(&place, "POST /v1/messages", &vec![b' '; 129 * 1024]);
    assert_eq!((status, &answer["error"]["code"]), (413, &"bad_request".into()));
    let (status, answer) = ask(&place, "GET /v1/id", b"");
    assert_eq!((status, &answer["name"]), (200, &"Ana".into()));
}
