//! Running the node until it is interrupted.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::domain::identity::address;
use crate::engine::command::Refusal;
use crate::engine::event::Event;
use crate::node::config::{self, Config};
use crate::node::handle::Node;
use crate::node::identity::{self, IdentityError};
use crate::node::open_files;
use crate::ui::cli::args_run::Run;
use crate::ui::cli::client::take_home;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::signals::Signals;
use crate::ui::cli::{passphrase, show};
use crate::ui::facts::{dialable, kind_word};
use crate::ui::http::api::Api;
use crate::ui::http::upkeep::{keep_log, upkeep};
use crate::ui::http::webhook::deliver::deliver;
use crate::ui::http::{serve, tcp};

/// How long to wait for addresses before saying that the node runs.
const LISTEN_PATIENCE: Duration = Duration::from_secs(5);
/// How long the addresses must have stayed the same.
const LISTEN_SETTLE: Duration = Duration::from_millis(100);

/// Runs the node of a home; returns once it has ended and everything is stored.
pub(super) async fn run(home: &Path, output: Output, narrate: bool, wanted: Run) -> Result<(), Failure> {
    if !identity::exists(home) {
        return Err(IdentityError::None(home.display().to_string()).into());
    }
    let held = take_home(home).await?;
    let mut config = Config::read(&held.config())?;
    let api_wanted = wanted.api.is_some();
    apply(&mut config, wanted);
    if let Some(words) = config.api.is_exposed().filter(|_| api_wanted) {
        return Err(Failure::misused(words));
    }
    config.api.check()?;
    let passphrase = passphrase::known()?;
    let keystore = identity::unlock(home, &passphrase)?;
    let mut signals = Signals::listen()?;
    // Where the system names no bound, or keeps the one there is, the node takes what it gets.
    open_files::raise();
    let node = Node::start(held, keystore.clone(), &config).await?;
    // An earlier process may have ended between the store and the keystore.
    identity::settle(home, &passphrase, keystore, &node.account())?;
    drop(passphrase);
    report_recovery(&node);
    if !node.has_account() {
        node.shutdown().await?;
        return Err(Failure::failed(Refusal::NotLinked.code(), Refusal::NotLinked.to_string()));
    }
    let served = serve(&node, &config.api, output, narrate, &mut signals).await;
    let stopped = tokio::select! {
        stopped = node.shutdown() => stopped.map_err(Failure::from),
        () = signals.next() => Err(Failure::failed("interrupted", "interrupted again: stopped at once")),
    };
    served.and(stopped)
}

/// Serves the local API and waits for the end.
async fn serve(
    node: &Node,
    config: &config::Api,
    output: Output,
    narrate: bool,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let ending = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let api = Api::new(node.clone(), ending.clone());
    let mut at = None;
    if let Some((listener, routes)) = tcp::bind(&api, config).await? {
        at = Some(listener.local_addr()?);
        tasks.spawn(serve::serve(listener, routes, ending.clone()));
    }
    keep_log(&api, at.is_some()).await;
    #[cfg(unix)]
    {
        use crate::ui::http::{router::router, socket};
        tasks.spawn(serve::serve(socket::bind(node)?, router(api.clone()), ending.clone()));
    }
    tasks.spawn(deliver(api.clone()));
    tasks.spawn(upkeep(api));
    if narrate && !output.is_json() {
        tasks.spawn(tell(node.events(), output, ending.clone()));
    }
    let result = tokio::select! {
        () = signals.next() => Ok(()),
        failed = announced(node, at, output) => failed,
        ended = node.ended() => ended.map_err(Failure::from),
    };
    tracing::info!("stopping");
    ending.cancel();
    let finish = async { while tasks.join_next().await.is_some() {} };
    tokio::select! {
        () = finish => {}
        () = signals.next() => {}
    }
    #[cfg(unix)]
    remove_socket(node);
    result
}

/// Says once where the node is, and then waits for ever; ends only where that can't be found out.
async fn announced(node: &Node, api: Option<SocketAddr>, output: Output) -> Result<(), Failure> {
    let listening = addresses(node).await?;
    let peer = node.peer_id();
    let listen = dialable(&listening, peer.as_deref());
    let running = json!({
        "event": "running", "address": address::encode(&node.account()), "kind": kind_word(node.kind()), "peer": peer,
        "listen": listen, "api": api.map(|api| format!("http://{api}")),
    });
    match output.show(&running, show::running) {
        // A node goes on without anybody who reads its words.
        Ok(()) | Err(Failure::Unread) => core::future::pending().await,
        Err(other) => Err(other),
    }
}

/// The addresses, once there are some and no more are coming.
pub(super) async fn addresses(node: &Node) -> Result<Vec<String>, Failure> {
    let deadline = tokio::time::sleep(LISTEN_PATIENCE);
    tokio::pin!(deadline);
    let mut known: Vec<String> = Vec::new();
    loop {
        let status =
            node.status().await.map_err(|refusal| Failure::failed(refusal.code(), refusal.to_string()))?;
        let now = status.network.map(|network| network.listening).unwrap_or_default();
        if !now.is_empty() && now == known {
            return Ok(now);
        }
        known = now;
        tokio::select! {
            () = &mut deadline => return Ok(known),
            () = tokio::time::sleep(LISTEN_SETTLE) => {}
        }
    }
}

/// Tells what happens, but not what is said.
async fn tell(mut events: Receiver<Event>, output: Output, ending: CancellationToken) {
    loop {
        let event = tokio::select! {
            () = ending.cancelled() => return,
            event = events.recv() => event,
        };
        let words = match event {
            Ok(event) => serde_json::to_value(&event).ok().map(|event| show::event_discreetly(&event)),
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return,
        };
        if words.is_some_and(|words| output.say(&words).is_err()) {
            return;
        }
    }
}

pub(super) fn apply(config: &mut Config, wanted: Run) {
    let network = &mut config.network;
    for (configured, given) in [
        (&mut network.listen, wanted.listen),
        (&mut network.bootstrap, wanted.bootstrap),
        (&mut network.announce, wanted.announce),
        (&mut config.relay.named, wanted.relay),
    ] {
        if !given.is_empty() {
            *configured = given;
        }
    }
    if let Some(directory) = wanted.directory {
        network.directory = directory.into();
    }
    network.mdns &= !wanted.no_mdns;
    network.upnp &= !wanted.no_upnp;
    config.relay.serve |= wanted.serve_relay;
    config.api.listen = wanted.api.or(config.api.listen);
    config.api.allow_remote |= wanted.api_allow_remote;
}

fn report_recovery(node: &Node) {
    let recovery = node.recovery();
    if recovery.batches > 0 {
        tracing::info!(
            batches = recovery.batches,
            torn_bytes = recovery.torn_bytes,
            "went on after an unclean end"
        );
    }
    for file in &recovery.quarantined {
        tracing::warn!(file = %file.display(), "a damaged file was moved aside and made anew");
    }
}

/// The node still holds the home: the socket can't be another node's.
#[cfg(unix)]
fn remove_socket(node: &Node) {
    if let Err(error) = std::fs::remove_file(crate::ui::http::socket::path(node.home())) {
        tracing::warn!(%error, "the socket of the local API can't be removed");
    }
}
