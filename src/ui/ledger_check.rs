//! An audit on all cores: each signature verified strictly and alone, then the chain replayed in order.

use crate::domain::billing::audit::{Auditor, Entry, Keys, Logs, Reason, verify};
use crate::wire::billing::Event;

/// Replays the next entries.
pub(super) fn take(auditor: &mut Auditor, entries: &[Entry], logs: &Logs) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = entries.len().div_ceil(threads).max(1);
    let verify_part = |part: &[Entry]| -> Vec<Result<Event, Reason>> {
        let mut keys = Keys::default();
        part.iter().map(|entry| verify(&entry.event, logs, &mut keys)).collect()
    };
    let verified: Vec<Vec<Result<Event, Reason>>> = std::thread::scope(|scope| {
        let parts = entries.chunks(part).map(|part| scope.spawn(move || verify_part(part)));
        let parts: Vec<_> = parts.collect();
        // A part whose thread ended badly is verified here, where it ends the same way.
        let joined = parts.into_iter().zip(entries.chunks(part));
        joined.map(|(thread, part)| thread.join().unwrap_or_else(|_| verify_part(part))).collect()
    });
    for (entry, verified) in entries.iter().zip(verified.into_iter().flatten()) {
        auditor.take(entry, verified);
    }
}
