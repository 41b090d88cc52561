//! Frames: lost, late, repeated, reflected, forged and flooded.

use core::time::Duration;

use rand_core::Rng as _;

use super::fixtures::{NOW, pair, receive, rng, row};
use crate::base::limits::{self, PADDING_BUCKETS};
use crate::domain::session::error::SessionError;
use crate::domain::session::ratchet::{CONTENT_MAX, FRAME_OVERHEAD, OpenError, Session};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn frames(session: &mut Session, count: u32) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| session.seal(&number.to_be_bytes(), NOW, &mut rng(number as u8)).unwrap())
        .collect()
}

#[test]
fn messages_go_both_ways_over_many_switches_of_direction() {
    let (mut alice, mut bob) = pair(1);
    let mut rng = rng(2);
    for round in 0..40u32 {
        for number in 0..=round % 3 {
            let text = format!("{round}.{number}");
            let frame = alice.seal(text.as_bytes(), NOW, &mut rng).unwrap();
            assert_eq!(receive(&mut bob, &frame).unwrap(), text.as_bytes());
            let frame = bob.seal(text.as_bytes(), NOW, &mut rng).unwrap();
            assert_eq!(receive(&mut alice, &frame).unwrap(), text.as_bytes());
        }
    }
    assert_eq!(bob.last_seen(), alice.sealed());
    assert!(row(&alice).len() < limits::SESSION_ROW_MAX && row(&bob).len() < limits::SESSION_ROW_MAX);
}

#[test]
fn a_repeated_frame_is_a_duplicate_long_after_its_chain_is_over() {
    let (mut alice, mut bob) = pair(1);
    let mut rng = rng(2);
    let first = alice.seal(b"once", NOW, &mut rng).unwrap();
    receive(&mut bob, &first).unwrap();
    for _ in 0..limits::SPENT_CHAINS_MAX {
        assert_eq!(bob.open(&first, NOW).unwrap_err(), OpenError::Duplicate);
        let frame = bob.seal(b"", NOW, &mut rng).unwrap();
        receive(&mut alice, &frame).unwrap();
        let frame = alice.seal(b"", NOW, &mut rng).unwrap();
        receive(&mut bob, &frame).unwrap();
    }
    assert_eq!(bob.open(&first, NOW).unwrap_err(), OpenError::Duplicate);
}

#[test]
fn a_frame_is_refused_when_reflected_or_sent_into_another_session() {
    let (mut alice, mut bob) = pair(1);
    let (_, other) = pair(2);
    let frame = alice.seal(b"for bob", NOW, &mut rng(3)).unwrap();
    assert_eq!(alice.open(&frame, NOW).unwrap_err(), OpenError::Refused);
    assert_eq!(other.open(&frame, NOW).unwrap_err(), OpenError::Refused);
    receive(&mut bob, &frame).unwrap();
    let reply = bob.seal(b"for alice", NOW, &mut rng(4)).unwrap();
    assert_eq!(bob.open(&reply, NOW).unwrap_err(), OpenError::Refused);
    receive(&mut alice, &reply).unwrap();
}

#[test]
fn every_flipped_byte_of_a_frame_is_noticed_and_changes_nothing() {
    let (mut alice, mut bob) = pair(1);
    let on_a_chain = alice.seal(b"known chain", NOW, &mut rng(2)).unwrap();
    let reply = bob.seal(b"", NOW, &mut rng(3)).unwrap();
    receive(&mut alice, &reply).unwrap();
    let on_a_turn = alice.seal(b"new chain", NOW, &mut rng(4)).unwrap();
    let before = row(&bob);
    for frame in [&on_a_chain, &on_a_turn] {
        for position in 0..frame.len() {
            let mut forged = frame.clone();
            forged[position] ^= 1;
            assert_eq!(bob.open(&forged, NOW).unwrap_err(), OpenError::Refused, "byte {position}");
        }
        let longer = [&frame[..], &[0]].concat();
        assert_eq!(bob.open(&longer, NOW).unwrap_err(), OpenError::Refused);
    }
    assert_eq!(row(&bob), before);
    receive(&mut bob, &on_a_turn).unwrap();
    receive(&mut bob, &on_a_chain).unwrap();
}

#[test]
fn opening_changes_nothing_until_it_is_installed() {
    let (mut alice, mut bob) = pair(1);
    let before = row(&bob);
    let frame = alice.seal(b"hello", NOW, &mut rng(2)).unwrap();
    let (first, second) = (bob.open(&frame, NOW).unwrap(), bob.open(&frame, NOW).unwrap());
    assert_eq!(row(&bob), before);
    assert!(bob.install(first.advance));
    let after = row(&bob);
    assert!(!bob.install(second.advance), "an advance of a session that has moved on");
    assert_eq!(row(&bob), after);
}

