//! Entries that somebody made up, bent, moved or left out: every one is refused.

use super::fixtures::{NOW, add, device, key, keys, later, log_of, member, revoke};
use crate::base::id::Digest;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::domain::identity::relation::Relation;
use crate::wire::account::{LogEntry, LogHead, LogOperation, LogState, Purposes, Rotation};
use crate::wire::signed::Signed;

pub(super) fn signed(key: &AccountKey, entry: &LogEntry) -> Signed {
    Signed::new(key.signing(), label::LOG_ENTRY, entry.encode())
}

pub(super) fn head_of(entry: &LogEntry, signed: &Signed) -> LogHead {
    let hash = sha256(&[&label::LOG_HASH.encoded(), signed.unverified()]);
    LogHead { seq: entry.seq, hash: Digest::new(hash) }
}

/// The entry that would follow the log.
fn next(log: &AccountLog, operation: LogOperation) -> LogEntry {
    let head = log.head();
    LogEntry { account: log.account(), seq: head.seq + 1, previous: head.hash, at: NOW, operation }
}

fn refusal(log: &AccountLog, signed: Signed) -> LogError {
    let followed = log.followed_by(vec![signed.clone()]).unwrap_err();
    let whole = AccountLog::verify(log.account(), [log.entries(), vec![signed]].concat());
    assert_eq!(whole, Err(followed));
    followed
}

#[test]
fn injected_device_nobody_but_the_identity_key_can_add_one() {
    let (owner, log) = log_of(2);
    let thief = key(7);
    let injected = next(&log, add(66));
    // Signed by a stranger's identity key, by the new device, and by a device that the account really has.
    for signer in [thief.signing(), keys(66).signing(), keys(0).signing()] {
        let entry = Signed::new(signer, label::LOG_ENTRY, injected.encode());
        assert_eq!(refusal(&log, entry), LogError::Signature);
    }
    // The identity key's word on something else, and an entry of another account of the thief's own.
    let relabelled = Signed::new(owner.signing(), label::PROFILE, injected.encode());
    assert_eq!(refusal(&log, relabelled), LogError::Signature);
    let mut own = AccountLog::begin(&thief, member(&thief, 66), NOW);
    own.append(&thief, LogOperation::AddDevice(member(&thief, 67)), NOW).unwrap();
    assert_eq!(refusal(&log, own.entries()[1].clone()), LogError::Signature);
    // An entry of the owner's for another account of theirs.
    let foreign = LogEntry { account: thief.id(), ..injected };
    assert_eq!(refusal(&log, signed(&owner, &foreign)), LogError::Chain);
    // And no log with it is pinned in the place of the genuine one.
    let mut mine = log.clone();
    assert_eq!(mine.append(&thief, add(66), NOW), Err(LogError::Signature));
    assert_eq!(mine, log);
    assert_eq!(log.relate(&own), Relation::Stranger);
}

#[test]
fn a_broken_chain_is_refused_though_the_owner_signed_it() {
    let (owner, log) = log_of(2);
    let good = next(&log, add(5));
    type Change = fn(&mut LogEntry);
    let changes: [(Change, LogError); 6] = [
        (|entry| entry.previous = Digest::new([9; 32]), LogError::Chain),
        (|entry| entry.previous = Digest::new([0; 32]), LogError::Chain),
        (|entry| entry.seq += 1, LogError::Chain),
        (|entry| entry.seq -= 1, LogError::Chain),
        (|entry| entry.at = crate::base::time::Time::from_millis(NOW.as_millis() - 1), LogError::Chain),
        (|entry| entry.operation = add(1), LogError::Entry),
    ];
    assert!(log.followed_by(vec![signed(&owner, &good)]).is_ok());
    for (change, error) in changes {
        let mut entry = good.clone();
        change(&mut entry);
        assert_eq!(refusal(&log, signed(&owner, &entry)), error);
    }
    assert_eq!(refusal(&log, signed(&owner, &next(&log, revoke(66)))), LogError::Entry);
    // A generation that is opened with a number of its own choice.
    let mut opened = next(&log, LogOperation::Open(member(&key(1), 5), Vec::new()));
    opened.at = later(50);
    opened.seq = later(50).as_millis();
    assert!(log.followed_by(vec![signed(&owner, &opened)]).is_ok());
    opened.seq += 1;
    assert_eq!(refusal(&log, signed(&owner, &opened)), LogError::Chain);
}

#[test]
fn a_log_with_an_entry_left_out_repeated_swapped_or_first_is_refused() {
    let (key, log) = log_of(3);
    let entries = log.entries();
    let pick = |order: &[usize]| {
        AccountLog::verify(key.id(), order.iter().map(|i| entries[*i].clone()).collect()).unwrap_err()
    };
    assert_eq!(pick(&[]), LogError::Empty);
    for order in [&[1][..], &[1, 2], &[0, 2], &[0, 0], &[0, 2, 1]] {
        assert_eq!(pick(order), LogError::Chain, "{order:?}");
    }
}

