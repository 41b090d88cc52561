//! How the world brings files from node to node, without their bytes, which nobody needs.

use crate::engine::file_order::{FileEvent, FileOrder, Miss};
use crate::engine::input::Input;
use crate::sim::carry::LINK_UP;
use crate::sim::files::Ask;
use crate::sim::world::{Seen, World};
use crate::wire::file::Opening;
use crate::wire::peer::PeerAddress;

/// How long a file takes to be brought, in milliseconds, for each 64 KiB of it; and at most.
const CHUNK: u64 = 10;
const BRINGING_MAX: u64 = 60_000;

impl World {
    /// Carries an order about files out.
    pub(super) fn file_order(&mut self, from: usize, order: FileOrder) {
        match order {
            FileOrder::Fetch { attempt, opening, from: at } => self.fetch_file(from, attempt, &opening, &at),
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

    fn fetch_file(&mut self, asker: usize, attempt: u64, opening: &Opening, at: &PeerAddress) {
        let id = opening.id();
        if self.files.has(asker, &id) {
            return self.later(asker, 1, Input::File(FileEvent::Fetched { id, attempt }));
        }
        let reached = self.find(at.peer()).filter(|to| self.peers[*to].on && !self.network.apart(asker, *to));
        let Some(holder) = reached.filter(|holder| *holder != asker) else {
            let wait = LINK_UP + self.network.some_notice(&mut self.rng) / 4;
            let missed = FileEvent::NotFetched { id, attempt, why: Miss::Lost, some: false };
            return self.later(asker, wait, Input::File(missed));
        };
        self.files.last += 1;
        let ask = self.files.last;
        self.files.asks.insert(ask, Ask { asker, holder, id, attempt });
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
        self.later(ask.asker, wait, Input::File(FileEvent::Fetched { id, attempt: ask.attempt }));
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
        let missed = FileEvent::NotFetched { id: ask.id, attempt: ask.attempt, why, some };
        self.later(ask.asker, wait, Input::File(missed));
    }
}
