//! Requests to the API: of the running node over its socket, or, where none runs, of one opened in this process.

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::base::limits;
use crate::disk::home::{Home, HomeError};
use crate::domain::identity::keystore::Keystore;
use crate::node::handle::Node;
use crate::node::identity::{self, IdentityError};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::passphrase;
use crate::ui::http::api::Api;
use crate::ui::http::router::router;

/// How often it is tried again to reach a node that holds the home and doesn't answer yet.
const ATTEMPTS: u32 = 50;
/// The pause between attempts.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(100);

/// How often it is looked for a node that was just told to start.
const APPEARANCE_ATTEMPTS: u32 = 20;

/// Whom requests go to. To be ended with [`Client::close`].
pub(in crate::ui) enum Client {
    /// The running node, by its socket.
    #[cfg(unix)]
    Running(std::path::PathBuf),
    /// A node without a network, in this process.
    Here(Node, Router),
}

impl Client {
    /// The running node of a home, or the home's store, opened here.
    pub(in crate::ui) async fn connect(home: &Path) -> Result<Self, Failure> {
        for attempt in 1.. {
            #[cfg(unix)]
            if let Some(client) = Self::running(home).await {
                return Ok(client);
            }
            if !identity::exists(home) {
                return Err(IdentityError::None(home.display().to_string()).into());
            }
            match Home::open(home) {
                Ok(home) => return Self::here(home).await,
                // A node that is about to start or to stop, or another command.
                Err(HomeError::AlreadyRunning(_)) if attempt < ATTEMPTS => {
                    tokio::time::sleep(ATTEMPT_PAUSE).await
                }
                Err(HomeError::AlreadyRunning(path)) => {
                    let path = path.display();
                    let words = format!(
                        "another sigillo process holds {path} and doesn't answer: wait for it or end it"
                    );
                    return Err(Failure::failed("home_in_use", words));
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(Failure::failed("home_in_use", "the home is in use"))
    }

    /// Whether a node of the home answers now, or within a moment: one that was started just before.
    pub(in crate::ui) async fn appears(home: &Path) -> bool {
        for _ in 0..APPEARANCE_ATTEMPTS {
            if answers(home).await {
                return true;
            }
            tokio::time::sleep(ATTEMPT_PAUSE).await;
        }
        false
    }

    /// What the running node says of its readiness; the store isn't opened where none runs.
    pub(in crate::ui) async fn ready(home: &Path) -> Result<Value, Failure> {
        #[cfg(unix)]
        if let Some(client) = Self::running(home).await {
            return client.get("/readyz").await;
        }
        let words = format!("no node of {} runs: start it with `sigillo run`", home.display());
        Err(Failure::failed("not_running", words))
    }

    /// Whether a node runs.
    pub(in crate::ui) const fn is_running(&self) -> bool {
        !matches!(self, Self::Here(..))
    }

    #[cfg(unix)]
    async fn running(home: &Path) -> Option<Self> {
        answers(home).await.then(|| Self::Running(crate::ui::http::socket::path(home)))
    }

    async fn here(home: Home) -> Result<Self, Failure> {
        let passphrase = passphrase::known()?;
        let keystore = identity::unlock(home.path(), &passphrase)?;
        Self::offline(home, keystore).await
    }

    /// The store of a home that this process holds.
    pub(in crate::ui) async fn offline(home: Home, keystore: Keystore) -> Result<Self, Failure> {
        let node = Node::offline(home, keystore).await?;
        let routes = router(Api::new(node.clone(), CancellationToken::new()));
        Ok(Self::Here(node, routes))
    }

    pub(in crate::ui) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.request(Method::GET, path, None).await
    }

    pub(in crate::ui) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.request(Method::POST, path, Some(body)).await
    }

    /// Makes a request and takes its answer, which is JSON.
    pub(in crate::ui) async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        answered(self.send(method, path, body).await?).await
    }

    /// Gives the node so many bytes, and takes its answer.
    pub(in crate::ui) async fn give(&self, path: &str, body: Body, length: u64) -> Result<Value, Failure> {
        let request = Request::builder().method(Method::POST).uri(path).header("host", "sigillo");
        let request = request.header("content-length", length).body(body);
        let request = request.map_err(|error| Failure::failed("request", error.to_string()))?;
        answered(self.pass(request).await?).await
    }

    /// Opens an answer that may be long.
    pub(in crate::ui) async fn long(&self, path: &str) -> Result<Body, Failure> {
        let response = self.send(Method::GET, path, None).await?;
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        answered(response).await.map(|_| Body::empty())
    }

    /// Opens a stream of JSON lines.
    pub(in crate::ui) async fn stream(&self, path: &str) -> Result<Lines, Failure> {
        Ok(Lines { body: self.long(path).await?, read: Vec::new() })
    }

    /// Hands out what a path answers, piece by piece.
    pub(in crate::ui) async fn pass_on(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut body = self.long(path).await?;
        while let Some(frame) = body.frame().await {
            take(&frame.map_err(|error| unreachable_node(&error))?.into_data().unwrap_or_default())?;
        }
        Ok(())
    }

