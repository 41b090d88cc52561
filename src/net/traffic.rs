//! How much went over all envelope links of a node, since the start.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts frames and their bytes: sealed envelopes, without their length prefixes and without the transport's own
/// encryption around them.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    frames_sent: AtomicU64,
    bytes_sent: AtomicU64,
    frames_received: AtomicU64,
    bytes_received: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Frames written to links.
    pub frames_sent: u64,
    /// The bytes of those frames.
    pub bytes_sent: u64,
    /// Frames read from links.
    pub frames_received: u64,
    /// The bytes of those frames.
    pub bytes_received: u64,
}

impl Traffic {
    /// Counts a frame that is written to a link.
    pub(crate) fn sent(&self, bytes: usize) {
        self.frames_sent.fetch_add(1, Ordering::Relaxed);
        self.bytes_sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts frames that were read from a link.
    pub(crate) fn received(&self, frames: usize, bytes: usize) {
        self.frames_received.fetch_add(frames as u64, Ordering::Relaxed);
        self.bytes_received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            frames_sent: self.frames_sent.load(Ordering::Relaxed),
            bytes_sent: self.bytes_sent.load(Ordering::Relaxed),
            frames_received: self.frames_received.load(Ordering::Relaxed),
            bytes_received: self.bytes_received.load(Ordering::Relaxed),
        }
    }
}
