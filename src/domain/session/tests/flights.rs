//! First flights: what they carry, and every way to forge, replay or bend one.

use core::time::Duration;

use zeroize::Zeroizing;

use super::fixtures::{NOW, Person, receive, rng};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kem;
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::domain::session::error::SessionError;
use crate::domain::session::one_time::{OneTimePool, OneTimeUsed};
use crate::domain::session::pqxdh::{
    FIRST_CONTENT_MAX, Secrets, Transcript, accept, accept_with, agree, content_room, flight_prekey_set,
    initiate, unseal,
};
use crate::domain::session::prekeys::PrekeySet;
use crate::domain::session::ratchet::Session;
use crate::domain::session::seal::{self, Recipient};
use crate::wire::account::{LogOperation, Purposes};
use crate::wire::flight::{FRONT_LEN, FirstFlight, SealedFlight};

fn flight(from: &Person, to: &Person) -> Vec<u8> {
    initiate(&from.local(), &to.verified(), b"hello", NOW, &mut rng(1)).unwrap().1
}

/// What accepting comes to, reduced to something comparable.
fn outcome(to: &Person, flight: &[u8]) -> Result<Vec<u8>, SessionError> {
    accept(&to.local(), &to.set, flight, NOW).map(|accepted| accepted.content.to_vec())
}

/// Opens the seal as its recipient, changes what is inside, and seals it again.
fn resealed(to: &Person, flight: &[u8], change: impl FnOnce(&mut FirstFlight)) -> Vec<u8> {
    let kem = to.set.seal_kem();
    let (account, device, public) = (to.key.id(), to.device.id(), kem.public());
    let to_keys =
        Recipient { account: &account, device: &device, exchange: to.set.seal().public(), kem: &public };
    let sealed = SealedFlight::parse(flight).unwrap();
    let inside = seal::open(to_keys, to.set.seal(), &kem, &sealed).unwrap();
    let mut inside = FirstFlight::decode(&inside).unwrap();
    change(&mut inside);
    seal::seal(to_keys, to.set.id, Zeroizing::new(inside.encode().unwrap()), &mut rng(9)).unwrap()
}

#[test]
fn a_first_flight_opens_a_session_and_brings_its_content() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let (mut hers, flight) = initiate(&alice.local(), &bob.verified(), b"hello", NOW, &mut rng(1)).unwrap();
    assert_eq!(flight.len(), limits::FIRST_FLIGHT_LEN);
    assert_eq!(flight_prekey_set(&flight), Some(bob.set.id));
    let accepted = accept(&bob.local(), &bob.set, &flight, NOW).unwrap();
    assert_eq!(*accepted.content, b"hello");
    assert_eq!((&accepted.peer, accepted.device), (&alice.log, alice.device.id()));
    assert_eq!(accepted.expires, NOW.plus(limits::FIRST_FLIGHT_LIFE));
    let mut his = accepted.session;
    assert_eq!(his.id(), hers.id());
    assert_eq!((his.send_route(), his.receive_route()), (hers.receive_route(), hers.send_route()));
    assert_ne!(hers.send_route(), hers.receive_route());
    assert!(his.has_received() && !hers.has_received() && hers.is_initiator() && !his.is_initiator());
    let reply = his.seal(b"hi", NOW, &mut rng(3)).unwrap();
    assert_eq!(receive(&mut hers, &reply).unwrap(), b"hi");
    assert!(hers.has_received());
}

