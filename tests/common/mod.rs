//! Real nodes on loopback, for the integration tests.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

pub mod attacker;
#[cfg(unix)]
pub mod process;

use std::time::Duration;

use sigillo::base::id::AccountId;
use sigillo::base::kind::AccountKind;
use sigillo::crypto::password::Cost;
use sigillo::disk::home::Home;
use sigillo::domain::identity::address;
use sigillo::domain::identity::invite;
use sigillo::engine::body_view::BodyView;
use sigillo::engine::command::{Command, Outcome, Refusal};
use sigillo::engine::view::{self, EntryView};
use sigillo::node::config::{Config, Directory};
use sigillo::node::handle::Node;
use sigillo::node::identity;
use zeroize::Zeroizing;

pub const PASSPHRASE: &[u8] = b"a passphrase of the tests";
/// A killed peer is believed alive for up to 40 s, and deliveries are tried again after pauses; what takes longer than this
/// is broken.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A node's home, which outlives the node.
pub struct Place {
    pub directory: tempfile::TempDir,
    pub kind: AccountKind,
    pub config: Config,
}

impl Place {
    pub fn new(kind: AccountKind, bootstrap: &[String]) -> Self {
        let mut config = Config::default();
        config.network.listen = vec!["/ip4/127.0.0.1/tcp/0".into(), "/ip4/127.0.0.1/udp/0/quic-v1".into()];
        config.network.mdns = false;
        config.network.bootstrap = bootstrap.to_vec();
        let place = Self { directory: tempfile::tempdir().unwrap(), kind, config };
        let home = Home::open(&place.home()).unwrap();
        identity::create(&home, kind, None, PASSPHRASE, Cost::LEAST).unwrap();
        place
    }

    /// A node that keeps the directory for the others.
    pub fn directory_server() -> Self {
        let mut place = Self::new(AccountKind::Person, &[]);
        place.config.network.directory = Directory::Server;
        place
    }

    pub fn home(&self) -> std::path::PathBuf {
        self.directory.path().join("home")
    }

    pub async fn start(&self) -> Node {
        let home = Home::open(&self.home()).unwrap();
        let keystore = identity::unlock(&self.home(), &Zeroizing::new(PASSPHRASE.to_vec())).unwrap();
        Node::start(home, keystore, &self.config).await.unwrap()
    }
}

/// The addresses at which a node can be dialled, each with its peer id.
pub async fn addresses(node: &Node) -> Vec<String> {
    wait_for("addresses", async || {
        let listening = node.status().await.unwrap().network.unwrap().listening;
        let peer = node.peer_id().unwrap();
        (!listening.is_empty()).then(|| listening.iter().map(|a| format!("{a}/p2p/{peer}")).collect())
    })
    .await
}

/// Asks again and again until there is an answer.
pub async fn wait_for<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Makes two persons contacts of one another.
pub async fn befriend(one: &Node, other: &Node) {
    addresses(one).await;
    let invite = wait_for("an invite", async || match one.command(Command::Invite).await {
        Ok(Outcome::Invited { invite, .. }) => Some(invite),
        _ => None,
    })
    .await;
    let invite = invite::decode(&invite).unwrap();
    other.command(Command::Accept { invite, name: None }).await.unwrap();
    let account = other.account();
    wait_for("the contact", async || one.view(move |rows| view::contact(rows, &account)).await.unwrap())
        .await;
}

pub async fn send(from: &Node, to: AccountId, text: &str) -> Result<Outcome, Refusal> {
    from.command(Command::Send { to, text: text.into() }).await
}

pub async fn history(node: &Node, with: AccountId) -> Vec<EntryView> {
    node.view(move |rows| view::history(rows, &with, None, 100_000)).await.unwrap()
}

/// The texts of a conversation in one direction (`in` or `out`).
pub async fn texts(node: &Node, with: AccountId, direction: &str) -> Vec<String> {
    let entries = history(node, with).await.into_iter().filter(|entry| entry.direction == direction);
    entries
        .filter_map(|entry| match entry.body {
            BodyView::Text { text } => Some(text),
            _ => None,
        })
        .collect()
}

pub fn address_of(account: &AccountId) -> String {
    address::encode(account)
}
