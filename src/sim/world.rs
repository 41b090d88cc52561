//! A world of nodes: one queue of things to come, one seed that decides what goes wrong.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::base::kind::AccountKind;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::crypto::secret::Secret;
use crate::domain::identity::account::Seed;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::event::Event;
use crate::engine::input::{Input, Ticket};
use crate::engine::restored;
use crate::sim::dht::Dht;
use crate::sim::disk::Disk;
use crate::sim::files::Files;
use crate::sim::mail::Channels;
use crate::sim::network::Network;
use crate::sim::nonces::Nonces;
use crate::sim::peer::Peer;
use crate::sim::random::Random;
use crate::store::key::{Key, Value};
use crate::wire::channel::ChannelEvent;
use crate::wire::peer::{LinkId, PeerKey};

/// How often things go wrong, in per cent, at the nodes that are [`Peer::rough`].
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

/// Something that will happen to a node.
pub(super) struct Coming {
    pub(super) peer: usize,
    /// In which of its runs; whatever comes to another one comes to nobody.
    run: u64,
    pub(super) what: What,
}

/// What will happen.
pub(super) enum What {
    Input(Input),
    /// Another node is gone, unless it is back by then.
    Gone(usize),
    Sync,
    Tick,
    /// It is started again.
    Start,
}

/// Something that somebody could see, in the order in which it happened.
#[derive(Debug)]
pub enum Seen {
    /// A screen was shown something.
    Shown(usize, Event),
    /// A command was answered.
    Answered(usize, Ticket, Result<Outcome, Refusal>),
    /// What must not happen, happened.
    Wrong(String),
}

/// The world.
pub struct World {
    /// The time in it.
    pub now: Time,
    /// The nodes.
    pub peers: Vec<Peer>,
    /// What goes wrong.
    pub faults: Faults,
    /// What has gone wrong so far, by its kind.
    pub tally: BTreeMap<&'static str, u64>,
    pub(super) network: Network,
    pub(super) dht: Dht,
    /// Channels to mailboxes.
    pub mail: Channels,
    /// Files.
    pub files: Files,
    pub(super) rng: Random,
    queue: BTreeMap<(Time, u64), Coming>,
    order: u64,
    /// Until when each relay keeps a place for whom.
    pub places: BTreeMap<(usize, PeerKey), Time>,
    /// What was done on the network, for a test to look at: who, to whom, which bytes.
    pub sent: Vec<(usize, usize, Vec<u8>)>,
    /// Whether somebody takes [`World::seen`] away; then nothing is kept for a test to look at.
    pub watched: bool,
    /// What could be seen since it was last taken away.
    pub seen: Vec<Seen>,
    /// First flights that were sent lately: to whom, and the frame.
    pub(super) flights: Vec<(usize, Vec<u8>)>,
    /// How often a node couldn't connect to another one, for a link or for a channel.
    pub vain: BTreeMap<(usize, PeerKey), u64>,
    pub(super) nonces: Nonces,
    /// Everything that happened, in one hash.
    trace: [u8; 32],
    /// How many things happened.
    pub steps: u64,
    /// How many puzzles were solved, for prekeys or for room at a mailbox.
    pub puzzles: u64,
}

/// When every world begins.
const BEGINNING: Time = Time::from_millis(1_700_000_000_000);
/// How long a frame is under way in a world where nothing was said about that, in milliseconds.
const DELAY: (u64, u64) = (5, 5);

impl World {
    /// A world with a node of each kind, in which nothing goes wrong yet.
    pub fn new(seed: u64, kinds: &[AccountKind]) -> Self {
        let mut rng = Random::new(seed);
        let mut world = Self {
            now: BEGINNING,
            peers: Vec::new(),
            faults: Faults::default(),
            tally: BTreeMap::new(),
            network: Network::new(DELAY),
            dht: Dht::default(),
            mail: Channels::default(),
            rng: rng.clone(),
            queue: BTreeMap::new(),
            order: 0,
            sent: Vec::new(),
            watched: false,
            seen: Vec::new(),
            flights: Vec::new(),
            vain: BTreeMap::new(),
            nonces: Nonces::default(),
            trace: [0; 32],
            steps: 0,
            puzzles: 0,
            places: BTreeMap::new(),
            files: Files::default(),
        };
        for kind in kinds {
            world.add((Some(Seed::random(&mut rng)), Secret::random(&mut rng), *kind));
        }
        world
    }

