//! The local API itself: its errors and bounds, over the socket.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::harness::{Place, mode};

pub(crate) fn ask(place: &Place, request: &str, body: &[u8]) -> (u16, Value) {
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

#[test]
fn paths_that_lead_elsewhere_lead_nowhere() {
    let place = Place::person("Ana");
    let _node = place.start(&[]);
    let elsewhere =
        ["..", "%2e%2e", "..%2f..%2fkeystore", "%2Fetc%2Fpasswd", "%00", "%ff%fe", "keystore", "a%0ab"];
    for part in elsewhere {
        for request in [
            format!("GET /v1/contacts/{part}"),
            format!("GET /v1/conversations/{part}/history"),
            format!("GET /v1/businesses/{part}"),
            format!("GET /v1/receipts/{part}/file"),
            format!("GET /v1/invoices/{part}"),
            format!("GET /{part}"),
            format!("PUT /v1/plans/{part}"),
        ] {
            let (status, answer) = ask(&place, &request, b"{}");
            assert!((400..500).contains(&status), "{request}: {status}");
            let error = &answer["error"];
            assert!(error["code"].is_string() && error["message"].is_string(), "{request}: {answer}");
        }
    }
    let long = "x".repeat(4_000);
    assert_eq!(ask(&place, &format!("GET /v1/contacts/{long}"), b"").0, 404);
}

#[test]
fn callers_who_speak_no_http_or_nothing_at_all_hinder_nobody() {
    let place = Place::person("Ana");
    let _node = place.start(&[]);
    assert_eq!(mode(&place.home().join("api.sock")), 0o600);
    let connect = || UnixStream::connect(place.home().join("api.sock")).unwrap();
    // As many as there may be at once, half of them in the middle of a request's head.
    let mut silent: Vec<UnixStream> = (0..64).map(|_| connect()).collect();
    for stream in silent.iter_mut().step_by(2) {
        stream.write_all(b"GET /v1/id HT").unwrap();
    }
    let long = [&b"GET /v1/id HTTP/1.1\r\nx: "[..], &[b'x'; 1_000_000]].concat();
    for bytes in [&b"\x16\x03\x01\x02\x00"[..], b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", &long] {
        let mut stream = connect();
        let _ = stream.write_all(bytes);
    }
    let lying = "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{}";
    let _ = connect().write_all(lying.as_bytes());
    let (status, answer) = ask(&place, "GET /v1/id", b"");
    assert_eq!((status, &answer["name"]), (200, &"Ana".into()));
}
