//! A disk in memory that forgets in a crash whatever was not synced.

use std::collections::{BTreeMap, VecDeque};

use crate::store::key::{Key, Value};
use crate::store::snapshot::{Fault, Scan, Snapshot};
use crate::store::tx::{Batch, Changes, Committed, Uncommitted};

/// Rows, and how to undo those that aren't safe yet.
#[derive(Debug, Default)]
pub struct Disk {
    /// What a reader sees.
    rows: BTreeMap<Key, Value>,
    /// Batches that aren't safe, oldest first, each with what its rows were before it.
    waiting: VecDeque<(Changes, Uncommitted)>,
    /// The next reads fail.
    pub unreadable: bool,
    /// It calls safe what isn't: a bug for the oracle to find.
    pub lies: bool,
    /// What it called safe that way.
    pretended: Vec<Changes>,
    /// How many batches it was given so far: the number of the last one.
    staged: u64,
    /// The number of the last batch that is safe.
    safe: u64,
}

impl Disk {
    /// Takes a batch over: readers see it at once, a crash forgets it until it is synced.
    pub fn stage(&mut self, batch: Batch) {
        let (changes, uncommitted) = batch.into_parts();
        let before = changes.into_iter().map(|(key, value)| {
            let old = match value {
                Some(value) => self.rows.insert(key.clone(), value),
                None => self.rows.remove(&key),
            };
            (key, old)
        });
        let before = before.collect();
        self.waiting.push_back((before, uncommitted));
        self.staged += 1;
    }

    /// Makes the oldest batch safe.
    pub fn sync(&mut self) -> Option<Committed> {
        let (before, uncommitted) = self.waiting.pop_front()?;
        if self.lies {
            self.pretended.push(before);
        } else {
            self.safe = self.staged - self.waiting.len() as u64;
        }
        Some(uncommitted.durable())
    }

    /// A power cut: whatever waited is gone.
    pub fn crash(&mut self) {
        self.unreadable = false;
        let waiting = self.waiting.drain(..).map(|(before, _)| before);
        let lost: Vec<Changes> = self.pretended.drain(..).chain(waiting).collect();
        for before in lost.into_iter().rev() {
            for (key, value) in before {
                match value {
                    Some(value) => self.rows.insert(key, value),
                    None => self.rows.remove(&key),
                };
            }
        }
    }

    /// The number of the last batch that it was given; no later one has it.
    pub fn last_batch(&self) -> u64 {
        self.staged
    }

    /// Whether a batch survives a power cut; one that an earlier one took doesn't come into question.
    pub fn is_safe(&self, batch: u64) -> bool {
        batch <= self.safe
    }

    /// How many batches wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many rows the batches that wait have changed.
    pub fn rows_waiting(&self) -> usize {
        self.waiting.iter().map(|(before, _)| before.len()).sum()
    }

    /// What a power cut would leave.
    pub fn safe(&self) -> impl Snapshot + '_ {
        let mut unsafe_rows = BTreeMap::new();
        // Of several batches that touched a row, the oldest knows what is safe.
        let waiting = self.waiting.iter().map(|(before, _)| before);
        for before in self.pretended.iter().chain(waiting).collect::<Vec<_>>().into_iter().rev() {
            unsafe_rows.extend(before.iter().map(|(key, value)| (key, value.as_ref())));
        }
        View { rows: &self.rows, over: unsafe_rows, fault: false }
    }

    /// What the engine sees.
    pub fn seen(&self) -> impl Snapshot + '_ {
        View { rows: &self.rows, over: BTreeMap::new(), fault: self.unreadable }
    }

    /// What a backup has: every row that is safe.
    pub fn copied(&self) -> BTreeMap<Key, Value> {
        let mut rows = self.rows.clone();
        let waiting = self.waiting.iter().map(|(before, _)| before);
        for before in self.pretended.iter().chain(waiting).collect::<Vec<_>>().into_iter().rev() {
            for (key, value) in before {
                match value {
                    Some(value) => rows.insert(key.clone(), value.clone()),
                    None => rows.remove(key),
                };
            }
        }
        rows
    }

    /// A disk that was made of a backup.
    pub fn of(rows: BTreeMap<Key, Value>) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Every key that a reader sees, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.rows.keys()
    }
}

/// Rows with others laid over them.
struct View<'a> {
    rows: &'a BTreeMap<Key, Value>,
    over: BTreeMap<&'a Key, Option<&'a Value>>,
    fault: bool,
}

impl Snapshot for View<'_> {
    fn get(&self, key: &Key) -> Option<Value> {
        match self.over.get(key) {
            Some(value) => value.cloned(),
            None => self.rows.get(key).cloned(),
        }
    }

    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)> {
        let from = if scan.id.is_some() { scan.from.as_slice() } else { &[] };
        let first = Key::under(scan.table, scan.id.as_deref().unwrap_or_default(), from);
        let is_near =
            |key: &Key| key.table == scan.table && scan.id.as_ref().is_none_or(|id| **id == *key.id);
        let near = self.rows.range(&first..).take_while(|(key, _)| is_near(key));
        let matching = near.filter(|(key, _)| scan.matches(key) && !self.over.contains_key(key));
        // Nothing lies over the rows that an engine sees: then they are read no further than is asked.
        let enough = if self.over.is_empty() && !scan.reverse { scan.limit } else { usize::MAX };
        let mut rows: Vec<_> =
            matching.take(enough).map(|(key, value)| (key.clone(), value.clone())).collect();
        let over = self.over.iter().filter(|(key, _)| scan.matches(key));
        rows.extend(over.filter_map(|(key, value)| Some(((*key).clone(), (*value)?.clone()))));
        scan.arrange(&mut rows);
        rows
    }

    fn fault(&self) -> Option<Fault> {
        self.fault.then(|| Fault("the simulated disk gives no answer".into()))
    }
}