#[test]
fn garbage_of_every_length_is_refused_without_a_panic() {
    let (_, bob) = pair(1);
    let mut rng = rng(2);
    let before = row(&bob);
    for length in (0..700).chain(1_800..1_900) {
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        assert_eq!(bob.open(&bytes, NOW).unwrap_err(), OpenError::Refused);
        // The right beginnings.
        for front in [[1, 1, 0, 69], [1, 1, 5, 5]] {
            bytes.iter_mut().zip(front).for_each(|(byte, right)| *byte = right);
            assert_eq!(bob.open(&bytes, NOW).unwrap_err(), OpenError::Refused);
        }
    }
    assert_eq!(row(&bob), before);
}

#[test]
fn every_frame_of_a_bucket_is_as_long_as_any_other() {
    let (mut alice, mut bob) = pair(1);
    for bucket in PADDING_BUCKETS {
        for length in [bucket / 2, bucket - 2] {
            let content = vec![0x5A; length];
            let frame = alice.seal(&content, NOW, &mut rng(2)).unwrap();
            assert_eq!(frame.len(), bucket + FRAME_OVERHEAD);
            assert_eq!(receive(&mut bob, &frame).unwrap(), content);
        }
    }
    assert_eq!(alice.seal(&vec![0; CONTENT_MAX + 1], NOW, &mut rng(2)), Err(SessionError::TooLong));
    assert_eq!(alice.seal(&vec![0; CONTENT_MAX], NOW, &mut rng(2)).unwrap().len(), 16_384 + FRAME_OVERHEAD);
}

#[test]
fn a_frame_shows_no_counter_and_two_frames_share_nothing_but_the_form() {
    let (mut alice, _) = pair(1);
    let mut rng = rng(2);
    let sealed: Vec<_> = (0..4).map(|_| alice.seal(b"same", NOW, &mut rng).unwrap()).collect();
    for (index, one) in sealed.iter().enumerate() {
        for other in &sealed[index + 1..] {
            assert_eq!(one[..4], other[..4], "version, kind and length");
            let windows = |frame: &[u8]| frame[4..].windows(6).map(<[u8]>::to_vec).collect::<Vec<_>>();
            let shared = windows(one).iter().filter(|window| windows(other).contains(window)).count();
            assert_eq!(shared, 0);
        }
    }
}

#[test]
fn a_ratchet_that_was_set_back_never_seals_two_texts_under_one_key() {
    let (mut alice, _) = pair(1);
    let mut restored = alice.clone();
    let mut rng = rng(2);
    let one = alice.seal(&[0; 100], NOW, &mut rng).unwrap();
    let other = restored.seal(&[0; 100], NOW, &mut rng).unwrap();
    let body = FRAME_OVERHEAD - 16;
    let equal = one[body..].iter().zip(&other[body..]).filter(|(a, b)| a == b).count();
    assert!(equal < 32, "{equal} of 528 bytes of equal keystream");
}

#[test]
fn a_ratchet_that_was_set_back_is_told_by_the_other_side() {
    let (mut alice, mut bob) = pair(1);
    let mut restored = alice.clone();
    let frame = alice.seal(b"forgotten", NOW, &mut rng(2)).unwrap();
    receive(&mut bob, &frame).unwrap();
    let reply = bob.seal(b"reply", NOW, &mut rng(3)).unwrap();
    assert!(!alice.open(&reply, NOW).unwrap().rolled_back);
    assert!(restored.open(&reply, NOW).unwrap().rolled_back);
    let resent = restored.seal(b"another text", NOW, &mut rng(4)).unwrap();
    assert_eq!(bob.open(&resent, NOW).unwrap_err(), OpenError::Duplicate);
}

#[test]
fn a_flood_of_skips_is_bounded_and_its_row_fits_a_value() {
    let (mut alice, mut bob) = pair(1);
    let late = frames(&mut alice, limits::CHAIN_FORWARD_MAX);
    let last = alice.seal(b"last", NOW, &mut rng(2)).unwrap();
    receive(&mut bob, &last).unwrap();
    assert_eq!(bob.skipped(), limits::SKIPPED_KEYS_MAX);
    assert!(row(&bob).len() < limits::VALUE_MAX, "{}", row(&bob).len());
    let kept = late.len() - limits::SKIPPED_KEYS_MAX;
    assert_eq!(bob.open(&late[kept - 1], NOW).unwrap_err(), OpenError::Refused, "forgotten, not a duplicate");
    assert_eq!(receive(&mut bob, &late[kept]).unwrap(), (kept as u32).to_be_bytes());
    // Another gap pushes the oldest keys of the first one out.
    let more = frames(&mut alice, 10);
    receive(&mut bob, &more[9]).unwrap();
    assert_eq!(bob.skipped(), limits::SKIPPED_KEYS_MAX);
    for pushed_out in 1..=8 {
        let refused = bob.open(&late[kept + pushed_out], NOW).unwrap_err();
        assert_eq!(refused, OpenError::Refused, "{pushed_out}: forgotten, not a duplicate");
    }
    assert_eq!(receive(&mut bob, &late[kept + 9]).unwrap(), (kept as u32 + 9).to_be_bytes());
    assert_eq!(bob.open(&late[kept + 9], NOW).unwrap_err(), OpenError::Duplicate);
}

