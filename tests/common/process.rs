//! Nodes as processes of the real program, and a client of their local API.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use sigillo::base::kind::AccountKind::Person;
use sigillo::ui::http::socket;

use super::{PASSPHRASE, Place, wait_for};

/// A node's home, and the process that runs on it or doesn't.
pub struct Process {
    pub place: Place,
    pub bootstrap: Vec<String>,
    child: Option<Child>,
}

impl Process {
    pub fn new(place: Place) -> Self {
        std::fs::write(place.directory.path().join("passphrase"), PASSPHRASE).unwrap();
        Self { bootstrap: place.config.network.bootstrap.clone(), place, child: None }
    }

    pub fn home(&self) -> PathBuf {
        self.place.home()
    }

    /// The program, with the passphrase and the home of this node.
    pub fn program(&self, home: &Path) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sigillo"));
        program.env("SIGILLO_PASSPHRASE_FILE", self.place.directory.path().join("passphrase"));
        program.env("SIGILLO_HOME", home).stdin(Stdio::null());
        program
    }

    /// Starts the process; it answers when [`Api::connect`] returns. What it logs goes into the file `log`.
    pub fn start(&mut self) {
        let path = self.place.directory.path().join("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        let mut program = self.program(&self.home());
        program.args(["run", "--no-mdns"]);
        for address in &self.place.config.network.listen {
            program.args(["--listen", address]);
        }
        for address in &self.bootstrap {
            program.args(["--bootstrap", address]);
        }
        self.child = Some(program.stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    /// Ends the process with SIGKILL, in the middle of whatever it does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What the process wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.place.directory.path().join("log")).unwrap_or_default()
    }

    pub async fn api(&self) -> Api {
        Api::connect(&self.home()).await
    }

    /// The address of its identity.
    pub async fn address(&self) -> String {
        self.api().await.get("/v1/id").await["address"].as_str().unwrap().to_owned()
    }
}

/// Two processes whose people are friends.
pub async fn friends() -> (Process, Process) {
    let (mut one, mut other) = (Process::new(Place::new(Person, &[])), Process::new(Place::new(Person, &[])));
    one.start();
    other.start();
    let (mut at_one, mut at_other) = (one.api().await, other.api().await);
    let invite = wait_for("an invite", async || {
        let (status, body) = at_one.raw(Method::POST, "/v1/invites", "").await?;
        status.is_success().then(|| serde_json::from_slice::<Value>(&body).unwrap())
    })
    .await;
    at_other.ask(Method::POST, "/v1/contacts", json!({ "who": invite["invite"] })).await;
    wait_for("the contact", async || {
        let contacts = at_one.get("/v1/contacts").await;
        contacts.as_array().is_some_and(|contacts| !contacts.is_empty()).then_some(())
    })
    .await;
    (one, other)
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A client of a local API, which makes another connection when one is over.
pub struct Api {
    home: PathBuf,
    sender: Option<SendRequest<Body>>,
}

impl Api {
    /// Tries until the node answers.
    pub async fn connect(home: &Path) -> Self {
        let mut api = Self { home: home.to_owned(), sender: None };
        wait_for("the local API", async || api.is_there().await.then_some(())).await;
        api
    }

    /// Whether a connection can be had.
    pub async fn is_there(&mut self) -> bool {
        // A connection whose last answer has just been read may not take a request yet, or never again.
        let ready = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !ready {
            self.sender = self.open().await;
        }
        self.sender.is_some()
    }

    async fn open(&self) -> Option<SendRequest<Body>> {
        let stream = tokio::net::UnixStream::connect(socket::path(&self.home)).await.ok()?;
        let io = hyper_util::rt::TokioIo::new(stream);
        let (sender, connection) = hyper::client::conn::http1::handshake(io).await.ok()?;
        tokio::runtime::Handle::current().spawn(connection);
        Some(sender)
    }

    /// A request; nothing where the connection broke before the answer was whole.
    pub async fn raw(
        &mut self,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> Option<(StatusCode, Bytes)> {
        let request = Request::builder().method(method).uri(path).header("host", "sigillo");
        let request = request.body(body.into()).unwrap();
        if !self.is_there().await {
            return None;
        }
        let answer = self.sender.as_mut()?.send_request(request).await.ok()?;
        let status = answer.status();
        Some((status, answer.into_body().collect().await.ok()?.to_bytes()))
    }

    /// A request that must succeed.
    pub async fn ask(&mut self, method: Method, path: &str, body: Value) -> Value {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let (status, bytes) = self.raw(method, path, body).await.unwrap();
        assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Asks until there is an answer, for a node closes connections that were idle for a while.
    pub async fn get(&mut self, path: &str) -> Value {
        let (status, bytes) =
            wait_for("an answer", async || self.raw(Method::GET, path, Body::empty()).await).await;
        assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The whole conversation, oldest first.
    pub async fn history(&mut self, with: &str) -> Vec<Value> {
        let mut entries = Vec::new();
        let mut before = None;
        loop {
            let edge = before.map(|before: u64| format!("&before={before}")).unwrap_or_default();
            let mut page = self.get(&format!("/v1/conversations/{with}/history?limit=500{edge}")).await;
            let mut part = page["entries"].as_array().unwrap().clone();
            part.append(&mut entries);
            entries = part;
            before = page["next"].take().as_u64();
            if before.is_none() {
                return entries;
            }
        }
    }
}
