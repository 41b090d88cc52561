//! A node whose program answers whoever writes, and somebody who asks, with the library's public API.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use sigillo::base::id::AccountId;
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

type Failure = Box<dyn Error + Send + Sync>;

/// What the bot knows.
const ANSWERS: [(&str, &str); 2] =
    [("hours", "We are open from 6 to 19."), ("rye", "Rye is out on Fridays.")];

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let homes = tempfile::tempdir()?;
    let bakery = start(&homes.path().join("bakery"), AccountKind::Person).await?;
    let ana = start(&homes.path().join("ana"), AccountKind::Person).await?;
    tokio::select! {
        // It answers for as long as Ana asks.
        () = answer(&bakery, bakery.events()) => {}
        asked = ask(&ana, &bakery) => asked?,
    }
    ana.shutdown().await?;
    bakery.shutdown().await?;
    Ok(())
}

/// Asks the bakery this and that.
async fn ask(ana: &Node, bakery: &Node) -> Result<(), Failure> {
    let mut seen = ana.events();
    ana.command(Command::Accept { invite: invite::decode(&invite_of(bakery).await?)?, name: None }).await?;
    for question in ["Is there rye today?", "What are your hours?", "And cake?"] {
        println!("Ana: {question}");
        ana.command(Command::Send { to: bakery.account(), text: question.into() }).await?;
        let (_, answer) = next_text(&mut seen).await?;
        println!("Bot: {answer}");
    }
    Ok(())
}

/// Answers every text that comes, until the node ends.
async fn answer(node: &Node, mut events: Receiver<Event>) {
    while let Ok((from, text)) = next_text(&mut events).await {
        let text = text.to_lowercase();
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let known = ANSWERS.iter().find(|(word, _)| words.contains(word));
        let said = known.map_or("Ask me for hours or rye.", |(_, said)| said);
        if let Err(refusal) = node.command(Command::Send { to: from, text: said.into() }).await {
            eprintln!("not answered: {refusal}");
        }
    }
}

/// A node with a fresh identity, on this machine's loopback only.
async fn start(path: &Path, kind: AccountKind) -> Result<Node, Failure> {
    let home = Home::open(path)?;
    let keystore = identity::create(&home, kind, None, b"a passphrase", Cost::LEAST)?;
    let mut config = Config::default();
    config.network.listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".into()];
    config.network.mdns = false;
    Ok(Node::start(home, keystore, &config).await?)
}

/// An invite, as soon as the node has an address that it can name.
async fn invite_of(node: &Node) -> Result<String, Failure> {
    loop {
        match node.command(Command::Invite).await {
            Ok(Outcome::Invited { invite, .. }) => return Ok(invite),
            Err(Refusal::Offline) => tokio::time::sleep(Duration::from_millis(10)).await,
            other => return Err(format!("no invite: {other:?}").into()),
        }
    }
}

/// The next text that somebody sent us, and who did; our own entries are events too.
async fn next_text(events: &mut Receiver<Event>) -> Result<(AccountId, String), Failure> {
    loop {
        if let Event::Entry { with, entry, .. } = events.recv().await?
            && entry.direction == "in"
            && let BodyView::Text { text } = entry.body
        {
            return Ok((with.0, text));
        }
    }
}
