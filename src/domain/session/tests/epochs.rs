//! Epochs of the post-quantum ratchet in the life of a session.

use core::time::Duration;

use chacha20::ChaCha20Rng;

use super::fixtures::{NOW, pair, rng, row};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::session::ratchet::{OpenError, Session};

const DAY: Duration = limits::EPOCH_LIFE;

/// Two sides of a session, a clock, and how many frames carried a key or a ciphertext.
struct Duo {
    sides: [Session; 2],
    now: Time,
    rng: ChaCha20Rng,
    carried: usize,
}

impl Duo {
    fn new() -> Self {
        let (alice, bob) = pair(1);
        Self { sides: [alice, bob], now: NOW, rng: rng(7), carried: 0 }
    }

    fn seal(&mut self, from: usize) -> Vec<u8> {
        let frame = self.sides[from].seal(b"content", self.now, &mut self.rng).unwrap();
        self.carried += usize::from(carries(&frame));
        frame
    }

    /// Opens a frame of `from` on the other side, as that side is after a crash.
    fn deliver(&mut self, from: usize, frame: &[u8]) {
        let receiver = &mut self.sides[1 - from];
        let opened = receiver.open(frame, self.now).unwrap();
        assert!(receiver.install(opened.advance));
        *receiver = postcard::from_bytes(&row(receiver)).unwrap();
        assert_eq!(receiver.open(frame, self.now).unwrap_err(), OpenError::Duplicate);
    }

    fn say(&mut self, from: usize) {
        let frame = self.seal(from);
        self.deliver(from, &frame);
    }

    fn round_trip(&mut self) {
        self.say(0);
        self.say(1);
    }

    fn epochs(&self) -> [u32; 2] {
        self.sides.each_ref().map(Session::epoch)
    }

    /// Round trips until both sides are in `epoch`, each of them overdue for the next one.
    fn reach(&mut self, epoch: u32) {
        for _ in 0..4 * epoch {
            if self.epochs() == [epoch; 2] {
                return;
            }
            self.now = self.now.plus(DAY);
            self.round_trip();
        }
        panic!("the epochs stand at {:?}", self.epochs());
    }
}

/// Whether a frame carries a key or a ciphertext: what every observer sees too.
fn carries(frame: &[u8]) -> bool {
    match frame[2..4] {
        [0, 0x45] => false,
        [5, 5] => true,
        ref length => panic!("a header of {length:?}"),
    }
}

#[test]
fn epochs_advance_in_two_way_traffic_and_both_sides_hold_the_same_secret() {
    let mut duo = Duo::new();
    let mut reached = Vec::new();
    for messages in 0..600 {
        duo.say(messages % 2);
        let [alice, bob] = duo.epochs();
        assert!(alice.abs_diff(bob) <= 1, "at most one root step apart");
        if reached.last() != Some(&alice.min(bob)) {
            reached.push(alice.min(bob));
        }
    }
    let last = reached.len() as u32 - 1;
    assert_eq!(reached, (0..=last).collect::<Vec<_>>(), "none is left out");
    assert!((10..=12).contains(&last), "some 52 messages each: {last}");
    assert!(duo.carried <= 2 * (last as usize + 1), "a key and a ciphertext each: {}", duo.carried);
}

#[test]
fn a_new_epoch_begins_after_fifty_messages_of_both_directions() {
    let mut duo = Duo::new();
    // The first flight's message counts.
    for _ in 0..24 {
        duo.round_trip();
    }
    let frame = duo.seal(0);
    assert!(!carries(&frame), "the fiftieth message");
    duo.deliver(0, &frame);
    let frame = duo.seal(0);
    assert!(carries(&frame), "the one after it");
    duo.deliver(0, &frame);
    let answer = duo.seal(1);
    assert!(carries(&answer));
    duo.deliver(1, &answer);
    assert_eq!(duo.epochs(), [0, 0], "agreed, but no root step yet");
    let first = duo.seal(0);
    assert_eq!(duo.epochs(), [1, 0]);
    duo.deliver(0, &first);
    assert_eq!(duo.epochs(), [1, 1]);
    assert!(!carries(&first));
}

