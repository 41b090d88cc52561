//! Typed tables: how a row's value is written and read.

use core::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::key::{Key, TableId};
use crate::store::snapshot::{Fault, Scan, Snapshot};

/// What a row's value must be able to do.
pub trait Row: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Row for T {}

/// A table whose values are `T`, in one version of its encoding.
#[derive(Debug)]
pub struct Table<T> {
    id: TableId,
    version: u8,
    row: PhantomData<fn() -> T>,
}

impl<T: Row> Table<T> {
    /// Declares a table. The version goes up whenever the encoding of `T` changes.
    pub const fn new(id: TableId, version: u8) -> Self {
        Self { id, version, row: PhantomData }
    }

    /// The number of the table.
    pub const fn id(&self) -> TableId {
        self.id
    }

    /// The version of the encoding.
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The key of the only row of `id`.
    pub fn key(&self, id: &[u8]) -> Key {
        Key::of(self.id, id)
    }

    /// The key of the row at `position` among the rows of `id`.
    pub fn key_at(&self, id: &[u8], position: u64) -> Key {
        Key::at(self.id, id, position)
    }

    /// A scan over all rows.
    pub const fn all(&self) -> Scan {
        Scan::table(self.id)
    }

    /// A scan over the rows of one id.
    pub fn of(&self, id: &[u8]) -> Scan {
        Scan::of(self.id, id)
    }

    /// The version byte, then the value in postcard's encoding.
    pub fn encode(&self, row: &T) -> Result<Vec<u8>, Fault> {
        postcard::to_extend(row, vec![self.version]).map_err(|error| self.fault("can't be written", &error))
    }

    /// Reads what [`Table::encode`] wrote.
    pub fn decode(&self, bytes: &[u8]) -> Result<T, Fault> {
        match bytes.split_first() {
            Some((version, body)) if *version == self.version => {
                postcard::from_bytes(body).map_err(|error| self.fault("doesn't decode", &error))
            }
            Some((version, _)) => {
                let age = if *version < self.version { "an earlier" } else { "a later" };
                Err(Fault(format!(
                    "a row of {:?} has version {version}, not {}: {age} version of this program wrote it, and this one \
                     can't read it",
                    self.id, self.version
                )))
            }
            None => Err(Fault(format!("a row of {:?} is empty", self.id))),
        }
    }

    fn fault(&self, what: &str, error: &postcard::Error) -> Fault {
        Fault(format!("a row of {:?} {what}: {error}", self.id))
    }
}

/// Typed reads, the same over a snapshot and over an open transaction. Rows are shared, not copied: what was read
/// stays as it was, whatever the transaction does to the row afterwards.
pub trait Rows {
    /// The row at `key`.
    fn get<T: Row>(&self, table: &Table<T>, key: &Key) -> Option<Arc<T>>;

    /// Rows in a range, in the scan's order.
    fn scan<T: Row>(&self, table: &Table<T>, scan: &Scan) -> Vec<(Key, Arc<T>)>;

    /// The only row of `id`.
    fn row<T: Row>(&self, table: &Table<T>, id: &[u8]) -> Option<Arc<T>> {
        self.get(table, &table.key(id))
    }

    /// A copy of the only row of `id`, to be changed and written again.
    fn copy<T: Row>(&self, table: &Table<T>, id: &[u8]) -> Option<T> {
        self.row(table, id).map(Arc::unwrap_or_clone)
    }
}

/// Typed reads of a snapshot, for views. Ask [`Reader::finish`] before showing what was read.
pub struct Reader<'s> {
    snapshot: &'s dyn Snapshot,
    fault: core::cell::RefCell<Option<Fault>>,
}

impl<'s> Reader<'s> {
    /// Reads from `snapshot`.
    pub fn new(snapshot: &'s dyn Snapshot) -> Self {
        Self { snapshot, fault: core::cell::RefCell::new(None) }
    }

    /// Whether every read so far was sound.
    pub fn finish(&self) -> Result<(), Fault> {
        self.fault.borrow().clone().or_else(|| self.snapshot.fault()).map_or(Ok(()), Err)
    }

    fn decode<T: Row>(&self, table: &Table<T>, bytes: &[u8]) -> Option<T> {
        table.decode(bytes).map_err(|fault| self.fault.borrow_mut().get_or_insert(fault).clone()).ok()
    }
}

impl Rows for Reader<'_> {
    fn get<T: Row>(&self, table: &Table<T>, key: &Key) -> Option<Arc<T>> {
        self.snapshot.get(key).and_then(|value| self.decode(table, &value)).map(Arc::new)
    }

    fn scan<T: Row>(&self, table: &Table<T>, scan: &Scan) -> Vec<(Key, Arc<T>)> {
        let rows = self.snapshot.scan(scan);
        rows.into_iter()
            .filter_map(|(key, value)| Some((key, Arc::new(self.decode(table, &value)?))))
            .collect()
    }
}
