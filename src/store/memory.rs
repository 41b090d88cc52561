//! Rows in memory, for tests.

use std::collections::BTreeMap;

use crate::store::key::{Key, Value};
use crate::store::snapshot::{Fault, Scan, Snapshot};

/// A store whose rows are lost with it.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    /// The rows themselves, to be counted and tampered with.
    pub(crate) rows: BTreeMap<Key, Value>,
}

/// A store without a row.
pub(crate) static NOTHING: Memory = Memory { rows: BTreeMap::new() };

impl Memory {
    /// A store of these rows.
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
}

impl Snapshot for Memory {
    fn get(&self, key: &Key) -> Option<Value> {
        self.rows.get(key).cloned()
    }

    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)> {
        let matching = self.rows.iter().filter(|(key, _)| scan.matches(key));
        let mut rows: Vec<_> = matching.map(|(key, value)| (key.clone(), value.clone())).collect();
        scan.arrange(&mut rows);
        rows
    }

    fn fault(&self) -> Option<Fault> {
        None
    }
}
