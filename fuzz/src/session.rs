//! Two sides of a session under a schedule of bytes: nothing forged opens, and what was sealed opens once.

use core::time::Duration;
use std::collections::BTreeSet;

use sigillo::base::limits;
use sigillo::base::time::Time;
use sigillo::domain::session::ratchet::{CONTENT_MAX, FRAME_OVERHEAD, OpenError, Session};
use sigillo::domain::session::rows::SESSIONS;
use sigillo::sim::random::Random;

use crate::bytes::Bytes;
use crate::people::{NOW, pair};
use crate::way::Way;

/// More steps than this teach nothing new, and take long.
const STEPS_MAX: usize = 192;

/// What a byte of the schedule does; the samples are written with these.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub enum Step {
    /// Seals a short content on one side.
    Seal = 0,
    /// Delivers one of the last frames.
    Deliver = 1,
    /// Delivers the oldest frame that has not been delivered.
    Next = 2,
    /// Spoils one of the last frames on its way.
    Spoil = 3,
    /// Brings a frame back to whoever sealed it.
    Reflect = 4,
    /// Brings a frame of another session.
    Foreign = 5,
    /// Brings bytes that were never sealed.
    Forge = 6,
    /// Stores a side and reads it back.
    Store = 7,
    /// Lets days pass.
    Wait = 8,
    /// Seals a content of any length.
    SealLong = 9,
}

const STEPS: usize = 10;

/// The target.
pub fn session(data: &[u8]) {
    thread_local! { static START: World = World::new(); }
    let mut world = START.with(World::clone);
    let mut bytes = Bytes::new(data);
    for _ in 0..STEPS_MAX {
        let Some(step) = bytes.byte() else { break };
        // The highest bit says which side seals.
        let from = usize::from(step >> 7);
        world.step(usize::from(step & 0x7F) % STEPS, from, &mut bytes);
    }
    world.deliver_all();
}

#[derive(Clone)]
struct World {
    sides: [Session; 2],
    ways: [Way; 2],
    /// Of each way, which frames have opened.
    opened: [BTreeSet<usize>; 2],
    /// A frame of each direction of another session of the same two.
    foreign: [Vec<u8>; 2],
    rng: Random,
    now: Time,
    /// Keys may have grown too old, so that a frame may be refused though it is genuine.
    aged: bool,
}

/// What a key or a ciphertext of the post-quantum ratchet adds to a frame (docs/protocol.md).
const SLOT_LEN: usize = 1_216;

impl World {
    fn new() -> Self {
        let (alice, bob) = pair(1);
        let mut rng = Random::new(2);
        let (mut other_alice, mut other_bob) = pair(3);
        let foreign = [&mut other_alice, &mut other_bob]
            .map(|side| side.seal(b"of another session", NOW, &mut rng).expect("it fits"));
        Self {
            sides: [alice, bob],
            ways: [Way::of_initiator(), Way::of_responder()],
            opened: Default::default(),
            foreign,
            rng,
            now: NOW,
            aged: false,
        }
    }

