//! How a database is tuned, and what opening and running it reports.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::disk::medium::{Medium, SystemMedium};

/// How a database uses memory and disk. The defaults fit a telephone and a small server alike.
#[derive(Clone)]
pub struct Options {
    /// Bytes of sled's page cache.
    pub cache_bytes: u64,
    /// Bytes of one journal segment, allocated ahead; at most [`crate::base::limits::JOURNAL_RECORD_MAX`].
    pub segment_bytes: u64,
    /// Journal bytes at which a checkpoint begins; bounds how long a replay takes. Commits wait while the
    /// journal has more than three times as much.
    pub checkpoint_bytes: u64,
    /// Bytes of rows held for sled at which they are applied even when the node is busy.
    pub overlay_soft_bytes: usize,
    /// Bytes of rows held for sled at which [`crate::disk::database::Database::commit`] waits.
    pub overlay_hard_bytes: usize,
    /// How long no commit must have come before the rows held are applied to sled.
    pub settle: Duration,
    /// How journal bytes reach the disk; replaced by tests.
    pub medium: Arc<dyn Medium>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 32 * 1024 * 1024,
            segment_bytes: 4 * 1024 * 1024,
            checkpoint_bytes: 32 * 1024 * 1024,
            overlay_soft_bytes: 16 * 1024 * 1024,
            overlay_hard_bytes: 96 * 1024 * 1024,
            settle: Duration::from_secs(1),
            medium: Arc::new(SystemMedium),
        }
    }
}

/// What opening did, for the log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recovery {
    /// Whether the database was made just now.
    pub created: bool,
    /// Journal segments read.
    pub segments: u64,
    /// Batches replayed from them.
    pub batches: u64,
    /// Bytes of records replayed.
    pub bytes: u64,
    /// Bytes of an unfinished record at the journal's end that were dropped: its batches were never confirmed.
    pub torn_bytes: u64,
    /// Whether the file system makes sled's writes durable one by one (see `chattr +S`). Where it can't, a power
    /// cut while sled tidies a large database may cost rows; worth a warning.
    pub write_through: bool,
    /// Damaged files that were moved aside, by their new names; sled made them anew from its log.
    pub quarantined: Vec<PathBuf>,
}

/// How large a database is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sizes {
    /// Bytes of the journal on the disk, allocated segments whole.
    pub journal_bytes: u64,
    /// Bytes of sled on the disk.
    pub tree_bytes: u64,
    /// Rows that are staged and not durable yet.
    pub staged_rows: u64,
    /// Durable rows that sled doesn't hold yet.
    pub overlay_rows: u64,
    /// Bytes of memory of both.
    pub overlay_bytes: u64,
    /// Rows written to sled since the database was opened.
    pub applied_rows: u64,
    /// Checkpoints since the database was opened.
    pub checkpoints: u64,
}
