//! Homes that were copied, opened with the wrong key, and searched for anything readable.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::process::Process;
use common::{Place, address_of, addresses, befriend, send, texts, wait_for};
use sigillo::base::id::AccountId;
use sigillo::base::kind::AccountKind::{Business, Person};
use sigillo::base::limits::VALUE_MAX;
use sigillo::domain::directory::profile::ProfileDraft;
use sigillo::engine::command::{Command, Refusal};
use sigillo::node::handle::Node;
use sigillo::store::key::TableId;
use sigillo::store::table::{Rows as _, Table};

/// Every file under a directory, with its bytes.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            files.insert(path, bytes);
        }
    }
    files
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let to = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, bytes).unwrap();
    }
}

/// Two friends who have talked, and ended in order.
async fn talked() -> (Place, Place, AccountId, AccountId) {
    let (ana_place, bento_place) = (Place::new(Person, &[]), Place::new(Person, &[]));
    let (ana, bento) = (ana_place.start().await, bento_place.start().await);
    befriend(&ana, &bento).await;
    exchange(&ana, &bento).await;
    let accounts = (ana.account(), bento.account());
    ana.shutdown().await.unwrap();
    bento.shutdown().await.unwrap();
    (ana_place, bento_place, accounts.0, accounts.1)
}

/// Whoever has more written than a row can have is told so, and nobody else hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_too_large_is_refused_to_whoever_writes_it_and_the_node_goes_on() {
    const ROWS: Table<String> = Table::new(TableId::Meta, 1);
    let place = Place::new(Person, &[]);
    let node = place.start().await;
    let write = |row: String| node.write(move |tx| tx.put(&ROWS, ROWS.key(b"a test's"), row));
    let (large, small) = tokio::join!(write("x".repeat(VALUE_MAX)), write("small".into()));
    assert_eq!((large, small), (Err(Refusal::TooLarge), Ok(())));
    let kept = node.view(|rows| rows.copy(&ROWS, b"a test's")).await.unwrap();
    assert_eq!(kept.as_deref(), Some("small"));
    node.command(Command::SetName("Ana".into())).await.unwrap();
    node.shutdown().await.unwrap();
}

const SECRETS: [&str; 2] = ["Quarenta pãezinhos para sábado", "Só restam trinta e dois"];

