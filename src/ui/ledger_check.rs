//! An audit on all cores: each signature verified strictly and alone, then the chain replayed in order.

use crate::domain::billing::audit::{Checked, Entry, Keys};
use crate::domain::billing::ledger_file::Read;
use crate::domain::billing::logs::Logs;

/// Threads that verify, each with the keys that it has met so far.
pub(super) struct Verifiers(Vec<Keys>);

impl Verifiers {
    /// One for each core.
    pub(super) fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self((0..threads).map(|_| Keys::default()).collect())
    }

    /// Verifies events, each by itself; in their order.
    pub(super) fn events(&mut self, entries: &[Entry], logs: &Logs) -> Vec<Checked> {
        self.each(entries, |entry, keys| Checked::new(&entry.event, logs, keys))
    }

    /// Reads the lines of a ledger's file and verifies the events in them, each by itself; in their order.
    pub(super) fn lines(&mut self, lines: &[String], logs: &Logs) -> Vec<Read> {
        self.each(lines, |line, keys| Read::new(line, logs, keys))
    }

    fn each<T: Sync, R: Send>(&mut self, all: &[T], one: impl Fn(&T, &mut Keys) -> R + Sync) -> Vec<R> {
        let part = all.len().div_ceil(self.0.len()).max(1);
        let one = &one;
        std::thread::scope(|scope| {
            let threads: Vec<_> = all
                .chunks(part)
                .zip(&mut self.0)
                .map(|(part, keys)| {
                    scope.spawn(move || part.iter().map(|item| one(item, keys)).collect::<Vec<_>>())
                })
                .collect();
            // A part whose thread ended badly is verified here, where it ends the same way.
            let joined = threads.into_iter().zip(all.chunks(part));
            let again = |part: &[T]| part.iter().map(|item| one(item, &mut Keys::default())).collect();
            joined.flat_map(|(thread, part)| thread.join().unwrap_or_else(|_| again(part))).collect()
        })
    }
}
