//! Making this, a new device, one of an identity that its person has.

use std::io::IsTerminal as _;
use std::path::Path;

use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::base::id::AccountId;
use crate::base::limits;
use crate::disk::home::Home;
use crate::domain::identity::address;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::event::Event;
use crate::node::config::Config;
use crate::node::handle::Node;
use crate::node::identity;
use crate::ui::cli::args::Join;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::people::{qr, stdin_line};
use crate::ui::cli::signals::Signals;
use crate::ui::cli::{passphrase, run, setup};

/// Shows the device's code, waits until an identity lets it in, and joins it once the person agrees.
pub(super) async fn join(home: &Path, output: Output, wanted: Join) -> Result<(), Failure> {
    let expected = wanted.account.as_deref().map(address::decode).transpose();
    let expected = expected.map_err(|error| Failure::misused(format!("--account: {error}")))?;
    let is_new = !identity::exists(home);
    let passphrase = if is_new { passphrase::chosen()? } else { passphrase::known()? };
    let held = Home::open(home)?;
    let mut config = Config::read(&held.config())?;
    run::apply(&mut config, wanted.run);
    let keystore = if is_new {
        identity::create_device(&held, &passphrase, setup::cost(&wanted.kdf))?
    } else {
        identity::unlock(home, &passphrase)?
    };
    drop(passphrase);
    if keystore.primary.is_some() {
        return Err(refused(&Refusal::AlreadyLinked));
    }
    let mut signals = Signals::listen()?;
    let node = Node::start(held, keystore, &config).await?;
    let joined = tokio::select! {
        joined = linked(&node, output, expected, !wanted.no_qr) => joined,
        () = signals.next() => Err(Failure::failed("interrupted", "interrupted: this device isn't linked")),
    };
    let stopped = node.shutdown().await.map_err(Failure::from);
    joined.and(stopped)
}

async fn linked(
    node: &Node,
    output: Output,
    expected: Option<AccountId>,
    picture: bool,
) -> Result<(), Failure> {
    if node.has_account() {
        return Err(refused(&Refusal::AlreadyLinked));
    }
    let events = node.events();
    run::addresses(node).await?;
    let offered = node.command(Command::OfferDevice).await.map_err(|refusal| refused(&refusal))?;
    let Outcome::LinkOffered { code, expires } = offered else { return Err(refused(&Refusal::Stopping)) };
    let offer = json!({ "event": "offered", "code": code, "expires": expires });
    output.show(&offer, |_| {
        let picture = if picture && output.is_terminal() { qr(&code) } else { None };
        let picture = picture.map(|picture| format!("{picture}\n")).unwrap_or_default();
        format!("{picture}{code}\n\non the device with the recovery phrase: `sigillo device link CODE`")
    })?;
    let granted = tokio::time::timeout(limits::LINK_OFFER_LIFE, granted(events)).await;
    let (address, name) =
        granted.map_err(|_| Failure::failed("expired", "nobody took the code up in time: try again"))??;
    let account = address::decode(&address).map_err(|_| refused(&Refusal::Stopping))?;
    agree(account, expected, &address, &name)?;
    node.command(Command::JoinAccount(account)).await.map_err(|refusal| refused(&refusal))?;
    let joined = json!({ "event": "joined", "address": address, "name": name });
    output.show(&joined, |_| {
        format!("this device speaks for {address} now: `sigillo run` brings contacts and history")
    })
}

/// Waits for the first identity that takes the code up.
async fn granted(mut events: Receiver<Event>) -> Result<(String, String), Failure> {
    loop {
        match events.recv().await {
            Ok(Event::LinkGranted { address, name }) => return Ok((address.to_string(), name)),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Err(refused(&Refusal::Stopping)),
        }
    }
}

/// Whose device this is to be is for its person to say: the code may have been seen by somebody else.
fn agree(account: AccountId, expected: Option<AccountId>, address: &str, name: &str) -> Result<(), Failure> {
    let other = || {
        Failure::failed(
            "other_account",
            format!("{address} has taken the code up, which isn't yours: this device isn't linked"),
        )
    };
    match expected {
        Some(expected) if expected == account => return Ok(()),
        Some(_) => return Err(other()),
        None if !std::io::stdin().is_terminal() => {
            return Err(Failure::misused("say whose device this is to be, with --account ADDRESS"));
        }
        None => {}
    }
    note(&format!("this device is to speak for {name} {address}\nis that your address? [y/N]"));
    let answer = stdin_line()?;
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(other()) }
}

fn refused(refusal: &Refusal) -> Failure {
    Failure::failed(refusal.code(), refusal.to_string())
}