async fn exchange(ana: &Node, bento: &Node) {
    send(ana, bento.account(), SECRETS[0]).await.unwrap();
    send(bento, ana.account(), SECRETS[1]).await.unwrap();
    wait_for("both texts", async || {
        let here = texts(ana, bento.account(), "in").await.len() == 1;
        (here && texts(bento, ana.account(), "in").await.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_home_opens_with_nothing_but_its_own_keystore_and_passphrase() {
    let (ana, bento, _, friend) = talked().await;
    let program = Process::new(ana);
    let copied = tempfile::tempdir().unwrap();
    let home = copied.path().join("home");
    copy(&program.home(), &home);
    let passphrase = |text: &str| {
        let path = copied.path().join("passphrase");
        std::fs::write(&path, text).unwrap();
        path
    };
    let refused = |arguments: &[&str], passphrase: &Path| {
        let before = files(&home);
        let mut run = program.program(&home);
        let run = run.args(arguments).env("SIGILLO_PASSPHRASE_FILE", passphrase).output().unwrap();
        assert_eq!((run.status.code(), run.stdout.as_slice()), (Some(1), &b""[..]), "{arguments:?}");
        assert!(files(&home) == before, "{arguments:?} changed something");
        String::from_utf8(run.stderr).unwrap()
    };
    let friend = address_of(&friend);
    let commands =
        [&["run", "--no-mdns"][..], &["id"], &["history", &friend], &["send", &friend, "hi"], &["status"]];
    let wrong = passphrase("not it");
    for command in commands {
        let said = refused(command, &wrong);
        assert!(said.contains("passphrase"), "{said}");
    }

    // The right passphrase, and the keystore of another home.
    let own = std::fs::read(home.join("keystore")).unwrap();
    std::fs::copy(bento.home().join("keystore"), home.join("keystore")).unwrap();
    let right = passphrase(std::str::from_utf8(common::PASSPHRASE).unwrap());
    for command in commands {
        let said = refused(command, &right);
        assert!(said.contains("key"), "{said}");
    }

    // Nothing of that has hurt the store.
    std::fs::write(home.join("keystore"), own).unwrap();
    let mut history = program.program(&home);
    let history = history.args(["history", &friend]).env("SIGILLO_PASSPHRASE_FILE", &right).output().unwrap();
    let history = String::from_utf8(history.stdout).unwrap();
    assert!(SECRETS.iter().all(|secret| history.contains(secret)), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_of_a_home_holds_a_text_a_name_or_an_address_that_can_be_read() {
    let hub_place = Place::directory_server();
    let hub = hub_place.start().await;
    let bootstrap = addresses(&hub).await;
    let (ana_place, bento_place) = (Place::new(Person, &bootstrap), Place::new(Person, &bootstrap));
    let shop_place = Place::new(Business, &bootstrap);
    let (ana, bento, shop) = (ana_place.start().await, bento_place.start().await, shop_place.start().await);
    for (node, name) in [(&ana, "Ana Conceição"), (&bento, "Bento Figueiredo")] {
        node.command(Command::SetName(name.into())).await.unwrap();
    }
    befriend(&ana, &bento).await;
    exchange(&ana, &bento).await;
    let contact = bento.account();
    ana.command(Command::Rename { contact, name: "Primo Bentinho".into() }).await.unwrap();
    addresses(&shop).await;
    let draft = ProfileDraft { name: "Padaria Sussurro".into(), ..ProfileDraft::default() };
    shop.command(Command::SetProfile(Box::new(draft))).await.unwrap();
    wait_for("the publication", async || shop.command(Command::Publish).await.ok()).await;
    let account = shop.account();
    wait_for("the shop", async || ana.command(Command::Add { account, name: None }).await.ok()).await;
    send(&ana, shop.account(), "Tem broa de milho?").await.unwrap();
    wait_for("the delivery", async || {
        let known = shop.view(|rows| sigillo::engine::view::conversations(rows)).await.unwrap();
        known.first().map(|_| ())
    })
    .await;

    let accounts = [ana.account(), bento.account(), shop.account()];
    let peers: Vec<String> = [&ana, &bento, &shop, &hub].iter().filter_map(|node| node.peer_id()).collect();
    let mut readable: Vec<Vec<u8>> = SECRETS.iter().map(|text| text.as_bytes().to_vec()).collect();
    for text in ["Tem broa de milho?", "Conceição", "Figueiredo", "Primo Bentinho", "Padaria Sussurro"] {
        readable.push(text.as_bytes().to_vec());
    }
    for account in &accounts {
        readable.push(address_of(account).into_bytes());
        readable.push(account.as_bytes().to_vec());
    }
    for peer in peers {
        readable.push(peer.parse::<libp2p::PeerId>().unwrap().to_bytes());
        readable.push(peer.into_bytes());
    }
    let public = shop.account();
    let search = |when: &str| {
        for place in [&ana_place, &bento_place, &shop_place] {
            let files = files(&place.home());
            assert!(files.len() > 3, "a home with a database");
            for (path, bytes) in files {
                for text in &readable {
                    // Index entries that a node keeps for all are in the order of the businesses that published
                    // them: a business's own account, which is public, lies in its own home.
                    if place.kind == Business && text == public.as_bytes() {
                        continue;
                    }
                    let found = bytes.windows(text.len()).any(|window| window == text.as_slice());
                    assert!(!found, "{when}: {} holds {}", path.display(), String::from_utf8_lossy(text));
                }
            }
        }
    };
    search("while they run");
    for node in [&ana, &bento, &shop, &hub] {
        node.shutdown().await.unwrap();
    }
    search("after they ended");
}
