//! One query of the model: the iterative look-up of Kademlia on disjoint paths, as the nodes are configured.
//!
//! Paths follow S/Kademlia: whoever answered one path names nobody to another. A path asks the nearest peer that
//! it hasn't asked, some at once; it ends when the nearest that didn't fail have all answered. Whom the asker couldn't
//! dial it leaves alone for a while.

use std::collections::BTreeMap;

use crate::base::limits::DIAL_REST;

use super::space::{BUCKET, Space, mix, pick};

/// Disjoint paths, and requests that each path has under way (libp2p's parallelism).
const PATHS: usize = 3;
/// See [`PATHS`].
const AT_ONCE: usize = 3;
/// The shortest and the longest time between a request and its answer, in milliseconds.
const ROUND_TRIP: (u64, u64) = (20, 300);
/// How long it takes to find out that a node has left.
const DIAL_PATIENCE: u64 = 5_000;

/// A node that asks, and what it remembers from one query to the next.
#[derive(Clone, Debug)]
pub struct Asker {
    node: usize,
    /// Whom it couldn't dial, and when it found out, in milliseconds.
    unreached: BTreeMap<usize, u64>,
}

impl Asker {
    /// A node that asks for the first time.
    pub const fn new(node: usize) -> Self {
        Self { node, unreached: BTreeMap::new() }
    }

    /// Which node it is.
    pub const fn node(&self) -> usize {
        self.node
    }

    /// Whether it leaves a node alone at that time.
    fn avoids(&self, node: usize, now: u64) -> bool {
        let rest = DIAL_REST.as_millis();
        self.unreached.get(&node).is_some_and(|since| *since <= now && u128::from(now - since) < rest)
    }
}

/// What a query took, and whom it found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// Requests, those to nodes that have left among them.
    pub requests: u32,
    /// Requests that were answered.
    pub answers: u32,
    /// Peers that were named in the answers.
    pub named: u32,
    /// Over how many peers the way went to the closest that answered: 1 where the asker knew it by itself.
    pub hops: u32,
    /// The peers that answered, nearest to the key first, at most [`BUCKET`].
    pub closest: Vec<usize>,
    /// Who answered and has the record that was asked for.
    pub records: u32,
    /// Milliseconds, with round trips of 20 to 300 and nobody else to wait for.
    pub millis: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    New,
    Waiting,
    Answered,
    Failed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// So many answers in a row named nobody of use.
    Walking(usize),
    /// Nothing comes any more: all of the nearest are asked at once.
    Stalled,
    Over,
}

/// One disjoint path.
struct Path {
    /// By distance: the node, and how it stands with it.
    peers: BTreeMap<u64, (usize, Peer)>,
    waiting: usize,
    mood: Mood,
}

/// What a path wants to do next.
enum Next {
    Ask(usize),
    Wait,
    End,
}

impl Path {
    fn has_room(&self) -> bool {
        match self.mood {
            Mood::Walking(_) => self.waiting < AT_ONCE,
            Mood::Stalled => self.waiting < BUCKET,
            Mood::Over => false,
        }
    }

    fn next(&mut self) -> Next {
        if self.mood == Mood::Over {
            return Next::End;
        }
        let room = self.has_room();
        let (mut answered, mut all) = (0, true);
        for (node, peer) in self.peers.values_mut() {
            match peer {
                Peer::Waiting if !room => return Next::Wait,
                Peer::Waiting => all = false,
                Peer::Answered if all => {
                    answered += 1;
                    if answered >= BUCKET {
                        self.mood = Mood::Over;
                        return Next::End;
                    }
                }
                Peer::New if room => {
                    *peer = Peer::Waiting;
                    self.waiting += 1;
                    return Next::Ask(*node);
                }
                Peer::New => return Next::Wait,
                Peer::Answered | Peer::Failed => {}
            }
        }
        if self.waiting > 0 {
            return Next::Wait;
        }
        self.mood = Mood::Over;
        Next::End
    }

    fn failed(&mut self, distance: u64) {
        if let Some((_, peer)) = self.peers.get_mut(&distance).filter(|(_, peer)| *peer == Peer::Waiting) {
            *peer = Peer::Failed;
            self.waiting -= 1;
        }
    }

    fn answered(&mut self, distance: u64, named: &[(u64, usize)]) {
        let Some((_, peer)) = self.peers.get_mut(&distance).filter(|(_, peer)| *peer == Peer::Waiting) else {
            return;
        };
        *peer = Peer::Answered;
        self.waiting -= 1;
        let edge = self.peers.keys().nth(BUCKET - 1).or(self.peers.keys().next_back()).copied();
        let mut progress = self.peers.len() < BUCKET;
        for (distance, node) in named {
            let is_new = !self.peers.contains_key(distance);
            self.peers.entry(*distance).or_insert((*node, Peer::New));
            progress |= is_new && edge.is_none_or(|edge| *distance < edge);
        }
        self.mood = match self.mood {
            Mood::Walking(_) | Mood::Stalled if progress => Mood::Walking(0),
            Mood::Walking(idle) if idle + 1 < AT_ONCE => Mood::Walking(idle + 1),
            Mood::Walking(_) => Mood::Stalled,
            mood => mood,
        };
    }
}

