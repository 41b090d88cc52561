//! Changed identity keys: who is taken over, who is a new contact, when a person must decide.

use core::slice::from_ref;

use super::fixtures::{NOW, add, key, later, log_of, member};
use crate::base::kind::AccountKind;
use crate::crypto::secret::Secret;
use crate::domain::identity::account::Seed;
use crate::domain::identity::address;
use crate::domain::identity::contact::{Contact, Standing};
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::moved::Moved;
use crate::domain::identity::primary::Primary;
use crate::domain::identity::succession::{SuccessionError, line, succeed};
use crate::domain::identity::verification::Verification;

#[test]
fn a_contact_follows_its_old_keys_word_to_a_new_address() {
    let (owner, log) = log_of(2);
    let heir = key(2);
    let mut over = log.clone();
    over.rotate(&owner, &heir, later(5)).unwrap();
    let new = AccountLog::begin(&heir, member(&heir, 1), later(6));
    let mut contact = Contact::new(owner.id(), key(3).id(), Standing::Accepted, NOW);
    (contact.name, contact.named_here) = ("Ana".into(), true);
    contact.learn_log(log, NOW);
    let moved = succeed(&contact, from_ref(&over), new.clone(), later(7)).unwrap();
    assert_eq!((moved.account, moved.former, moved.name.as_str()), (heir.id(), Some(owner.id()), "Ana"));
    assert_ne!(address::encode(&moved.account), address::encode(&contact.account));
    assert_eq!(
        (moved.log.as_ref(), moved.standing, moved.own),
        (Some(&new), Standing::Accepted, contact.own)
    );
    assert_eq!(moved.thread, owner.id(), "what was said stays where it is");
    assert!(!moved.is_held(), "nobody had compared the old key");
}

#[test]
fn a_key_that_a_person_compared_is_held_back_once_it_changes_until_they_decide() {
    let (owner, log) = log_of(1);
    let heir = key(2);
    let mut over = log.clone();
    over.rotate(&owner, &heir, later(5)).unwrap();
    let mut contact = Contact::new(owner.id(), key(3).id(), Standing::Accepted, NOW);
    contact.learn_log(log, NOW);
    contact.mark_verified(later(1));
    assert!(!contact.is_held());
    let new = AccountLog::begin(&heir, member(&heir, 1), later(6));
    let mut moved = succeed(&contact, from_ref(&over), new, later(7)).unwrap();
    assert_eq!(moved.verification, Verification::Changed { verified: owner.id(), at: later(7) });
    assert!(moved.is_held());
    moved.mark_verified(later(8));
    assert_eq!(moved.verification, Verification::Verified { key: heir.id(), at: later(8) });
    assert!(!moved.is_held());
}

#[test]
fn without_the_old_keys_word_it_is_a_new_contact() {
    let (owner, log) = log_of(2);
    let (heir, thief) = (key(2), key(7));
    let mut over = log.clone();
    over.rotate(&owner, &heir, later(5)).unwrap();
    let mut contact = Contact::new(owner.id(), key(3).id(), Standing::Accepted, NOW);
    contact.learn_log(log.clone(), NOW);
    let by = |old: &AccountLog, new: AccountLog| succeed(&contact, from_ref(old), new, later(7)).unwrap_err();
    let thiefs = AccountLog::begin(&thief, member(&thief, 66), NOW);
    assert_eq!(by(&over, thiefs.clone()), SuccessionError::Statement, "the key named another");
    assert_eq!(by(&log, thiefs.clone()), SuccessionError::Statement, "the account isn't over");
    let mut own = AccountLog::begin(&thief, member(&thief, 66), NOW);
    own.rotate(&thief, &heir, NOW).unwrap();
    assert_eq!(by(&own, thiefs), SuccessionError::Pinned, "another account's end");
    let mut chain = AccountLog::begin(&heir, member(&heir, 1), later(6));
    chain.rotate(&heir, &thief, later(8)).unwrap();
    assert_eq!(by(&over, chain), SuccessionError::Over);
    // A story that contradicts the pinned one, with an end of its own, where an end is pinned already.
    let mut ended = contact.clone();
    ended.learn_log(over, NOW);
    let mut rival = AccountLog::verify(owner.id(), log.entries()[..1].to_vec()).unwrap();
    rival.append(&owner, add(42), NOW).unwrap();
    rival.rotate(&owner, &thief, later(5)).unwrap();
    let refused =
        succeed(&ended, from_ref(&rival), AccountLog::begin(&thief, member(&thief, 66), NOW), later(7));
    assert_eq!(refused, Err(SuccessionError::Pinned));
}

