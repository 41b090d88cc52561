//! Whoever holds the other side's keys and says what doesn't fit: refused, and not one stored byte is changed.

use super::tests::after_a_round_trip;
use super::*;
use crate::domain::session::quantum::Slot;
use crate::domain::session::tests::fixtures::{NOW, pair, receive, rng, row};
use crate::domain::session::whole_key::Payload;

const LATER: Time = Time::from_millis(NOW.as_millis() + limits::EPOCH_LIFE.as_millis() as u64);

/// Seals with the sender's keys, after somebody has changed what the header says and how the body is padded.
fn forge(session: &Session, now: Time, change: impl FnOnce(&mut Header, &mut Vec<u8>)) -> Vec<u8> {
    let mut session = session.clone();
    if session.sending.is_none() {
        session.begin_sending(now, &mut rng(60)).unwrap();
    }
    let chain = session.sending.as_ref().unwrap();
    let mut header = Header {
        key: *session.ours.public(),
        previous: session.previous,
        number: chain.number,
        sequence: session.sealed + 1,
        echo: session.seen,
        epoch: session.quantum.epoch(),
        slot: Slot::Empty,
    };
    let mut body = padding::pad(b"forged").unwrap();
    change(&mut header, &mut body);
    let direction = direction(session.initiator);
    let mut frame = header.seal(&chain.header_key, &[6; XNONCE_LEN], &session.id, direction).unwrap();
    let (key, nonce) = chain.keys.next().0.body_key(&[6; XNONCE_LEN]);
    aead::seal(&key, &nonce, &associated(&session.binding, direction, &frame), &mut body).unwrap();
    frame.extend_from_slice(&body);
    frame
}

fn with_slot(session: &Session, now: Time, slot: &Slot<Payload>) -> Vec<u8> {
    forge(session, now, |header, _| header.slot = slot.clone())
}

/// Asserts that the frame is refused, and that not one stored byte is another afterwards.
fn assert_rejected(session: &Session, frame: &[u8], now: Time, what: &str) {
    let before = row(session);
    assert!(session.open(frame, now).is_err(), "{what}");
    assert_eq!(row(session), before, "{what}");
}

/// Both sides at every stage of two exchanges: its name, Alice, Bob, and the time.
fn stages() -> Vec<(&'static str, [Session; 2], Time)> {
    let (alice, bob) = pair(1);
    let mut sides = [alice, bob];
    let mut stages = vec![("a session that was just opened", sides.clone(), NOW)];
    let after = LATER.plus(limits::EPOCH_LIFE);
    let steps = [
        (1, NOW, "after the first answer"),
        (0, LATER, "a key was offered"),
        (1, LATER, "it was answered"),
        (0, LATER, "the epoch was begun"),
        (1, after, "the next key was offered"),
        (0, after, "that was answered"),
        (1, after, "the second epoch was begun"),
    ];
    for (index, (from, now, name)) in steps.into_iter().enumerate() {
        let frame = sides[from].seal(b"", now, &mut rng(70 + index as u8)).unwrap();
        let opened = sides[1 - from].open(&frame, now).unwrap();
        assert!(sides[1 - from].install(opened.advance));
        stages.push((name, sides.clone(), now));
    }
    assert_eq!(sides.each_ref().map(Session::epoch), [2, 2]);
    stages
}

