//! Throw-away nodes on loopback.

use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::base::kind::AccountKind;
use crate::crypto::password::Cost;
use crate::disk::home::Home;
use crate::domain::identity::invite;
use crate::domain::identity::keystore::Keystore;
use crate::engine::command::{Command, Outcome};
use crate::engine::view;
use crate::node::config::{Config, Directory};
use crate::node::handle::Node;
use crate::node::identity;

/// Protects nothing: the nodes are thrown away.
pub(in crate::ui) const PASSPHRASE: &[u8] = b"bench";

/// What went wrong, in words.
pub(in crate::ui) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A home with an identity, and the key to it.
pub(in crate::ui) struct Place {
    pub(in crate::ui) home: PathBuf,
    pub(in crate::ui) keystore: Keystore,
    pub(in crate::ui) config: Config,
}

impl Place {
    /// Makes an identity in a folder of its own under `under`.
    pub(in crate::ui) fn new(
        under: &Path,
        name: &str,
        kind: AccountKind,
        bootstrap: &[String],
    ) -> Result<Self, Failed> {
        let home = under.join(name);
        let keystore = identity::create(&Home::open(&home)?, kind, None, PASSPHRASE, Cost::LEAST)?;
        let mut config = Config::default();
        config.network.listen = vec!["/ip4/127.0.0.1/tcp/0".into()];
        config.network.mdns = false;
        config.network.bootstrap = bootstrap.to_vec();
        Ok(Self { home, keystore, config })
    }

    /// The same as a node that keeps the directory for others.
    pub(in crate::ui) fn serving(mut self) -> Self {
        self.config.network.directory = Directory::Server;
        self
    }

    pub(in crate::ui) async fn start(&self) -> Result<Node, Failed> {
        let home = Home::open(&self.home)?;
        let keystore = identity::unlock(&self.home, &Zeroizing::new(PASSPHRASE.to_vec()))?;
        Ok(Node::start(home, keystore, &self.config).await?)
    }
}

/// Where a node can be dialled, once it listens.
pub(in crate::ui) async fn addresses(node: &Node) -> Result<Vec<String>, Failed> {
    loop {
        let listening = node.status().await?.network.map(|network| network.listening).unwrap_or_default();
        let peer = node.peer_id().unwrap_or_default();
        if !listening.is_empty() {
            return Ok(listening.iter().map(|address| format!("{address}/p2p/{peer}")).collect());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Makes two persons contacts of one another.
pub(in crate::ui) async fn befriend(one: &Node, other: &Node) -> Result<(), Failed> {
    addresses(one).await?;
    let text = loop {
        if let Ok(Outcome::Invited { invite, .. }) = one.command(Command::Invite).await {
            break invite;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    other.command(Command::Accept { invite: invite::decode(&text)?, name: None }).await?;
    let account = other.account();
    while one.view(move |rows| view::contact(rows, &account)).await?.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
