//! The files of a world: who has which on its disk, and who asks whom for one.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::FileId;
use crate::wire::file::Opening;

/// The files of a world.
#[derive(Debug, Default)]
pub struct Files {
    /// Which node has which on its disk, whole.
    pub(super) there: BTreeSet<(usize, FileId)>,
    pub(super) asks: BTreeMap<u64, Ask>,
    pub(super) last: u64,
    /// Nodes that give other bytes than they should.
    pub liars: BTreeSet<usize>,
    /// How often a file was brought whole.
    pub brought: u64,
    /// How often somebody didn't get what they asked for.
    pub refused: u64,
}

/// A node asks another one for a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) asker: usize,
    pub(super) holder: usize,
    pub(super) id: FileId,
    /// The asker's number of it.
    pub(super) attempt: u64,
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
