//! Holes in a contact's log: filled by the entries behind the pinned head, or decided on by a person.

use super::fixtures::{NOW, add, later, log_of, revoke};
use crate::base::id::AccountId;
use crate::domain::identity::contact::{Contact, Learnt, Standing};
use crate::domain::identity::log::AccountLog;

const OWN: AccountId = AccountId::new([9; 32]);

fn contact(log: &AccountLog) -> Contact {
    let mut contact = Contact::new(log.account(), OWN, Standing::Accepted, NOW);
    assert_eq!(contact.learn_log(log.clone(), NOW), Learnt::Pinned);
    contact
}

#[test]
fn entries_behind_the_pinned_head_are_pinned_and_no_others() {
    let (key, mut log) = log_of(1);
    let mut known = contact(&log);
    let head = log.head();
    for byte in [11, 12] {
        log.append(&key, add(byte), NOW).unwrap();
    }
    log.append(&key, revoke(11), NOW).unwrap();
    let behind = log.entries_after(&head).unwrap();
    let before = known.clone();
    assert_eq!(known.follow(behind[1..].to_vec()), Learnt::Nothing, "one is missing");
    assert_eq!(known.follow(Vec::new()), Learnt::Nothing);
    assert_eq!(known, before, "what doesn't follow changes nothing, and proves no fork");
    assert_eq!(known.follow(behind.clone()), Learnt::Pinned);
    assert_eq!(known.log.as_ref().map(AccountLog::head), Some(log.head()));
    assert_eq!(known.devices().count(), 2);
    assert_eq!(known.follow(behind), Learnt::Nothing, "they follow another head now");
}

#[test]
fn a_hole_that_nobody_can_fill_holds_the_contact_until_a_person_accepts() {
    let (key, mut log) = log_of(1);
    let mut known = contact(&log);
    let old: Vec<_> = known.devices().collect();
    for round in 0..40 {
        log.append(&key, add(11), later(round)).unwrap();
        log.append(&key, revoke(11), later(round)).unwrap();
    }
    log.append(&key, add(12), later(50)).unwrap();
    let carried = AccountLog::verify(log.account(), log.carried()).unwrap();
    assert_eq!(known.learn_log(carried.clone(), NOW), Learnt::Gap);
    assert!(!known.is_held(), "it is asked for first");
    known.doubt(carried);
    assert!(known.is_held());
    assert_eq!(known.devices().collect::<Vec<_>>(), old, "the pinned log stands until then");
    known.mark_verified(NOW);
    assert!(!known.is_held());
    assert_eq!(known.log.as_ref().map(AccountLog::head), Some(log.head()));
}

#[test]
fn entries_that_fill_the_hole_after_all_end_the_doubt() {
    let (key, mut log) = log_of(1);
    let mut known = contact(&log);
    let head = log.head();
    (0..6).for_each(|byte| log.append(&key, add(20 + byte), NOW).unwrap());
    known.doubt(log.clone());
    assert!(known.is_held());
    assert_eq!(known.follow(log.entries_after(&head).unwrap()), Learnt::Pinned);
    assert!(!known.is_held());
}

#[test]
fn this_device_is_none_of_our_others() {
    let (_, log) = log_of(3);
    let mut ourselves = contact(&log);
    assert_eq!(ourselves.devices().count(), 3);
    ourselves.this_device = log.devices().nth(1).map(|device| device.id);
    assert!(ourselves.is_ourselves());
    assert!(ourselves.devices().all(|device| device != log.devices().nth(1).unwrap().id));
    assert_eq!(ourselves.devices().count(), 2);
}