    /// Writes what a path answers to a file, which is there whole or not at all; returns its length.
    pub(in crate::ui) async fn download(&self, path: &str, file: &Path) -> Result<u64, Failure> {
        let failed = |error: std::io::Error| {
            Failure::failed("file", format!("{} can't be written: {error}", file.display()))
        };
        let file = std::path::absolute(file).map_err(failed)?;
        let directory = file.parent().unwrap_or(Path::new("/"));
        let mut unfinished = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
        let mut bytes = 0;
        let write = |piece: &[u8]| {
            bytes += piece.len() as u64;
            std::io::Write::write_all(&mut unfinished, piece).map_err(failed)
        };
        self.pass_on(path, write).await?;
        unfinished.as_file().sync_all().map_err(failed)?;
        unfinished.persist_noclobber(&file).map_err(|error| failed(error.error))?;
        Ok(bytes)
    }

    /// Ends it: a node that was opened here stores what is to be stored.
    pub(in crate::ui) async fn close(self) -> Result<(), Failure> {
        match self {
            #[cfg(unix)]
            Self::Running(_) => Ok(()),
            Self::Here(node, _) => Ok(node.shutdown().await?),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Body>, Failure> {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = Request::builder().method(method).uri(path).header("host", "sigillo").body(body);
        self.pass(request.map_err(|error| Failure::failed("request", error.to_string()))?).await
    }

    async fn pass(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        match self {
            #[cfg(unix)]
            Self::Running(socket) => over_socket(socket, request).await,
            Self::Here(_, routes) => {
                let Ok(response) = routes.clone().oneshot(request).await;
                Ok(response)
            }
        }
    }
}

/// The answer to a request, which is JSON.
async fn answered(response: Response<Body>) -> Result<Value, Failure> {
    let status = response.status();
    let body = Limited::new(response.into_body(), limits::API_RESPONSE_MAX).collect().await;
    let body = body.map_err(|error| unreachable_node(&error))?.to_bytes();
    let value: Value = serde_json::from_slice(&body).map_err(|error| unreachable_node(&error))?;
    if status.is_success() { Ok(value) } else { Err(Failure::answered(status.as_u16(), &value)) }
}

/// Takes a home for a node that is to run. A command that uses it for a moment is waited for; a running node isn't.
pub(in crate::ui) async fn take_home(home: &Path) -> Result<Home, Failure> {
    for _ in 0..ATTEMPTS {
        match Home::open(home) {
            Err(HomeError::AlreadyRunning(_)) if !answers(home).await => {
                tokio::time::sleep(ATTEMPT_PAUSE).await;
            }
            taken => return Ok(taken?),
        }
    }
    Ok(Home::open(home)?)
}

/// Whether a node of the home answers.
async fn answers(home: &Path) -> bool {
    #[cfg(unix)]
    let answers = tokio::net::UnixStream::connect(crate::ui::http::socket::path(home)).await.is_ok();
    #[cfg(not(unix))]
    let answers = false;
    answers
}

#[cfg(unix)]
async fn over_socket(socket: &Path, request: Request<Body>) -> Result<Response<Body>, Failure> {
    let stream = tokio::net::UnixStream::connect(socket).await.map_err(|error| unreachable_node(&error))?;
    let io = hyper_util::rt::TokioIo::new(stream);
    let handshake = hyper::client::conn::http1::handshake(io).await;
    let (mut sender, connection) = handshake.map_err(|error| unreachable_node(&error))?;
    // Ends with the answer's body, or with the process.
    tokio::runtime::Handle::current().spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| unreachable_node(&error))?;
    Ok(response.map(Body::new))
}

fn unreachable_node(error: &dyn core::fmt::Display) -> Failure {
    Failure::failed(
        "node_gone",
        format!("the running node doesn't answer ({error}): see whether it still runs"),
    )
}

/// A stream of JSON lines.
pub(in crate::ui) struct Lines {
    body: Body,
    read: Vec<u8>,
}

impl Lines {
    /// The next line; none at the end. Safe to cancel: what was read stays.
    pub(in crate::ui) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                match serde_json::from_slice(&line) {
                    Ok(value) => return Some(value),
                    Err(_) => continue,
                }
            }
            if self.read.len() > limits::API_RESPONSE_MAX {
                return None;
            }
            let frame = self.body.frame().await?.ok()?;
            let data: Bytes = frame.into_data().unwrap_or_default();
            self.read.extend_from_slice(&data);
        }
    }
}

/// A text as one part of a path or a query (RFC 3986).
pub(in crate::ui) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// A query of the parameters that are given.
pub(in crate::ui) fn query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let given: Vec<String> = given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_one_part_of_a_path() {
        assert_eq!(escaped("a/b?c#d e%é"), "a%2Fb%3Fc%23d%20e%25%C3%A9");
        assert_eq!(escaped("."), ".");
        assert_eq!(query("/x", &[("a", None), ("b", Some("1 2".into()))]), "/x?b=1%202");
        assert_eq!(query("/x", &[("a", None)]), "/x");
    }
}