    fn step(&mut self, step: usize, from: usize, bytes: &mut Bytes<'_>) {
        let recent = |world: &Self, bytes: &mut Bytes<'_>| {
            let sent = world.ways[from].sent.len();
            sent.checked_sub(1 + bytes.below(16))
        };
        match step {
            0 => self.seal(from, bytes.below(64)),
            1 => {
                if let Some(index) = recent(self, bytes) {
                    self.deliver(from, index);
                }
            }
            2 => {
                let next = (0..self.ways[from].sent.len()).find(|index| !self.opened[from].contains(index));
                next.into_iter().for_each(|index| self.deliver(from, index));
            }
            3 => {
                if let Some(index) = recent(self, bytes) {
                    let frame = &self.ways[from].sent[index].frame;
                    let spoilt = bytes.spoilt(frame);
                    if spoilt != *frame {
                        self.refused(1 - from, &spoilt);
                    }
                }
            }
            4 => {
                if let Some(index) = recent(self, bytes) {
                    let frame = self.ways[from].sent[index].frame.clone();
                    self.refused(from, &frame);
                }
            }
            5 => self.refused(1 - from, &self.foreign[from]),
            6 => self.refused(1 - from, bytes.part()),
            7 => {
                let stored = row(&self.sides[from]);
                self.sides[from] = SESSIONS.decode(&stored).expect("a stored session reads back");
                assert_eq!(row(&self.sides[from]), stored);
            }
            8 => {
                self.now = self.now.plus(Duration::from_secs(24 * 60 * 60 * bytes.below(64) as u64));
                self.aged |= self.now.since(NOW) >= limits::SKIPPED_KEY_LIFE;
            }
            _ => {
                let length = bytes.array::<2>().map_or(0, u16::from_le_bytes);
                self.seal(from, usize::from(length));
            }
        }
    }

    fn seal(&mut self, from: usize, length: usize) {
        let number = self.ways[from].sent.len();
        let content: Vec<u8> = [number as u8, from as u8].into_iter().cycle().take(length).collect();
        let before = row(&self.sides[from]);
        match self.sides[from].seal(&content, self.now, &mut self.rng) {
            Ok(frame) => {
                let around = |bucket: &&usize| frame.len().checked_sub(**bucket + FRAME_OVERHEAD);
                let bucket = limits::PADDING_BUCKETS
                    .iter()
                    .find(|bucket| matches!(around(bucket), Some(0 | SLOT_LEN)));
                assert!(bucket.is_some_and(|bucket| length < *bucket));
                let epoch = self.sides[from].epoch();
                self.ways[from].seal(frame, content, epoch);
                // A root step of the sender may have begun an epoch, and with it the end of old chains.
                self.ways[1 - from].forget(epoch);
            }
            Err(error) => {
                assert!(length > CONTENT_MAX, "{error:?}");
                assert_eq!(row(&self.sides[from]), before, "what wasn't sealed changes nothing");
            }
        }
    }

    fn deliver(&mut self, from: usize, index: usize) {
        let receiver = &mut self.sides[1 - from];
        let before = row(receiver);
        let opened = receiver.open(&self.ways[from].sent[index].frame, self.now);
        assert_eq!(row(receiver), before, "opening changes nothing");
        let expected = self.ways[from].expect(index);
        let opened = match (opened, expected) {
            (Ok(opened), Ok(content)) => {
                assert_eq!(opened.content.as_slice(), content);
                opened
            }
            (Err(found), Err(expected)) if found == expected => return,
            // A key that grew too old was forgotten, and with it whether its message came.
            (Err(OpenError::Refused), _) | (Err(_), Err(_)) if self.aged => return,
            (found, expected) => panic!("{:?} instead of {expected:?}", found.map(|_| "an opened frame")),
        };
        assert!(self.opened[from].insert(index), "nothing opens twice");
        assert!(!opened.rolled_back, "nobody was set back");
        assert!(receiver.install(opened.advance));
        assert!(receiver.skipped() <= limits::SKIPPED_KEYS_MAX);
        assert!(row(receiver).len() <= limits::VALUE_MAX);
        if self.ways[from].open(index) {
            self.ways[1 - from].turn();
        }
        self.ways[from].forget(self.sides[1 - from].epoch());
    }

    /// Bytes that nobody sealed for this side don't open, and leave no trace.
    fn refused(&self, to: usize, bytes: &[u8]) {
        let before = row(&self.sides[to]);
        assert!(self.sides[to].open(bytes, self.now).is_err(), "forged");
        assert_eq!(row(&self.sides[to]), before, "a refused frame changes nothing");
    }

    /// In the end everything that is still expected to open does.
    fn deliver_all(&mut self) {
        for from in [0, 1] {
            for index in 0..self.ways[from].sent.len() {
                self.deliver(from, index);
            }
        }
    }
}

fn row(session: &Session) -> Vec<u8> {
    SESSIONS.encode(session).expect("a session can be written")
}
