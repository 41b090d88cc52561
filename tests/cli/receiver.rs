//! A receiver of webhooks of the Cloud-API-compatible form, which agrees to be one and keeps what it is sent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use sigillo::crypto::kdf::hmac_sha256;

use crate::harness::{PATIENCE, now};

/// The word by which it knows that it is meant.
pub(crate) const VERIFY_TOKEN: &str = "a word & more";

/// A letter as it came.
#[derive(Clone)]
pub(crate) struct Letter {
    signature: String,
    body: String,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    port: u16,
    letters: Arc<Mutex<Vec<Letter>>>,
}

impl Receiver {
    pub(crate) fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver = Self { port, letters: Arc::default() };
        let listening = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let receiver = listening.clone();
                std::thread::spawn(move || receiver.serve(stream));
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?shop=1", self.port)
    }

    fn serve(&self, stream: TcpStream) {
        let mut lines = BufReader::new(stream);
        loop {
            let (mut request, mut length, mut signature) = (String::new(), 0, String::new());
            if lines.read_line(&mut request).unwrap_or(0) == 0 {
                return;
            }
            loop {
                let mut line = String::new();
                lines.read_line(&mut line).unwrap();
                match line.trim_end().split_once(": ") {
                    Some(("content-length", value)) => length = value.parse().unwrap(),
                    Some(("x-hub-signature-256", value)) => value.clone_into(&mut signature),
                    Some(_) => {}
                    None => break,
                }
            }
            let mut body = vec![0; length];
            lines.read_exact(&mut body).unwrap();
            let body = String::from_utf8(body).unwrap();
            let answer = match request.split_once(' ').unwrap() {
                ("GET", rest) => challenge(rest),
                _ => {
                    self.letters.lock().unwrap().push(Letter { signature, body });
                    Some(String::new())
                }
            };
            let (status, answer) = answer.map_or(("403 Forbidden", String::new()), |text| ("200 OK", text));
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", answer.len());
            if lines.get_mut().write_all((head + &answer).as_bytes()).is_err() {
                return;
            }
        }
    }

    /// What came so far, each with a signature that holds.
    pub(crate) fn values(&self, secret: &str) -> Vec<(String, Value)> {
        let letters = self.letters.lock().unwrap().clone();
        let value = |Letter { signature, body }: Letter| {
            let expected = hmac_sha256(secret.as_bytes(), &[body.as_bytes()]);
            let expected: String = expected.expose().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(signature, format!("sha256={expected}"));
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["object"], "whatsapp_business_account");
            let change = body["entry"][0]["changes"][0].clone();
            (change["field"].as_str().unwrap().to_owned(), change["value"].clone())
        };
        letters.into_iter().map(value).collect()
    }

    /// The first value that is as it should be, once it has come.
    pub(crate) fn wait(&self, secret: &str, what: &str, good: impl Fn(&Value) -> bool) -> Value {
        let begun = now();
        loop {
            if let Some((_, value)) = self.values(secret).into_iter().find(|(_, value)| good(value)) {
                // Some clients drop silently what names no contact.
                let contact = &value["contacts"][0];
                assert!(contact["profile"]["name"].is_string(), "{value}");
                assert!(
                    contact["wa_id"].as_str().unwrap().bytes().all(|byte| byte.is_ascii_digit()),
                    "{value}"
                );
                assert!(contact["user_id"].as_str().unwrap().starts_with("XP."), "{value}");
                return value;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} doesn't come: {:?}", self.values(secret));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What a receiver answers to `PATH?hub.mode=...`, if it agrees.
fn challenge(rest: &str) -> Option<String> {
    let (_, query) = rest.split_once(' ')?.0.split_once('?')?;
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    assert_eq!(value("shop"), Some("1"));
    let is_meant = value("hub.mode")? == "subscribe" && value("hub.verify_token")? == "a%20word%20%26%20more";
    is_meant.then(|| value("hub.challenge").map(str::to_owned)).flatten()
}