#[test]
fn a_first_entry_must_stand_for_itself() {
    let owner = key(1);
    let begin = |seq: u64, previous: [u8; 32], operation: LogOperation| {
        let entry =
            LogEntry { account: owner.id(), seq, previous: Digest::new(previous), at: NOW, operation };
        AccountLog::verify(owner.id(), vec![signed(&owner, &entry)]).map(|_| ()).err()
    };
    let (now, open) = (NOW.as_millis(), || LogOperation::Open(member(&key(1), 0), Vec::new()));
    let snapshot = |generation| LogOperation::Snapshot { generation, state: LogState::default() };
    assert_eq!(begin(now, [0; 32], open()), None);
    assert_eq!(begin(now + 1, [0; 32], open()), Some(LogError::Chain), "its number is the time");
    assert_eq!(begin(now + 1, [1; 32], open()), None, "or follows one that isn't shown");
    assert_eq!(begin(now - 1, [1; 32], open()), Some(LogError::Chain));
    assert_eq!(begin(now, [0; 32], add(0)), Some(LogError::Chain));
    assert_eq!(begin(now, [1; 32], snapshot(now - 1)), None);
    assert_eq!(begin(now, [0; 32], snapshot(now - 1)), Some(LogError::Chain), "nothing before it");
    assert_eq!(begin(now, [1; 32], snapshot(now)), Some(LogError::Entry), "opened by itself");
}

#[test]
fn a_snapshot_that_lies_about_what_came_before_is_refused() {
    let (owner, log) = log_of(2);
    let snapshot = |generation, state: LogState| {
        signed(&owner, &next(&log, LogOperation::Snapshot { generation, state }))
    };
    let truth = log.state().clone();
    assert!(log.followed_by(vec![snapshot(log.generation(), truth.clone())]).is_ok());
    let mut grown = truth.clone();
    grown.members.push(member(&owner, 66));
    let mut shrunk = truth.clone();
    shrunk.members.pop();
    let named = LogState { domain: Some("evil.example".into()), ..truth.clone() };
    for lie in [grown, shrunk, named, LogState::default()] {
        assert_eq!(refusal(&log, snapshot(log.generation(), lie)), LogError::Entry);
    }
    assert_eq!(refusal(&log, snapshot(log.generation() - 1, truth)), LogError::Entry);
}

#[test]
fn a_rotation_needs_the_word_of_both_keys_and_nothing_follows_it() {
    let (owner, log) = log_of(2);
    let (heir, thief) = (key(2), key(7));
    let rotation = |signer: &AccountKey, successor: &AccountKey, account: &AccountKey, previous: Digest| {
        let payload = Rotation::acceptance_payload(&account.id(), &previous, &successor.id());
        let acceptance = signer.signing().sign(label::ACCEPTANCE, &payload);
        LogOperation::RotateIdentity(Rotation { successor: successor.id(), acceptance })
    };
    let here = log.head().hash;
    let good = signed(&owner, &next(&log, rotation(&heir, &heir, &owner, here)));
    let over = log.followed_by(vec![good]).unwrap();
    assert_eq!((over.successor(), over.devices().len()), (Some(heir.id()), 0));
    for (operation, why) in [
        (rotation(&thief, &heir, &owner, here), "the heir didn't accept"),
        (rotation(&owner, &heir, &owner, here), "the owner accepted in its place"),
        (rotation(&heir, &heir, &thief, here), "accepted for another account"),
        (rotation(&heir, &heir, &owner, Digest::new([9; 32])), "accepted at another place"),
        (rotation(&owner, &owner, &owner, here), "its own heir"),
    ] {
        assert_eq!(refusal(&log, signed(&owner, &next(&log, operation))), LogError::Acceptance, "{why}");
    }
    let by_heir = signed(&heir, &next(&log, rotation(&heir, &heir, &owner, here)));
    assert_eq!(refusal(&log, by_heir), LogError::Signature, "the old key didn't say so");
    for after in [
        add(5),
        LogOperation::Open(member(&key(1), 5), Vec::new()),
        rotation(&heir, &heir, &owner, over.head().hash),
    ] {
        assert_eq!(refusal(&over, signed(&owner, &next(&over, after))), LogError::Over);
    }
    let mut mine = over.clone();
    assert_eq!(mine.append(&owner, add(5), NOW), Err(LogError::Over));
    assert_eq!(mine.rotate(&owner, &thief, NOW), Err(LogError::Over));
    assert!(over.device(&device(0).id, Purposes::MESSAGE).is_none(), "no device speaks for it any more");
}

#[test]
fn every_flipped_byte_and_every_unknown_field_of_an_entry_is_refused() {
    let (owner, log) = log_of(1);
    let entry = next(&log, add(5));
    let payload = entry.encode();
    for position in 0..payload.len() {
        let mut bent = payload.clone();
        bent[position] ^= 1;
        let by_thief = Signed::new(key(7).signing(), label::LOG_ENTRY, bent);
        assert_eq!(refusal(&log, by_thief), LogError::Signature);
    }
    // An operation of a later version might be a revocation.
    for more in [&[0x2A, 0x01, 0x00][..], &[0x72, 0x01, 0x00], &[0x20, 0x01], &[0x78, 0x01]] {
        let later = Signed::new(owner.signing(), label::LOG_ENTRY, [&payload, more].concat());
        assert_eq!(refusal(&log, later), LogError::Entry);
    }
    let mut bare = entry.encode();
    bare.truncate(34 + 7 + 34 + 7);
    assert_eq!(refusal(&log, Signed::new(owner.signing(), label::LOG_ENTRY, bare)), LogError::Entry);
}
