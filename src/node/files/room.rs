//! What all work on files shares: the directory, how far each fetch is, and figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::file_limits as limits;
use crate::base::id::FileId;
use crate::disk::blobs::Blobs;

/// The files of a node.
#[derive(Debug)]
pub(in crate::node) struct Room {
    pub(super) blobs: Blobs,
    /// Held while a file that was fetched gets its name, or loses it.
    names: Mutex<()>,
    /// Bytes that are here of files that are being fetched, without padding.
    progress: Mutex<BTreeMap<FileId, u64>>,
    fetched: AtomicU64,
    given: AtomicU64,
}

/// Chunks of files that went over the network since the node was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FileCounts {
    /// Those that came and were what they had to be.
    pub fetched: u64,
    /// Those that were given to others.
    pub given: u64,
}

impl Room {
    pub(in crate::node) fn new(blobs: Blobs) -> Self {
        Self {
            blobs,
            names: Mutex::default(),
            progress: Mutex::default(),
            fetched: AtomicU64::new(0),
            given: AtomicU64::new(0),
        }
    }

    /// Removes what is none of these from the directory: a power cut came between a word and its deed.
    pub(in crate::node) fn sweep(&self, known: &[FileId]) -> std::io::Result<()> {
        let known: BTreeSet<&FileId> = known.iter().collect();
        for id in self.blobs.list()? {
            if !known.contains(&id) {
                self.blobs.remove(&id)?;
            }
        }
        Ok(())
    }

    /// Chunks so far.
    pub(in crate::node) fn counts(&self) -> FileCounts {
        let (fetched, given) = (self.fetched.load(Ordering::Relaxed), self.given.load(Ordering::Relaxed));
        FileCounts { fetched, given }
    }

    /// Bytes that are here of a file that is being fetched.
    pub(in crate::node) fn progress(&self, id: &FileId) -> Option<u64> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    pub(super) fn came(&self, id: &FileId, bytes: u64) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).insert(*id, bytes);
    }

    pub(super) fn count_fetched(&self) {
        self.fetched.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_given(&self) {
        self.given.fetch_add(1, Ordering::Relaxed);
    }

    /// To be held while a file gets its name or loses it.
    pub(super) fn names(&self) -> MutexGuard<'_, ()> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remove(&self, id: &FileId) -> std::io::Result<()> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        let _names = self.names();
        self.blobs.remove(id)
    }

    /// Whether the disk takes so many bytes more, and stays usable.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        self.blobs.room().is_none_or(|room| room >= bytes.saturating_add(limits::DISK_RESERVE))
    }
}