#[test]
fn a_new_epoch_begins_after_a_day_however_little_is_said() {
    let mut duo = Duo::new();
    duo.round_trip();
    duo.now = NOW.plus(DAY - Duration::from_millis(1));
    assert!(!carries(&duo.sides[0].clone().seal(b"", duo.now, &mut rng(1)).unwrap()));
    duo.now = NOW.plus(DAY);
    assert!(carries(&duo.sides[0].clone().seal(b"", duo.now, &mut rng(1)).unwrap()));
    let theirs = duo.sides[1].clone().seal(b"", duo.now.plus(DAY), &mut rng(1)).unwrap();
    assert!(!carries(&theirs), "the first epoch is the initiator's to offer");
    duo.reach(1);
    let theirs = duo.sides[1].clone().seal(b"", duo.now.plus(DAY), &mut rng(1)).unwrap();
    assert!(carries(&theirs), "the second one is the responder's");
    duo.reach(6);
}

#[test]
fn a_clock_that_was_set_back_leaves_the_count_of_messages() {
    let mut duo = Duo::new();
    duo.now = Time::EPOCH;
    for _ in 0..30 {
        duo.round_trip();
    }
    assert_eq!(duo.epochs(), [1, 1]);
}

#[test]
fn one_way_traffic_goes_on_without_an_answer_and_repeats_the_key_ever_more_rarely() {
    let mut duo = Duo::new();
    let frames: Vec<_> = (0..600).map(|_| duo.seal(0)).collect();
    let with_key: Vec<_> = (0..frames.len()).filter(|index| carries(&frames[*index])).collect();
    assert_eq!(with_key, [49, 50, 51, 53, 57, 65, 81, 113, 177, 305, 561]);
    frames.iter().rev().for_each(|frame| duo.deliver(0, frame));
    assert_eq!(duo.epochs(), [0, 0]);
    // As soon as anything comes back, the epoch advances.
    duo.say(1);
    duo.say(0);
    assert_eq!(duo.epochs(), [1, 1]);
}

#[test]
fn a_lost_key_or_ciphertext_goes_out_again_with_each_new_chain() {
    for lost in 0..12 {
        let mut duo = Duo::new();
        duo.round_trip();
        duo.now = NOW.plus(DAY);
        // The first frames that carry something are lost; a plain one of each chain arrives.
        let mut left = lost;
        for turn in 0..40 {
            let from = turn % 2;
            let mut frame = duo.seal(from);
            while carries(&frame) && left > 0 {
                left -= 1;
                frame = duo.seal(from);
            }
            duo.deliver(from, &frame);
        }
        assert_eq!((left, duo.epochs()), (0, [1, 1]), "{lost} lost");
    }
}

#[test]
fn a_ciphertext_that_has_arrived_is_not_sent_again() {
    let mut duo = Duo::new();
    duo.round_trip();
    duo.now = NOW.plus(DAY);
    duo.say(0);
    let [answer, _, _, plain] = [0; 4].map(|_| duo.seal(1));
    assert!(carries(&answer) && !carries(&plain));
    // Alice begins a chain before the answer comes, so the secret can't enter with that one.
    duo.deliver(1, &plain);
    let begun = duo.seal(0);
    duo.deliver(1, &answer);
    let received = duo.seal(0);
    assert!(carries(&begun) && !carries(&received));
    let heavy = row(&duo.sides[1]).len();
    duo.deliver(0, &received);
    assert_eq!(duo.epochs(), [0, 0]);
    assert!(row(&duo.sides[1]).len() + 1_000 < heavy, "the ciphertext isn't kept either");
    let frames: Vec<_> = (0..40).map(|_| duo.seal(1)).collect();
    assert!(frames.iter().all(|frame| !carries(frame)));
    frames.iter().for_each(|frame| duo.deliver(1, frame));
    duo.deliver(0, &begun);
    duo.say(0);
    assert_eq!(duo.epochs(), [1, 1]);
}

/// Two sides in the middle of a chain each, where the one's frames reach the other without beginning a new one;
/// a day later.
fn in_the_middle() -> Duo {
    let mut duo = Duo::new();
    duo.round_trip();
    duo.say(0);
    drop(duo.seal(1));
    duo.now = NOW.plus(DAY);
    duo
}