#[test]
fn who_knows_an_account_from_long_ago_follows_the_whole_line() {
    let (owner, log) = log_of(2);
    let (heir, last) = (key(2), key(5));
    let mut first = log.clone();
    first.rotate(&owner, &heir, later(5)).unwrap();
    let mut second = AccountLog::begin(&heir, member(&heir, 0), later(6));
    second.rotate(&heir, &last, later(9)).unwrap();
    let new = AccountLog::begin(&last, member(&last, 0), later(10));
    let told: Vec<_> = [&first, &second].into_iter().flat_map(AccountLog::carried).collect();
    let whole = line(told.clone()).unwrap();
    assert_eq!(whole.iter().map(AccountLog::account).collect::<Vec<_>>(), [owner.id(), heir.id()]);
    for pinned in [log, AccountLog::verify(heir.id(), second.entries()[..1].to_vec()).unwrap()] {
        let mut contact = Contact::new(pinned.account(), key(3).id(), Standing::Accepted, NOW);
        contact.learn_log(pinned, NOW);
        let moved = succeed(&contact, &whole, new.clone(), later(11)).unwrap();
        assert_eq!((moved.account, moved.former), (last.id(), Some(heir.id())));
    }
    // Without one of its members, in another order or with a stranger's in between it is no line.
    assert_eq!(line_of(&[&second, &first]), Err(SuccessionError::Statement));
    let mut strangers = AccountLog::begin(&key(7), member(&key(7), 0), later(6));
    strangers.rotate(&key(7), &last, later(9)).unwrap();
    assert_eq!(line_of(&[&first, &strangers]), Err(SuccessionError::Statement));
    assert_eq!(line_of(&[]), Err(SuccessionError::Statement));
    let contact = Contact::new(owner.id(), key(3).id(), Standing::Accepted, NOW);
    let gap = succeed(&contact, from_ref(&first), new, later(11));
    assert_eq!(gap, Err(SuccessionError::Statement), "the first names the second, not the last");
    // A changed byte anywhere makes it nobody's word.
    for at in 0..told.len() {
        let mut bent = told.clone();
        bent.swap(at, (at + 1) % told.len());
        assert!(line(bent).is_err(), "{at}");
    }
}

fn line_of(logs: &[&AccountLog]) -> Result<usize, SuccessionError> {
    line(logs.iter().flat_map(|log| log.carried()).collect()).map(|line| line.len())
}

#[test]
fn of_two_identities_that_one_is_in_force_which_the_store_names() {
    let seeds = [1, 2].map(|byte| Seed::from_secret(Secret::new([byte; 32])));
    let [old, new] = seeds.each_ref().map(|seed| seed.account().id());
    let both = seeds.each_ref().map(|seed| Primary::heir(seed, AccountKind::Person));
    let in_force = |account| Primary::in_force(both.clone(), account).map(|primary| primary.account);
    assert_eq!((in_force(None), in_force(Some(old)), in_force(Some(new))), (Some(old), Some(old), Some(new)));
    assert_eq!(in_force(Some(key(3).id())), None, "a store of somebody else");
}

/// What is stored of a contact's past stays readable.
#[test]
fn the_row_of_a_former_account_keeps_its_form() {
    let (owner, mut log) = log_of(1);
    log.rotate(&owner, &key(2), later(5)).unwrap();
    let row = Moved { log, former: Some(key(9).id()) };
    let stored = postcard::to_stdvec(&row).unwrap();
    assert_eq!(postcard::from_bytes::<Moved>(&stored).unwrap(), row);
    let digest = data_encoding::HEXLOWER.encode(&crate::crypto::hash::sha256(&[&stored])[..8]);
    assert_eq!((stored.len(), digest.as_str()), (748, "1cd8b483b25a9736"));
}
