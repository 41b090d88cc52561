//! This node's identity: its address, and another one put in its place.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::ui::cli::client::Client;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::id_args::{Id, Reconcile, Rotate};
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::{passphrase, setup, show};

/// What a person should know before.
const CONSEQUENCES: &str = "\
This makes a new identity key. The old one names it as its successor, for good:
  - your address, safety numbers and recovery phrase are new; the old phrase brings nothing back any more
  - contacts, conversations and your other devices follow; who had compared your safety number must do so again
  - contacts who are away follow when they hear from you next
  - invites that are open lead to the new identity
It can't be undone.";

pub(super) async fn id(client: &Client, output: Output, what: Option<Id>) -> Result<(), Failure> {
    match what {
        None => output.show(&client.get("/v1/id").await?, show::identity),
        Some(Id::Rotate(wanted)) => rotate(client, output, &wanted).await,
        Some(Id::Reconcile(wanted)) => {
            let found = reconcile(client, &wanted).await?;
            output.show(&found, |found| match found["seq"].as_u64() {
                Some(seq) => {
                    format!("this identity goes on from number {seq}, the last one that others know of it")
                }
                None => {
                    "this identity begins anew: it publishes, issues and is told to contacts from here on"
                        .into()
                }
            })
        }
        Some(Id::Lock(wanted)) => {
            let phrase = setup::phrase(wanted.phrase_file.as_deref())?;
            let locked = client.post("/v1/id/lock", &json!({ "recovery_phrase": phrase.trim() })).await?;
            output.show(&locked, |_| {
                "the identity key is in your recovery phrase alone now: without it, devices can't be changed".into()
            })
        }
        Some(Id::Unlock(wanted)) => {
            let phrase = setup::phrase(wanted.phrase_file.as_deref())?;
            let passphrase = passphrase::known_text()?;
            let both = json!({ "recovery_phrase": phrase.trim(), "passphrase": passphrase.as_str() });
            let unlocked = client.post("/v1/id/unlock", &both).await?;
            output.show(&unlocked, |_| "the identity key is in this home again, under its passphrase".into())
        }
    }
}

/// Finds out what was said before, with the key that signs what goes on from it. By force that takes the key only where
/// others may know more of the log than this home does.
async fn reconcile(client: &Client, wanted: &Reconcile) -> Result<Value, Failure> {
    if wanted.force {
        let forced = client.post("/v1/id/reconcile", &json!({ "force": true })).await;
        if !forced.as_ref().is_err_and(|failure| failure.is("key_needed")) {
            return forced;
        }
    }
    let key = key(client, wanted.key.phrase_file.as_deref()).await?;
    let body = json!({ "key": key, "force": wanted.force, "from": wanted.from });
    client.post("/v1/id/reconcile", &body).await
}

/// What unseals the identity key for one request: the passphrase, or the recovery phrase where the key is locked.
pub(super) async fn key(client: &Client, phrase_file: Option<&Path>) -> Result<Value, Failure> {
    let custody = client.get("/v1/id").await?;
    if phrase_file.is_some() || custody["identity_key"] == "locked" {
        let phrase = setup::phrase(phrase_file)?;
        return Ok(json!({ "recovery_phrase": phrase.trim() }));
    }
    Ok(json!({ "passphrase": passphrase::known_text()?.as_str() }))
}

/// The recovery phrase is shown before the identity is another: whatever happens in between, it is known.
async fn rotate(client: &Client, output: Output, wanted: &Rotate) -> Result<(), Failure> {
    if !wanted.yes {
        if output.is_json() || !std::io::stdin().is_terminal() {
            return Err(Failure::misused("this can't be undone: say --yes where nobody can be asked"));
        }
        note(CONSEQUENCES);
        agree("go on? [y/N]", &["y", "Y", "yes"])?;
    }
    let unlock = json!({ "passphrase": passphrase::known_text()?.as_str() });
    let mut next = client.post("/v1/id/next", &unlock).await?;
    let phrase = match next["recovery_phrase"].take() {
        Value::String(phrase) => Zeroizing::new(phrase),
        _ => return Err(Failure::failed("api", "the node answered with no recovery phrase")),
    };
    show_next(output, &next, &phrase)?;
    if !wanted.yes {
        agree("written down? The old phrase is of no use from here on. [y/N]", &["y", "Y", "yes"])?;
    }
    let mut rotated = client.post("/v1/id/rotate", &unlock).await?;
    rotated["event"] = Value::from("rotated");
    output.show(&rotated, |rotated| {
        format!("this identity is {} now; contacts are told by `sigillo run`", show::text(rotated, "address"))
    })
}

fn show_next(output: Output, next: &Value, phrase: &Zeroizing<String>) -> Result<(), Failure> {
    if output.is_json() {
        let rest =
            json!({ "address": next["address"], "event": "prepared", "former": next["former"] }).to_string();
        let rest = rest.strip_prefix('{').unwrap_or_default();
        return output
            .secret(&Zeroizing::new(format!("{{\"recovery_phrase\":\"{}\",{rest}", phrase.as_str())));
    }
    output.say(&format!("address  {}\n", show::text(next, "address")))?;
    setup::show_phrase(output, phrase)
}

fn agree(question: &str, yes: &[&str]) -> Result<(), Failure> {
    note(question);
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Failure::failed("stdin", format!("stdin can't be read: {error}")))?;
    if yes.contains(&answer.trim()) {
        Ok(())
    } else {
        Err(Failure::failed("declined", "nothing was changed"))
    }
}