#[test]
fn contents_of_every_allowed_length_fit_beside_a_usual_log() {
    let (mut alice, bob) = (Person::new(1), Person::new(2));
    for byte in 0..3 {
        let device = Person::new(100 + byte).device.member(&alice.key.id(), Purposes::ALL);
        alice.log.append(&alice.key, LogOperation::AddDevice(device), NOW).unwrap();
    }
    assert!(
        alice.log.entries().iter().map(|entry| entry.size()).sum::<usize>() <= limits::FIRST_FLIGHT_LOG_MAX
    );
    assert_eq!(FIRST_CONTENT_MAX, 4_094);
    for length in [0, 1, 510, 511, FIRST_CONTENT_MAX - 1, FIRST_CONTENT_MAX] {
        let content = vec![7; length];
        let (_, flight) = initiate(&alice.local(), &bob.verified(), &content, NOW, &mut rng(1)).unwrap();
        assert_eq!(flight.len(), limits::FIRST_FLIGHT_LEN);
        assert_eq!(outcome(&bob, &flight), Ok(content));
    }
    let long = vec![7; FIRST_CONTENT_MAX + 1];
    let refused = initiate(&alice.local(), &bob.verified(), &long, NOW, &mut rng(1));
    assert_eq!(refused.unwrap_err(), SessionError::TooLong);
}

#[test]
fn the_longest_log_leaves_room_for_a_usual_content_and_a_usual_one_for_the_longest() {
    let (mut alice, bob) = (Person::new(1), Person::new(2));
    let mut rooms = std::collections::BTreeSet::new();
    for round in 0..20 {
        let device = Person::new(100 + round).device.member(&alice.key.id(), Purposes::ALL);
        let id = device.device.id;
        for operation in [LogOperation::AddDevice(device), LogOperation::RevokeDevice(id)] {
            alice.log.append(&alice.key, operation, NOW).unwrap();
            let content = vec![7; content_room(&alice.log)];
            let (_, flight) = initiate(&alice.local(), &bob.verified(), &content, NOW, &mut rng(1)).unwrap();
            rooms.insert(content.len());
            assert_eq!(outcome(&bob, &flight), Ok(content));
        }
    }
    assert_eq!(rooms.into_iter().collect::<Vec<_>>(), [2_046, FIRST_CONTENT_MAX]);
}

#[test]
fn a_stolen_prekey_set_does_not_let_its_thief_pass_for_somebody_else() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let hers = alice.device.certificate(Purposes::ALL);
    // The thief holds every private key of Bob's set and everything that is public, and guesses DH0.
    let forge = |identities: Secret<32>| {
        let mut rng = rng(4);
        let ephemeral = KeyPair::random(&mut rng);
        let his = bob.device.certificate(Purposes::ALL);
        let kem_key = bob.set.signed_kem().public();
        let (ciphertext, quantum) = kem::encapsulate(&kem_key, &mut rng).unwrap();
        let expires = NOW.plus(limits::FIRST_FLIGHT_LIFE);
        let transcript = Transcript {
            initiator: (alice.key.id(), &hers),
            responder: (bob.key.id(), &his),
            ephemeral: ephemeral.public(),
            signed: (bob.set.id, bob.set.signed().public()),
            one_time: None,
            kem_one_time: None,
            kem_key: &kem_key,
            ciphertext: &ciphertext,
            expires,
        };
        let secrets = Secrets {
            identities,
            identity_signed: bob.set.signed().exchange(&hers.exchange).unwrap(),
            ephemeral_identity: ephemeral.exchange(&his.exchange).unwrap(),
            ephemeral_signed: ephemeral.exchange(bob.set.signed().public()).unwrap(),
            one_time: None,
            quantum,
        };
        let agreed = agree(&secrets, &transcript);
        let mut session = Session::initiate(agreed, *bob.set.signed().public(), NOW, &mut rng).unwrap();
        let frame = session.seal(b"it's me, Alice", NOW, &mut rng).unwrap();
        resealed(&bob, &flight(&alice, &bob), |inside| {
            inside.ephemeral = *ephemeral.public();
            inside.ciphertext = ciphertext;
            inside.expires = expires;
            inside.frame = frame;
        })
    };
    let real = alice.device.exchange().exchange(bob.device.exchange().public()).unwrap();
    assert_eq!(outcome(&bob, &forge(real)), Ok(b"it's me, Alice".to_vec()), "all else is right");
    let guesses = [
        Secret::new([0; 32]),
        bob.set.signed().exchange(&hers.exchange).unwrap(),
        bob.set.signed().exchange(bob.device.exchange().public()).unwrap(),
        bob.set.seal().exchange(&hers.exchange).unwrap(),
    ];
    for guess in guesses {
        assert_eq!(outcome(&bob, &forge(guess)), Err(SessionError::Refused));
    }
}

