//! Making an identity, and bringing one back.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use serde_json::json;
use zeroize::Zeroizing;

use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::crypto::password::Cost;
use crate::disk::files;
use crate::disk::home::Home;
use crate::domain::identity::account::Seed;
use crate::domain::identity::address;
use crate::domain::identity::keystore::Keystore;
use crate::node::config::Config;
use crate::node::identity::{self, IdentityError};
use crate::ui::cli::args::{BOOTSTRAP, Init, Kdf, Restore};
use crate::ui::cli::client::Client;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::passphrase;
use crate::ui::facts::kind_word;
use crate::wire::decode::is_line;

/// Makes a new identity, and shows its recovery phrase this once.
pub(super) async fn init(home: &Path, output: Output, wanted: Init) -> Result<(), Failure> {
    if let Some(name) = &wanted.name
        && (name.is_empty() || !is_line(name, limits::NAME_MAX))
    {
        let words = format!("a name is one line of 1 to {} bytes", limits::NAME_MAX);
        return Err(Failure::misused(words));
    }
    if wanted.mailbox.iter().filter(|name| *name != BOOTSTRAP).count() > limits::MAILBOXES_MAX {
        let words = format!("no more than {} mailboxes keep mail for one identity", limits::MAILBOXES_MAX);
        return Err(Failure::misused(words));
    }
    refuse_existing(home)?;
    let passphrase = passphrase::chosen()?;
    let held = Home::open(home)?;
    let seed = Seed::random(&mut identity::system_rng());
    let address = address_of(&seed);
    let phrase = seed.phrase();
    let keystore =
        identity::create(&held, kind(wanted.business), Some(seed), &passphrase, cost(&wanted.kdf))?;
    show_once(home, output, (&address, &keystore), &phrase)?;
    let mailboxes = mailboxes(home, &wanted)?;
    if wanted.name.is_none() && mailboxes.is_empty() && wanted.invite.is_none() {
        return Ok(());
    }
    let client = Client::offline(held, keystore).await?;
    let done = settle_in(&client, &wanted, &mailboxes).await;
    client.close().await?;
    done
}

/// What a new identity begins with: its name, its mailboxes, its first contact.
async fn settle_in(client: &Client, wanted: &Init, mailboxes: &[String]) -> Result<(), Failure> {
    if let Some(name) = &wanted.name {
        client.request(axum::http::Method::PATCH, "/v1/profile", Some(&json!({ "name": name }))).await?;
    }
    for address in mailboxes {
        client.post("/v1/mailboxes", &json!({ "address": address })).await?;
    }
    if let Some(invite) = &wanted.invite {
        client.post("/v1/contacts", &json!({ "who": invite })).await?;
    }
    Ok(())
}

/// The mailboxes that were asked for by address, or as the nodes that the configuration begins with. Where there are
/// such nodes and none was asked for, the person is told that they may be asked.
fn mailboxes(home: &Path, wanted: &Init) -> Result<Vec<String>, Failure> {
    let config = Config::read(&home.join("config.toml"));
    let bootstrap = config.map_err(|error| Failure::failed("config", error.to_string()))?.network.bootstrap;
    let (any, named): (Vec<&String>, Vec<&String>) =
        wanted.mailbox.iter().partition(|name| *name == BOOTSTRAP);
    let any = bootstrap.iter().filter(|_| !any.is_empty());
    // The configuration may begin with more nodes than there is room for; those that were named have theirs.
    let mailboxes = named.into_iter().chain(any).take(limits::MAILBOXES_MAX).cloned().collect();
    if let (true, Some(first)) = (wanted.mailbox.is_empty() && wanted.invite.is_none(), bootstrap.first()) {
        note(&format!(
            "no mailbox keeps what comes while this node is off; a node that you begin with may: sigillo mailbox add {first}"
        ));
    }
    Ok(mailboxes)
}

