//! Split views: two stories of one log are noticed, and a restored identity isn't taken for one.

use super::fixtures::{NOW, add, device, key, later, log_of, member, revoke};
use crate::base::id::Digest;
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::contact::{Contact, Learnt, Standing};
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::relation::{Claim, Relation};
use crate::wire::account::{LogHead, LogOperation};

fn carried(log: &AccountLog) -> AccountLog {
    AccountLog::verify(log.account(), log.carried()).unwrap()
}

/// The log after `count` more entries.
fn grown(key: &AccountKey, log: &AccountLog, count: u64) -> AccountLog {
    let mut log = log.clone();
    for step in 0..count {
        log.append(key, if step % 2 == 0 { add(200) } else { revoke(200) }, later(step)).unwrap();
    }
    log
}

#[test]
fn a_claim_is_the_same_behind_ahead_or_a_fork() {
    let (key, log) = log_of(3);
    let head = log.head();
    assert_eq!(log.weigh(&head), Claim::Same);
    assert_eq!(log.weigh(&LogHead { hash: Digest::new([9; 32]), ..head }), Claim::Fork);
    let older = AccountLog::verify(key.id(), log.entries()[..2].to_vec()).unwrap();
    assert_eq!((log.weigh(&older.head()), older.weigh(&head)), (Claim::Behind, Claim::Ahead));
    let mut fork = older.clone();
    fork.append(&key, add(42), NOW).unwrap();
    assert_eq!(log.weigh(&fork.head()), Claim::Fork);
    let restored = AccountLog::begin(&key, member(&key, 9), later(1_000));
    assert_eq!((log.weigh(&restored.head()), restored.weigh(&head)), (Claim::Ahead, Claim::Behind));
}

#[test]
fn a_log_extends_only_its_own_past() {
    let (key, log) = log_of(3);
    let older = AccountLog::verify(key.id(), log.entries()[..2].to_vec()).unwrap();
    let mut fork = older.clone();
    fork.append(&key, add(42), NOW).unwrap();
    assert!(log.extends(&older) && log.extends(&log) && !older.extends(&log));
    assert!(!fork.extends(&log) && fork.extends(&older));
    assert_eq!((log.relate(&fork), fork.relate(&log)), (Relation::Fork, Relation::Fork));
    assert_eq!(older.relate(&log), Relation::Extends(log.clone()));
    assert_eq!((log.relate(&older), log.relate(&log)), (Relation::Behind, Relation::Same));
    let longer_fork = grown(&key, &fork, 4);
    assert_eq!(log.relate(&longer_fork), Relation::Fork);
}

#[test]
fn what_is_carried_is_enough_for_who_missed_little_and_the_rest_can_be_fetched() {
    let (key, log) = log_of(2);
    let mut gaps = 0;
    for missed in 0..30 {
        let now = grown(&key, &log, missed);
        match log.relate(&carried(&now)) {
            Relation::Same => assert_eq!(missed, 0),
            Relation::Extends(pinned) => {
                assert_eq!((pinned.head(), pinned.state()), (now.head(), now.state()))
            }
            Relation::Gap => {
                gaps += 1;
                let between = now.entries_after(&log.head()).unwrap();
                assert_eq!(log.followed_by(between).unwrap().head(), now.head());
            }
            other => panic!("{missed}: {other:?}"),
        }
        assert!(matches!(carried(&now).relate(&log), Relation::Same | Relation::Behind));
    }
    assert!(gaps > 0, "snapshots came between");
    let far = grown(&key, &log, 400);
    assert_eq!(far.entries_after(&log.head()), None, "so long ago that it isn't kept");
}

#[test]
fn a_fork_behind_a_snapshot_is_found_when_the_entries_between_are_fetched() {
    let (key, log) = log_of(2);
    let mut fork = AccountLog::verify(key.id(), log.entries()[..1].to_vec()).unwrap();
    fork.append(&key, add(42), NOW).unwrap();
    let fork = grown(&key, &fork, 20);
    assert_eq!(log.relate(&carried(&fork)), Relation::Gap, "not to be told yet, and not pinned");
    assert_eq!(fork.entries_after(&log.head()), None);
    let from_first = fork.entries();
    assert!(log.followed_by(from_first[2..].to_vec()).is_err());
}

