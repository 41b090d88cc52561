//! A client of the local API over TCP, which says exactly what it is told to say.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::harness::{PATIENCE, Place, Running};

/// An API over TCP.
#[derive(Clone, Debug)]
pub(crate) struct Tcp {
    /// Address and port.
    pub(crate) at: String,
    pub(crate) token: Option<String>,
    /// What `Host` says, where it is something else than the address.
    pub(crate) host: Option<String>,
    pub(crate) headers: Vec<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status, and the word of the error for programs.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let json = self.json();
        assert!(json["error"]["message"].is_string(), "{self:?}");
        (self.status, json["error"]["code"].as_str().unwrap().to_owned())
    }
}

/// Starts a node with the API over TCP, and makes a token with these scopes.
pub(crate) fn start(place: &Place, scopes: &str) -> (Running, Tcp) {
    let node = place.start(&["--api", "127.0.0.1:0"]);
    let api = Tcp::of(&node).with(&token(place, scopes));
    (node, api)
}

/// A token with these scopes.
pub(crate) fn token(place: &Place, scopes: &str) -> String {
    place.json(&["token", "create", "--scope", scopes])["token"].as_str().unwrap().to_owned()
}

impl Tcp {
    /// The API of a node that said where it is.
    pub(crate) fn of(node: &Running) -> Self {
        let at = node.said["api"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Self { at, token: None, host: None, headers: Vec::new() }
    }

    pub(crate) fn with(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub(crate) fn header(&self, header: &str) -> Self {
        let mut more = self.clone();
        more.headers.push(header.to_owned());
        more
    }

    /// Sends a request, such as `GET /v1/id`, and leaves the answer to be read.
    pub(crate) fn open(&self, request: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = self.host.as_ref().unwrap_or(&self.at);
        let mut head = format!("{request} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n", body.len());
        if let Some(token) = &self.token {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        self.headers.iter().for_each(|header| head.push_str(&format!("{header}\r\n")));
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
        stream
    }

    pub(crate) fn ask(&self, request: &str, body: &str) -> Answered {
        let mut answer = Vec::new();
        self.header("connection: close").open(request, body).read_to_end(&mut answer).unwrap();
        // Some answers are files.
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answered { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// The answer to a request that must succeed.
    pub(crate) fn done(&self, request: &str, body: &str) -> Value {
        let answered = self.ask(request, body);
        assert_eq!(answered.status, 200, "{request}: {answered:?}");
        answered.json()
    }

    /// Server-sent events after the one with this number.
    pub(crate) fn events(&self, after: Option<u64>) -> Events {
        let mut asking = self.header("accept: text/event-stream");
        if let Some(after) = after {
            asking = asking.header(&format!("last-event-id: {after}"));
        }
        let mut lines = BufReader::new(asking.open("GET /v1/events", ""));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(lines.read_line(&mut head).unwrap(), 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: text/event-stream"), "{head}");
        Events { lines }
    }
}

/// An open stream of server-sent events.
pub(crate) struct Events {
    lines: BufReader<TcpStream>,
}

impl Events {
    /// The next event: its id, its kind, what it says. None at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<(u64, String, Value)> {
        let (mut id, mut kind) = (None, String::new());
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // The lengths of chunks, and empty lines, have no colon.
            let Some((field, value)) = line.trim_end().split_once(": ") else { continue };
            match field {
                "id" => id = Some(value.parse().unwrap()),
                "event" => value.clone_into(&mut kind),
                "data" => return Some((id.unwrap(), kind, serde_json::from_str(value).unwrap())),
                _ => {}
            }
        }
    }

    /// The texts of the next entries, with their ids, until `last` has come.
    pub(crate) fn texts_until(&mut self, last: &str) -> Vec<(u64, String)> {
        let mut texts = Vec::new();
        loop {
            let (id, kind, event) = self.next().unwrap();
            assert_ne!(kind, "gap", "{event}");
            if let Some(text) = event["entry"]["text"].as_str() {
                texts.push((id, text.to_owned()));
                if text == last {
                    return texts;
                }
            }
        }
    }
}
