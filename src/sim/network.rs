//! The simulated network: links, who can reach whom, and how long anything takes.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use crate::base::time::Time;
use crate::sim::random::Random;
use crate::wire::peer::LinkId;

/// A link as the world sees it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The number of the next frame that is given to it.
    next: u64,
    /// How long a frame is under way at least, in milliseconds.
    delay: u64,
    /// When the last frame arrives: none overtakes it by itself.
    last: Time,
    /// When the last word about its frames arrives: none overtakes it.
    said: Time,
}

/// Who is connected to whom, and which nodes can't be.
#[derive(Debug, Default)]
pub(super) struct Network {
    links: BTreeMap<LinkId, Link>,
    ends: BTreeMap<usize, BTreeSet<LinkId>>,
    connected: BTreeSet<(usize, usize)>,
    /// The node that nobody can connect to now.
    pub(super) away: Option<usize>,
    /// Nodes on the other side of a partition.
    pub(super) parted: BTreeSet<usize>,
    /// Milliseconds that a frame is under way, from and to.
    pub(super) delay: (u64, u64),
    /// How long it takes until a node notices that another one is gone, in milliseconds at most.
    pub(super) notice: u64,
    opened: u64,
}

impl Network {
    /// A network in which a frame is so many milliseconds under way, and what ends is noticed at once.
    pub(super) fn new(delay: (u64, u64)) -> Self {
        Self { delay, ..Self::default() }
    }

    /// Whether no link can be had from one node to another one.
    pub(super) fn apart(&self, from: usize, to: usize) -> bool {
        to == from || Some(to) == self.away || self.parts(from, to)
    }

    /// Whether nothing at all gets from one node to another one.
    pub(super) fn parts(&self, one: usize, other: usize) -> bool {
        self.parted.contains(&one) != self.parted.contains(&other)
    }

    /// Opens a link.
    pub(super) fn open(&mut self, from: usize, to: usize, now: Time, rng: &mut Random) -> LinkId {
        self.opened += 1;
        let id = LinkId::new(self.opened);
        let delay = self.some_delay(rng);
        self.links.insert(id, Link { from, to, next: 0, delay, last: now, said: now });
        for end in [from, to] {
            self.ends.entry(end).or_default().insert(id);
        }
        self.connected.extend([(from, to), (to, from)]);
        id
    }

    /// How long something is under way.
    pub(super) fn some_delay(&self, rng: &mut Random) -> u64 {
        let (least, most) = self.delay;
        if least == most { least } else { least + rng.below(most - least) }
    }

    /// How long a word about frames, a question or an answer is under way; no time in a world without distances.
    pub(super) fn hop(&self, rng: &mut Random) -> u64 {
        if self.notice == 0 { 0 } else { self.some_delay(rng) }
    }

    /// How long until somebody notices that something is gone.
    pub(super) fn some_notice(&self, rng: &mut Random) -> u64 {
        1 + if self.notice == 0 { 0 } else { rng.below(self.notice) }
    }

    /// Gives so many frames to a link: the number of the first.
    pub(super) fn number(&mut self, id: LinkId, from: usize, frames: usize) -> Option<(usize, u64)> {
        let link = self.links.get_mut(&id).filter(|link| link.from == from)?;
        let first = link.next;
        link.next += frames as u64;
        Some((link.to, first))
    }

    /// When a frame that is given to a link now arrives, behind all those before it.
    pub(super) fn arrival(&mut self, id: LinkId, now: Time) -> Time {
        let Some(link) = self.links.get_mut(&id) else { return now };
        link.last = link.last.max(now.plus(Duration::from_millis(link.delay)));
        link.last
    }

    /// Where a word about a link's frames arrives, and when if it were alone at that time: behind all those before it.
    pub(super) fn word(&mut self, id: LinkId, at: Time) -> Option<(usize, Time)> {
        let link = self.links.get_mut(&id)?;
        link.said = link.said.max(at);
        Some((link.from, link.said))
    }

    /// Takes a link away: who had opened it.
    pub(super) fn close(&mut self, id: LinkId) -> Option<usize> {
        let link = self.links.remove(&id)?;
        for end in [link.from, link.to] {
            self.ends.entry(end).or_default().remove(&id);
        }
        Some(link.from)
    }

    /// The links of a node, in both directions.
    pub(super) fn links_of(&self, peer: usize) -> Vec<LinkId> {
        self.ends.get(&peer).into_iter().flatten().copied().collect()
    }

    /// The links that others have opened to a node.
    pub(super) fn links_to(&self, peer: usize) -> Vec<LinkId> {
        let is_to = |id: &LinkId| self.links.get(id).is_some_and(|link| link.to == peer);
        self.links_of(peer).into_iter().filter(is_to).collect()
    }

    /// The links that now lead nowhere, because their ends are apart.
    pub(super) fn cut(&self) -> Vec<LinkId> {
        let cut = self.links.iter().filter(|(_, link)| self.apart(link.from, link.to));
        cut.map(|(id, _)| *id).collect()
    }

    /// Ends all connections of a node: who had one.
    pub(super) fn disconnect(&mut self, peer: usize) -> Vec<usize> {
        let others: Vec<usize> =
            self.connected.range((peer, 0)..=(peer, usize::MAX)).map(|(_, other)| *other).collect();
        for other in &others {
            self.connected.remove(&(peer, *other));
            self.connected.remove(&(*other, peer));
        }
        others
    }

    /// Whether two nodes have a connection.
    pub(super) fn is_connected(&self, one: usize, other: usize) -> bool {
        self.connected.contains(&(one, other))
    }
}
