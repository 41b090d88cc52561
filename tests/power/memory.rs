//! A store in memory that remembers each of its states.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use sigillo::store::key::{Key, Value};
use sigillo::store::snapshot::{Fault, Scan, Snapshot};
use sigillo::store::tx::{Batch, Committed};

use crate::store::Store;

/// Rows by key.
pub(crate) type Rows = BTreeMap<Key, Value>;

/// A store in memory. Clones are the same store.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<Mutex<Vec<Arc<Rows>>>>);

impl Memory {
    /// A store that holds these rows.
    pub(crate) fn of(rows: Arc<Rows>) -> Self {
        Self(Arc::new(Mutex::new(vec![rows])))
    }

    /// What it held before the first batch and after each.
    pub(crate) fn states(&self) -> Vec<Arc<Rows>> {
        self.lock().clone()
    }

    /// What it holds.
    pub(crate) fn rows(&self) -> Arc<Rows> {
        self.lock().last().unwrap().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Rows>>> {
        self.0.lock().unwrap()
    }
}

impl Store for Memory {
    fn view(&self) -> Box<dyn Snapshot + '_> {
        Box::new(Seen(self.rows()))
    }

    fn commit(&mut self, batch: Batch) -> Result<Committed, Fault> {
        let (changes, uncommitted) = batch.into_parts();
        let mut rows = self.rows();
        for (key, value) in changes {
            match value {
                Some(value) => Arc::make_mut(&mut rows).insert(key, value),
                None => Arc::make_mut(&mut rows).remove(&key),
            };
        }
        self.lock().push(rows);
        Ok(uncommitted.durable())
    }

    fn tidy(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

struct Seen(Arc<Rows>);

impl Snapshot for Seen {
    fn get(&self, key: &Key) -> Option<Value> {
        self.0.get(key).cloned()
    }

    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)> {
        let first = Key::of(scan.table, scan.id.as_deref().unwrap_or_default());
        let near = self.0.range(first..).take_while(|(key, _)| key.table == scan.table);
        let matching = near.filter(|(key, _)| scan.matches(key));
        let mut rows: Vec<_> = matching.map(|(key, value)| (key.clone(), value.clone())).collect();
        scan.arrange(&mut rows);
        rows
    }

    fn fault(&self) -> Option<Fault> {
        None
    }
}