#[test]
fn a_replayed_flight_has_the_same_replay_digest_even_in_a_new_seal() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let flight = flight(&alice, &bob);
    let replay = |flight: &[u8]| accept(&bob.local(), &bob.set, flight, NOW).unwrap().replay;
    assert_eq!(replay(&flight), replay(&flight));
    let again = resealed(&bob, &flight, |_| ());
    assert_ne!(again, flight);
    assert_eq!(replay(&again), replay(&flight));
    let (_, other) = initiate(&alice.local(), &bob.verified(), b"hello", NOW, &mut rng(8)).unwrap();
    assert_ne!(replay(&other), replay(&flight));
}

#[test]
fn a_flight_for_another_person_set_or_account_is_refused() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let flight = flight(&alice, &bob);
    let mut carol = Person::new(3);
    assert_eq!(outcome(&carol, &flight), Err(SessionError::Refused), "another set number");
    carol.set.id = bob.set.id;
    assert_eq!(outcome(&carol, &flight), Err(SessionError::Refused));
    // Somebody else who got hold of Bob's prekeys.
    carol.set = bob.set.clone();
    assert_eq!(outcome(&carol, &flight), Err(SessionError::Refused));
    let newer = PrekeySet::generate(bob.set.id, NOW, &mut rng(5));
    assert!(accept(&bob.local(), &newer, &flight, NOW).is_err());
}

#[test]
fn an_initiator_cannot_claim_another_account_or_device() {
    let (alice, bob, mallory) = (Person::new(1), Person::new(2), Person::new(3));
    let flight = flight(&mallory, &bob);
    let claims = |change: &dyn Fn(&mut FirstFlight)| outcome(&bob, &resealed(&bob, &flight, change));
    assert_eq!(claims(&|_| ()), Ok(b"hello".to_vec()));
    let refused = Err(SessionError::Refused);
    assert_eq!(claims(&|inside| inside.account = alice.key.id()), refused, "not that account's log");
    assert_eq!(claims(&|inside| inside.device = alice.device.id()), refused, "not in the log");
    let hers = |inside: &mut FirstFlight| {
        inside.account = alice.key.id();
        inside.device = alice.device.id();
        inside.log = alice.log.carried();
    };
    assert_eq!(claims(&hers), refused, "all of Alice's, but not her keys");
    assert_eq!(claims(&|inside| inside.log.clear()), refused);
}

#[test]
fn what_is_changed_inside_the_seal_is_noticed() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let flight = flight(&alice, &bob);
    let changed = |change: &dyn Fn(&mut FirstFlight)| outcome(&bob, &resealed(&bob, &flight, change));
    let refused = Err(SessionError::Refused);
    assert_eq!(changed(&|inside| inside.ciphertext[500] ^= 1), refused, "implicit rejection");
    assert_eq!(changed(&|inside| inside.ephemeral[0] ^= 1), refused);
    assert_eq!(changed(&|inside| inside.ephemeral = [0; 32]), refused, "low order");
    assert_eq!(changed(&|inside| inside.ephemeral[31] ^= 0x80), refused, "another encoding of the same key");
    assert_eq!(changed(&|inside| inside.frame[40] ^= 1), refused);
    assert_eq!(changed(&|inside| inside.one_time = Some(1)), refused, "a prekey that isn't there");
    assert_eq!(changed(&|inside| inside.one_time_kem = Some(1)), refused);
    let later = NOW.plus(Duration::from_secs(60));
    assert_eq!(changed(&|inside| inside.expires = later), refused, "the expiry is in the transcript");
    // A fresh encapsulation to the right key is as wrong as any other ciphertext.
    let (fresh, _) = kem::encapsulate(&bob.set.signed_kem().public(), &mut rng(6)).unwrap();
    assert_eq!(changed(&|inside| inside.ciphertext.clone_from(&fresh)), refused);
}

