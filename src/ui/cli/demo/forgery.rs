//! Steps: forged profiles and forged receipts are refused, each for its own reason.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::base::limits;
use crate::base::money::Money;
use crate::crypto::kdf::label;
use crate::crypto::secret::Secret;
use crate::disk::files;
use crate::domain::billing::export::ReceiptFile;
use crate::domain::directory::profile::{ProfileError, VerifiedProfile, dht_keys};
use crate::domain::identity::account::Seed;
use crate::domain::identity::address;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::node::clock;
use crate::node::identity::system_rng;
use crate::node::raw_peer::RawPeer;
use crate::ui::cli::client::escaped;
use crate::ui::cli::demo::charging::Receipt;
use crate::ui::cli::demo::check::{Told, Wrong, expect, list, several, wait_for};
use crate::ui::cli::demo::market::count;
use crate::ui::cli::demo::node::{LISTEN, Node};
use crate::ui::cli::demo::stage::Stage;
use crate::ui::cli::show::text;
use crate::wire::account::Purposes;
use crate::wire::billing::{Event, EventKind};
use crate::wire::document::SignedDocument;
use crate::wire::record::{Profile, ProfileRecord};
use crate::wire::signed::Signed;

/// What the forger would have the business be called.
const LIE: &str = "Padaria do Ladrao";

/// A peer takes the business's real record, changes it, offers it to the directory and serves it itself. Nobody
/// keeps it, and nobody believes it.
pub(super) async fn profile(hub: &Node, shop: &Node, bento: &Node) -> Told<()> {
    let mut forger = RawPeer::join(LISTEN, &hub.listen).await?;
    let account = address::decode(&shop.address)
        .map_err(|error| Wrong::new("the business's address to decode", error.to_string()))?;
    let keys = dht_keys(&account);
    let there = forger.get(keys[0]).await?;
    let genuine = there.into_iter().find(|record| is_genuine(record, shop));
    let genuine = genuine.ok_or_else(|| Wrong::new("the genuine record in the directory", "none"))?;
    let forgeries =
        forge(&genuine).ok_or_else(|| Wrong::new("a record to be taken apart", "malformed bytes"))?;
    let mut reasons = Vec::new();
    for forged in &forgeries {
        reasons.push(reason(forged, &keys)?);
    }

    let before = refused(hub).await?;
    let (mut offers, mut asked) = (0, 0);
    for key in keys {
        for forged in &forgeries {
            asked = asked.max(forger.offer(key, forged).await?);
            offers += 1;
        }
    }
    let expected = format!("the bootstrap node to refuse {offers} records");
    let refusals = wait_for(&expected, async || match refused(hub).await {
        Ok(now) if now >= before + offers => Ok(now - before),
        Ok(now) => Err(format!("{} refusals", now - before)),
        Err(wrong) => Err(wrong.saw),
    });
    let refusals = refusals.await?;
    let kept = forger.get(keys[0]).await?;
    // The business may have published anew meanwhile; whatever is there must be its own.
    let honest = !kept.is_empty() && kept.iter().all(|record| is_genuine(record, shop));
    expect(honest, "only genuine records in the directory", format!("others among {}", kept.len()))?;

    for (key, forged) in keys.into_iter().zip(&forgeries) {
        forger.serve(key, forged).await?;
    }
    let (seen, name) = looked_up(bento, shop).await?;
    expect(name == shop.name(), format!("Bento to find {}", shop.name()), &name)?;
    let detail = format!(
        "{offers} forgeries offered to {} ({}); the bootstrap node refused {refusals} and kept none; \
         Bento's look-up was served {seen}, refused them, and found {name}",
        several(u64::from(asked), "peer"),
        reasons.join("; "),
    );
    Ok(((), detail))
}

