//! The golden vectors of account logs (`docs/vectors/`), which an independent model made.

use serde_json::Value;

use crate::base::id::{AccountId, DeviceId};
use crate::base::time::Time;
use crate::crypto::ed25519::Signature;
use crate::crypto::golden::Case;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::domain::identity::account::{AccountKey, Seed};
use crate::domain::identity::log::{AccountLog, LogError};
use crate::wire::account::{Device, Former, LogOperation, LogState, Member};
use crate::wire::peer::PeerKey;
use crate::wire::prekeys::{decode_one_time, encode_one_time};
use crate::wire::signed::Signed;

fn logs() -> Value {
    serde_json::from_str(include_str!("../../../docs/vectors/log.json")).unwrap()
}

/// Encoded `Signed`s, each as one-time prekeys are published; `None` where one isn't.
pub(super) fn entries(list: &[Vec<u8>]) -> Option<Vec<Signed>> {
    list.iter().map(|entry| decode_one_time(entry).ok()).collect()
}

#[test]
fn logs_are_written_as_the_model_does() {
    for case in Case(&logs()).cases("logs") {
        let log = written(&case);
        assert_eq!(log.account(), AccountId::new(case.array("account")));
        let theirs = case.cases("entries");
        assert_eq!(log.entries().len(), theirs.len(), "{}", case.text("name"));
        for (mine, theirs) in log.entries().iter().zip(&theirs) {
            assert_eq!(mine.unverified(), theirs.bytes("payload"), "{}", case.text("name"));
            assert_eq!(encode_one_time(mine), theirs.bytes("signed"));
            let hash = sha256(&[&label::LOG_HASH.encoded(), mine.unverified()]);
            assert_eq!(hash, theirs.array("hash"));
        }
        let carried = log.carried();
        let from = usize::try_from(case.number("carried from")).unwrap();
        assert_eq!(carried, log.entries()[from..]);
        let bytes: usize = carried.iter().map(|entry| entry.unverified().len() + 72).sum();
        assert_eq!(bytes as u64, case.number("carried bytes"));
    }
}

#[test]
fn logs_come_to_what_the_model_says() {
    for case in Case(&logs()).cases("logs") {
        let list: Vec<Vec<u8>> = case.cases("entries").iter().map(|entry| entry.bytes("signed")).collect();
        let list = entries(&list).unwrap();
        let from = usize::try_from(case.number("carried from")).unwrap();
        for list in [list.clone(), list[from..].to_vec()] {
            let log = AccountLog::verify(AccountId::new(case.array("account")), list.clone()).unwrap();
            assert_eq!(log.entries(), list);
            assert_eq!(log.head().seq, case.case("head").number("seq"));
            assert_eq!(*log.head().hash.as_bytes(), case.case("head").array("hash"));
            assert_eq!(log.generation(), case.number("generation"));
            let successor = case.has("successor").then(|| AccountId::new(case.array("successor")));
            assert_eq!(log.successor(), successor);
            assert_eq!(*log.state(), state(&case), "{}", case.text("name"));
        }
    }
}

#[test]
fn what_the_model_takes_for_no_log_is_none() {
    for case in Case(&logs()).cases("refused") {
        let entries = entries(&case.list("entries")).unwrap();
        let refused = AccountLog::verify(AccountId::new(case.array("account")), entries).unwrap_err();
        let reason = case.text("reason");
        assert!(reasons(reason).contains(&refused), "{reason}: {refused:?}");
    }
}

/// What the model's reasons are here; all that isn't named is a matter of the single entry.
fn reasons(reason: &str) -> &'static [LogError] {
    match reason {
        "a log of no entries, or of more than 64" => &[LogError::Empty, LogError::Full],
        "more than 2,304 bytes to carry" => &[LogError::Full],
        "the signature doesn't hold" => &[LogError::Signature, LogError::Acceptance, LogError::Consent],
        "a device of an account that isn't in the line" => &[LogError::Consent],
        "a rotation to the account itself" => &[LogError::Acceptance],
        "an entry behind a rotation" => &[LogError::Over],
        "an entry of another account"
        | "an entry that doesn't follow the one before"
        | "an entry out of place"
        | "an entry from before the one before"
        | "begins with neither an open nor a snapshot"
        | "a generation's number that isn't its time's"
        | "a snapshot of nothing" => &[LogError::Chain],
        "a ninth device" => &[LogError::Full, LogError::Entry],
        _ => &[LogError::Entry],
    }
}

/// The log that the case's operations make.
fn written(case: &Case<'_>) -> AccountLog {
    let key = Seed::from_secret(case.secret("seed")).account();
    let operations = case.cases("operations");
    let (first, more) = operations.split_first().unwrap();
    assert_eq!(first.text("operation"), "open");
    let mut log = AccountLog::begin_in_line(&key, member(first), line(first), now(first));
    more.iter().for_each(|operation| append(&mut log, &key, operation));
    log
}

fn append(log: &mut AccountLog, key: &AccountKey, case: &Case<'_>) {
    let operation = match case.text("operation") {
        "open" => LogOperation::Open(member(case), line(case)),
        "add" => LogOperation::AddDevice(member(case)),
        "revoke" => LogOperation::RevokeDevice(DeviceId::new(case.array("id"))),
        "domain" => LogOperation::SetDomain(domain(case)),
        "mailboxes" => LogOperation::SetMailboxes(mailboxes(case)),
        "snapshot" => LogOperation::Snapshot { generation: log.generation(), state: log.state().clone() },
        "rotate" => {
            let successor = Seed::from_secret(case.secret("seed of the successor")).account();
            return log.rotate(key, &successor, now(case)).unwrap();
        }
        other => panic!("{other} is no operation"),
    };
    log.append(key, operation, now(case)).unwrap();
}

fn now(case: &Case<'_>) -> Time {
    Time::from_millis(case.number("now"))
}

fn state(case: &Case<'_>) -> LogState {
    let members = case.get("devices").as_array().unwrap().iter().map(|one| member(&Case(one))).collect();
    LogState { members, line: line(case), domain: domain(case), mailboxes: mailboxes(case) }
}

fn domain(case: &Case<'_>) -> Option<String> {
    case.has("domain").then(|| case.text("domain").to_owned()).filter(|domain| !domain.is_empty())
}

fn mailboxes(case: &Case<'_>) -> Vec<PeerKey> {
    case.list("mailboxes").into_iter().map(|peer| PeerKey::new(peer).unwrap()).collect()
}

fn member(case: &Case<'_>) -> Member {
    let former = u32::try_from(case.number("former")).unwrap();
    Member { device: device(case), consent: Signature::new(case.array("consent")), former }
}

fn line(case: &Case<'_>) -> Vec<Former> {
    let former = |one: &Case<'_>| Former {
        account: AccountId::new(one.array("account")),
        signature: Signature::new(one.array("signature")),
    };
    case.get("line").as_array().unwrap().iter().map(|one| former(&Case(one))).collect()
}

fn device(case: &Case<'_>) -> Device {
    Device {
        id: DeviceId::new(case.array("id")),
        exchange: case.array("exchange"),
        purposes: serde_json::from_value(case.get("purposes").clone()).unwrap(),
    }
}
