//! The golden vectors of identities and account logs (`docs/vectors/`), which an independent model made.

use serde_json::Value;

use crate::base::id::{AccountId, DeviceId};
use crate::base::time::Time;
use crate::crypto::golden::Case;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::crypto::{ed25519, ed25519::SigningKey};
use crate::domain::identity::account::Seed;
use crate::domain::identity::address;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::wire::account::{Device, LogOperation};
use crate::wire::prekeys::{decode_one_time, encode_one_time};
use crate::wire::signed::Signed;

fn file(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn identities() -> Value {
    file(include_str!("../../../docs/vectors/identity.json"))
}

fn logs() -> Value {
    file(include_str!("../../../docs/vectors/log.json"))
}

/// An encoded `Signed`, which is the published form of a one-time prekey.
fn signed(bytes: &[u8]) -> Option<Signed> {
    decode_one_time(bytes).ok()
}

#[test]
fn seeds_give_the_phrases_accounts_and_addresses_of_the_model() {
    for case in Case(&identities()).cases("identities") {
        let seed = Seed::from_secret(case.secret("seed"));
        assert_eq!(seed.phrase().as_str(), case.text("phrase"));
        assert_eq!(Seed::from_phrase(case.text("phrase")).unwrap().secret(), seed.secret());
        let account = seed.account().id();
        assert_eq!(account, AccountId::new(case.array("account")));
        assert_eq!(SigningKey::from_seed(&case.secret("account key")).public(), *account.as_bytes());
        assert_eq!(address::encode(&account), case.text("address"));
        assert_eq!(address::decode(case.text("address")), Ok(account));
        assert_eq!(address::decode(&case.text("address").to_uppercase()), Ok(account));
        let subject = seed.subject(&AccountId::new(case.array("business"))).id();
        assert_eq!(subject, AccountId::new(case.array("subject account")));
    }
}

#[test]
fn what_the_model_takes_for_no_address_is_none() {
    for case in Case(&identities()).cases("not addresses") {
        assert!(
            address::decode(case.text("address")).is_err(),
            "{}: {}",
            case.text("reason"),
            case.text("address")
        );
    }
}

#[test]
fn device_keys_are_those_of_the_model() {
    for case in Case(&identities()).cases("devices") {
        let keys = DeviceKeys::derive(&case.secret("secret"), &AccountId::new(case.array("account")));
        assert_eq!(keys.id(), DeviceId::new(case.array("id")));
        assert_eq!(*keys.exchange().public(), case.array("exchange"));
        assert_eq!(SigningKey::from_seed(&case.secret("signing seed")).public(), *keys.id().as_bytes());
    }
}

#[test]
fn signatures_are_those_of_the_model() {
    for case in Case(&identities()).cases("signatures") {
        let labels = [
            ("log entry", label::LOG_ENTRY),
            ("bundle", label::BUNDLE),
            ("one-time prekey", label::ONE_TIME_PREKEY),
        ];
        let (_, label) = labels.into_iter().find(|(name, _)| *name == case.text("label")).unwrap();
        let key = SigningKey::from_seed(&case.secret("seed"));
        assert_eq!(key.public(), case.array("public"));
        let (payload, signature) = (case.bytes("payload"), case.array("signature"));
        assert_eq!(key.sign(label, &payload), signature);
        assert_eq!(ed25519::verify(&key.public(), label, &payload, &signature), Ok(()));
    }
}

#[test]
fn logs_are_written_and_read_as_the_model_does() {
    for case in Case(&logs()).cases("logs") {
        let key = Seed::from_secret(case.secret("seed")).account();
        let mut log: Option<AccountLog> = None;
        for one in case.cases("operations") {
            let (at, operation) = (Time::from_millis(one.number("at")), operation(&one));
            match (&mut log, operation) {
                (None, LogOperation::AddDevice(device)) => log = Some(AccountLog::begin(&key, device, at)),
                (None, _) => panic!("a log begins with a device"),
                (Some(log), operation) => log.append(&key, operation, at).unwrap(),
            }
        }
        let written = log.unwrap();
        assert_eq!(written.account(), AccountId::new(case.array("account")));
        let entries = case.cases("entries");
        assert_eq!(written.entries().len(), entries.len());
        for (mine, theirs) in written.entries().iter().zip(&entries) {
            assert_eq!(mine.unverified(), theirs.bytes("payload"));
            assert_eq!(encode_one_time(mine), theirs.bytes("signed"));
            let hash = sha256(&[&label::LOG_HASH.encoded(), mine.unverified()]);
            assert_eq!(hash, theirs.array("hash"));
        }
        assert_eq!(written.head().seq, case.case("head").number("seq"));
        assert_eq!(*written.head().hash.as_bytes(), case.case("head").array("hash"));
        let read = entries.iter().map(|entry| signed(&entry.bytes("signed")).unwrap()).collect();
        assert_eq!(AccountLog::verify(written.account(), read), Ok(written.clone()));
        let devices: Vec<Device> = case.cases("devices").iter().map(device).collect();
        assert_eq!(written.devices(), devices);
    }
}

#[test]
fn what_the_model_takes_for_no_log_is_none() {
    for case in Case(&logs()).cases("refused") {
        let entries: Option<Vec<Signed>> = case.list("entries").iter().map(|entry| signed(entry)).collect();
        let verified =
            entries.map(|entries| AccountLog::verify(AccountId::new(case.array("account")), entries));
        assert!(verified.is_none_or(|verified| verified.is_err()), "{}", case.text("reason"));
    }
}

fn operation(case: &Case<'_>) -> LogOperation {
    match case.text("operation") {
        "add" => LogOperation::AddDevice(device(case)),
        "revoke" => LogOperation::RevokeDevice(DeviceId::new(case.array("id"))),
        other => panic!("{other} is no operation"),
    }
}

fn device(case: &Case<'_>) -> Device {
    Device {
        id: DeviceId::new(case.array("id")),
        exchange: case.array("exchange"),
        purposes: serde_json::from_value(case.get("purposes").clone()).unwrap(),
    }
}
