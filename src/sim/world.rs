//! A world of a few nodes: one queue of things to come, one seed that decides what goes wrong.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::identity::account::Seed;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::input::{Input, Ticket};
use crate::engine::machine::Me;
use crate::sim::disk::Disk;
use crate::sim::mail::Channels;
use crate::sim::peer::Peer;
use crate::sim::random::Random;
use crate::wire::peer::{LinkId, PeerAddress, PeerKey};

/// How often things go wrong, in per cent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Faults {
    /// A link breaks, and what was under way on it is lost.
    pub broken: u64,
    /// Frames arrive twice.
    pub repeated: u64,
    /// A frame overtakes those before it.
    pub reordered: u64,
    /// A node loses its power, and with it whatever was not synced.
    pub crashes: u64,
}

/// Something that will happen.
enum Coming {
    Input(usize, Input),
    Sync(usize),
    Tick(usize),
}

/// A link as the world sees it.
struct Link {
    from: usize,
    to: usize,
    /// The number of the next frame that was given to it.
    next: u64,
}

/// The world.
pub struct World {
    /// The time in it.
    pub now: Time,
    /// The nodes.
    pub peers: Vec<Peer>,
    /// What goes wrong.
    pub faults: Faults,
    /// The node that nobody can connect to now.
    away: Option<usize>,
    rng: Random,
    queue: BTreeMap<(Time, u64), Coming>,
    order: u64,
    /// When each node is next told that time has passed.
    ticks: BTreeMap<usize, Time>,
    links: BTreeMap<LinkId, Link>,
    /// What was put into the directory, which is a single honest one.
    records: BTreeMap<[u8; 32], Vec<u8>>,
    /// Nodes that are switched off.
    off: BTreeSet<usize>,
    /// Channels to mailboxes.
    pub mail: Channels,
    /// What was done on the network, for a test to look at: who, to whom, how many bytes.
    pub sent: Vec<(usize, usize, Vec<u8>)>,
}

/// How long a link takes to be up, in milliseconds.
const LINK_UP: u64 = 2;
/// When every world begins.
const BEGINNING: Time = Time::from_millis(1_700_000_000_000);

impl World {
    /// A world with a node of each kind, in which nothing goes wrong yet.
    pub fn new(seed: u64, kinds: &[AccountKind]) -> Self {
        let mut rng = Random::new(seed);
        let mut world = Self {
            now: BEGINNING,
            peers: Vec::new(),
            faults: Faults::default(),
            away: None,
            rng: rng.clone(),
            queue: BTreeMap::new(),
            order: 0,
            ticks: BTreeMap::new(),
            links: BTreeMap::new(),
            records: BTreeMap::new(),
            off: BTreeSet::new(),
            mail: Channels::default(),
            sent: Vec::new(),
        };
        for (index, kind) in kinds.iter().enumerate() {
            let me = Me { seed: Some(Seed::random(&mut rng)), device: Secret::random(&mut rng), kind: *kind };
            let Some(key) = key_of(index) else { continue };
            world.peers.push(Peer::new(me, key, world.now, &mut world.rng));
            world.after(index, 0);
        }
        world
    }

    /// A new device of nobody's comes into the world; its index.
    pub fn add_device(&mut self) -> Option<usize> {
        let index = self.peers.len();
        let me = Me { seed: None, device: Secret::random(&mut self.rng), kind: AccountKind::Person };
        self.peers.push(Peer::new(me, key_of(index)?, self.now, &mut self.rng));
        self.after(index, 0);
        Some(index)
    }

    /// One more person comes into the world; its index.
    pub fn add_person(&mut self) -> Option<usize> {
        let index = self.peers.len();
        let seed = Some(Seed::random(&mut self.rng));
        let me = Me { seed, device: Secret::random(&mut self.rng), kind: AccountKind::Person };
        self.peers.push(Peer::new(me, key_of(index)?, self.now, &mut self.rng));
        self.after(index, 0);
        Some(index)
    }

    /// Asks a node for something.
    pub fn command(&mut self, peer: usize, command: Command) -> Ticket {
        let ticket = self.peers[peer].command(self.now, command, &mut self.rng);
        self.after(peer, 1);
        ticket
    }

