//! The epochs alone, with symbols in the place of ML-KEM, walked through every short history of two sides.

use std::collections::BTreeSet;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use super::fixtures::rng;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::session::epoch::{Agreed, Change, Epochs, Suite};
use crate::domain::session::quantum::{PostQuantum, Slot, Tick, Unfit};

/// Cryptography that can't be broken: what was made of what, written down. Randomness is a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Symbols;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Payload {
    Key { proven: u64, epoch: u32, key: u64 },
    Ciphertext { proven: u64, epoch: u32, to: u64, made: u64 },
}

/// A number that stands for several.
fn term(parts: &[u64]) -> u64 {
    parts.iter().fold(7, |sum, part| (sum ^ part).wrapping_mul(0x0100_0000_01B3).rotate_left(17))
}

fn agreed(authenticator: u64, epoch: u32, key: u64, made: u64) -> Agreed<Symbols> {
    let known = term(&[authenticator, u64::from(epoch), key, made]);
    Agreed { authenticator: term(&[known, 1]), secret: term(&[known, 2]) }
}

fn number(rng: &mut dyn CryptoRng) -> u64 {
    rng.next_u64()
}

impl Suite for Symbols {
    type Seed = u64;
    type Payload = Payload;
    type Fingerprint = Payload;
    type Authenticator = u64;
    type Secret = u64;

    fn seed(rng: &mut dyn CryptoRng) -> u64 {
        number(rng)
    }

    fn offer(authenticator: &u64, epoch: u32, seed: &u64) -> Payload {
        Payload::Key { proven: *authenticator, epoch, key: *seed }
    }

    fn is_offer(authenticator: &u64, epoch: u32, offer: &Payload) -> bool {
        matches!(offer, Payload::Key { proven, epoch: of, .. } if proven == authenticator && *of == epoch)
    }

    fn answer(
        authenticator: &u64,
        epoch: u32,
        offer: &Payload,
        rng: &mut dyn CryptoRng,
    ) -> Option<(Payload, Agreed<Self>)> {
        let Payload::Key { key, .. } = offer else { return None };
        let made = number(rng);
        let agreed = agreed(*authenticator, epoch, *key, made);
        let answer = Payload::Ciphertext { proven: agreed.authenticator, epoch, to: *key, made };
        Some((answer, agreed))
    }

    fn accept(authenticator: &u64, epoch: u32, seed: &u64, answer: &Payload) -> Option<Agreed<Self>> {
        let Payload::Ciphertext { proven, epoch: of, to, made } = answer else { return None };
        let agreed = agreed(*authenticator, epoch, *seed, *made);
        (*of == epoch && to == seed && *proven == agreed.authenticator).then_some(agreed)
    }

    fn fingerprint(payload: &Payload) -> Payload {
        payload.clone()
    }
}

/// A message under way, as far as it concerns the epochs.
#[derive(Clone, Debug, Serialize)]
struct Message {
    /// The root step that began its chain, from 1.
    chain: u32,
    epoch: u32,
    slot: Option<(bool, Payload)>,
    received: bool,
}

impl Message {
    fn slot(&self) -> Slot<Payload> {
        match &self.slot {
            Some((true, payload)) => Slot::Offer(payload.clone()),
            Some((false, payload)) => Slot::Answer(payload.clone()),
            None if self.received => Slot::Received,
            None => Slot::Empty,
        }
    }
}

/// One side with as much of the Double Ratchet as decides when its root steps.
#[derive(Clone, Serialize)]
struct Side {
    epochs: Epochs<Symbols>,
    /// The root as a term, and how many steps it took.
    root: u64,
    steps: u32,
    /// Whether the next message begins a chain, and the step that the present one began with.
    turns: bool,
    chain: u32,
    sequence: u32,
}

#[derive(Clone, Serialize)]
struct World {
    sides: [Side; 2],
    /// Messages that may still come, or come again, to each side; what is never delivered is lost.
    under_way: [Vec<Message>; 2],
}

fn stepped(root: u64, secret: Option<u64>) -> u64 {
    secret.map_or(term(&[root]), |secret| term(&[root, secret]))
}

impl World {
    fn new() -> Self {
        let side = |initiator| Side {
            epochs: Epochs::new(initiator, 1, Time::EPOCH),
            root: 0,
            steps: 1,
            turns: !initiator,
            chain: u32::from(initiator),
            sequence: 0,
        };
        Self { sides: [side(true), side(false)], under_way: [Vec::new(), Vec::new()] }
    }

    fn tick(side: &Side) -> Tick {
        // Always due: pacing is not what is looked at here.
        let now = Time::EPOCH.plus(limits::EPOCH_LIFE);
        Tick { now, messages: u64::from(side.sequence), sequence: side.sequence }
    }

    fn send(&mut self, from: usize, random: u8) {
        let side = &mut self.sides[from];
        let tick = Self::tick(side);
        let first = core::mem::take(&mut side.turns);
        if first {
            side.root = stepped(side.root, side.epochs.step(tick));
            side.steps += 1;
            side.chain = side.steps;
        }
        let slot = side.epochs.ride(tick, first, &mut rng(random));
        side.sequence += 1;
        let received = slot == Slot::Received;
        let slot = match slot {
            Slot::Offer(payload) => Some((true, payload)),
            Slot::Answer(payload) => Some((false, payload)),
            Slot::Empty | Slot::Received => None,
        };
        let message = Message { chain: side.chain, epoch: side.epochs.epoch(), slot, received };
        self.under_way[1 - from].push(message);
    }

