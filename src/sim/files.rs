//! The files of a world: who has which on its disk, and how they get from node to node. Nobody needs their bytes.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::FileId;
use crate::engine::file_order::{FileEvent, FileOrder, Miss};
use crate::engine::input::Input;
use crate::sim::carry::LINK_UP;
use crate::sim::world::{Seen, World};
use crate::wire::file::Opening;
use crate::wire::peer::PeerAddress;

/// How long a file takes to be brought, in milliseconds, for each 64 KiB of it; and at most.
const CHUNK: u64 = 10;
const BRINGING_MAX: u64 = 60_000;

/// The files of a world.
#[derive(Debug, Default)]
pub struct Files {
    /// Which node has which on its disk, whole.
    there: BTreeSet<(usize, FileId)>,
    asks: BTreeMap<u64, Ask>,
    last: u64,
    /// Nodes that give other bytes than they should.
    pub liars: BTreeSet<usize>,
    /// How often a file was brought whole.
    pub brought: u64,
    /// How often somebody didn't get what they asked for.
    pub refused: u64,
}

#[derive(Clone, Copy, Debug)]
struct Ask {
    asker: usize,
    holder: usize,
    id: FileId,
}

impl Files {
    /// A file is put on a node's disk.
    pub fn put(&mut self, peer: usize, opening: &Opening) {
        self.there.insert((peer, opening.id()));
    }

    /// Whether a node has a file on its disk.
    pub fn has(&self, peer: usize, id: &FileId) -> bool {
        self.there.contains(&(peer, *id))
    }

    /// A node's disk is empty.
    pub(super) fn lose(&mut self, peer: usize) {
        self.there.retain(|(owner, _)| *owner != peer);
    }
}

impl World {
    /// Carries an order about files out.
    pub(super) fn file_order(&mut self, from: usize, order: FileOrder) {
        match order {
            FileOrder::Fetch { opening, from: at } => self.fetch_file(from, &opening, &at),
            FileOrder::Give { ask, opening, .. } => self.give_file(from, ask, &opening),
            FileOrder::Refuse { ask } => {
                if let Some(ask) = self.files.asks.remove(&ask) {
                    self.files.refused += 1;
                    self.miss(ask, Miss::Refused, false);
                }
            }
            FileOrder::Remove(id) => {
                self.files.there.remove(&(from, id));
                self.files.asks.retain(|_, ask| (ask.asker, ask.id) != (from, id));
            }
        }
    }

    fn fetch_file(&mut self, asker: usize, opening: &Opening, at: &PeerAddress) {
        let id = opening.id();
        if self.files.has(asker, &id) {
            return self.later(asker, 1, Input::File(FileEvent::Fetched(id)));
        }
        let reached = self.find(at.peer()).filter(|to| self.peers[*to].on && !self.network.apart(asker, *to));
        let Some(holder) = reached.filter(|holder| *holder != asker) else {
            let wait = LINK_UP + self.network.some_notice(&mut self.rng) / 4;
            let missed = FileEvent::NotFetched { id, why: Miss::Lost, some: false };
            return self.later(asker, wait, Input::File(missed));
        };
        self.files.last += 1;
        let ask = self.files.last;
        self.files.asks.insert(ask, Ask { asker, holder, id });
        let peer = self.peers[asker].key.clone();
        let wait = LINK_UP + self.network.hop(&mut self.rng);
        self.later(holder, wait, Input::File(FileEvent::Asked { ask, peer, id, from: 0 }));
    }

    fn give_file(&mut self, holder: usize, ask: u64, opening: &Opening) {
        let id = opening.id();
        if !self.files.has(holder, &id) {
            let words = format!("node {holder} gives a file that its disk doesn't have");
            self.seen.push(Seen::Wrong(words));
        }
        let Some(ask) = self.files.asks.remove(&ask) else { return };
        let rough = self.peers[ask.asker].rough || self.peers[holder].rough;
        if rough && self.rng.chance(self.faults.broken) || self.network.apart(ask.asker, holder) {
            self.count("files broken off");
            return self.miss(ask, Miss::Lost, true);
        }
        if self.files.liars.contains(&holder) {
            return self.miss(ask, Miss::Wrong, false);
        }
        // It is on the asker's disk a moment before the asker hears so, and loses its power perhaps.
        self.files.there.insert((ask.asker, id));
        self.files.brought += 1;
        let chunks = opening.shape().map_or(1, |shape| u64::from(shape.chunks()));
        let wait = LINK_UP + (CHUNK * chunks).min(BRINGING_MAX);
        self.later(ask.asker, wait, Input::File(FileEvent::Fetched(id)));
    }

    /// A node is gone: what others fetched there comes no further.
    pub(super) fn break_files(&mut self, peer: usize) {
        let gone: Vec<Ask> = {
            let all = self.files.asks.extract_if(.., |_, ask| ask.asker == peer || ask.holder == peer);
            all.map(|(_, ask)| ask).collect()
        };
        for ask in gone.into_iter().filter(|ask| ask.holder == peer && ask.asker != peer) {
            self.miss(ask, Miss::Lost, true);
        }
    }

    fn miss(&mut self, ask: Ask, why: Miss, some: bool) {
        let wait = LINK_UP + self.network.hop(&mut self.rng);
        let missed = FileEvent::NotFetched { id: ask.id, why, some };
        self.later(ask.asker, wait, Input::File(missed));
    }
}