/// Brings an identity back from its recovery phrase.
pub(super) fn restore(home: &Path, output: Output, wanted: &Restore) -> Result<(), Failure> {
    refuse_existing(home)?;
    let phrase = phrase(wanted.phrase_file.as_deref())?;
    let seed = Seed::from_phrase(&phrase).map_err(|error| Failure::failed("phrase", error.to_string()))?;
    let passphrase = passphrase::chosen()?;
    let held = Home::open(home)?;
    let address = address_of(&seed);
    let keystore = identity::restore(&held, kind(wanted.business), &seed, &passphrase, cost(&wanted.kdf))?;
    let document = json!({ "address": address, "kind": kind_word(keystore.kind), "home": home });
    let next = if wanted.business {
        "`sigillo run`, then `sigillo id reconcile`"
    } else {
        "`sigillo run`, then `sigillo id reconcile --from INVITE`, an invite by somebody who knows you"
    };
    output.show(&document, |_| format!("address  {address}\nhome     {}\nnext     {next}", home.display()))
}

fn show_once(
    home: &Path,
    output: Output,
    (address, keystore): (&str, &Keystore),
    phrase: &Zeroizing<String>,
) -> Result<(), Failure> {
    if output.is_json() {
        // The phrase is letters and spaces: it needs no escapes, and no copy that isn't wiped.
        let rest = json!({ "address": address, "kind": kind_word(keystore.kind), "home": home }).to_string();
        let rest = rest.strip_prefix('{').unwrap_or_default();
        return output
            .secret(&Zeroizing::new(format!("{{\"recovery_phrase\":\"{}\",{rest}", phrase.as_str())));
    }
    output.say(&format!("address  {address}\nhome     {}\n", home.display()))?;
    show_phrase(output, phrase)
}

/// The recovery phrase, for a person to write down.
pub(super) fn show_phrase(output: Output, phrase: &Zeroizing<String>) -> Result<(), Failure> {
    output.say("Recovery phrase: 24 words that bring this identity back on any machine.")?;
    output.say("Write them on paper now and keep it safe; they are not shown again.\n")?;
    let words: Vec<&str> = phrase.split(' ').collect();
    let lines: Vec<Zeroizing<String>> =
        words.chunks(6).map(|line| Zeroizing::new(format!("  {}", line.join(" ")))).collect();
    lines.iter().try_for_each(|line| output.secret(line))
}

/// From the file, a prompt, or stdin; never from the arguments, which other users can see.
pub(super) fn phrase(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    if let Some(path) = file {
        let unreadable = |error: &dyn core::fmt::Display| {
            Failure::failed("phrase", format!("{} can't be read: {error}", path.display()))
        };
        let bytes = Zeroizing::new(
            files::read_bounded(path, limits::PHRASE_MAX).map_err(|error| unreadable(&error))?,
        );
        let text = core::str::from_utf8(&bytes).map_err(|error| unreadable(&error))?;
        return Ok(Zeroizing::new(text.to_owned()));
    }
    if std::io::stdin().is_terminal() {
        return passphrase::prompt_hidden("Recovery phrase (24 words): ");
    }
    let mut text = Zeroizing::new(String::with_capacity(limits::PHRASE_MAX as usize));
    let read = std::io::stdin().take(limits::PHRASE_MAX).read_to_string(&mut text);
    read.map_err(|error| Failure::failed("phrase", format!("stdin can't be read: {error}")))?;
    Ok(text)
}

fn refuse_existing(home: &Path) -> Result<(), Failure> {
    if identity::exists(home) {
        return Err(IdentityError::Exists(home.display().to_string()).into());
    }
    Ok(())
}

fn address_of(seed: &Seed) -> String {
    address::encode(&seed.account().id())
}

const fn kind(business: bool) -> AccountKind {
    if business { AccountKind::Business } else { AccountKind::Person }
}

pub(super) const fn cost(kdf: &Kdf) -> Cost {
    Cost { memory_kib: kdf.kdf_memory * 1024, ..Cost::STANDARD }
}
