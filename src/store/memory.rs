//! Rows in memory: for tests, and for nodes that are thrown away.

use std::collections::BTreeMap;

use crate::store::key::{Key, Value};
use crate::store::snapshot::{Fault, Scan, Snapshot};
#[cfg(feature = "full")]
use crate::store::tx::{Batch, Committed};

/// A store whose rows are lost with it.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    /// The rows themselves, to be counted and tampered with.
    pub(crate) rows: BTreeMap<Key, Value>,
}

/// A store without a row.
#[cfg(test)]
pub(crate) static NOTHING: Memory = Memory { rows: BTreeMap::new() };

impl Memory {
    /// A store of these rows.
    #[cfg(test)]
    pub(crate) fn of(rows: impl IntoIterator<Item = (Key, Value)>) -> Self {
        Self { rows: rows.into_iter().collect() }
    }

    /// Stores what a transaction changed.
    pub(crate) fn store(&mut self, changes: impl IntoIterator<Item = (Key, Option<Value>)>) {
        for (key, value) in changes {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }

    /// Stores a batch. It is as durable as anything here: rows and node end together, so nothing is left that could
    /// contradict what was sent.
    #[cfg(feature = "full")]
    pub(crate) fn commit(&mut self, batch: Batch) -> Committed {
        let (changes, uncommitted) = batch.into_parts();
        self.store(changes);
        uncommitted.durable()
    }
}

impl Snapshot for Memory {
    fn get(&self, key: &Key) -> Option<Value> {
        self.rows.get(key).cloned()
    }

    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)> {
        let from = if scan.id.is_some() { scan.from.as_slice() } else { &[] };
        let first = Key::under(scan.table, scan.id.as_deref().unwrap_or_default(), from);
        let is_near =
            |key: &Key| key.table == scan.table && scan.id.as_ref().is_none_or(|id| **id == *key.id);
        let near = self.rows.range(&first..).take_while(|(key, _)| is_near(key));
        let matching = near.filter(|(key, _)| scan.matches(key));
        let mut rows: Vec<_> = matching.map(|(key, value)| (key.clone(), value.clone())).collect();
        scan.arrange(&mut rows);
        rows
    }

    fn fault(&self) -> Option<Fault> {
        None
    }
}