#[test]
fn an_expired_flight_or_one_that_expires_too_late_is_refused() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let flight = flight(&alice, &bob);
    let at = |now: Time| accept(&bob.local(), &bob.set, &flight, now).map(|_| ());
    let end = NOW.plus(limits::FIRST_FLIGHT_LIFE);
    assert_eq!(at(end.minus(Duration::from_millis(1))), Ok(()));
    assert_eq!(at(end), Err(SessionError::Refused));
    assert_eq!(at(NOW.minus(limits::CLOCK_SKEW)), Ok(()), "a clock that is behind");
    assert_eq!(at(NOW.minus(limits::CLOCK_SKEW + Duration::from_millis(1))), Err(SessionError::Refused));
    let mut dead = bob.set.clone();
    dead.created = NOW.minus(limits::PREKEY_LIFE + Duration::from_millis(1));
    assert!(dead.is_dead(NOW));
    assert!(accept(&bob.local(), &dead, &flight, NOW).is_err());
}

#[test]
fn a_flipped_bit_anywhere_in_a_flight_is_noticed() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let mut flight = flight(&alice, &bob);
    // All of the outside's fields and the tag, and, because each try costs two decapsulations, some of the rest.
    let length = flight.len();
    let positions = (0..40).chain((40..FRONT_LEN).step_by(9)).chain((FRONT_LEN..length).step_by(37));
    for position in positions.chain(length - 16..length) {
        let bit = 1 << (position % 8);
        flight[position] ^= bit;
        assert_eq!(outcome(&bob, &flight), Err(SessionError::Refused), "byte {position}");
        flight[position] ^= bit;
    }
    assert!(outcome(&bob, &flight).is_ok());
}

#[test]
fn an_unknown_suite_version_or_length_is_refused() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let flight = flight(&alice, &bob);
    for position in 0..4 {
        let mut other = flight.clone();
        other[position] = other[position].wrapping_add(1);
        assert_eq!(flight_prekey_set(&other), None);
        assert!(outcome(&bob, &other).is_err());
    }
    for length in (0..300).chain([limits::FIRST_FLIGHT_LEN - 1]) {
        assert_eq!(flight_prekey_set(&flight[..length]), None);
        assert!(outcome(&bob, &flight[..length]).is_err());
    }
    assert!(outcome(&bob, &[&flight[..], &[0]].concat()).is_err());
}

#[test]
fn one_time_prekeys_enter_the_keys_and_serve_once() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let mut pool = OneTimePool::default();
    let exchange = pool.add_exchange(&bob.local(), 5, NOW, &mut rng(5));
    let kem = pool.add_kem(&bob.local(), 6, NOW, &mut rng(6));
    let mut ids = Vec::new();
    for (with_exchange, with_kem) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut bundle = bob.verified();
        if with_exchange {
            bundle.add_one_time(&exchange, NOW).unwrap();
        }
        if with_kem {
            bundle.add_one_time(&kem, NOW).unwrap();
        }
        let (session, flight) = initiate(&alice.local(), &bundle, b"once", NOW, &mut rng(1)).unwrap();
        let accepted = accept_with(&bob.local(), &bob.set, &pool, &flight, NOW).unwrap();
        assert_eq!(*accepted.content, b"once");
        let used = OneTimeUsed { exchange: with_exchange.then_some(5), kem: with_kem.then_some(6) };
        assert_eq!(accepted.used, used);
        assert!(!ids.contains(&session.id()), "the same random numbers, and yet other keys");
        ids.push(session.id());
        let mut after = pool.clone();
        after.remove(used);
        let again = accept_with(&bob.local(), &bob.set, &after, &flight, NOW);
        assert_eq!(again.is_ok(), used == OneTimeUsed::default(), "a used prekey is gone");
    }
}