    fn add(&mut self, owner: (Option<Seed>, Secret<32>, AccountKind)) -> Option<usize> {
        let index = self.peers.len();
        let key = key_of(index)?;
        self.dht.join(&key);
        let peer = Peer::new(owner, key, self.now, &mut self.rng);
        self.peers.push(peer);
        self.after(index, 0);
        Some(index)
    }

    /// A new device of nobody's comes into the world; its index.
    pub fn add_device(&mut self) -> Option<usize> {
        let device = Secret::random(&mut self.rng);
        self.add((None, device, AccountKind::Person))
    }

    /// One more person comes into the world; its index.
    pub fn add_person(&mut self) -> Option<usize> {
        let seed = Some(Seed::random(&mut self.rng));
        let device = Secret::random(&mut self.rng);
        self.add((seed, device, AccountKind::Person))
    }

    /// How long a frame is under way, from and to, and how long it takes at most until a node notices that another
    /// one is gone.
    pub fn set_distances(&mut self, least: Duration, most: Duration, notice: Duration) {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.network.delay = (millis(least).max(1), millis(most).max(1));
        self.network.notice = millis(notice);
    }

    /// Asks a node for something; nobody answers where it doesn't run.
    pub fn command(&mut self, peer: usize, command: Command) -> Ticket {
        let ticket = self.peers[peer].next_ticket();
        let command = self.peers[peer].unlocked(command);
        self.hand(peer, Input::Command { ticket, command });
        ticket
    }

    /// Puts a fresh identity in the place of a node's.
    pub fn rotate(&mut self, peer: usize) -> Ticket {
        let next = Seed::random(&mut self.rng);
        self.peers[peer].prepare(next.clone());
        self.command(peer, Command::RotateIdentity(Box::new(next)))
    }

    /// Whatever was put into the directory expires.
    pub fn forget_records(&mut self) {
        (0..self.peers.len()).for_each(|peer| self.dht.forget(peer));
    }

