//! Attacks by whoever holds the other side's keys: they need a hand inside the session.

use super::*;
use crate::domain::session::tests::fixtures::{NOW, pair, receive, rng};

/// Alice and Bob after a round trip; Alice's next message begins a new chain.
fn before_a_turn() -> (Session, Session) {
    after_a_round_trip(1)
}

pub(super) fn after_a_round_trip(seed: u8) -> (Session, Session) {
    let (mut alice, mut bob) = pair(seed);
    let reply = bob.seal(b"", NOW, &mut rng(2)).unwrap();
    receive(&mut alice, &reply).unwrap();
    (alice, bob)
}

/// Begins a chain with `ours`, on what both sides are said to share.
fn turn_with(session: &mut Session, ours: KeyPair, shared: &Secret<32>) {
    let step = session.root.step(shared, 0, None);
    let header_key = session.next_send_header.clone();
    session.ours = ours;
    session.sending = Some(SendChain { header_key, keys: step.chain, number: 0 });
}

#[test]
fn a_ratchet_key_of_low_order_is_refused_though_all_else_is_right() {
    let (alice, bob) = before_a_turn();
    let honest = KeyPair::random(&mut rng(3));
    // A key pair whose public key is zeros: every exchange with it gives zeros.
    let encoded = [&[32][..], &[1; 32], &[0; 32]].concat();
    let low: KeyPair = postcard::from_bytes(&encoded).unwrap();
    let shared = honest.exchange(&alice.theirs.unwrap()).unwrap();
    for (ours, shared, opens) in [(honest, shared, true), (low, Secret::new([0; 32]), false)] {
        let mut alice = alice.clone();
        turn_with(&mut alice, ours, &shared);
        let frame = alice.seal(b"hello", NOW, &mut rng(4)).unwrap();
        assert_eq!(bob.open(&frame, NOW).is_ok(), opens);
    }
}

#[test]
fn a_second_new_chain_before_any_answer_is_refused() {
    let (mut alice, mut bob) = before_a_turn();
    let frame = alice.seal(b"first", NOW, &mut rng(3)).unwrap();
    receive(&mut bob, &frame).unwrap();
    let ours = KeyPair::random(&mut rng(4));
    let shared = ours.exchange(&alice.theirs.unwrap()).unwrap();
    turn_with(&mut alice, ours, &shared);
    alice.previous = 1;
    let frame = alice.seal(b"second", NOW, &mut rng(5)).unwrap();
    assert!(bob.locate(&Frame::parse(&frame).unwrap()).is_ok(), "the header is Alice's");
    assert_eq!(bob.open(&frame, NOW).unwrap_err(), OpenError::Refused);
}

#[test]
fn a_chain_cannot_be_said_to_be_shorter_than_it_was() {
    let (mut alice, bob) = before_a_turn();
    let honest = alice.clone().seal(b"", NOW, &mut rng(3)).unwrap();
    assert!(bob.open(&honest, NOW).is_ok());
    alice.previous = 0;
    let lie = alice.seal(b"", NOW, &mut rng(3)).unwrap();
    assert_eq!(bob.open(&lie, NOW).unwrap_err(), OpenError::Refused);
}

#[test]
fn counters_end_before_they_wrap() {
    let (mut alice, bob) = pair(1);
    let chain = alice.sending.as_mut().unwrap();
    chain.number = u32::MAX;
    assert_eq!(alice.seal(b"", NOW, &mut rng(2)), Err(SessionError::UsedUp));
    alice.sending.as_mut().unwrap().number = u32::MAX - 1;
    let far = alice.seal(b"", NOW, &mut rng(2)).unwrap();
    assert_eq!(bob.open(&far, NOW).unwrap_err(), OpenError::Refused);
    let (mut alice, _) = pair(1);
    alice.sealed = u32::MAX;
    assert_eq!(alice.seal(b"", NOW, &mut rng(2)), Err(SessionError::UsedUp));
}

#[test]
fn padding_that_is_not_zeros_is_refused_though_the_tag_holds() {
    let (alice, bob) = pair(1);
    for (position, byte, opens) in [(0, 1, true), (300, 0, true), (300, 1, false), (510, 2, false)] {
        let mut padded = padding::pad(b"hello").unwrap();
        padded[position] = byte;
        let frame = alice.clone().seal_padded(padded, NOW, &mut rng(2)).unwrap();
        assert_eq!(bob.open(&frame, NOW).is_ok(), opens, "{position}");
    }
}