/// What two sides after a round trip say when the next epoch is due.
fn payloads(seed: u8) -> [Payload; 2] {
    let (mut alice, mut bob) = after_a_round_trip(seed);
    let mut slot = |bob_speaks: bool, seed| {
        let (from, to) = if bob_speaks { (&mut bob, &mut alice) } else { (&mut alice, &mut bob) };
        let frame = from.seal(b"", LATER, &mut rng(seed)).unwrap();
        let slot = to.locate(&Frame::parse(&frame).unwrap()).unwrap().0.slot;
        receive(to, &frame).unwrap();
        slot
    };
    match (slot(false, 80), slot(true, 81)) {
        (Slot::Offer(offer), Slot::Answer(answer)) => [offer, answer],
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_frame_that_is_damaged_misdirected_or_repeated_changes_no_stored_byte_at_any_stage() {
    for (name, sides, now) in stages() {
        for from in [0, 1] {
            let (sender, receiver) = (&sides[from], &sides[1 - from]);
            let rejected = |frame: &[u8], what: &str| {
                assert_rejected(receiver, frame, now, &format!("{name}, from {from}: {what}"));
            };
            let honest = forge(sender, now, |_, _| ());
            let body = honest.len() - 528;
            for position in (0..body).chain((body..honest.len()).step_by(31)) {
                let mut other = honest.clone();
                other[position] ^= 1 << (position % 8);
                rejected(&other, "a flipped bit");
            }
            for length in (0..honest.len()).step_by(7).chain([honest.len() - 1]) {
                rejected(&honest[..length], "cut short");
            }
            rejected(&[&honest[..], &[0]].concat(), "longer");
            assert_rejected(sender, &honest, now, "reflected");
            let (alice, bob) = pair(9);
            assert_rejected([&bob, &alice][from], &honest, now, "on another session's route");
            let mut after = receiver.clone();
            let opened = after.open(&honest, now).unwrap();
            assert!(after.install(opened.advance));
            assert_rejected(&after, &honest, now, "a replay");
        }
    }
}

#[test]
fn a_header_or_padding_that_lies_changes_no_stored_byte_at_any_stage() {
    let [offer, answer] = payloads(2);
    type Lie<'a> = (&'a str, &'a dyn Fn(&mut Header, &mut Vec<u8>));
    let lies: [Lie<'_>; 13] = [
        ("a later epoch", &|header, _| header.epoch += 1),
        ("an earlier epoch", &|header, _| header.epoch = header.epoch.wrapping_sub(1)),
        ("the last epoch", &|header, _| header.epoch = u32::MAX),
        ("too far ahead", &|header, _| header.number += limits::CHAIN_FORWARD_MAX + 1),
        ("the last number", &|header, _| header.number = u32::MAX),
        ("another message's number", &|header, _| header.number += 1),
        ("another session's key", &|header, _| header.slot = Slot::Offer(offer.clone())),
        ("another session's ciphertext", &|header, _| header.slot = Slot::Answer(answer.clone())),
        ("a key as a ciphertext", &|header, _| header.slot = Slot::Answer(offer.clone())),
        ("a ciphertext as a key", &|header, _| header.slot = Slot::Offer(answer.clone())),
        ("padding that isn't zeros", &|_, body| body[300] = 1),
        ("a length beyond the padding", &|_, body| body[510] = 2),
        ("another bucket than the smallest", &|_, body| body.splice(500..500, [0; 512]).for_each(drop)),
    ];
    for (name, sides, now) in stages() {
        for from in [0, 1] {
            let (sender, receiver) = (&sides[from], &sides[1 - from]);
            assert!(receiver.open(&forge(sender, now, |_, _| ()), now).is_ok(), "{name}: all else is right");
            for (what, lie) in lies {
                assert_rejected(receiver, &forge(sender, now, lie), now, &format!("{name}: {what}"));
            }
        }
    }
}

#[test]
fn whoever_speaks_out_of_turn_in_an_exchange_is_refused() {
    let [offer, answer] = payloads(1);
    let (alice, bob) = after_a_round_trip(1);
    let offered = |session: &Session| {
        let mut session = session.clone();
        let frame = session.seal(b"", LATER, &mut rng(80)).unwrap();
        (session, frame)
    };
    let (offering, frame) = offered(&alice);
    let mut heard = bob.clone();
    receive(&mut heard, &frame).unwrap();
    let (offer, answer) = (Slot::Offer(offer), Slot::Answer(answer));
    // From whom, to whom, what, and whether it is right there and then.
    let cases = [
        (&offering, &bob, &offer, true),
        (&offering, &bob, &answer, false),
        (&offering, &bob, &Slot::Received, false),
        (&offering, &heard, &offer, true),
        (&offering, &heard, &Slot::Received, false),
        (&heard, &offering, &answer, true),
        (&heard, &offering, &offer, false),
        (&heard, &offering, &Slot::Received, false),
        (&heard, &alice, &answer, false),
    ];
    for (index, (from, to, slot, right)) in cases.into_iter().enumerate() {
        let frame = with_slot(from, LATER, slot);
        assert_eq!(to.open(&frame, LATER).is_ok(), right, "case {index}");
        if !right {
            assert_rejected(to, &frame, LATER, "out of turn");
        }
    }
}

#[test]
fn what_is_said_late_of_an_exchange_that_is_over_is_what_was_said_then_or_refused() {
    let [offer, answer] = payloads(1);
    let (mut alice, mut bob) = after_a_round_trip(1);
    // After each of an offer and its answer, a message of the same chain is late.
    let say = |from: &mut Session, to: &mut Session, seed| {
        let frame = from.seal(b"", LATER, &mut rng(seed)).unwrap();
        receive(to, &frame).unwrap();
    };
    say(&mut alice, &mut bob, 80);
    let offering = alice.clone();
    alice.seal(b"late", LATER, &mut rng(82)).unwrap();
    say(&mut bob, &mut alice, 81);
    let answering = bob.clone();
    bob.seal(b"late", LATER, &mut rng(83)).unwrap();
    say(&mut alice, &mut bob, 84);
    assert_eq!((alice.epoch(), bob.epoch()), (1, 1));
    // From whom, to whom, what, and whether it is ignored rather than refused.
    let cases = [
        (&offering, &bob, Slot::Empty, true),
        (&offering, &bob, Slot::Offer(offer.clone()), true),
        (&offering, &bob, Slot::Answer(offer.clone()), false),
        (&offering, &bob, Slot::Offer(answer.clone()), false),
        (&offering, &bob, Slot::Answer(answer.clone()), false),
        (&offering, &bob, Slot::Received, true),
        (&answering, &alice, Slot::Empty, true),
        (&answering, &alice, Slot::Answer(answer.clone()), true),
        (&answering, &alice, Slot::Offer(answer), false),
        (&answering, &alice, Slot::Answer(offer.clone()), false),
        (&answering, &alice, Slot::Offer(offer), false),
        (&answering, &alice, Slot::Received, false),
    ];
    for (index, (from, to, slot, ignored)) in cases.into_iter().enumerate() {
        let frame = with_slot(from, LATER, &slot);
        if !ignored {
            assert_rejected(to, &frame, LATER, &format!("case {index}"));
            continue;
        }
        let (mut to, before) = (to.clone(), postcard::to_allocvec(&to.quantum).unwrap());
        let opened = to.open(&frame, LATER).unwrap();
        assert!(to.install(opened.advance));
        assert_eq!(postcard::to_allocvec(&to.quantum).unwrap(), before, "case {index}");
    }
}

#[test]
fn a_frame_that_begins_an_epoch_says_nothing_of_the_one_after_it() {
    let (_, [alice, bob], _) = stages().remove(3);
    for slot in payloads(1).map(Slot::Offer).into_iter().chain([Slot::Received]) {
        assert_rejected(&bob, &with_slot(&alice, LATER, &slot), LATER, "a slot at the beginning");
    }
    assert!(bob.open(&with_slot(&alice, LATER, &Slot::Empty), LATER).is_ok());
}

#[test]
fn every_changed_byte_of_a_key_or_ciphertext_is_noticed_though_its_frame_is_authentic() {
    let [offer, answer] = payloads(1);
    let (mut alice, bob) = after_a_round_trip(1);
    let frame = alice.seal(b"", LATER, &mut rng(80)).unwrap();
    let mut heard = bob.clone();
    receive(&mut heard, &frame).unwrap();
    assert!(bob.open(&with_slot(&alice, LATER, &Slot::Offer(offer.clone())), LATER).is_ok());
    assert!(alice.open(&with_slot(&heard, LATER, &Slot::Answer(answer.clone())), LATER).is_ok());
    let length = offer.as_bytes().len();
    for position in (0..length).step_by(7).chain(1_080..1_096).chain(1_180..length) {
        let changed = |payload: &Payload| {
            let mut bytes = payload.as_bytes().to_vec();
            bytes[position] ^= 1 << (position % 8);
            Payload::from_slice(&bytes).unwrap()
        };
        let frame = with_slot(&alice, LATER, &Slot::Offer(changed(&offer)));
        assert_rejected(&bob, &frame, LATER, &format!("the key's byte {position}"));
        let frame = with_slot(&heard, LATER, &Slot::Answer(changed(&answer)));
        assert_rejected(&alice, &frame, LATER, &format!("the ciphertext's byte {position}"));
    }
}

#[test]
fn whoever_stole_a_session_and_breaks_every_exchange_is_shut_out_by_the_next_epoch() {
    let stages = stages();
    let stolen = &stages[1].1[1];
    // The thief holds Bob's whole state before the exchange, reads everything that was sent, and knows every X25519
    // key and so every classical secret since; the secret that Bob made is all that is missing.
    let classical_only = |now: &Session, agreed: &Session| {
        let mut thief = now.clone();
        thief.quantum = agreed.quantum.clone();
        thief
    };
    let (_, [alice, bob], now) = &stages[3];
    let frame = forge(alice, *now, |_, _| ());
    assert!(bob.open(&frame, *now).is_ok());
    assert!(classical_only(bob, bob).open(&frame, *now).is_ok());
    assert_rejected(&classical_only(bob, stolen), &frame, *now, "with the state of before");
    let mut guess = stages[2].1[1].clone();
    guess.seal(b"", *now, &mut rng(99)).unwrap();
    assert_rejected(&classical_only(bob, &guess), &frame, *now, "with an encapsulation of his own");
}

#[test]
fn an_echo_tells_of_a_rollback_only_in_a_frame_that_opens() {
    for (name, sides, now) in stages() {
        for from in [0, 1] {
            let (sender, receiver) = (&sides[from], &sides[1 - from]);
            let echoing = |echo| forge(sender, now, |header, _| header.echo = echo);
            assert!(!receiver.open(&echoing(receiver.sealed()), now).unwrap().rolled_back, "{name}");
            let ahead = echoing(receiver.sealed() + 1);
            assert!(receiver.open(&ahead, now).unwrap().rolled_back, "{name}: one more than was sealed");
            // Headers alone don't count: whoever has only their keys could end every session.
            let mut spoilt = ahead;
            *spoilt.last_mut().unwrap() ^= 1;
            assert_rejected(receiver, &spoilt, now, name);
            let padded = forge(sender, now, |header, body| {
                header.echo = u32::MAX;
                body[300] = 1;
            });
            assert_rejected(receiver, &padded, now, name);
        }
    }
}

#[test]
fn a_frame_that_tells_of_a_rollback_opens_whatever_its_slot_says() {
    let [offer, answer] = payloads(2);
    let (alice, bob) = after_a_round_trip(1);
    for slot in [Slot::Offer(offer), Slot::Answer(answer), Slot::Received] {
        let told = |echo| forge(&alice, LATER, |header, _| (header.echo, header.slot) = (echo, slot.clone()));
        assert_rejected(&bob, &told(bob.sealed()), LATER, "a slot that doesn't fit");
        let mut bob = bob.clone();
        let opened = bob.open(&told(bob.sealed() + 1), LATER).unwrap();
        assert!(opened.rolled_back);
        let exchange = postcard::to_allocvec(&bob.quantum).unwrap();
        assert!(bob.install(opened.advance));
        assert_eq!(postcard::to_allocvec(&bob.quantum).unwrap(), exchange, "and changes no exchange");
    }
}
