//! Devices in an account log by their own word: nobody lists another's, and they follow their account to its heir.

use super::fixtures::{NOW, key, keys, later, member};
use super::forged::signed;
use crate::base::id::{DeviceId, Digest};
use crate::base::limits;
use crate::crypto::ed25519::Signature;
use crate::crypto::kdf::label;
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::heir::{heir_log, is_consent};
use crate::domain::identity::log::{AccountLog, LogError};
use crate::wire::account::{Former, LogEntry, LogOperation, LogState, Member, Purposes};
use crate::wire::peer::PeerKey;
use crate::wire::signed::Signed;

fn opened(key: &AccountKey, member: Member, line: Vec<Former>) -> Result<AccountLog, LogError> {
    let operation = LogOperation::Open(member, line);
    let entry = LogEntry {
        account: key.id(),
        seq: NOW.as_millis(),
        previous: Digest::new([0; 32]),
        at: NOW,
        operation,
    };
    AccountLog::verify(key.id(), vec![signed(key, &entry)])
}

fn restated(key: &AccountKey, members: Vec<Member>, line: Vec<Former>) -> Result<AccountLog, LogError> {
    let state = LogState { members, line, ..LogState::default() };
    let operation = LogOperation::Snapshot { generation: NOW.as_millis() - 1, state };
    let entry = LogEntry {
        account: key.id(),
        seq: NOW.as_millis(),
        previous: Digest::new([1; 32]),
        at: NOW,
        operation,
    };
    AccountLog::verify(key.id(), vec![signed(key, &entry)])
}

/// What `key` says of the account that takes its place.
fn named(key: &AccountKey, account: &AccountKey, successor: &AccountKey) -> Former {
    let payload = Former::payload(&account.id(), &successor.id());
    let signature = Signature::new(key.signing().sign(label::SUCCESSION, &payload));
    Former { account: account.id(), signature }
}

/// Mallory knows a device of Bento's, its certificate and its word for his account.
#[test]
fn a_device_that_did_not_sign_is_in_no_log_of_another_account() {
    let (bento, mallory) = (key(2), key(7));
    let his = member(&bento, 20);
    let hers = AccountLog::begin(&mallory, member(&mallory, 71), NOW);
    let word = |keys: &crate::domain::identity::device::DeviceKeys, label, account: &AccountKey| {
        let payload = Member::consent_payload(&account.id(), &his.device);
        Member { consent: Signature::new(keys.signing().sign(label, &payload)), ..his.clone() }
    };
    let mut grander = his.clone();
    grander.device.purposes = Purposes::MESSAGE;
    let mut exchanged = member(&mallory, 70);
    exchanged.device.exchange = his.device.exchange;
    let lies = [
        (his.clone(), "his word is for his account"),
        (word(&keys(70), label::DEVICE_CONSENT, &mallory), "another device signed"),
        (word(&keys(20), label::CERTIFICATE, &mallory), "his device signed something else"),
        (Member { consent: member(&mallory, 70).consent, ..his.clone() }, "the word of her own device"),
        (grander, "another certificate than he signed"),
        (exchanged, "her device with the exchange key of his"),
        (Member { former: 1, ..his.clone() }, "of an account before, and there is none"),
        (Member { former: u32::MAX, ..his.clone() }, "far before"),
    ];
    for (lie, why) in lies {
        assert_eq!(opened(&mallory, lie.clone(), Vec::new()), Err(LogError::Consent), "opens: {why}");
        let both = vec![member(&mallory, 71), lie.clone()];
        assert_eq!(restated(&mallory, both, Vec::new()), Err(LogError::Consent), "restated: {why}");
        let mut grown = hers.clone();
        let added = grown.append(&mallory, LogOperation::AddDevice(lie), NOW);
        assert_eq!((added, &grown), (Err(LogError::Consent), &hers), "added: {why}");
    }
    assert!(opened(&mallory, member(&mallory, 70), Vec::new()).is_ok(), "and her own holds");
}

/// A device's word holds for an account that took its account's place, and only by that one's word.
#[test]
fn a_device_that_did_not_sign_is_in_no_log_that_calls_its_account_a_former_one() {
    let (bento, mallory, heir) = (key(2), key(7), key(8));
    let his = Member { former: 1, ..member(&bento, 20) };
    let good = vec![named(&bento, &bento, &heir)];
    assert!(restated(&heir, vec![his.clone()], good.clone()).is_ok(), "his account named the heir");
    assert!(opened(&heir, his.clone(), good.clone()).is_ok());
    let lines = [
        (vec![named(&mallory, &bento, &mallory)], "she signed in his place"),
        (good.clone(), "he named another"),
        (vec![named(&bento, &bento, &heir), named(&mallory, &mallory, &mallory)], "he isn't the one before"),
        (vec![named(&mallory, &mallory, &mallory)], "she was her own former account"),
        (vec![named(&heir, &heir, &mallory), named(&mallory, &mallory, &mallory)], "nor further before"),
    ];
    for (line, why) in lines {
        for former in 0..4 {
            let lie = Member { former, ..his.clone() };
            assert_eq!(opened(&mallory, lie.clone(), line.clone()), Err(LogError::Consent), "{why}");
            assert_eq!(restated(&mallory, vec![lie], line.clone()), Err(LogError::Consent), "{why}");
        }
    }
    // A line that is too long isn't read, whoever signed it.
    let long = (0..=limits::LINE_OF_DEVICES_MAX).map(|_| named(&bento, &bento, &heir)).collect();
    assert_eq!(opened(&heir, his, long), Err(LogError::Entry));
}

