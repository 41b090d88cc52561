//! One simulated node: an engine, its disk, its effects waiting for their batches.

use std::collections::VecDeque;

use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::mailbox::host::Rules;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::effects::{Effect, Held};
use crate::engine::event::Event;
use crate::engine::input::{Input, Ticket};
use crate::engine::machine::{Counters, Engine, Me};
use crate::sim::disk::Disk;
use crate::sim::random::Random;
use crate::store::table::Reader;
use crate::store::tx::Tx;
use crate::wire::peer::PeerKey;

/// A simulated node.
pub struct Peer {
    me: Me,
    /// Its name on the transport.
    pub key: PeerKey,
    engine: Engine,
    /// Its disk.
    pub disk: Disk,
    held: VecDeque<Held>,
    /// Every event that reached its screen.
    pub shown: Vec<Event>,
    /// Every answer to a command.
    pub answers: Vec<(Ticket, Result<Outcome, Refusal>)>,
    tickets: Ticket,
    /// How often it was started.
    pub starts: u64,
    /// What it allows as a mailbox.
    rules: Option<Rules>,
}

impl Peer {
    /// A node with an empty disk, started.
    pub fn new(me: Me, key: PeerKey, now: Time, rng: &mut Random) -> Self {
        let disk = Disk::default();
        let engine = Engine::new(me.clone(), &Reader::new(&disk.seen()));
        let mut peer = Self {
            me,
            key,
            engine,
            disk,
            held: VecDeque::new(),
            shown: Vec::new(),
            answers: Vec::new(),
            tickets: 0,
            starts: 1,
            rules: None,
        };
        peer.start(now, rng);
        peer
    }

    /// From now on it keeps mail for others.
    pub fn serve_mail(&mut self, rules: Rules) {
        self.engine.serve_mail(rules.clone());
        self.rules = Some(rules);
    }

    /// Its account.
    pub const fn account(&self) -> AccountId {
        self.engine.account()
    }

    /// What bad input it has dropped since it was last started.
    pub const fn counters(&self) -> Counters {
        self.engine.counters()
    }

    /// When it wants to be told that time has passed.
    pub fn next_deadline(&self) -> Option<Time> {
        self.engine.next_deadline()
    }

    /// Hands inputs in as one group. What follows from them leaves only after [`Peer::sync`].
    pub fn handle(&mut self, now: Time, inputs: Vec<Input>, rng: &mut Random) {
        let seen = self.disk.seen();
        let tx = Tx::new(&seen);
        for input in inputs {
            self.engine.handle(now, input, &tx, rng);
        }
        let ended = self.engine.finish(now, tx, rng);
        drop(seen);
        if let Ok(effects) = ended {
            self.disk.stage(effects.batch);
            self.held.push_back(effects.held);
        }
    }

    /// Asks for something; the ticket names the answer.
    pub fn command(&mut self, now: Time, command: Command, rng: &mut Random) -> Ticket {
        self.tickets += 1;
        let ticket = self.tickets;
        self.handle(now, vec![Input::Command { ticket, command }], rng);
        ticket
    }

    /// The disk has synced its oldest batch: what waited for it leaves, and comes back for the world to carry.
    pub fn sync(&mut self) -> Vec<Effect> {
        let (Some(committed), Some(held)) = (self.disk.sync(), self.held.pop_front()) else {
            return Vec::new();
        };
        let mut leaving = Vec::new();
        for effect in held.release(&committed) {
            match effect {
                Effect::Show(event) => self.shown.push(event),
                Effect::Reply { ticket, result } => self.answers.push((ticket, result)),
                other => leaving.push(other),
            }
        }
        leaving
    }

    /// A power cut, and a new start over what the disk kept.
    pub fn crash(&mut self, now: Time, rng: &mut Random) {
        self.disk.crash();
        self.held.clear();
        self.engine = Engine::new(self.me.clone(), &Reader::new(&self.disk.seen()));
        self.rules.iter().for_each(|rules| self.engine.serve_mail(rules.clone()));
        self.starts += 1;
        self.start(now, rng);
    }

    /// The same identity on a new device that knows nothing.
    pub fn restore(&mut self, device: Secret<32>, now: Time, rng: &mut Random) {
        *self = Self::new(Me { device, ..self.me.clone() }, self.key.clone(), now, rng);
    }

    fn start(&mut self, now: Time, rng: &mut Random) {
        let addresses = vec![format!("/memory/{}", self.starts)];
        let started = Input::Started { peer: Some(self.key.clone()) };
        self.handle(now, vec![started, Input::Listening(addresses)], rng);
    }
}
