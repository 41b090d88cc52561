//! Two sides, their disks and the network between them, as a model checker walks through them.

use core::hash::{Hash, Hasher};
use std::collections::BTreeSet;

use serde::Serialize;
use stateright::{Model, Property};

use super::checks;
use super::side::{Message, Mistake, Misunderstood, Side};
use super::symbols::Fresh;

/// How far a world is walked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    /// Messages that each side seals.
    pub(super) messages: u8,
    /// Crashes of both sides together.
    pub(super) crashes: u8,
    /// A seeded mistake.
    pub(super) mistake: Option<Mistake>,
}

/// What can happen next. A message that is never delivered is lost; one that was delivered can come again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    /// A side seals a message; it waits for the disk.
    Seal(usize),
    /// A side opens a message that is under way to it.
    Open(usize, usize),
    /// A side's disk has kept its state: what waited for that leaves.
    Commit(usize),
    /// A side loses what was not kept, and what waited for it.
    Crash(usize),
}

/// A side with its disk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Party {
    pub(super) side: Side,
    pub(super) safe: Side,
    pub(super) waiting: Vec<Message>,
    sealed: u8,
    /// Random numbers drawn, whether or not anything was kept of them.
    drawn: u64,
    /// The secret of every epoch it was ever in, whether or not that was kept.
    pub(super) known: BTreeSet<(u32, u64)>,
}

/// The whole world.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct World {
    pub(super) parties: [Party; 2],
    /// What has left for each side, in the order of its text: the network keeps no other.
    pub(super) under_way: [BTreeSet<Message>; 2],
    pub(super) crashes: u8,
    /// Whether a crash took something that had not been kept.
    pub(super) forgot: bool,
    pub(super) misunderstood: Option<Misunderstood>,
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&postcard::to_allocvec(self).unwrap());
    }
}

impl Party {
    fn new(initiator: bool, mistake: Option<Mistake>) -> Self {
        let side = Side::new(initiator, mistake);
        let drawn = if initiator { 1_000 } else { 2_000 };
        Self { safe: side.clone(), side, waiting: Vec::new(), sealed: 0, drawn, known: BTreeSet::new() }
    }

    fn note(&mut self) {
        self.known.extend(self.side.entered.iter().copied());
    }
}

impl World {
    pub(super) fn new(mistake: Option<Mistake>) -> Self {
        Self {
            parties: [Party::new(true, mistake), Party::new(false, mistake)],
            under_way: [BTreeSet::new(), BTreeSet::new()],
            crashes: 0,
            forgot: false,
            misunderstood: None,
        }
    }

    pub(super) fn seal(&mut self, from: usize) -> Message {
        let party = &mut self.parties[from];
        let mut rng = Fresh(party.drawn);
        let message = party.side.seal(&mut rng);
        party.drawn = rng.0;
        party.sealed += 1;
        party.note();
        message
    }

    pub(super) fn open(&mut self, to: usize, message: &Message) {
        let party = &mut self.parties[to];
        match party.side.open(message) {
            Ok(next) => {
                self.misunderstood = next.differs(message).then_some(Misunderstood::RootsDiffer);
                party.side = next;
            }
            Err(reason) => self.misunderstood = Some(reason),
        }
        party.note();
    }

    pub(super) fn commit(&mut self, of: usize) {
        let party = &mut self.parties[of];
        party.safe = party.side.clone();
        self.under_way[1 - of].extend(party.waiting.drain(..));
    }

    pub(super) fn crash(&mut self, of: usize) {
        let party = &mut self.parties[of];
        self.forgot |= party.side != party.safe;
        party.side = party.safe.clone();
        party.waiting.clear();
    }
}

impl Model for Walk {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.mistake)]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        if world.misunderstood.is_some() {
            return;
        }
        for (of, party) in world.parties.iter().enumerate() {
            if party.sealed < self.messages {
                events.push(Event::Seal(of));
            }
            events.extend((0..world.under_way[of].len()).map(|index| Event::Open(of, index)));
            if party.side != party.safe {
                events.push(Event::Commit(of));
                if world.crashes < self.crashes {
                    events.push(Event::Crash(of));
                }
            }
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        match event {
            Event::Seal(from) => {
                let message = next.seal(from);
                if self.mistake == Some(Mistake::LeavesBeforeCommit) {
                    next.under_way[1 - from].insert(message);
                } else {
                    next.parties[from].waiting.push(message);
                }
            }
            Event::Open(to, index) => {
                let message = world.under_way[to].iter().nth(index)?;
                next.open(to, message);
            }
            Event::Commit(of) => next.commit(of),
            Event::Crash(of) => {
                next.crash(of);
                next.crashes += 1;
            }
        }
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        checks::properties()
    }
}
