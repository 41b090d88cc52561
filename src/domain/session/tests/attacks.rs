//! Named attacks on sessions that no other file of these tests shows.

use super::fixtures::{INBOX, NOW, Person, pair, receive, rng, row};
use crate::base::limits;
use crate::crypto::kdf::label;
use crate::domain::session::error::SessionError;
use crate::domain::session::one_time::OneTimePool;
use crate::domain::session::pqxdh::{accept, accept_with, initiate};
use crate::domain::session::prekeys::{PrekeySet, VerifiedBundle, bundle};
use crate::domain::session::ratchet::{OpenError, Session};
use crate::wire::prekeys::{Bundle, SignedBundle};
use crate::wire::signed::Signed;

#[test]
fn key_type_confusion_a_bundle_with_its_keys_in_each_others_place_opens_no_session() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let swapped = |change: &dyn Fn(&mut Bundle)| {
        let mut signed = SignedBundle::decode(&bob.bundle()).unwrap();
        let mut bundle = Bundle::decode(signed.bundle.unverified()).unwrap();
        change(&mut bundle);
        // Even Bob's own signature over it doesn't help: a key serves only what its private half is kept for.
        signed.bundle = Signed::new(bob.device.signing(), label::BUNDLE, bundle.encode());
        let verified = VerifiedBundle::verify(&signed.encode(), &bob.key.id(), NOW)?;
        let (_, flight) = initiate(&alice.local(), &verified, b"hello", NOW, &mut rng(1))?;
        accept(&bob.local(), &bob.set, &flight, NOW).map(|accepted| accepted.content.to_vec())
    };
    assert_eq!(swapped(&|_| ()), Ok(b"hello".to_vec()));
    let exchange = |bundle: &mut Bundle| core::mem::swap(&mut bundle.signed, &mut bundle.seal);
    assert_eq!(swapped(&exchange), Err(SessionError::Refused), "SPK and SEALX");
    let kem = |bundle: &mut Bundle| core::mem::swap(&mut bundle.signed_kem, &mut bundle.seal_kem);
    assert_eq!(swapped(&kem), Err(SessionError::Refused), "PQSPK and SEALK");
    let identity = |bundle: &mut Bundle| bundle.signed = *bob.device.exchange().public();
    assert_eq!(swapped(&identity), Err(SessionError::Refused), "DIK as SPK");
}

#[test]
fn key_type_confusion_a_signed_prekey_is_no_one_time_prekey() {
    let bob = Person::new(2);
    let payload = SignedBundle::decode(&bob.bundle()).unwrap().bundle;
    let mut pool = OneTimePool::default();
    let one_time = pool.add_exchange(&bob.local(), bob.set.id, NOW, &mut rng(5));
    let mut verified = bob.verified();
    assert!(verified.add_one_time(&crate::wire::prekeys::encode_one_time(&payload), NOW).is_err());
    assert!(VerifiedBundle::verify(&one_time, &bob.key.id(), NOW).is_err());
    // A one-time prekey that has the id of the signed one is another key all the same.
    verified.add_one_time(&one_time, NOW).unwrap();
    let (_, flight) = initiate(&Person::new(1).local(), &verified, b"", NOW, &mut rng(1)).unwrap();
    assert!(accept_with(&bob.local(), &bob.set, &pool, &flight, NOW).is_ok());
    assert!(accept(&bob.local(), &bob.set, &flight, NOW).is_err());
}

#[test]
fn prekey_id_reuse_a_set_that_takes_the_number_of_another_opens_none_of_its_flights() {
    let (alice, mut bob) = (Person::new(1), Person::new(2));
    let (_, flight) = initiate(&alice.local(), &bob.verified(), b"hello", NOW, &mut rng(1)).unwrap();
    bob.set = PrekeySet::generate(bob.set.id, NOW, &mut rng(77));
    assert_eq!(accept(&bob.local(), &bob.set, &flight, NOW).unwrap_err(), SessionError::Refused);
    // The same for a one-time prekey whose id was given out twice.
    let (mut first, mut second) = (OneTimePool::default(), OneTimePool::default());
    let prekey = first.add_kem(&bob.local(), 1, NOW, &mut rng(5));
    second.add_kem(&bob.local(), 1, NOW, &mut rng(6));
    let offered = bundle(&bob.local(), &bob.set, INBOX, NOW);
    let mut verified = VerifiedBundle::verify(&offered, &bob.key.id(), NOW).unwrap();
    verified.add_one_time(&prekey, NOW).unwrap();
    let (_, flight) = initiate(&alice.local(), &verified, b"hello", NOW, &mut rng(1)).unwrap();
    assert!(accept_with(&bob.local(), &bob.set, &first, &flight, NOW).is_ok());
    assert!(accept_with(&bob.local(), &bob.set, &second, &flight, NOW).is_err());
}