    /// Asks a node for something and waits until it has answered; `None` if it doesn't within a minute, or loses
    /// its power before. Not where the world is watched: whoever watches has taken the answer away.
    pub fn ask(&mut self, peer: usize, command: Command) -> Option<Result<Outcome, Refusal>> {
        let ticket = self.command(peer, command);
        let until = self.now.plus(Duration::from_secs(60));
        loop {
            let answers = &self.peers[peer].answers;
            if let Some((_, result)) = answers.iter().rev().find(|(known, _)| *known == ticket) {
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
        self.stop(peer);
        self.start(peer);
    }

    /// Takes a node's power away.
    pub fn stop(&mut self, peer: usize) {
        for link in self.network.links_of(peer) {
            self.break_link(link);
        }
        for channel in self.mail.those(|open| open.reader == peer || open.mailbox == peer) {
            self.break_channel(channel);
        }
        self.break_files(peer);
        self.peers[peer].stop();
        self.dht.forget(peer);
        for other in self.network.disconnect(peer) {
            let wait = self.network.some_notice(&mut self.rng);
            self.put(wait, other, What::Gone(peer));
        }
    }

    /// Starts a node over what its disk kept.
    pub fn start(&mut self, peer: usize) {
        self.peers[peer].start(self.now, &mut self.rng);
        self.after(peer, 1);
    }

    /// Takes a node's power away, for so long.
    pub fn stop_for(&mut self, peer: usize, span: Duration) {
        self.stop(peer);
        let wait = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.put(wait.max(1), peer, What::Start);
    }

    /// A node's disk is lost, all of it; the node goes on with an empty one.
    pub fn lose_disk(&mut self, peer: usize) {
        self.stop(peer);
        self.peers[peer].disk = Disk::default();
        self.files.lose(peer);
        self.start(peer);
    }

    /// A backup of a node, made while it runs.
    pub fn back_up(&self, peer: usize) -> BTreeMap<Key, Value> {
        self.peers[peer].disk.copied()
    }

    /// A node's disk is lost; what a backup has takes its place.
    pub fn bring_back(&mut self, peer: usize, mut rows: BTreeMap<Key, Value>) {
        self.stop(peer);
        self.files.lose(peer);
        if let Ok((key, mark)) = restored::mark(self.now) {
            rows.insert(key, Value::new(mark));
        }
        self.peers[peer].disk = Disk::of(rows);
        self.start(peer);
    }

    /// Gives a node's identity a new device with an empty disk, as a restore from the recovery phrase does. A person says
    /// that there is nothing to ask for.
    pub fn restore(&mut self, peer: usize) {
        let asks = self.peers[peer].kind() == AccountKind::Business;
        self.restore_on(peer, asks);
    }

    /// The same for a person who is to ask what their log was.
    pub fn restore_to_ask(&mut self, peer: usize) {
        self.restore_on(peer, true);
    }

    fn restore_on(&mut self, peer: usize, asks: bool) {
        self.stop(peer);
        let device = Secret::random(&mut self.rng);
        self.files.lose(peer);
        let clock = self.peers[peer].clock(self.now);
        self.peers[peer].restore(device, asks, clock, &mut self.rng);
        self.after(peer, 1);
    }

    /// From now on nobody can connect to a node, and the links to it break; it doesn't notice.
    pub fn leave(&mut self, peer: usize) {
        self.network.away = Some(peer);
        for link in self.network.links_to(peer) {
            self.break_link(link);
        }
    }

    /// Whoever was away can be connected to again.
    pub fn come_back(&mut self) {
        self.network.away = None;
    }

    /// Parts these nodes from all others; nobody where there are none.
    pub fn part(&mut self, these: impl IntoIterator<Item = usize>) {
        self.network.parted = these.into_iter().collect();
        for link in self.network.cut() {
            self.break_link(link);
        }
        for channel in self.mail.those(|open| self.network.parts(open.reader, open.mailbox)) {
            self.break_channel(channel);
        }
    }

    /// Sets a node's clock: so far ahead of the world's, in milliseconds, or behind.
    pub fn set_clock(&mut self, peer: usize, skew: i64) {
        self.peers[peer].skew = skew;
        self.peers[peer].tick = None;
        self.wake(peer);
    }

    /// Everything that happened, in one hash: the same seed gives the same.
    pub const fn trace(&self) -> &[u8; 32] {
        &self.trace
    }

    /// How many different frames left a node.
    pub fn frames(&self) -> u64 {
        self.nonces.count()
    }

    /// Whether nothing is under way: all that comes is that time passes.
    pub fn is_still(&self) -> bool {
        let comes_to_somebody = |coming: &Coming| {
            let peer = &self.peers[coming.peer];
            peer.starts == coming.run && !(peer.on && matches!(coming.what, What::Start))
        };
        !self.queue.values().any(|coming| !matches!(coming.what, What::Tick) && comes_to_somebody(coming))
    }

    /// Does the next thing, if it comes before `until`.
    pub fn step(&mut self, until: Time) -> bool {
        let Some(entry) = self.queue.first_entry() else { return false };
        let at = entry.key().0;
        if at > until {
            return false;
        }
        let Coming { peer, run, what } = entry.remove();
        self.now = self.now.max(at);
        if self.peers[peer].starts != run {
            return true;
        }
        self.steps += 1;
        match what {
            What::Input(input) => self.hand(peer, input),
            What::Gone(other) if self.network.is_connected(peer, other) => {}
            What::Gone(other) => {
                let gone = Input::PeerGone(self.peers[other].key.clone());
                self.hand(peer, gone);
            }
            What::Sync => self.sync(peer),
            What::Tick => self.tick(peer, at),
            What::Start if self.peers[peer].on => {}
            What::Start => self.start(peer),
        }
        true
    }

    /// Hands something to a node; one that is off does nothing about it.
    pub(super) fn hand(&mut self, peer: usize, input: Input) {
        if !self.peers[peer].on {
            return;
        }
        self.mix(peer, &input);
        let heard = match &input {
            Input::Channel(ChannelEvent::Heard { channel, message })
                if self.mail.gives_to(*channel, peer) =>
            {
                Some((*channel, message.clone()))
            }
            _ => None,
        };
        if self.peers[peer].handle(self.now, vec![input], &mut self.rng) {
            if let Some((channel, message)) = heard {
                self.mail.heard(channel, &message, self.peers[peer].disk.last_batch());
            }
            self.after(peer, 1);
        } else {
            self.fail(peer, "disk errors");
        }
    }

    fn sync(&mut self, peer: usize) {
        let node = &mut self.peers[peer];
        let crashes = if node.rough { self.faults.crashes } else { 0 };
        if node.disk.waiting() == 0 {
        } else if node.full_until > self.now {
            self.fail(peer, "writes to a full disk");
        } else if self.rng.chance(crashes) || node.doomed {
            self.count("crashes");
            self.crash(peer);
        } else {
            let effects = node.sync();
            self.look(peer);
            for effect in effects {
                self.carry(peer, effect);
            }
        }
    }

    fn tick(&mut self, peer: usize, at: Time) {
        let node = &mut self.peers[peer];
        if node.tick != Some(at) {
            return;
        }
        node.tick = None;
        if node.next_deadline().is_some_and(|due| due <= self.now) {
            self.hand(peer, Input::Tick);
        } else {
            self.wake(peer);
        }
    }

    /// The disk fails the node, which ends; somebody looks after it in a while.
    fn fail(&mut self, peer: usize, why: &'static str) {
        self.count(why);
        let pause = Peer::repair_pause(&mut self.rng);
        let least = self.peers[peer].full_until.since(self.now);
        self.stop_for(peer, pause.max(least));
    }

    /// A node has decided something: its disk syncs in a while, and its next deadline comes.
    fn after(&mut self, peer: usize, least: u64) {
        let wait = least + self.rng.below(5);
        self.put(wait, peer, What::Sync);
        self.wake(peer);
    }

    fn wake(&mut self, peer: usize) {
        let node = &self.peers[peer];
        let Some(due) = node.next_deadline().filter(|_| node.on) else { return };
        let at = due.max(self.now.plus(Duration::from_millis(1)));
        if self.peers[peer].tick.is_none_or(|tick| at < tick) {
            self.peers[peer].tick = Some(at);
            self.put_at(at, peer, What::Tick);
        }
    }

    pub(super) fn later(&mut self, peer: usize, wait: u64, input: Input) {
        self.put(wait, peer, What::Input(input));
    }

    fn put(&mut self, wait: u64, peer: usize, what: What) {
        self.put_at(self.now.plus(Duration::from_millis(wait)), peer, what);
    }

    pub(super) fn put_at(&mut self, at: Time, peer: usize, what: What) {
        self.order += 1;
        let run = self.peers[peer].starts;
        self.queue.insert((at, self.order), Coming { peer, run, what });
    }

    pub(super) fn break_link(&mut self, link: LinkId) {
        if let Some(from) = self.network.close(link) {
            // Later than its LinkUp, should that still be on its way.
            let wait = self.network.some_notice(&mut self.rng) + self.network.delay.1;
            self.later(from, wait, Input::LinkDown { link });
        }
    }

    pub(super) fn count(&mut self, fault: &'static str) {
        *self.tally.entry(fault).or_default() += 1;
    }

    /// The node that has this name on the transport.
    pub(super) fn find(&self, key: &PeerKey) -> Option<usize> {
        let number = key.as_bytes().get(PREFIX.len()..)?.first_chunk::<4>()?;
        let index = usize::try_from(u32::from_be_bytes(*number)).ok()?;
        self.peers.get(index).filter(|peer| peer.key == *key).map(|_| index)
    }

    /// What reached a screen is there for whoever watches.
    fn look(&mut self, peer: usize) {
        if !self.watched {
            return;
        }
        let node = &mut self.peers[peer];
        let shown = node.shown.drain(..).map(|event| Seen::Shown(peer, event));
        self.seen.extend(shown);
        let answered = node.answers.drain(..).map(|(ticket, result)| Seen::Answered(peer, ticket, result));
        self.seen.extend(answered);
    }

    fn mix(&mut self, peer: usize, input: &Input) {
        let at = self.now.as_millis().to_be_bytes();
        let place = (peer as u64).to_be_bytes();
        let kind = format!("{:?}", core::mem::discriminant(input));
        let frames: &[Vec<u8>] = if let Input::Frames { frames, .. } = input { frames } else { &[] };
        let heard: &[u8] =
            if let Input::Channel(ChannelEvent::Heard { message, .. }) = input { message } else { &[] };
        let mut parts: Vec<&[u8]> = vec![&self.trace, &at, &place, kind.as_bytes(), heard];
        parts.extend(frames.iter().map(|frame| &frame[frame.len().saturating_sub(16)..]));
        self.trace = sha256(&parts);
    }
}

/// What the name of every node on the transport begins with, as every Ed25519 peer id does.
const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

fn key_of(index: usize) -> Option<PeerKey> {
    let number = u32::try_from(index).ok()?.to_be_bytes();
    let mut bytes = PREFIX.to_vec();
    bytes.extend_from_slice(&number);
    // As long as every Ed25519 peer id is.
    bytes.resize(38, 0x51);
    PeerKey::new(bytes)
}
