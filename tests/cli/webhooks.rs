//! Webhooks: signed, in order, and tried again while the receiver fails, without holding up the node.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use sigillo::crypto::kdf::hmac_sha256;

use crate::harness::{PATIENCE, Place, Running, document, now};

/// How a receiver behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Takes,
    Fails,
    Hangs,
}

/// A letter as it came.
#[derive(Clone)]
struct Letter {
    signature: String,
    body: String,
}

#[derive(Clone)]
struct Receiver {
    port: u16,
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<Vec<Letter>>>,
    asked: Arc<Mutex<usize>>,
}

impl Receiver {
    fn listen(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver =
            Self { port, mood: Arc::new(Mutex::new(mood)), taken: Arc::default(), asked: Arc::default() };
        let listening = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let receiver = listening.clone();
                std::thread::spawn(move || receiver.serve(stream));
            }
        });
        receiver
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Answers what comes on one connection, as it is minded at that moment.
    fn serve(&self, stream: TcpStream) {
        let mut lines = BufReader::new(stream);
        loop {
            let (mut length, mut signature) = (0, String::new());
            loop {
                let mut line = String::new();
                if lines.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                let line = line.trim_end();
                if line.is_empty() {
                    break;
                }
                match line.split_once(": ") {
                    Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                        length = value.parse().unwrap();
                    }
                    Some((name, value)) if name.eq_ignore_ascii_case("x-hub-signature-256") => {
                        value.clone_into(&mut signature);
                    }
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            if lines.read_exact(&mut body).is_err() {
                return;
            }
            *self.asked.lock().unwrap() += 1;
            let mood = *self.mood.lock().unwrap();
            let status = match mood {
                Mood::Takes => {
                    let body = String::from_utf8(body).unwrap();
                    self.taken.lock().unwrap().push(Letter { signature, body });
                    "200 OK"
                }
                Mood::Fails => "500 Internal Server Error",
                Mood::Hangs => {
                    // Until the other side has lost its patience.
                    let _ = lines.read_exact(&mut [0]);
                    return;
                }
            };
            if lines
                .get_mut()
                .write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())
                .is_err()
            {
                return;
            }
        }
    }

    /// The texts of the entries that came, once there are so many.
    fn texts(&self, count: usize) -> Vec<String> {
        let text = |letter: &Letter| {
            let body: Value = serde_json::from_str(&letter.body).unwrap();
            body["event"]["entry"]["text"].as_str().map(str::to_owned)
        };
        let mut texts: Vec<String> = Vec::new();
        until(&format!("{count} letters"), || {
            texts = self.taken.lock().unwrap().iter().filter_map(text).collect();
            texts.len() >= count
        });
        texts
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

struct Pair {
    ana: Place,
    bob: Place,
    nodes: [Running; 2],
}

/// Ana, who will be told, and Bob, who is her contact.
fn pair() -> Pair {
    let (ana, bob) = (Place::person("Ana"), Place::person("Bob"));
    let nodes = [ana.start(&[]), bob.start(&[])];
    let invite = ana.done(&["invite"]);
    bob.done(&["add", invite.trim()]);
    Pair { ana, bob, nodes }
}

fn say(bob: &Place, text: &str) {
    bob.json(&["send", "Ana", text, "--wait", "delivered"]);
}

#[test]
fn events_come_signed_and_in_order_and_only_those_that_are_wanted() {
    let Pair { ana, bob, nodes: _nodes } = pair();
    let receiver = Receiver::listen(Mood::Takes);
    let made = ana.json(&["webhook", "add", &receiver.url(), "--event", "entry"]);
    let secret = made["secret"].as_str().unwrap();
    let listed = ana.done(&["webhook", "list"]);
    assert!(listed.contains(&receiver.url()) && !listed.contains(secret), "{listed}");
    let texts: Vec<String> = (0..20).map(|number| format!("text {number}")).collect();
    texts.iter().for_each(|text| say(&bob, text));
    assert_eq!(receiver.texts(20), texts);
    let letters = receiver.taken.lock().unwrap().clone();
    let mut last = 0;
    for Letter { signature, body } in letters {
        let expected = hmac_sha256(secret.as_bytes(), &[body.as_bytes()]);
        let expected: String = expected.expose().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(signature, format!("sha256={expected}"));
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&body["webhook"], &body["event"]["event"]), (&made["id"], &"entry".into()));
        assert!(body["number"].as_u64().unwrap() > last);
        last = body["number"].as_u64().unwrap();
    }
    let tested = ana.json(&["webhook", "test", made["id"].as_str().unwrap()]);
    assert_eq!(tested["delivered"], true);
    assert!(receiver.taken.lock().unwrap().last().unwrap().body.contains(r#"{"event":"test"}"#));
}

#[test]
fn a_receiver_that_fails_and_comes_back_gets_everything_in_order_and_the_node_goes_on_meanwhile() {
    let Pair { ana, bob, nodes: _nodes } = pair();
    let receiver = Receiver::listen(Mood::Fails);
    let made = ana.json(&["webhook", "add", &receiver.url(), "--event", "entry"]);
    for text in ["one", "two", "three"] {
        say(&bob, text);
    }
    until("an attempt", || receiver.asked() > 0);
    ana.until(&["webhook", "list"], |list| {
        list[0]["failed"].as_u64() > Some(0) && list[0]["waiting"].as_u64() > Some(0)
    });
    let tested = ana.run(&["webhook", "test", made["id"].as_str().unwrap(), "--json"]);
    assert_eq!((tested.code, &document(&tested.stdout)["delivered"]), (1, &false.into()));
    receiver.set(Mood::Takes);
    say(&bob, "four");
    assert_eq!(receiver.texts(4), ["one", "two", "three", "four"]);
    ana.until(&["webhook", "list"], |list| list[0]["waiting"] == 0 && list[0]["trouble"].is_null());
    assert_eq!(ana.json(&["webhook", "dead", made["id"].as_str().unwrap()]), serde_json::json!([]));
}

#[test]
fn a_receiver_that_hangs_holds_up_nobody_and_is_tried_again() {
    let Pair { ana, bob, nodes: _nodes } = pair();
    let receiver = Receiver::listen(Mood::Hangs);
    let other = Receiver::listen(Mood::Takes);
    ana.done(&["webhook", "add", &receiver.url(), "--event", "entry"]);
    ana.done(&["webhook", "add", &other.url(), "--event", "entry"]);
    say(&bob, "one");
    until("an attempt", || receiver.asked() > 0);
    // It hangs in the middle of the answer; the node, its API and the other webhook don't.
    let texts: Vec<String> = (2..20).map(|number| number.to_string()).collect();
    texts.iter().for_each(|text| say(&bob, text));
    assert_eq!(other.texts(19).len(), 19);
    assert_eq!(ana.json(&["history", "Bob"])["entries"].as_array().unwrap().len(), 19);
    receiver.set(Mood::Takes);
    assert_eq!(receiver.texts(19)[0], "one");
    assert_eq!(receiver.texts(19)[1..], texts);
}

#[test]
fn a_node_that_is_killed_brings_what_it_had_not_brought() {
    let Pair { ana, bob, nodes: [node, _other] } = pair();
    let receiver = Receiver::listen(Mood::Fails);
    ana.done(&["webhook", "add", &receiver.url(), "--event", "entry"]);
    say(&bob, "one");
    say(&bob, "two");
    until("an attempt", || receiver.asked() > 0);
    node.signal("-KILL");
    drop(node);
    receiver.set(Mood::Takes);
    let _node = ana.start(&[]);
    assert_eq!(receiver.texts(2), ["one", "two"]);
    say(&bob, "three");
    assert_eq!(receiver.texts(3)[2], "three");
}

#[test]
fn a_webhook_is_for_https_or_this_machine_and_gone_when_removed() {
    let place = Place::person("Ana");
    for wrong in ["http://shop.example/hook", "shop.example", "ftp://127.0.0.1/"] {
        let refused = place.run(&["webhook", "add", wrong, "--json"]);
        assert_eq!(
            (refused.code, &document(&refused.stdout)["error"]["code"]),
            (2, &"webhook".into()),
            "{wrong}"
        );
    }
    let unknown = place.run(&["webhook", "add", "https://shop.example/hook", "--event", "entries", "--json"]);
    assert_eq!(document(&unknown.stdout)["error"]["code"], "webhook");
    let made = place.json(&["webhook", "add", "https://shop.example/hook"]);
    assert_eq!(place.json(&["webhook", "list"]).as_array().unwrap().len(), 1);
    let id = made["id"].as_str().unwrap();
    place.done(&["webhook", "remove", id]);
    assert_eq!(place.json(&["webhook", "list"]), serde_json::json!([]));
    assert_eq!(
        document(&place.run(&["webhook", "test", id, "--json"]).stdout)["error"]["code"],
        "no_webhook"
    );
}

/// A receiver that speaks TLS with a certificate of the tests' own, and takes one letter.
fn secure_receiver() -> u16 {
    use tokio_rustls::rustls::crypto::aws_lc_rs;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/tls");
    let certificate = CertificateDer::from_pem_file(directory.join("certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(directory.join("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let mut request = Vec::new();
            // To the end of the letter, which the other side's refusal of the certificate comes before.
            while !request.ends_with(b"}}") {
                let mut part = [0; 4_096];
                match stream.read(&mut part) {
                    Ok(length @ 1..) => request.extend_from_slice(&part[..length]),
                    _ => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    port
}

#[test]
fn a_receiver_elsewhere_is_sent_to_by_tls_and_only_with_a_certificate_that_this_machine_trusts() {
    let place = Place::person("Ana");
    let made = place.json(&["webhook", "add", &format!("https://localhost:{}/hook", secure_receiver())]);
    let id = made["id"].as_str().unwrap();
    let certificates = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/tls/certificate.pem");
    let tried = |certificates: &str| {
        let mut command = place.command(&["webhook", "test", id, "--json"]);
        let answer = crate::harness::answer(command.env("SSL_CERT_FILE", certificates), "");
        document(&answer.stdout)
    };
    assert_eq!(tried(certificates)["delivered"], true);
    let other = place.file("passphrase");
    let refused = tried(other.to_str().unwrap());
    assert_eq!(refused["delivered"], false, "{refused}");
    let untrusted = document(&place.run(&["webhook", "test", id, "--json"]).stdout);
    assert_eq!(untrusted["delivered"], false, "{untrusted}");
}