fn nobody(_: &DeviceId) -> Option<Signature> {
    None
}

/// The account of key 1 with devices 0 to 2, in whose place key 2 is put, and so on.
fn handed_on(times: u8, fresh: impl Fn(&AccountLog, &DeviceId) -> Option<Signature>) -> AccountLog {
    let (_, mut log) = super::fixtures::log_of(3);
    for byte in 1..=times {
        let fresh = |device: &DeviceId| fresh(&log, device);
        log = heir_log(&log, (&key(byte), &key(byte + 1)), &keys(0), fresh, later(u64::from(byte))).unwrap();
    }
    log
}

#[test]
fn devices_follow_their_account_to_its_heir_by_the_word_they_gave_before() {
    let log = handed_on(1, |_, device| nobody(device));
    let read = AccountLog::verify(key(2).id(), log.carried()).unwrap();
    assert!(read.devices().map(|device| device.id).eq([0, 1, 2].map(|byte| keys(byte).id())));
    assert_eq!(read.state().members.iter().map(|member| member.former).collect::<Vec<_>>(), [0, 1, 1]);
    assert_eq!(read.state().line, [named(&key(1), &key(1), &key(2))]);
    // Alone, its account has no line: who meets it doesn't learn which account it was.
    let (_, alone) = super::fixtures::log_of(1);
    let heir = heir_log(&alone, (&key(1), &key(2)), &keys(0), nobody, NOW).unwrap();
    assert!(heir.state().line.is_empty() && heir.devices().len() == 1);
}

#[test]
fn a_device_that_gives_its_word_anew_follows_for_ever_and_a_silent_one_twice() {
    let silent = handed_on(2, |_, device| nobody(device));
    assert_eq!(silent.state().members.iter().map(|member| member.former).collect::<Vec<_>>(), [0, 2, 2]);
    assert_eq!(silent.state().line.len(), limits::LINE_OF_DEVICES_MAX);
    assert!(AccountLog::verify(key(3).id(), silent.carried()).is_ok());
    assert_eq!(handed_on(3, |_, device| nobody(device)).devices().len(), 1, "not a third time");
    let consent = |log: &AccountLog, byte: u8| {
        let certificate = log.devices().find(|device| device.id == keys(byte).id());
        certificate.map(|certificate| keys(byte).consent(&log.account(), certificate))
    };
    let log = handed_on(6, |log, device| if *device == keys(1).id() { consent(log, 1) } else { None });
    assert!(log.devices().map(|device| device.id).eq([0, 1].map(|byte| keys(byte).id())));
    assert_eq!(log.state().line, [named(&key(6), &key(6), &key(7))]);
    // What isn't its word for the account now is no news.
    let (before, now) = (handed_on(1, |_, device| nobody(device)), handed_on(2, |_, device| nobody(device)));
    let device = keys(1).id();
    assert!(is_consent(&now, &device, &consent(&now, 1).unwrap()));
    assert!(!is_consent(&now, &device, &consent(&before, 1).unwrap()), "for another account");
    assert!(!is_consent(&now, &device, &consent(&now, 2).unwrap()), "by another device");
}

#[test]
fn the_largest_log_with_a_line_is_carried_within_its_bound() {
    let longest = format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61));
    let peers = (0..3).map(|byte| PeerKey::new(vec![byte; 64]).unwrap()).collect();
    let (_, mut log) = super::fixtures::log_of(8);
    log.append(&key(1), LogOperation::SetMailboxes(peers), NOW).unwrap();
    for byte in [1, 2] {
        log = heir_log(&log, (&key(byte), &key(byte + 1)), &keys(0), nobody, later(u64::from(byte))).unwrap();
    }
    let mut largest = 0;
    for round in 0..60 {
        let domain = (round % 2 == 0).then(|| longest.clone());
        log.append(&key(3), LogOperation::SetDomain(domain), later(9)).unwrap();
        let carried = log.carried();
        assert!(carried.iter().map(Signed::size).sum::<usize>() <= limits::LOG_CARRIED_MAX);
        let mut over = log.clone();
        over.rotate(&key(3), &key(4), later(10)).unwrap();
        assert!(AccountLog::verify(key(3).id(), over.carried()).is_ok());
        largest = carried.iter().map(|entry| entry.unverified().len()).max().unwrap().max(largest);
    }
    assert!(largest <= limits::LOG_ENTRY_MAX && largest + 64 > limits::LOG_ENTRY_MAX, "{largest}");
}