#[test]
fn a_restored_identity_supersedes_and_what_its_lost_device_signs_is_overtaken() {
    let (key, log) = log_of(3);
    let restored = AccountLog::begin(&key, member(&key, 9), later(1_000));
    assert_eq!(log.relate(&restored), Relation::Supersedes(restored.clone()));
    let on = grown(&key, &restored, 12);
    assert!(matches!(log.relate(&carried(&on)), Relation::Supersedes(_)), "also behind snapshots");
    // Whoever holds the old device's copy of the key and goes on from the old log is too late.
    let rival = grown(&key, &log, 12);
    assert_eq!(restored.relate(&rival), Relation::Behind);
    assert_eq!(restored.relate(&log), Relation::Behind);
    // Found again and chained, it is no break at all.
    let mut chained = log.clone();
    chained.append(&key, LogOperation::Open(member(&key, 9), Vec::new()), later(1_000)).unwrap();
    assert!(matches!(log.relate(&carried(&chained)), Relation::Extends(_)));
    // Two restores at one moment are two stories.
    let twin = AccountLog::begin(&key, member(&key, 10), later(1_000));
    assert_eq!(restored.relate(&twin), Relation::Fork);
}

#[test]
fn the_end_of_an_account_stands_against_every_rival_entry() {
    let (owner, log) = log_of(3);
    let (heir, thief) = (key(2), key(7));
    let mut over = log.clone();
    over.rotate(&owner, &heir, later(5)).unwrap();
    assert!(matches!(log.relate(&over), Relation::Extends(_)));
    // Who was first shown what a thief of the key signed, later and longer, still learns of the end.
    let rival = grown(&owner, &AccountLog::begin(&owner, member(&owner, 66), later(9_000)), 7);
    assert_eq!(rival.relate(&carried(&over)), Relation::Supersedes(carried(&over)));
    assert_eq!(over.relate(&rival), Relation::Behind);
    // Two ends can't both be.
    let mut other = rival.clone();
    other.rotate(&owner, &thief, later(9_500)).unwrap();
    assert_eq!((over.relate(&other), other.relate(&over)), (Relation::Fork, Relation::Fork));
}

#[test]
fn a_contact_pins_what_goes_on_and_marks_what_contradicts() {
    let (key, log) = log_of(2);
    let mut contact = Contact::new(key.id(), key.id(), Standing::Accepted, NOW);
    assert_eq!(contact.learn_log(log.clone(), NOW), Learnt::Pinned);
    assert_eq!(contact.learn_log(log.clone(), NOW), Learnt::Nothing);
    let far = grown(&key, &log, 20);
    assert_eq!(contact.learn_log(carried(&far), NOW), Learnt::Gap);
    assert_eq!(contact.log.as_ref(), Some(&log), "nothing is pinned over a gap");
    assert_eq!(contact.weigh(&far.head()), Some(Claim::Ahead));
    let mut fork = AccountLog::verify(key.id(), log.entries()[..1].to_vec()).unwrap();
    fork.append(&key, add(42), NOW).unwrap();
    assert!(contact.forked_at.is_none());
    assert_eq!(contact.learn_log(fork.clone(), later(1)), Learnt::Refused);
    assert_eq!(contact.weigh(&fork.head()), Some(Claim::Fork));
    contact.mark_fork(later(2));
    assert_eq!((contact.log.as_ref(), contact.forked_at), (Some(&log), Some(later(1))));
    let restored = AccountLog::begin(&key, member(&key, 9), later(1_000));
    assert_eq!(contact.learn_log(restored, later(3)), Learnt::Replaced);
    assert!(contact.has_device(&device(9).id) && !contact.has_device(&device(0).id));
    let stranger = AccountLog::begin(&super::fixtures::key(7), member(&super::fixtures::key(7), 66), NOW);
    assert_eq!(contact.learn_log(stranger, NOW), Learnt::Refused);
}
