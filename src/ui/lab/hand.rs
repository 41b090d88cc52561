//! A node that runs, in this process or in one of its own, and the requests to it.

use std::path::Path;
use std::time::Duration;

use axum::http::Method;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::disk::home::Home;
use crate::node::handle::Node;
use crate::node::laboratory::Laboratory;
use crate::ui::cli::client::{Client, Lines};
use crate::ui::cli::failure::Failure;
use crate::ui::facts::dialable;
use crate::ui::http::api::Api;
use crate::ui::http::router::router;
use crate::ui::lab::place::{Place, Saw, small};
#[cfg(unix)]
use crate::ui::lab::process::Process;
use crate::ui::lab::strings::Strings;

/// How long a node may take to say where it listens.
const LISTEN_PATIENCE: Duration = Duration::from_secs(30);
/// How long a home may stay taken by what ran in it before.
const HOME_PATIENCE: Duration = Duration::from_secs(10);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// A node that runs.
pub(super) struct Hand {
    client: Client,
    body: Body,
    /// Its peer id.
    pub(super) peer: String,
    /// Where it can be dialled.
    pub(super) listen: Vec<String>,
    listener: Option<JoinHandle<()>>,
}

enum Body {
    Here {
        node: Node,
        laboratory: Laboratory,
        ending: CancellationToken,
    },
    #[cfg(unix)]
    Process(Box<Process>),
}

impl Hand {
    /// Starts a node in this process.
    pub(super) async fn start(place: &Place, strings: &Strings) -> Result<Self, Saw> {
        let laboratory = Laboratory::default();
        strings.pull(&laboratory);
        let node = open(place, &laboratory).await?;
        let ending = CancellationToken::new();
        let client = Client::Here(node.clone(), router(Api::new(node.clone(), ending.clone())));
        let peer = node.peer_id().unwrap_or_default();
        let body = Body::Here { node, laboratory, ending };
        let mut hand = Self { client, body, peer, listen: Vec::new(), listener: None };
        if !place.config.network.listen.is_empty() {
            hand.listen = hand.listening().await?;
        }
        Ok(hand)
    }

    /// Starts a node in a process of its own, of this binary.
    #[cfg(unix)]
    pub(super) async fn start_process(
        place: &Place,
        strings: &Strings,
        passphrase: &Path,
    ) -> Result<Self, Saw> {
        let process = Process::start(place, strings, passphrase).await?;
        let client = Client::Running(crate::ui::http::socket::path(&place.home));
        let (peer, listen) = (process.peer.clone(), process.listen.clone());
        Ok(Self { client, body: Body::Process(Box::new(process)), peer, listen, listener: None })
    }

    /// A process of its own needs Unix sockets.
    #[cfg(not(unix))]
    pub(super) async fn start_process(_: &Place, _: &Strings, _: &Path) -> Result<Self, Saw> {
        Err("nodes in processes of their own need a Unix system".into())
    }

    /// Hands what happens at the node to `hear`, from here on.
    pub(super) async fn listen_to(&mut self, hear: impl Fn(&Value) + Send + 'static) -> Result<(), Saw> {
        let mut lines: Lines = self.client.stream("/v1/events").await.map_err(words)?;
        let listening = async move {
            while let Some(event) = lines.next().await {
                hear(&event);
            }
        };
        self.listener = Some(tokio::runtime::Handle::current().spawn(listening));
        Ok(())
    }

    pub(super) async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Saw> {
        self.client.request(method, path, body).await.map_err(words)
    }

    /// Pulls at the node's strings.
    pub(super) async fn pull(&mut self, strings: &Strings) -> Result<(), Saw> {
        match &mut self.body {
            Body::Here { laboratory, .. } => strings.pull(laboratory),
            #[cfg(unix)]
            Body::Process(process) => process.pull(strings).await?,
        }
        Ok(())
    }

    /// Has the node decide what is due by its clock.
    pub(super) async fn wake(&self) -> Result<(), Saw> {
        self.request(Method::GET, "/v1/status", None).await.map(|_| ())
    }

    /// Ends the node as its person would. Nothing runs of it afterwards.
    pub(super) async fn stop(mut self) -> Result<(), Saw> {
        let ended = match self.body {
            Body::Here { node, ending, .. } => {
                ending.cancel();
                node.shutdown().await.map_err(|fault| fault.to_string())
            }
            #[cfg(unix)]
            Body::Process(process) => process.stop().await,
        };
        over(self.listener.take()).await;
        ended
    }

    /// Ends the node without asking it: a process is killed; in this process it is cut off from everybody first.
    pub(super) async fn kill(mut self, everybody: Vec<String>) -> Result<(), Saw> {
        let ended = match self.body {
            Body::Here { node, laboratory, ending } => {
                laboratory.bar(&everybody);
                ending.cancel();
                node.shutdown().await.map_err(|fault| fault.to_string())
            }
            #[cfg(unix)]
            Body::Process(process) => process.kill().await,
        };
        over(self.listener.take()).await;
        ended
    }

    async fn listening(&self) -> Result<Vec<String>, Saw> {
        let deadline = Instant::now() + LISTEN_PATIENCE;
        loop {
            let status = self.request(Method::GET, "/v1/status", None).await?;
            let listen = status["network"]["listen"].as_array().cloned().unwrap_or_default();
            if !listen.is_empty() {
                let listen: Vec<_> = listen.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                return Ok(dialable(&listen, Some(&self.peer)));
            }
            if Instant::now() > deadline {
                return Err("it doesn't say where it listens".into());
            }
            sleep(PAUSE).await;
        }
    }
}

/// What follows a node's events ends with them.
async fn over(listener: Option<JoinHandle<()>>) {
    if let Some(listener) = listener {
        listener.abort();
        let _ = listener.await;
    }
}

/// What ran in the home before may still be about to let go of it.
async fn open(place: &Place, laboratory: &Laboratory) -> Result<Node, Saw> {
    let deadline = Instant::now() + HOME_PATIENCE;
    loop {
        let opened = match Home::open(&place.home) {
            Ok(home) => {
                let keystore = place.keystore.clone();
                let opened = Node::open_in(laboratory, home, keystore, &place.config, small()).await;
                opened.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match opened {
            Ok(node) => return Ok(node),
            Err(saw) if Instant::now() > deadline => return Err(saw),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

fn words(failure: Failure) -> Saw {
    match failure {
        Failure::Told { message, .. } => message,
        Failure::Said | Failure::Unread => "nothing was answered".into(),
    }
}
