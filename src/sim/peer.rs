//! One simulated node: an engine, its disk, its clock, its effects waiting for their batches.

use core::time::Duration;
use std::collections::VecDeque;

use crate::base::id::{AccountId, DeviceId};
use crate::base::kind::AccountKind;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::files::rules as file_rules;
use crate::domain::identity::account::Seed;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::own::ACCOUNTS;
use crate::domain::identity::primary::Primary;
use crate::domain::identity::sibling;
use crate::domain::mailbox::admission::NamedPlan;
use crate::domain::mailbox::host::Rules;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::effects::{Effect, Held};
use crate::engine::event::Event;
use crate::engine::input::{Input, Ticket};
use crate::engine::machine::{Counters, Engine, Me};
use crate::sim::bug::Bug;
use crate::sim::disk::Disk;
use crate::sim::random::Random;
use crate::store::table::{Reader, Rows as _};
use crate::store::tx::Tx;
use crate::wire::peer::PeerKey;

/// A simulated node.
pub struct Peer {
    me: Me,
    /// What a keystore has sealed apart: the identity's key, and that of the one that is to take its place.
    keys: [Option<Seed>; 2],
    /// Its name on the transport.
    pub key: PeerKey,
    engine: Engine,
    /// Its disk.
    pub disk: Disk,
    held: VecDeque<Held>,
    /// Every event that reached its screen and that nobody took away yet.
    pub shown: Vec<Event>,
    /// Every answer to a command that nobody took away yet.
    pub answers: Vec<(Ticket, Result<Outcome, Refusal>)>,
    tickets: Ticket,
    /// How often it was started.
    pub starts: u64,
    /// What it allows as a mailbox.
    rules: Option<Rules>,
    relay_plan: Option<NamedPlan>,
    /// What it fetches by itself and how much it keeps, where that isn't the usual.
    file_rules: Option<file_rules::Rules>,
    /// Whether it runs.
    pub on: bool,
    /// How far its clock is ahead of the world's, in milliseconds; negative where it is behind.
    pub skew: i64,
    /// When it is next woken, by the world's clock.
    pub tick: Option<Time>,
    /// Whether the world's faults concern it.
    pub rough: bool,
    /// Whether its power goes before the next batch is safe.
    pub doomed: bool,
    /// Until when its disk is full.
    pub full_until: Time,
    /// What is wrong with it on purpose, so that a test sees it found.
    pub bug: Option<Bug>,
}

impl Peer {
    /// A node with an empty disk, started.
    pub fn new(
        (seed, device, kind): (Option<Seed>, Secret<32>, AccountKind),
        key: PeerKey,
        now: Time,
        rng: &mut Random,
    ) -> Self {
        let primary = seed.as_ref().map(|seed| Primary::begin(seed, &device, kind, now));
        Self::with(Me { primary, device, kind }, seed, key, now, rng)
    }

    fn with(me: Me, seed: Option<Seed>, key: PeerKey, now: Time, rng: &mut Random) -> Self {
        let disk = Disk::default();
        let engine = Engine::new(me.clone(), &Reader::new(&disk.seen()));
        let mut peer = Self {
            me,
            keys: [seed, None],
            key,
            engine,
            disk,
            held: VecDeque::new(),
            shown: Vec::new(),
            answers: Vec::new(),
            tickets: 0,
            starts: 1,
            rules: None,
            relay_plan: None,
            file_rules: None,
            on: true,
            skew: 0,
            tick: None,
            rough: true,
            doomed: false,
            full_until: Time::EPOCH,
            bug: None,
        };
        peer.began(now, rng);
        peer
    }

    /// From now on it keeps mail for others.
    pub fn serve_mail(&mut self, rules: Rules) {
        self.engine.serve_mail(rules.clone());
        self.rules = Some(rules);
    }

    /// From now on places with its relay are for those who pay.
    pub fn relay_for(&mut self, plan: NamedPlan) {
        self.engine.relay_for(plan.clone());
        self.relay_plan = Some(plan);
    }

    /// From now on it fetches by itself, and keeps, as much as these say.
    pub fn keep_files(&mut self, rules: file_rules::Rules) {
        self.engine.keep_files(rules);
        self.file_rules = Some(rules);
    }

    /// A person or a business.
    pub const fn kind(&self) -> AccountKind {
        self.me.kind
    }

    /// Its account.
    pub const fn account(&self) -> AccountId {
        self.engine.account()
    }

    /// All accounts of its owner: businesses know a person under another one than people do.
    pub fn accounts(&self) -> Vec<AccountId> {
        let seen = self.disk.safe();
        let rows = Reader::new(&seen);
        rows.scan(&ACCOUNTS, &ACCOUNTS.all()).into_iter().map(|(_, own)| own.log.account()).collect()
    }

    /// The id of this device for those who know the account of ours.
    pub fn device_towards(&self, own: &AccountId) -> DeviceId {
        self.keys_towards(own).id()
    }

    /// The keys of this device for those who know the account of ours.
    pub fn keys_towards(&self, own: &AccountId) -> DeviceKeys {
        let seen = self.disk.safe();
        let kept = Reader::new(&seen).row(&ACCOUNTS, own.as_bytes()).map(|kept| kept.keys_of);
        DeviceKeys::derive(&self.me.device, &kept.unwrap_or(*own))
    }

    /// The seed of its identity, as its recovery phrase has it.
    pub fn seed(&self) -> Option<Seed> {
        self.keys[0].clone()
    }

