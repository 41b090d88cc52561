//! What the database, its views and its two threads share.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::crypto::secret::Secret;
use crate::disk::journal::Place;
use crate::disk::options::Options;
use crate::disk::overlay::{Layer, Overlay};
use crate::disk::tree::Tree;
use crate::disk::vault::{DATABASE_ID_LEN, Vault};
use crate::store::snapshot::Fault;

/// What the database, its views and its two threads share.
pub(in crate::disk) struct Shared {
    pub(in crate::disk) vault: Vault,
    pub(in crate::disk) tree: Tree,
    pub(in crate::disk) place: Place,
    pub(in crate::disk) manifest: PathBuf,
    pub(in crate::disk) data_key: Secret<32>,
    pub(in crate::disk) database: [u8; DATABASE_ID_LEN],
    pub(in crate::disk) options: Options,
    pub(in crate::disk) state: Mutex<State>,
    /// Wakes the applier.
    pub(in crate::disk) work: Condvar,
    /// Wakes whoever waits for room, or for a checkpoint.
    pub(in crate::disk) room: Condvar,
    /// Why nothing more is committed.
    pub(in crate::disk) fault: OnceLock<Fault>,
    pub(in crate::disk) applied: AtomicU64,
    pub(in crate::disk) checkpoints: AtomicU64,
}

/// A journal segment, by the batch that it begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::disk) struct Begun {
    pub(in crate::disk) number: u64,
    /// The sequence number of its first batch: all rows of earlier ones lie in older segments.
    pub(in crate::disk) sequence: u64,
}

/// What the lock guards.
#[derive(Default)]
pub(in crate::disk) struct State {
    pub(in crate::disk) overlay: Overlay,
    /// Rows that became durable since a copy was begun, or since they were last taken for it; none where none is made.
    pub(in crate::disk) changed: Option<Layer>,
    /// Groups of batches that became durable; tells the applier whether the node is busy.
    pub(in crate::disk) groups: u64,
    /// Journal segments begun since the database was opened.
    pub(in crate::disk) rolls: u64,
    /// Journal segments that the database knows the first batch of, oldest first.
    pub(in crate::disk) segments: VecDeque<Begun>,
    /// The value of `rolls` for which a spare segment was made.
    pub(in crate::disk) spares: u64,
    /// Whether the applier waits for the first row, without a deadline.
    pub(in crate::disk) asleep: bool,
    /// Checkpoints asked for, and how many of those are done.
    pub(in crate::disk) asked: u64,
    pub(in crate::disk) answered: u64,
    /// No commit is taken any more.
    pub(in crate::disk) closed: bool,
    /// The applier is to end at once.
    pub(in crate::disk) stop: bool,
}

impl Shared {
    /// The state. A panic while it was held leaves it sound: every change is a single call.
    pub(in crate::disk) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops all commits from now on. The first fault is the one that is told.
    pub(in crate::disk) fn poison(&self, fault: Fault) -> Fault {
        let first = self.fault.get_or_init(|| fault).clone();
        let _state = self.lock();
        self.room.notify_all();
        self.work.notify_all();
        first
    }

    /// Whether a checkpoint is due.
    pub(in crate::disk) fn journal_is_long(&self) -> bool {
        self.place.allocated.load(Ordering::Relaxed) > self.checkpoint_bytes()
    }

    /// One segment is always allocated, and a second one while the first is let go.
    fn checkpoint_bytes(&self) -> u64 {
        self.options.checkpoint_bytes.max(self.options.segment_bytes.saturating_mul(2))
    }

    /// Where a checkpoint of a busy node may begin the journal anew: behind the older half of it. What was written since
    /// is often written again, or deleted, before the next one, and then never has to be brought into sled.
    pub(in crate::disk) fn middle(&self, state: &State) -> Option<Begun> {
        let kept = self.checkpoint_bytes() / 2 / self.options.segment_bytes.max(1);
        let index = state.segments.len().checked_sub(usize::try_from(kept).ok()?.max(1))?;
        state.segments.get(index).copied()
    }

    /// Whether commits must wait.
    pub(in crate::disk) fn is_full(&self, state: &State) -> bool {
        let allocated = self.place.allocated.load(Ordering::Relaxed);
        state.overlay.bytes() > self.options.overlay_hard_bytes
            || allocated > self.checkpoint_bytes().saturating_mul(3)
    }
}

/// Waits on a condition variable; see [`Shared::lock`].
pub(in crate::disk) fn wait<'s>(condition: &Condvar, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
    condition.wait(state).unwrap_or_else(PoisonError::into_inner)
}