    /// Asks a node for something and waits until it has answered; `None` if it doesn't within a minute, or loses
    /// its power before.
    pub fn ask(&mut self, peer: usize, command: Command) -> Option<Result<Outcome, Refusal>> {
        let ticket = self.command(peer, command);
        let until = self.now.plus(Duration::from_secs(60));
        loop {
            let answers = &self.peers[peer].answers;
            if let Some((_, result)) = answers.iter().find(|(known, _)| *known == ticket) {
                return Some(result.clone());
            }
            if !self.step(until) {
                return None;
            }
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let until = self.now.plus(span);
        while self.step(until) {}
        self.now = until;
    }

    /// Takes a node's power away and gives it back.
    pub fn crash(&mut self, peer: usize) {
        self.cut_off(peer);
        self.peers[peer].crash(self.now, &mut self.rng);
        self.after(peer, 1);
    }

    /// Nothing of a node is under way any more, and the others notice.
    fn cut_off(&mut self, peer: usize) {
        let broken: Vec<LinkId> = self.links_of(peer);
        broken.into_iter().for_each(|link| self.break_link(link));
        let gone = self.mail.close_all(peer);
        gone.into_iter().for_each(|(to, wait, input)| self.later(to, wait, input));
        let keep = |coming: &Coming| match coming {
            Coming::Input(to, _) | Coming::Sync(to) | Coming::Tick(to) => *to != peer,
        };
        self.queue.retain(|_, coming| keep(coming));
        self.ticks.remove(&peer);
        let key = self.peers[peer].key.clone();
        for other in 0..self.peers.len() {
            if other != peer {
                self.later(other, 1, Input::PeerGone(key.clone()));
            }
        }
    }

    /// Gives a node's identity a new device with an empty disk, as a restore from the recovery phrase does.
    pub fn restore(&mut self, peer: usize) {
        self.crash(peer);
        let device = Secret::random(&mut self.rng);
        self.peers[peer].restore(device, self.now, &mut self.rng);
        self.after(peer, 1);
    }

    /// From now on nobody can connect to a node, and the links to it break; it doesn't notice.
    pub fn leave(&mut self, peer: usize) {
        self.away = Some(peer);
        let to = self.links.iter().filter_map(|(id, link)| (link.to == peer).then_some(*id));
        let to: Vec<LinkId> = to.collect();
        to.into_iter().for_each(|link| self.break_link(link));
    }

    /// Whoever was away can be connected to again.
    pub fn come_back(&mut self) {
        self.away = None;
    }

    /// Does the next thing, if it comes before `until`.
    fn step(&mut self, until: Time) -> bool {
        let Some(((at, order), _)) = self.queue.first_key_value() else { return false };
        let (at, order) = (*at, *order);
        if at > until {
            return false;
        }
        self.now = self.now.max(at);
        match self.queue.remove(&(at, order)) {
            Some(Coming::Input(peer, _) | Coming::Sync(peer) | Coming::Tick(peer))
                if self.off.contains(&peer) => {}
            Some(Coming::Input(peer, input)) => {
                self.peers[peer].handle(self.now, vec![input], &mut self.rng);
                self.after(peer, 1);
            }
            Some(Coming::Sync(peer)) => {
                if self.rng.chance(self.faults.crashes) {
                    self.crash(peer);
                } else {
                    for effect in self.peers[peer].sync() {
                        self.carry(peer, effect);
                    }
                }
            }
            Some(Coming::Tick(peer)) => {
                if self.ticks.get(&peer) == Some(&at) {
                    self.ticks.remove(&peer);
                }
                let due = self.peers[peer].next_deadline();
                if due.is_some_and(|due| due <= self.now) {
                    self.peers[peer].handle(self.now, vec![Input::Tick], &mut self.rng);
                }
                self.after(peer, 1);
            }
            None => {}
        }
        true
    }

    /// A node has decided something: its disk syncs in a while, and its next deadline comes.
    fn after(&mut self, peer: usize, least: u64) {
        let wait = least + self.rng.below(5);
        self.put(wait, Coming::Sync(peer));
        if let Some(due) = self.peers[peer].next_deadline() {
            let wait = u64::try_from(due.since(self.now).as_millis()).unwrap_or(u64::MAX).max(1);
            let at = self.now.plus(Duration::from_millis(wait));
            // One tick that comes in time is enough: each puts the next.
            if self.ticks.get(&peer).is_none_or(|coming| at < *coming) {
                self.ticks.insert(peer, at);
                self.put(wait, Coming::Tick(peer));
            }
        }
    }

    fn later(&mut self, peer: usize, wait: u64, input: Input) {
        self.put(wait, Coming::Input(peer, input));
    }

    fn put(&mut self, wait: u64, coming: Coming) {
        self.order += 1;
        let at = self.now.plus(Duration::from_millis(wait));
        self.queue.insert((at, self.order), coming);
    }

    /// Carries out what a node wants done. The directory of this world has profiles and no index.
    fn carry(&mut self, from: usize, effect: Effect) {
        match effect {
            Effect::Connect(at) => self.connect(from, &at),
            Effect::Send { link, frames } => self.send(from, link, frames),
            Effect::Take { link, upto } => self.answer(link, Input::Taken { link, upto }),
            Effect::Refuse { link, number } => self.answer(link, Input::Refused { link, number }),
            Effect::GetRecord { query, key } => {
                let values: Vec<_> = self.records.get(&key).cloned().into_iter().collect();
                let peers_asked = values.len() as u32;
                self.later(from, 1, Input::GotRecords { query, values, peers_asked });
            }
            Effect::PutRecord { query, key, value, .. } => {
                self.records.insert(key, value);
                self.later(from, 1, Input::PutDone { query, peers_asked: 1 });
            }
            Effect::ClosestPeers { query, .. } => {
                self.later(from, 1, Input::Closest { query, peers: Vec::new() })
            }
            Effect::Ask { query, peer, body } => {
                match self.find(peer.peer()).filter(|to| !self.off.contains(to)) {
                    // The number of a question names its asker, so that the answer finds back.
                    Some(to) => {
                        let peer = self.peers[from].key.clone();
                        self.later(to, 2, Input::Asked { ask: query * ASKERS + from as u64, peer, body });
                    }
                    None => self.later(from, 2, Input::Answered { query, body: None }),
                }
            }
            Effect::Answer { ask, body } => {
                let to = usize::try_from(ask % ASKERS).unwrap_or(usize::MAX);
                self.later(to, 2, Input::Answered { query: ask / ASKERS, body: Some(body) });
            }
            Effect::Channel(order) => {
                let near = (0..self.peers.len()).filter(|peer| self.is_reachable(*peer));
                let keys: Vec<_> = near.map(|peer| (peer, self.peers[peer].key.clone())).collect();
                let coming = self.mail.order(from, order, &keys);
                coming.into_iter().for_each(|(to, wait, input)| self.later(to, wait, input));
            }
            Effect::Keep { .. } | Effect::Reply { .. } | Effect::Show(_) => {}
        }
    }

    fn connect(&mut self, from: usize, at: &PeerAddress) {
        let peer = at.peer().clone();
        let apart = |to: usize| to == from || !self.is_reachable(to);
        let Some(to) = self.find(&peer).filter(|to| !apart(*to)) else {
            self.later(from, 3, Input::Unreachable(peer));
            return;
        };
        self.order += 1;
        let link = LinkId::new(self.order);
        self.links.insert(link, Link { from, to, next: 0 });
        let key = self.peers[from].key.clone();
        self.later(to, 2, Input::PeerConnected(key));
        self.later(from, LINK_UP, Input::LinkUp { link, peer });
    }

    /// Carries frames, in the way that this world's faults allow. Numbers stay true to what was sent.
    fn send(&mut self, from: usize, link: LinkId, frames: Vec<Vec<u8>>) {
        let Some(open) = self.links.get_mut(&link).filter(|open| open.from == from) else { return };
        let (to, first) = (open.to, open.next);
        open.next += frames.len() as u64;
        if self.rng.chance(self.faults.broken) {
            self.break_link(link);
            return;
        }
        let peer = self.peers[from].key.clone();
        for (number, frame) in (first..).zip(frames) {
            self.sent.push((from, to, frame.clone()));
            let copies = 1 + u64::from(self.rng.chance(self.faults.repeated));
            for _ in 0..copies {
                let wait = 5 + if self.rng.chance(self.faults.reordered) { self.rng.below(50) } else { 0 };
                let frames = vec![frame.clone()];
                self.later(to, wait, Input::Frames { link, peer: peer.clone(), first: number, frames });
            }
        }
    }

    fn answer(&mut self, link: LinkId, input: Input) {
        if let Some(open) = self.links.get(&link) {
            let from = open.from;
            self.later(from, 2, input);
        }
    }

    fn break_link(&mut self, link: LinkId) {
        if let Some(open) = self.links.remove(&link) {
            // Later than its LinkUp, should that still be on its way.
            self.later(open.from, LINK_UP + 1, Input::LinkDown { link });
        }
    }

    fn links_of(&self, peer: usize) -> Vec<LinkId> {
        let of = |(id, link): (&LinkId, &Link)| (link.from == peer || link.to == peer).then_some(*id);
        self.links.iter().filter_map(of).collect()
    }

    /// Switches a node off, as its owner does: nothing more is decided there, and nothing reaches it.
    pub fn switch_off(&mut self, peer: usize) {
        self.cut_off(peer);
        self.off.insert(peer);
    }

    /// Switches it on again, over what its disk kept.
    pub fn switch_on(&mut self, peer: usize) {
        self.off.remove(&peer);
        self.crash(peer);
    }

    /// A node's disk is lost, all of it; the node goes on with an empty one.
    pub fn lose_disk(&mut self, peer: usize) {
        self.peers[peer].disk = Disk::default();
        self.crash(peer);
    }

    fn is_reachable(&self, peer: usize) -> bool {
        Some(peer) != self.away && !self.off.contains(&peer)
    }

    fn find(&self, key: &PeerKey) -> Option<usize> {
        self.peers.iter().position(|peer| peer.key == *key)
    }
}

/// More nodes than any world has.
const ASKERS: u64 = 1_000;

fn key_of(index: usize) -> Option<PeerKey> {
    // As long as every Ed25519 peer id is, and with the prefix that those have.
    let mut bytes = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    bytes.resize(38, u8::try_from(index).ok()? + 1);
    (bytes.len() <= limits::PEER_KEY_MAX).then_some(())?;
    PeerKey::new(bytes)
}