    /// The command as its person gives it: with the identity's key where it takes that.
    pub fn unlocked(&self, command: Command) -> Command {
        let signs = matches!(
            command,
            Command::LinkDevice(_)
                | Command::RevokeDevice(_)
                | Command::RotateIdentity(_)
                | Command::Reconcile { .. }
        );
        if !signs {
            return command;
        }
        let account = self.account();
        match self.keys.iter().flatten().find(|seed| seed.account().id() == account) {
            Some(seed) => Command::Unlocked(Box::new(seed.clone()), Box::new(command)),
            None => command,
        }
    }

    /// What bad input it has dropped since it was last started.
    pub const fn counters(&self) -> Counters {
        self.engine.counters()
    }

    /// What its clock shows.
    pub const fn clock(&self, now: Time) -> Time {
        Time::from_millis(now.as_millis().saturating_add_signed(self.skew))
    }

    /// When it wants to be told that time has passed, by the world's clock.
    pub fn next_deadline(&self) -> Option<Time> {
        let due = self.engine.next_deadline()?;
        Some(Time::from_millis(due.as_millis().saturating_add_signed(-self.skew)))
    }

    /// Hands inputs in as one group. What follows from them leaves only after [`Peer::sync`]. False where the disk
    /// couldn't be read: then nothing was decided, and the node ends.
    pub fn handle(&mut self, now: Time, inputs: Vec<Input>, rng: &mut Random) -> bool {
        let now = self.clock(now);
        let mut frozen = Random::new(0);
        let rng = if self.bug == Some(Bug::FrozenRandom) { &mut frozen } else { rng };
        let seen = self.disk.seen();
        let tx = Tx::new(&seen);
        for input in inputs {
            self.engine.handle(now, input, &tx, rng);
        }
        let ended = self.engine.finish(now, tx, rng);
        drop(seen);
        let Ok(effects) = ended else { return false };
        self.disk.stage(effects.batch);
        self.held.push_back(effects.held);
        true
    }

    /// The ticket that names the answer to the next command.
    pub const fn next_ticket(&mut self) -> Ticket {
        self.tickets += 1;
        self.tickets
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

    /// A power cut: nothing that waited is left, and nothing happens here until [`Peer::start`].
    pub fn stop(&mut self) {
        self.disk.crash();
        self.held.clear();
        self.tick = None;
        self.doomed = false;
        self.on = false;
        // Whatever is still under way to this run is under way to nobody.
        self.starts += 1;
    }

    /// A start over what the disk kept.
    pub fn start(&mut self, now: Time, rng: &mut Random) {
        self.on = true;
        self.engine = self.engine_anew();
        self.rules.iter().for_each(|rules| self.engine.serve_mail(rules.clone()));
        self.relay_plan.iter().for_each(|plan| self.engine.relay_for(plan.clone()));
        self.file_rules.iter().for_each(|rules| self.engine.keep_files(*rules));
        self.began(now, rng);
    }

    /// An engine over what the disk has, for the identity that is in force there.
    fn engine_anew(&self) -> Engine {
        let seen = self.disk.seen();
        let rows = Reader::new(&seen);
        let heir = self.keys[1].as_ref().map(|seed| Primary::heir(seed, self.me.kind));
        let primary =
            Primary::in_force(self.me.primary.clone().into_iter().chain(heir), sibling::membership(&rows));
        Engine::new(Me { primary, ..self.me.clone() }, &rows)
    }

    /// A power cut, and a new start over what the disk kept.
    pub fn crash(&mut self, now: Time, rng: &mut Random) {
        self.stop();
        self.start(now, rng);
    }

    /// The keystore has `next` beside the seed in force from here on.
    pub fn prepare(&mut self, next: Seed) {
        let account = self.account();
        if let Some(former) = self.keys[1].take().filter(|seed| seed.account().id() == account) {
            // It took the place: a keystore lets go of what it had before.
            self.me.primary = Some(Primary::heir(&former, self.me.kind));
            self.keys[0] = Some(former);
        }
        self.keys[1] = Some(next);
    }

    fn restored(
        (seed, device, kind): (Option<Seed>, Secret<32>, AccountKind),
        asks: bool,
        key: PeerKey,
        now: Time,
        rng: &mut Random,
    ) -> Self {
        let begin = |seed| Primary { restored: asks, ..Primary::begin(seed, &device, kind, now) };
        let primary = seed.as_ref().map(begin);
        Self::with(Me { primary, device, kind }, seed, key, now, rng)
    }

    /// The same identity on a new device that knows nothing; whether it asks what it said before, or begins by force.
    pub fn restore(&mut self, device: Secret<32>, asks: bool, now: Time, rng: &mut Random) {
        let (rough, starts, tickets) = (self.rough, self.starts, self.tickets);
        let owner = (self.keys[0].clone(), device, self.me.kind);
        let mut fresh = Self::restored(owner, asks, self.key.clone(), now, rng);
        (fresh.rough, fresh.starts, fresh.tickets, fresh.skew) = (rough, starts + 1, tickets, self.skew);
        if let Some(rules) = self.rules.take() {
            fresh.serve_mail(rules);
        }
        *self = fresh;
    }

    /// How long it stays away after its disk failed it: until somebody looks after it.
    pub fn repair_pause(rng: &mut Random) -> Duration {
        rng.about(Duration::from_secs(10 * 60))
    }

    fn began(&mut self, now: Time, rng: &mut Random) {
        let addresses = vec![format!("/memory/{}", self.starts)];
        let started = Input::Started { peer: Some(self.key.clone()) };
        self.handle(now, vec![started, Input::Listening(addresses)], rng);
    }
}