/// A query under way.
struct Query<'s> {
    space: &'s Space,
    asker: &'s mut Asker,
    /// When it begins.
    from: u64,
    key: u64,
    paths: Vec<Path>,
    /// Who was asked: by which path, and what came of it.
    asked: BTreeMap<usize, (usize, Peer)>,
    /// How far each named peer is.
    hops: BTreeMap<usize, u32>,
    /// What comes when.
    due: BTreeMap<(u64, usize), bool>,
    now: u64,
    found: Found,
}

/// Asks from `from` on (milliseconds) for the nodes closest to a key, and for its record where some have it: those of
/// `keepers` that are still there.
pub fn query(space: &Space, asker: &mut Asker, from: u64, key: u64, keepers: &[usize]) -> Found {
    let known: BTreeMap<u64, (usize, Peer)> = space
        .known_closest(asker.node, key, None)
        .into_iter()
        // Whoever can't be dialled loses its place in the table at once.
        .filter(|node| !asker.avoids(*node, from))
        .map(|node| (space.place(node) ^ key, (node, Peer::New)))
        .collect();
    let path = || Path { peers: known.clone(), waiting: 0, mood: Mood::Walking(0) };
    let mut query = Query {
        space,
        asker,
        from,
        key,
        paths: core::iter::repeat_with(path).take(PATHS).collect(),
        asked: BTreeMap::new(),
        hops: BTreeMap::new(),
        due: BTreeMap::new(),
        now: 0,
        found: Found::default(),
    };
    query.run();
    query.end(keepers)
}

impl Query<'_> {
    fn run(&mut self) {
        loop {
            while self.ask_some() {}
            let Some(((now, node), answers)) = self.due.pop_first() else { return };
            self.now = now;
            self.hear(node, answers);
        }
    }

    /// Lets each path ask one more; whether any did.
    fn ask_some(&mut self) -> bool {
        let mut any = false;
        for at in 0..self.paths.len() {
            // Whom another path asked is waited for with it, and names nobody here.
            while let Next::Ask(node) = self.paths[at].next() {
                let distance = self.space.place(node) ^ self.key;
                match self.asked.get(&node).map(|(_, state)| *state) {
                    None if self.asker.avoids(node, self.from + self.now) => {
                        self.asked.insert(node, (at, Peer::Failed));
                        self.paths[at].failed(distance);
                    }
                    None => {
                        self.send(at, node);
                        any = true;
                        break;
                    }
                    Some(Peer::Answered) => self.paths[at].answered(distance, &[]),
                    Some(Peer::Failed) => self.paths[at].failed(distance),
                    Some(Peer::Waiting | Peer::New) => {}
                }
            }
        }
        any
    }

    fn send(&mut self, path: usize, node: usize) {
        self.asked.insert(node, (path, Peer::Waiting));
        self.hops.entry(node).or_insert(1);
        self.found.requests += 1;
        let answers = self.space.is_there(node);
        let spread = (ROUND_TRIP.1 - ROUND_TRIP.0) as usize;
        let trip = ROUND_TRIP.0
            + pick(mix(self.space.place(node) ^ self.space.place(self.asker.node)), spread) as u64;
        self.due.insert((self.now + if answers { trip } else { DIAL_PATIENCE }, node), answers);
    }

    fn hear(&mut self, node: usize, answers: bool) {
        let distance = self.space.place(node) ^ self.key;
        let Some((asked_by, state)) = self.asked.get_mut(&node) else { return };
        let asked_by = *asked_by;
        *state = if answers { Peer::Answered } else { Peer::Failed };
        if !answers {
            self.asker.unreached.entry(node).or_insert(self.from + self.now);
            return self.paths.iter_mut().for_each(|path| path.failed(distance));
        }
        let named = self.space.known_closest(node, self.key, Some(self.asker.node));
        self.found.answers += 1;
        self.found.named += named.len() as u32;
        let further = self.hops.get(&node).copied().unwrap_or(1) + 1;
        for named in &named {
            self.hops.entry(*named).or_insert(further);
        }
        let named: Vec<(u64, usize)> =
            named.into_iter().map(|node| (self.space.place(node) ^ self.key, node)).collect();
        for (at, path) in self.paths.iter_mut().enumerate() {
            path.answered(distance, if at == asked_by { &named } else { &[] });
        }
    }

    fn end(mut self, keepers: &[usize]) -> Found {
        let answered = self.asked.iter().filter(|(_, (_, state))| *state == Peer::Answered);
        let mut closest: Vec<usize> = answered.map(|(node, _)| *node).collect();
        closest.sort_unstable_by_key(|node| self.space.place(*node) ^ self.key);
        self.found.records = closest.iter().filter(|node| keepers.contains(node)).count() as u32;
        self.found.hops = closest.first().and_then(|node| self.hops.get(node)).copied().unwrap_or(0);
        closest.truncate(BUCKET);
        self.found.closest = closest;
        self.found.millis = self.now;
        self.found
    }
}