#[test]
fn one_time_prekey_double_hand_out_the_second_flight_is_refused_whoever_sends_it() {
    let (alice, carol, bob) = (Person::new(1), Person::new(3), Person::new(2));
    let mut pool = OneTimePool::default();
    let prekey = pool.add_exchange(&bob.local(), 1, NOW, &mut rng(5));
    let mut verified = bob.verified();
    verified.add_one_time(&prekey, NOW).unwrap();
    let flights =
        [&alice, &carol].map(|person| initiate(&person.local(), &verified, b"", NOW, &mut rng(1)).unwrap().1);
    let accepted = accept_with(&bob.local(), &bob.set, &pool, &flights[0], NOW).unwrap();
    pool.remove(accepted.used);
    for flight in &flights {
        let refused = accept_with(&bob.local(), &bob.set, &pool, flight, NOW);
        assert_eq!(refused.unwrap_err(), SessionError::Refused);
    }
}

#[test]
fn downgrade_a_session_cannot_be_led_back_to_an_epoch_it_has_left() {
    let (mut alice, mut bob) = pair(1);
    let before = [alice.clone(), bob.clone()];
    let later = NOW.plus(limits::EPOCH_LIFE);
    let exchange = |alice: &mut Session, bob: &mut Session, count: usize| {
        for turn in 0..count {
            let (from, to) = if turn % 2 == 0 { (&mut *alice, &mut *bob) } else { (&mut *bob, &mut *alice) };
            let frame = from.seal(b"", later, &mut rng(2)).unwrap();
            let opened = to.open(&frame, later).unwrap();
            assert!(to.install(opened.advance));
        }
    };
    exchange(&mut alice, &mut bob, 5);
    assert!(alice.epoch() >= 1 && bob.epoch() >= 1);
    // Whoever has an old state of one side, and so speaks in the old epoch, is not heard by the other.
    let [mut old, _] = before;
    for _ in 0..3 {
        let frame = old.seal(b"in the old epoch", later, &mut rng(3)).unwrap();
        let stored = row(&bob);
        assert!(bob.open(&frame, later).is_err());
        assert_eq!(row(&bob), stored);
    }
}

#[test]
fn reorder_and_deletion_are_noticed_by_the_numbers_that_are_missing() {
    let (mut alice, mut bob) = pair(1);
    let frames: Vec<_> = (0..5).map(|_| alice.seal(b"", NOW, &mut rng(2)).unwrap()).collect();
    receive(&mut bob, &frames[0]).unwrap();
    assert_eq!((bob.skipped(), bob.last_seen()), (0, 2));
    receive(&mut bob, &frames[4]).unwrap();
    assert_eq!((bob.skipped(), bob.last_seen()), (3, 6), "three are missing");
    receive(&mut bob, &frames[2]).unwrap();
    assert_eq!((bob.skipped(), bob.last_seen()), (2, 6), "one of them was late");
    assert_eq!(bob.opened() + bob.skipped() as u64, u64::from(bob.last_seen()));
    assert_eq!(bob.open(&frames[2], NOW).unwrap_err(), OpenError::Duplicate);
}

#[test]
fn expanded_ml_kem_key_import_is_not_possible_because_rows_hold_seeds_only() {
    let set = Person::new(2).set;
    let bytes = postcard::to_allocvec(&set).unwrap();
    assert!(bytes.len() < 300, "an expanded key alone has 2,400 bytes: {}", bytes.len());
    // A row whose seed was replaced by an expanded key doesn't read.
    let seed = postcard::to_allocvec(&(set.id, set.created)).unwrap().len() + 33 + 32;
    assert_eq!(bytes[seed], 64, "the length of the first seed");
    let with = |length: &[u8], key: &[u8]| [&bytes[..seed], length, key, &bytes[seed + 65..]].concat();
    assert!(postcard::from_bytes::<PrekeySet>(&with(&[64], &[7; 64])).is_ok());
    assert!(postcard::from_bytes::<PrekeySet>(&with(&[0xE0, 0x12], &[7; 2_400])).is_err());
}
