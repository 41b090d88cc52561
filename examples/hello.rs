//! Two nodes on this machine become contacts through an invite and talk, with the library's public API.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use sigillo::base::kind::AccountKind;
use sigillo::crypto::password::Cost;
use sigillo::disk::home::Home;
use sigillo::domain::identity::invite;
use sigillo::engine::body_view::BodyView;
use sigillo::engine::command::{Command, Outcome, Refusal};
use sigillo::engine::event::Event;
use sigillo::node::config::Config;
use sigillo::node::handle::Node;
use sigillo::node::identity;
use tokio::sync::broadcast::Receiver;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let homes = tempfile::tempdir()?;
    let ada = start(&homes.path().join("ada")).await?;
    let bob = start(&homes.path().join("bob")).await?;
    let (mut ada_sees, mut bob_sees) = (ada.events(), bob.events());

    bob.command(Command::Accept { invite: invite::decode(&invite_of(&ada).await?)?, name: None }).await?;
    bob.command(Command::Send { to: ada.account(), text: "Hello, Ada!".into() }).await?;
    println!("Ada reads: {}", next_text(&mut ada_sees).await?);
    ada.command(Command::Send { to: bob.account(), text: "Hello, Bob!".into() }).await?;
    println!("Bob reads: {}", next_text(&mut bob_sees).await?);

    ada.shutdown().await?;
    bob.shutdown().await?;
    Ok(())
}

/// A person's node with a fresh identity, on this machine's loopback only.
async fn start(path: &Path) -> Result<Node, Box<dyn Error>> {
    let home = Home::open(path)?;
    let keystore = identity::create(&home, AccountKind::Person, None, b"a passphrase", Cost::LEAST)?;
    let mut config = Config::default();
    config.network.listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".into()];
    config.network.mdns = false;
    Ok(Node::start(home, keystore, &config).await?)
}

/// An invite, as soon as the node has an address that it can name.
async fn invite_of(node: &Node) -> Result<String, Box<dyn Error>> {
    loop {
        match node.command(Command::Invite).await {
            Ok(Outcome::Invited { invite, .. }) => return Ok(invite),
            Err(Refusal::Offline) => tokio::time::sleep(Duration::from_millis(10)).await,
            other => return Err(format!("no invite: {other:?}").into()),
        }
    }
}

/// The next text that somebody sent us; our own entries are events too.
async fn next_text(events: &mut Receiver<Event>) -> Result<String, Box<dyn Error>> {
    loop {
        if let Event::Entry { entry, .. } = events.recv().await?
            && entry.direction == "in"
            && let BodyView::Text { text } = entry.body
        {
            return Ok(text);
        }
    }
}