#[test]
fn keys_skipped_on_several_chains_share_one_bound_and_the_oldest_go_first() {
    let (mut alice, mut bob) = pair(1);
    let older = frames(&mut alice, 301);
    receive(&mut bob, &older[300]).unwrap();
    let reply = bob.seal(b"", NOW, &mut rng(2)).unwrap();
    receive(&mut alice, &reply).unwrap();
    let newer = frames(&mut alice, 401);
    receive(&mut bob, &newer[400]).unwrap();
    assert_eq!(bob.skipped(), limits::SKIPPED_KEYS_MAX);
    let excess = 300 + 400 - limits::SKIPPED_KEYS_MAX;
    assert_eq!(bob.open(&older[excess - 1], NOW).unwrap_err(), OpenError::Refused);
    assert!(bob.open(&older[excess], NOW).is_ok() && bob.open(&newer[0], NOW).is_ok());
}

#[test]
fn a_frame_too_far_ahead_is_refused() {
    let (mut alice, bob) = pair(1);
    let ahead = frames(&mut alice, limits::CHAIN_FORWARD_MAX + 2);
    assert!(bob.open(&ahead[limits::CHAIN_FORWARD_MAX as usize], NOW).is_ok());
    let too_far = &ahead[limits::CHAIN_FORWARD_MAX as usize + 1];
    assert_eq!(bob.open(too_far, NOW).unwrap_err(), OpenError::Refused);
}

#[test]
fn skipped_keys_are_forgotten_after_thirty_days() {
    let (mut alice, mut bob) = pair(1);
    let sent = frames(&mut alice, 4);
    receive(&mut bob, &sent[3]).unwrap();
    let opens = |bob: &Session, frame: &[u8], days| bob.open(frame, NOW.plus(DAY * days)).map(|_| ());
    assert_eq!(opens(&bob, &sent[0], 30), Ok(()));
    assert_eq!(opens(&bob, &sent[0], 32), Err(OpenError::Refused));
    let next = alice.seal(b"later", NOW, &mut rng(2)).unwrap();
    let opened = bob.open(&next, NOW.plus(DAY * 32)).unwrap();
    assert!(bob.install(opened.advance));
    assert_eq!(bob.skipped(), 0, "and wiped by the next message");
    for never_came in &sent[..3] {
        assert_eq!(opens(&bob, never_came, 32), Err(OpenError::Refused), "forgotten, not a duplicate");
    }
    assert_eq!(opens(&bob, &sent[3], 32), Err(OpenError::Duplicate), "this one did come");
}

#[test]
fn late_messages_of_the_last_chains_open_and_older_chains_are_forgotten() {
    let (mut alice, mut bob) = pair(1);
    let mut rng = rng(2);
    let mut late = Vec::new();
    for _ in 0..limits::RECEIVE_CHAINS_MAX + 1 {
        late.push(alice.seal(b"late", NOW, &mut rng).unwrap());
        let frame = alice.seal(b"in time", NOW, &mut rng).unwrap();
        receive(&mut bob, &frame).unwrap();
        let tail = alice.seal(b"tail", NOW, &mut rng).unwrap();
        let reply = bob.seal(b"", NOW, &mut rng).unwrap();
        receive(&mut alice, &reply).unwrap();
        late.push(tail);
    }
    for frame in &late[..2] {
        assert_eq!(bob.open(frame, NOW).unwrap_err(), OpenError::Refused, "the oldest chain");
    }
    for frame in &late[2..] {
        assert!(receive(&mut bob, frame).is_ok());
        assert_eq!(bob.open(frame, NOW).unwrap_err(), OpenError::Duplicate);
    }
    assert_eq!(bob.skipped(), 0);
}

#[test]
fn a_new_session_holds_no_key_of_the_message_it_has_opened() {
    let (mut alice, mut bob) = pair(1);
    let frame = alice.seal(b"secret", NOW, &mut rng(2)).unwrap();
    receive(&mut bob, &frame).unwrap();
    // A thief of the row after the fact: nothing in it opens the frame again.
    let stolen: Session = postcard::from_bytes(&row(&bob)).unwrap();
    assert_eq!(stolen.open(&frame, NOW).unwrap_err(), OpenError::Duplicate);
    let stolen: Session = postcard::from_bytes(&row(&alice)).unwrap();
    assert_eq!(stolen.open(&frame, NOW).unwrap_err(), OpenError::Refused);
}

#[test]
fn a_round_trip_shuts_out_the_thief_of_a_ratchet() {
    let (mut alice, mut bob) = pair(1);
    let thief = bob.clone();
    let readable = alice.seal(b"still readable", NOW, &mut rng(2)).unwrap();
    assert!(thief.open(&readable, NOW).is_ok(), "until the next round trip");
    receive(&mut bob, &readable).unwrap();
    let reply = bob.seal(b"", NOW, &mut rng(3)).unwrap();
    receive(&mut alice, &reply).unwrap();
    let healed = alice.seal(b"healed", NOW, &mut rng(4)).unwrap();
    assert_eq!(thief.open(&healed, NOW).unwrap_err(), OpenError::Refused);
    assert_eq!(receive(&mut bob, &healed).unwrap(), b"healed");
}
