//! A disk in memory that forgets in a crash whatever was not synced.

use std::collections::{BTreeMap, VecDeque};

use crate::store::key::{Key, Value};
use crate::store::snapshot::{Fault, Scan, Snapshot};
use crate::store::tx::{Batch, Changes, Committed, Uncommitted};

/// Rows that are safe, and batches on their way to safety.
#[derive(Debug, Default)]
pub struct Disk {
    safe: BTreeMap<Key, Value>,
    waiting: VecDeque<(Changes, Uncommitted)>,
    /// What a reader sees: safe rows with everything that waits laid over them.
    seen: BTreeMap<Key, Value>,
}

impl Disk {
    /// Takes a batch over: readers see it at once, a crash forgets it until it is synced.
    pub fn stage(&mut self, batch: Batch) {
        let (changes, uncommitted) = batch.into_parts();
        lay(&mut self.seen, changes.clone());
        self.waiting.push_back((changes, uncommitted));
    }

    /// Makes the oldest batch safe.
    pub fn sync(&mut self) -> Option<Committed> {
        let (changes, uncommitted) = self.waiting.pop_front()?;
        lay(&mut self.safe, changes);
        Some(uncommitted.durable())
    }

    /// A power cut: whatever waited is gone.
    pub fn crash(&mut self) {
        self.waiting.clear();
        self.seen.clone_from(&self.safe);
    }

    /// How many batches wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// What a power cut would leave.
    pub fn safe(&self) -> impl Snapshot + '_ {
        Rows(&self.safe)
    }

    /// What the engine sees.
    pub fn seen(&self) -> impl Snapshot + '_ {
        Rows(&self.seen)
    }
}

struct Rows<'a>(&'a BTreeMap<Key, Value>);

impl Snapshot for Rows<'_> {
    fn get(&self, key: &Key) -> Option<Value> {
        self.0.get(key).cloned()
    }

    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)> {
        let first = Key::of(scan.table, scan.id.as_deref().unwrap_or_default());
        let from = self.0.range(first..);
        let near = from.take_while(|(key, _)| {
            key.table == scan.table && scan.id.as_ref().is_none_or(|id| **id == *key.id)
        });
        let matching = near.filter(|(key, _)| scan.matches(key));
        let mut rows: Vec<_> = matching.map(|(key, value)| (key.clone(), value.clone())).collect();
        scan.arrange(&mut rows);
        rows
    }

    fn fault(&self) -> Option<Fault> {
        None
    }
}

fn lay(rows: &mut BTreeMap<Key, Value>, changes: Changes) {
    for (key, value) in changes {
        match value {
            Some(value) => rows.insert(key, value),
            None => rows.remove(&key),
        };
    }
}
