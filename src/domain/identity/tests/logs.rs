//! Account logs: what they come to, how short they stay, what their owner can't do.

use super::fixtures::{NOW, add, device, key, keys, later, log_of, member, revoke};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::wire::account::{LogEntry, LogOperation, Purposes, is_domain};
use crate::wire::peer::PeerKey;
use crate::wire::signed::Signed;

fn size(entries: &[Signed]) -> usize {
    entries.iter().map(Signed::size).sum()
}

fn mailboxes(bytes: &[u8]) -> LogOperation {
    LogOperation::SetMailboxes(bytes.iter().map(|byte| PeerKey::new(vec![*byte; 64]).unwrap()).collect())
}

#[test]
fn a_log_verifies_whole_and_names_its_devices() {
    let (key, mut log) = log_of(3);
    log.append(&key, revoke(1), NOW).unwrap();
    log.append(&key, LogOperation::SetDomain(Some("padaria.example".into())), NOW).unwrap();
    log.append(&key, mailboxes(&[1, 2]), NOW).unwrap();
    let read = AccountLog::verify(key.id(), log.entries()).unwrap();
    assert_eq!(read, log);
    assert!(read.devices().eq([&device(0), &device(2)]));
    assert_eq!(read.state().domain.as_deref(), Some("padaria.example"));
    assert_eq!(read.state().mailboxes.len(), 2);
    assert!(read.device(&device(1).id, Purposes::MESSAGE).is_none(), "revoked");
}

#[test]
fn a_key_without_a_purpose_is_not_found_for_it() {
    let account = key(1);
    let keys = keys(9);
    let flags = [Purposes::MESSAGE, Purposes::PROFILE, Purposes::RECEIPT];
    for flag in flags {
        let log = AccountLog::begin(&account, keys.member(&account.id(), flag), NOW);
        for wanted in flags {
            assert_eq!(log.device(&keys.id(), wanted).is_some(), wanted == flag);
        }
        assert!(log.device(&keys.id(), Purposes::ALL).is_none());
    }
    let two = Purposes::MESSAGE.and(Purposes::RECEIPT);
    assert!(two.allow(Purposes::RECEIPT) && !two.allow(Purposes::PROFILE) && Purposes::ALL.allow(two));
}

#[test]
fn an_account_has_at_most_eight_devices_and_revokes_only_its_own() {
    let (key, mut log) = log_of(8);
    let before = log.clone();
    assert_eq!(log.append(&key, add(99), NOW), Err(LogError::Full));
    assert_eq!(log.append(&key, revoke(99), NOW), Err(LogError::Entry));
    assert_eq!(log, before);
    log.append(&key, revoke(7), NOW).unwrap();
    assert_eq!(log.append(&key, add(3), NOW), Err(LogError::Entry), "it is there already");
}

#[test]
fn what_must_be_carried_fits_a_first_flight_however_long_the_history() {
    let (key, mut log) = log_of(8);
    let longest = format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61));
    assert!(is_domain(&longest) && longest.len() == limits::DOMAIN_MAX);
    let operations = [
        LogOperation::SetDomain(Some(longest)),
        mailboxes(&[1, 2, 3]),
        revoke(7),
        add(7),
        LogOperation::SetDomain(None),
    ];
    for round in 0..400 {
        log.append(&key, operations[round % operations.len()].clone(), later(round as u64)).unwrap();
        let carried = AccountLog::verify(key.id(), log.carried()).unwrap();
        assert_eq!((carried.head(), carried.state()), (log.head(), log.state()));
        assert_eq!(carried.generation(), log.generation());
        assert!(size(&log.carried()) <= limits::LOG_CARRIED_MAX, "{}", size(&log.carried()));
        assert!(
            size(&log.entries()) <= limits::LOG_KEPT_MAX && log.entries().len() <= limits::LOG_ENTRIES_MAX
        );
        let mut over = log.clone();
        over.rotate(&key, &super::fixtures::key(2), NOW).unwrap();
        assert!(size(&over.carried()) <= limits::LOG_CARRIED_MAX, "the end of the account fits as well");
    }
    let largest = log.entries().iter().map(|entry| entry.unverified().len()).max().unwrap();
    assert!(largest <= limits::LOG_ENTRY_MAX && largest > 1_600, "{largest}");
}

#[test]
fn a_log_that_is_longer_than_may_be_carried_is_refused() {
    let key = key(1);
    let log = AccountLog::begin(&key, member(&key, 0), NOW);
    let mut entries = log.entries();
    let mut head = log.head();
    // Its owner leaves the snapshots out.
    for byte in 1..8 {
        let entry = LogEntry {
            account: key.id(),
            seq: head.seq + 1,
            previous: head.hash,
            at: NOW,
            operation: add(byte),
        };
        let signed = super::forged::signed(&key, &entry);
        head = super::forged::head_of(&entry, &signed);
        entries.push(signed);
    }
    assert!(AccountLog::verify(key.id(), entries[..6].to_vec()).is_ok());
    assert_eq!(AccountLog::verify(key.id(), entries.clone()), Err(LogError::Full));
    entries.truncate(1);
    let many = vec![entries[0].clone(); limits::LOG_ENTRIES_MAX + 1];
    assert_eq!(AccountLog::verify(key.id(), many), Err(LogError::Full));
}

#[test]
fn a_clock_that_went_back_does_not_break_the_log() {
    let (key, mut log) = log_of(1);
    log.append(&key, add(1), Time::EPOCH).unwrap();
    assert!(AccountLog::verify(key.id(), log.entries()).is_ok());
}

#[test]
fn a_restored_identity_never_signs_two_entries_of_one_number() {
    let (key, mut log) = log_of(4);
    log.append(&key, revoke(2), later(10)).unwrap();
    // The phrase brings the key back and nothing else: not even how long the log was.
    let restored = AccountLog::begin(&key, member(&key, 9), later(1_000));
    let numbers = |log: &AccountLog| -> Vec<u64> {
        let entries = log.entries();
        entries.iter().map(|entry| LogEntry::decode(entry.unverified()).unwrap().seq).collect()
    };
    assert!(numbers(&restored).iter().all(|seq| !numbers(&log).contains(seq)));
    assert!(restored.generation() > log.generation() && restored.began() == later(1_000));
    // Where the former log was found again, the new generation is chained to it.
    let mut found = log.clone();
    found.append(&key, LogOperation::Open(member(&key, 9), Vec::new()), later(1_000)).unwrap();
    assert!(found.devices().eq([&device(9)]));
    assert_eq!(found.generation(), restored.generation());
    assert!(AccountLog::verify(key.id(), found.carried()).unwrap().devices().eq([&device(9)]));
}

#[test]
fn only_names_of_the_domain_system_are_domains() {
    for good in ["a.b", "xn--caf-dma.example", "a-b.c1.example"] {
        assert!(is_domain(good), "{good}");
    }
    for bad in
        ["", "localhost", "A.example", "-a.example", "a-.example", "a..b", ".a.b", "a.b.", "a b.c", "é.fr"]
    {
        assert!(!is_domain(bad), "{bad}");
    }
    assert!(!is_domain(&format!("{}.example", "a".repeat(64))));
}