/// Changes the receipt, or who shows it: the real command refuses each, and says why.
pub(super) async fn receipt(stage: &Stage, receipt: &Receipt, other: &str) -> Told<()> {
    let Receipt { issuer, subject, .. } = receipt;
    let file: Option<ReceiptFile> =
        std::fs::read(&receipt.file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let file = file.ok_or_else(|| Wrong::new("the receipt's file", "something else"))?;
    let cheaper =
        with_amount(&file, "1.99").ok_or_else(|| Wrong::new("a receipt in the file", "something else"))?;
    let mut broken = file.clone();
    broken.receipt.signature[7] ^= 1;
    let cheaper = write(stage, "cheaper.json", &cheaper)?;
    let broken = write(stage, "broken.json", &broken)?;
    let genuine = receipt.file.clone();
    let attempts = [
        ("1.99 instead of 19.90", &cheaper, issuer.as_str(), subject.as_str(), "tampered"),
        ("one bit of the signature", &broken, issuer, subject, "tampered"),
        ("shown by Bento", &genuine, issuer, other, "other_subject"),
        ("asked for another issuer", &genuine, subject, subject, "other_issuer"),
    ];
    let mut told = Vec::new();
    for (what, file, issuer, subject, code) in attempts {
        let file = file.display().to_string();
        let refused =
            stage.run_bare(&["receipt", "verify", &file, "--issuer", issuer, "--subject", subject]).await?;
        let holds = refused.code == Some(1) && text(&refused.answer["error"], "code") == code;
        let saw = format!("exit {:?}, {}", refused.code, refused.answer);
        expect(holds, format!("{what} to be refused with exit 1 and {code:?}"), saw)?;
        told.push(format!("{what}: {code}"));
    }
    Ok(((), format!("{} (exit 1 each)", told.join("; "))))
}

/// Three lies: the real record with another name under the old signature; the same signed by another key; and a
/// record that is sound in itself, but another account's.
fn forge(genuine: &[u8]) -> Option<[Vec<u8>; 3]> {
    let record = ProfileRecord::decode(genuine).ok()?;
    let mut profile = Profile::decode(record.profile.unverified()).ok()?;
    profile.name = LIE.to_owned();
    profile.seq += 1;
    let payload = profile.encode();
    let signature = SignedDocument::new(&record.profile).signature;
    let old_signature =
        SignedDocument { payload: payload.clone(), signature }.signed(limits::PROFILE_MAX).ok()?;

    let account = Seed::random(&mut system_rng()).account();
    let device = DeviceKeys::derive(&Secret::random(&mut system_rng()), &account.id());
    let log = AccountLog::begin(&account, device.member(&account.id(), Purposes::ALL), clock::now());
    let other_key = Signed::new(device.signing(), label::PROFILE, payload);
    profile.account = account.id();
    profile.log_head = log.head();
    profile.reach.clear();
    let own = Signed::new(device.signing(), label::PROFILE, profile.encode());
    Some([
        ProfileRecord { profile: old_signature, ..record.clone() }.encode(),
        ProfileRecord { profile: other_key, ..record }.encode(),
        ProfileRecord { log: log.carried(), signer: device.id(), profile: own }.encode(),
    ])
}

/// Whether the business signed the record, and is called in it what it is called.
fn is_genuine(record: &[u8], shop: &Node) -> bool {
    let verified = VerifiedProfile::verify(record, clock::now());
    verified.is_ok_and(|profile| {
        address::encode(&profile.account()) == shop.address && profile.profile().name == shop.name()
    })
}

/// Why a node refuses a forged record under these keys, as its own code says.
fn reason(forged: &[u8], keys: &[[u8; 32]]) -> Result<String, Wrong> {
    match VerifiedProfile::verify(forged, clock::now()) {
        Err(error) => Ok(error.to_string()),
        Ok(profile) if !keys.iter().any(|key| dht_keys(&profile.account()).contains(key)) => {
            Ok(ProfileError::OtherAccount.to_string())
        }
        Ok(_) => Err(Wrong::new("a forged record not to hold", "one that holds")),
    }
}

/// Looks the business up until forged records come too; how many of them, and what the business is called.
async fn looked_up(by: &Node, shop: &Node) -> Result<(u64, String), Wrong> {
    let path = format!("/v1/businesses/{}", escaped(&shop.address));
    wait_for("a look-up that is served forged records", async || {
        let found = by.get(&path).await.map_err(|wrong| wrong.saw)?;
        let names: Vec<&str> =
            list(&found["businesses"]).iter().map(|one| text(&one["profile"], "name")).collect();
        match count(&found, "refused") {
            0 => Err(found.to_string()),
            refused => Ok((refused, names.join(" and "))),
        }
    })
    .await
}

/// How many records of others a node refused so far.
async fn refused(node: &Node) -> Result<u64, Wrong> {
    Ok(count(&node.get("/v1/status").await?["counters"], "refused_records"))
}

/// The same receipt over another amount, under the old signature.
fn with_amount(file: &ReceiptFile, amount: &str) -> Option<ReceiptFile> {
    let Ok(Event::Receipt(mut receipt)) = Event::decode(EventKind::Receipt, &file.receipt.payload) else {
        return None;
    };
    receipt.amount = Money::parse(amount, "BRL".parse().ok()?).ok()?;
    let mut forged = file.clone();
    forged.receipt.payload = Event::Receipt(receipt).encode();
    Some(forged)
}

fn write(stage: &Stage, name: &str, file: &ReceiptFile) -> Result<PathBuf, Wrong> {
    let path = stage.directory().join(name);
    let written: Value = json!(file);
    let failed = |error: std::io::Error| Wrong::new(format!("{name} to be written"), error.to_string());
    files::write_whole(&path, written.to_string().as_bytes()).map_err(failed)?;
    Ok(path)
}