    /// Opens a message; panics where two honest sides don't understand each other.
    fn deliver(&mut self, to: usize, index: usize) {
        let message = self.under_way[to][index].clone();
        let sender_root = self.sides[1 - to].root;
        let sender_steps = self.sides[1 - to].steps;
        let side = &mut self.sides[to];
        if message.epoch + limits::EPOCHS_BACK < side.epochs.epoch() {
            return;
        }
        let begins = message.chain > side.steps;
        let mut next = side.clone();
        if begins {
            assert_eq!(message.chain, side.steps + 1, "steps alternate");
            let secret = side.epochs.follow(message.epoch).expect("an epoch that both can begin");
            next.root = stepped(side.root, secret);
            next.steps = message.chain;
            next.turns = true;
            if secret.is_some() {
                next.epochs.enter(Tick { now: Time::EPOCH, ..Self::tick(side) });
            }
        }
        let heard = side.epochs.heed(message.epoch, message.slot()).expect("a slot that fits");
        heard.into_iter().for_each(|change| next.epochs.install(change));
        if begins && next.steps == sender_steps {
            assert_eq!(next.root, sender_root, "the same secrets in the same order");
        }
        *side = next;
    }

    fn epochs(&self) -> [u32; 2] {
        self.sides.each_ref().map(|side| side.epochs.epoch())
    }
}

#[test]
fn no_order_loss_or_repetition_of_honest_messages_leads_two_sides_apart() {
    // Breadth first over what can happen next; a state seen before is not looked at again.
    let mut layer = vec![World::new()];
    let mut seen = BTreeSet::new();
    let mut furthest = [0, 0];
    for depth in 0..12 {
        let mut following = Vec::new();
        for world in &layer {
            let mut visit = |next: World| {
                if seen.insert(postcard::to_allocvec(&next).unwrap()) {
                    let [one, other] = next.epochs();
                    assert!(one.abs_diff(other) <= 1);
                    furthest = furthest.max([one, other]);
                    following.push(next);
                }
            };
            for from in [0, 1] {
                let mut next = world.clone();
                next.send(from, depth);
                visit(next);
            }
            for to in [0, 1] {
                for index in 0..world.under_way[to].len() {
                    let mut next = world.clone();
                    next.deliver(to, index);
                    visit(next);
                }
            }
        }
        layer = following;
    }
    assert!(furthest >= [2, 2] && seen.len() > 10_000, "{furthest:?} in {} states", seen.len());
}

#[test]
fn every_state_reaches_the_next_epoch_when_messages_go_both_ways() {
    let mut world = World::new();
    for round in 0..60 {
        let before = world.epochs();
        let from = usize::from(round % 2);
        world.send(from, round);
        let last = world.under_way[1 - from].len() - 1;
        world.deliver(1 - from, last);
        assert!(world.epochs() >= before);
    }
    assert!(world.epochs()[0] >= 18, "an epoch takes some three messages: {:?}", world.epochs());
}

#[test]
fn a_secret_enters_only_where_the_other_side_has_made_it() {
    let mut alice: Epochs<Symbols> = Epochs::new(true, 1, Time::EPOCH);
    let mut bob: Epochs<Symbols> = Epochs::new(false, 1, Time::EPOCH);
    let tick = Tick { now: Time::EPOCH.plus(limits::EPOCH_LIFE), messages: 0, sequence: 1 };
    assert_eq!((alice.step(tick), bob.step(tick)), (None, None));
    assert_eq!((bob.follow(0), bob.follow(1), alice.follow(1)), (Ok(None), Err(Unfit), Err(Unfit)));
    let offer = alice.ride(tick, true, &mut rng(1));
    assert!(matches!(bob.heed(0, offer.clone()), Ok(Some(Change::Heard(_)))));
    assert_eq!(alice.heed(0, offer.clone()), Err(Unfit), "reflected");
    bob.install(bob.heed(0, offer).unwrap().unwrap());
    assert_eq!((bob.step(tick), bob.follow(1)), (None, Err(Unfit)), "heard, not yet answered");
    let answer = bob.ride(tick, true, &mut rng(2));
    assert_eq!(bob.heed(0, answer.clone()), Err(Unfit), "reflected");
    assert_eq!(bob.step(tick), None, "only whoever offered begins the epoch");
    alice.install(alice.heed(0, answer).unwrap().unwrap());
    assert_eq!(alice.follow(1), Err(Unfit), "not even when it is agreed");
    let secret = alice.step(tick);
    assert!(secret.is_some() && secret == bob.follow(1).unwrap());
    assert_eq!((bob.follow(0), bob.follow(2)), (Ok(None), Err(Unfit)));
    bob.enter(tick);
    assert_eq!((alice.epoch(), bob.epoch(), alice.follow(0)), (1, 1, Err(Unfit)), "and no way back");
}