/// Asserts that `side` refuses the frame, is as it was, and that another frame of the same number would open.
fn assert_refused(side: &Session, now: Time, frame: &[u8], good: &[u8]) {
    let before = row(side);
    assert_eq!(side.open(frame, now).unwrap_err(), OpenError::Refused);
    assert_eq!(row(side), before);
    assert!(side.open(good, now).is_ok());
}

#[test]
fn a_key_offered_twice_is_ignored_and_another_key_for_the_same_epoch_is_refused() {
    let mut duo = in_the_middle();
    let mut other = duo.sides[0].clone();
    let [offer, repeated, good] = [0; 3].map(|_| duo.seal(0));
    let mut elsewhere = rng(99);
    let [_, _, different] = [0; 3].map(|_| other.seal(b"", duo.now, &mut elsewhere).unwrap());
    assert!(carries(&repeated) && carries(&different) && carries(&good));
    duo.deliver(0, &offer);
    assert_refused(&duo.sides[1], duo.now, &different, &good);
    let answer = duo.seal(1);
    assert_refused(&duo.sides[1], duo.now, &different, &good);
    let length = row(&duo.sides[1]).len();
    duo.deliver(0, &repeated);
    assert!(row(&duo.sides[1]).len() < length + 40, "nothing but the message itself was noted");
    duo.deliver(1, &answer);
    duo.say(0);
    assert_eq!(duo.epochs(), [1, 1]);
    assert_refused(&duo.sides[1], duo.now, &different, &good);
    duo.deliver(0, &good);
}

#[test]
fn another_ciphertext_for_the_same_epoch_is_refused_before_and_after_it_begins() {
    let mut duo = in_the_middle();
    duo.say(0);
    let mut other = duo.sides[1].clone();
    let [answer, repeated, good] = [0; 3].map(|_| duo.seal(1));
    let mut elsewhere = rng(99);
    let [forgotten, _, different] = [0; 3].map(|_| other.seal(b"", duo.now, &mut elsewhere).unwrap());
    assert!(carries(&repeated) && carries(&different) && carries(&good));
    assert!(duo.sides[0].open(&forgotten, duo.now).is_ok(), "either would do");
    duo.deliver(1, &answer);
    assert_refused(&duo.sides[0], duo.now, &different, &good);
    duo.say(0);
    assert_eq!(duo.epochs(), [1, 1]);
    assert_refused(&duo.sides[0], duo.now, &different, &good);
    duo.deliver(1, &repeated);
    duo.deliver(1, &good);
}

#[test]
fn a_chain_that_began_more_than_two_epochs_ago_is_forgotten() {
    let mut duo = Duo::new();
    duo.now = NOW.plus(DAY);
    // The last of them says nothing of the exchange: only its chain is too old.
    let late: Vec<_> = (0..4).map(|_| duo.seal(0)).collect();
    assert!(carries(&late[2]) && !carries(&late[3]));
    duo.say(0);
    duo.say(1);
    for epoch in 1..=2 {
        duo.reach(epoch);
        duo.deliver(0, &late[epoch as usize - 1]);
    }
    duo.reach(3);
    let before = row(&duo.sides[1]);
    for late in &late[2..] {
        assert_eq!(duo.sides[1].open(late, duo.now).unwrap_err(), OpenError::Refused);
    }
    assert_eq!(row(&duo.sides[1]), before);
}

#[test]
fn a_session_stays_small_at_rest_whatever_is_pending() {
    let mut duo = Duo::new();
    let mut largest = 0;
    for turn in 0..200 {
        // One message of each chain is lost, so that all chains are kept, and a day passes now and then.
        if turn % 40 > 10 {
            drop(duo.seal(turn % 2));
        }
        duo.now = duo.now.plus(Duration::from_secs(60 * 60));
        duo.say(turn % 2);
        largest = duo.sides.iter().map(|side| row(side).len()).fold(largest, usize::max);
    }
    assert!((2_000..limits::SESSION_ROW_MAX).contains(&largest), "{largest} bytes");
}

