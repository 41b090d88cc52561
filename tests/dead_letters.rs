//! A webhook's events that nobody takes for seven days: dead, shown, and tried again when somebody says so.
#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sigillo::base::api_limits;
use sigillo::base::kind::AccountKind;
use sigillo::disk::home::Home;
use sigillo::disk::options::Options;
use sigillo::node::handle::Node;
use sigillo::node::identity;
use sigillo::node::laboratory::Laboratory;
use sigillo::ui::http::api::Api;
use sigillo::ui::http::router::router;
use sigillo::ui::http::webhook::deliver::deliver;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use common::{PASSPHRASE, Place, befriend, send, wait_for};

/// A receiver that takes what comes, or doesn't, as it is told.
fn receiver() -> (String, Arc<AtomicBool>, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/hook", listener.local_addr().unwrap().port());
    let (takes, taken) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let (minded, kept) = (Arc::clone(&takes), Arc::clone(&taken));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while lines.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if lines.read_exact(&mut body).is_err() {
                continue;
            }
            let status = if minded.load(Ordering::SeqCst) {
                kept.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                "200 OK"
            } else {
                "503 Service Unavailable"
            };
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let _ = lines.get_mut().write_all(answer.as_bytes());
        }
    });
    (url, takes, taken)
}

async fn ask(routes: &Router, method: Method, path: &str, body: Value) -> Value {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path).body(body).unwrap();
    let Ok(response) = routes.clone().oneshot(request).await;
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&bytes));
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_takes_for_seven_days_is_a_dead_letter_and_comes_when_it_is_replayed() {
    let (ana, bob) = (Place::new(AccountKind::Person, &[]), Place::new(AccountKind::Person, &[]));
    let laboratory = Laboratory::default();
    let home = Home::open(&ana.home()).unwrap();
    let keystore = identity::unlock(&ana.home(), &Zeroizing::new(PASSPHRASE.to_vec())).unwrap();
    let node = Node::open_in(&laboratory, home, keystore, &ana.config, Options::default()).await.unwrap();
    let other = bob.start().await;
    let ending = CancellationToken::new();
    let api = Api::new(node.clone(), ending.clone());
    let routes = router(api.clone());
    let delivering = tokio::runtime::Handle::current().spawn(deliver(api));
    befriend(&node, &other).await;

    let (url, takes, taken) = receiver();
    let made = ask(&routes, Method::POST, "/v1/webhooks", json!({ "url": url, "events": ["entry"] })).await;
    let hook = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    send(&other, node.account(), "hello").await.unwrap();
    wait_for("a failure", async || {
        let list = ask(&routes, Method::GET, "/v1/webhooks", Value::Null).await;
        (list[0]["failed"].as_u64() > Some(0)).then_some(())
    })
    .await;
    assert_eq!(ask(&routes, Method::GET, &format!("{hook}/dead"), Value::Null).await, json!([]));

    let life = i64::try_from(api_limits::WEBHOOK_LIFE.as_millis()).unwrap();
    laboratory.set_clock(life + 60_000);
    let dead = wait_for("the dead letter", async || {
        let dead = ask(&routes, Method::GET, &format!("{hook}/dead"), Value::Null).await;
        dead[0].is_object().then_some(dead)
    })
    .await;
    assert_eq!(
        (&dead[0]["event"]["event"], &dead[0]["event"]["entry"]["text"]),
        (&"entry".into(), &"hello".into())
    );
    assert!(dead[0]["why"].as_str().unwrap().contains("503"), "{dead}");
    assert_eq!(*taken.lock().unwrap(), Vec::<Value>::new());

    takes.store(true, Ordering::SeqCst);
    assert_eq!(ask(&routes, Method::POST, &format!("{hook}/replay"), Value::Null).await["revived"], 1);
    let came = wait_for("the letter", async || taken.lock().unwrap().first().cloned()).await;
    assert_eq!((&came["number"], &came["event"]), (&dead[0]["number"], &dead[0]["event"]));
    wait_for("an empty list", async || {
        let dead = ask(&routes, Method::GET, &format!("{hook}/dead"), Value::Null).await;
        (dead == json!([])).then_some(())
    })
    .await;

    ending.cancel();
    delivering.await.unwrap();
    node.shutdown().await.unwrap();
    other.shutdown().await.unwrap();
}