#[test]
fn every_part_of_the_transcript_changes_every_key() {
    let people = [Person::new(1), Person::new(2), Person::new(3)];
    let devices = people.each_ref().map(|person| person.device.certificate(Purposes::ALL));
    let signing_only = people[0].device.certificate(Purposes::MESSAGE);
    let ids = people.each_ref().map(|person| person.key.id());
    let (kem_keys, texts) = ([vec![1; 4], vec![2; 4]], [vec![3; 4], vec![4; 4]]);
    let base = || Transcript {
        initiator: (ids[0], &devices[0]),
        responder: (ids[1], &devices[1]),
        ephemeral: &[1; 32],
        signed: (7, &[2; 32]),
        one_time: None,
        kem_one_time: None,
        kem_key: &kem_keys[0],
        ciphertext: &texts[0],
        expires: NOW,
    };
    let variants = [
        base(),
        Transcript { initiator: (ids[2], &devices[0]), ..base() },
        Transcript { initiator: (ids[0], &devices[2]), ..base() },
        Transcript { initiator: (ids[0], &signing_only), ..base() },
        Transcript { responder: (ids[2], &devices[1]), ..base() },
        Transcript { responder: (ids[1], &devices[2]), ..base() },
        Transcript { initiator: (ids[1], &devices[1]), responder: (ids[0], &devices[0]), ..base() },
        Transcript { ephemeral: &[2; 32], ..base() },
        Transcript { signed: (8, &[2; 32]), ..base() },
        Transcript { signed: (7, &[3; 32]), ..base() },
        Transcript { one_time: Some((7, &[2; 32])), ..base() },
        Transcript { kem_one_time: Some(7), ..base() },
        Transcript { kem_key: &kem_keys[1], ..base() },
        Transcript { ciphertext: &texts[1], ..base() },
        Transcript { expires: NOW.plus(Duration::from_millis(1)), ..base() },
    ];
    let secrets = Secrets {
        identities: Secret::new([1; 32]),
        identity_signed: Secret::new([2; 32]),
        ephemeral_identity: Secret::new([3; 32]),
        ephemeral_signed: Secret::new([4; 32]),
        one_time: None,
        quantum: Secret::new([5; 32]),
    };
    let agreed: Vec<_> = variants.iter().map(|transcript| agree(&secrets, transcript)).collect();
    for (index, one) in agreed.iter().enumerate() {
        for other in &agreed[index + 1..] {
            assert!(one.id != other.id && one.binding != other.binding);
            assert!(one.to_responder != other.to_responder && one.initiator_header != other.initiator_header);
        }
        assert_ne!(one.to_responder, one.to_initiator);
    }
}

#[test]
fn a_device_has_no_session_with_itself() {
    let alice = Person::new(1);
    let refused = initiate(&alice.local(), &alice.verified(), b"me", NOW, &mut rng(1));
    assert_eq!(refused.unwrap_err(), SessionError::Oneself);
}

#[test]
fn nothing_secret_is_printed() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let (mut session, flight) =
        initiate(&alice.local(), &bob.verified(), b"hello", NOW, &mut rng(1)).unwrap();
    let printed = format!("{session:?} {:?}", bob.set);
    assert_eq!(printed.matches("[secret]").count(), 13, "{printed}");
    let unsealed = unseal(&bob.local(), &bob.set, &flight, NOW).unwrap();
    assert_eq!(format!("{unsealed:?}"), "[unsealed first flight]");
    let accepted = accept(&bob.local(), &bob.set, &flight, NOW).unwrap();
    let printed = format!("{accepted:?}");
    assert!(printed.starts_with("[accepted first flight of ") && printed.len() < 60, "{printed}");
    let frame = session.seal(b"said", NOW, &mut rng(2)).unwrap();
    let opened = accepted.session.open(&frame, NOW).unwrap();
    assert_eq!(format!("{opened:?}"), "[opened frame]");
}