#[test]
fn a_session_is_under_four_kib_at_rest_with_everything_that_can_be_pending_at_once() {
    let mut duo = Duo::new();
    // All the header keys of finished chains that are kept, and two epochs to look back on.
    (0..limits::SPENT_CHAINS_MAX).for_each(|_| duo.round_trip());
    duo.reach(2);
    // All the receive chains, each with an end that hasn't come.
    for turn in 0..2 * limits::RECEIVE_CHAINS_MAX {
        duo.say(turn % 2);
        drop(duo.seal(turn % 2));
    }
    duo.now = duo.now.plus(DAY);
    let mut sizes = Vec::new();
    // A key that was heard; a ciphertext that answers it, and the secret that it agreed on.
    duo.say(0);
    sizes.extend(duo.sides.iter().map(|side| row(side).len()));
    let answer = duo.seal(1);
    sizes.extend(duo.sides.iter().map(|side| row(side).len()));
    duo.deliver(1, &answer);
    sizes.extend(duo.sides.iter().map(|side| row(side).len()));
    assert_eq!(duo.sides.each_ref().map(Session::skipped), [0, 0]);
    let largest = sizes.iter().max().unwrap();
    assert!((3_000..=limits::SESSION_ROW_MAX).contains(largest), "{sizes:?}");
}

#[test]
fn each_skipped_key_adds_at_most_43_bytes_to_the_row() {
    let mut duo = Duo::new();
    let before = row(&duo.sides[1]).len();
    let skipped: Vec<_> = (0..limits::SKIPPED_KEYS_MAX).map(|_| duo.seal(0)).collect();
    duo.say(0);
    let after = row(&duo.sides[1]).len();
    assert_eq!(duo.sides[1].skipped(), skipped.len());
    let each = (after - before).div_ceil(skipped.len());
    assert!((33..=43).contains(&each), "{each} bytes a key, {after} in all");
    assert!(after < limits::VALUE_MAX);
}

#[test]
fn a_session_does_not_grow_with_its_epochs() {
    let mut duo = Duo::new();
    duo.reach(20);
    let lengths = |duo: &Duo| duo.sides.each_ref().map(|side| row(side).len());
    let before = lengths(&duo);
    duo.reach(30);
    let growth = lengths(&duo).iter().zip(before).map(|(now, before)| now.abs_diff(before)).max();
    assert!(growth < Some(16), "a few counters: {growth:?}");
}

#[test]
fn a_pending_key_adds_only_its_seed_to_the_row() {
    let mut duo = Duo::new();
    duo.round_trip();
    let (waiting, listening) = (row(&duo.sides[0]).len(), row(&duo.sides[1]).len());
    duo.now = NOW.plus(DAY);
    let offer = duo.seal(0);
    let offered = row(&duo.sides[0]).len();
    assert!(offered < waiting + 200, "{waiting} -> {offered}: a seed, and the chain that was begun");
    duo.deliver(0, &offer);
    let heard = row(&duo.sides[1]).len();
    assert!(heard < listening + 1_400, "{listening} -> {heard}: the key, until it is answered");
}

#[test]
fn a_ratchet_that_was_set_back_is_told_so_by_the_answer_to_a_key_that_it_forgot() {
    let mut duo = Duo::new();
    duo.round_trip();
    duo.now = NOW.plus(DAY);
    let set_back = duo.sides[0].clone();
    // Its chain begins anew too, so only what comes on a known chain still opens.
    let waiting = duo.seal(1);
    duo.say(0);
    let answer = duo.seal(1);
    assert!(carries(&answer));
    assert!(set_back.open(&answer, duo.now).is_err());
    assert!(!set_back.open(&waiting, duo.now).unwrap().rolled_back);
    // On the same chain: the key was offered there, and answered there.
    let mut duo = Duo::new();
    duo.round_trip();
    duo.say(0);
    duo.now = NOW.plus(DAY);
    let set_back = duo.sides[0].clone();
    let offer = duo.seal(0);
    duo.deliver(0, &offer);
    let answer = duo.seal(1);
    assert!(carries(&answer) && set_back.open(&answer, duo.now).unwrap().rolled_back);
}

#[test]
fn a_crash_before_the_commit_makes_a_new_key_and_nobody_saw_the_old_one() {
    let mut duo = Duo::new();
    duo.round_trip();
    duo.now = NOW.plus(DAY);
    for side in [0, 1, 0] {
        // What was sealed was never stored, and so never left.
        let stored = duo.sides[side].clone();
        drop(duo.seal(side));
        duo.sides[side] = stored;
        duo.say(side);
    }
    assert_eq!(duo.epochs(), [1, 1]);
}
