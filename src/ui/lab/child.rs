//! A node in a process of its own, from the inside: it runs until its stdin ends, and its strings come by it.

use std::io::{BufRead as _, Read as _};
use std::path::Path;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::base::limits;
use crate::disk::home::Home;
use crate::node::config::Config;
use crate::node::handle::Node;
use crate::node::identity;
use crate::node::laboratory::Laboratory;
use crate::ui::facts::dialable;
use crate::ui::http::api::Api;
use crate::ui::http::router::router;
use crate::ui::http::{serve, socket};
use crate::ui::lab::place::{Saw, small};
use crate::ui::lab::strings::Strings;

/// How often it is looked whether the node listens, before it is said that it runs.
const LOOKS: u32 = 500;
/// Lines that wait to be obeyed.
const LINES_WAITING: usize = 4;
/// The pause between two looks.
const PAUSE: core::time::Duration = core::time::Duration::from_millis(20);

/// Runs the node of a home. The first line of stdin says how its strings are before it starts; `tell` is given the line
/// that says that it runs.
pub(in crate::ui) async fn run(
    home: &Path,
    passphrase: &Zeroizing<Vec<u8>>,
    tell: impl FnOnce(&serde_json::Value),
) -> Result<(), Saw> {
    let mut lines = lines().map_err(words)?;
    let first = lines.recv().await.ok_or("stdin ended before it said anything")?;
    let laboratory = Laboratory::default();
    first.pull(&laboratory);
    let held = Home::open(home).map_err(words)?;
    let config = Config::read(&held.config()).map_err(words)?;
    let keystore = identity::unlock(home, passphrase).map_err(words)?;
    let node = Node::open_in(&laboratory, held, keystore, &config, small()).await.map_err(words)?;
    let ending = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let routes = router(Api::new(node.clone(), ending.clone()));
    tasks.spawn(serve::serve(socket::bind(&node).map_err(words)?, routes, ending.clone()));
    let listen = listening(&node, !config.network.listen.is_empty()).await?;
    tell(&json!({ "event": "running", "peer": node.peer_id(), "listen": listen }));
    let pulled = async {
        while let Some(strings) = lines.recv().await {
            strings.pull(&laboratory);
        }
    };
    let served = tokio::select! {
        () = pulled => Ok(()),
        ended = node.ended() => ended.map_err(words),
    };
    ending.cancel();
    while tasks.join_next().await.is_some() {}
    served.and(node.shutdown().await.map_err(words))
}

/// The strings that come by stdin, until it ends or says something else. A thread reads it: it may wait for ever.
fn lines() -> std::io::Result<mpsc::Receiver<Strings>> {
    let (told, lines) = mpsc::channel(LINES_WAITING);
    let read = move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            let mut line = String::new();
            let read = (&mut stdin).take(limits::LAB_LINE_MAX).read_line(&mut line);
            let Ok(strings) = serde_json::from_str::<Strings>(&line) else { return };
            if !matches!(read, Ok(1..)) || told.blocking_send(strings).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("sigillo-lab-strings".into()).spawn(read)?;
    Ok(lines)
}

async fn listening(node: &Node, wanted: bool) -> Result<Vec<String>, Saw> {
    for _ in 0..LOOKS {
        let network = node.status().await.map_err(words)?.network;
        let listening = network.map(|network| network.listening).unwrap_or_default();
        if !wanted || !listening.is_empty() {
            return Ok(dialable(&listening, node.peer_id().as_deref()));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err("the node doesn't listen".into())
}

fn words(error: impl core::fmt::Display) -> Saw {
    error.to_string()
}
