//! Reading the store: what a disk offers to the engine and to views.

use crate::store::key::{Key, TableId, Value};

/// A read failed, or a row is not what was written. The node stops on it; nothing that was decided on a
/// failed read is ever stored, sent or shown.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the store can't be read: {0}")]
pub struct Fault(pub String);

/// Rows to read in one go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scan {
    /// The table.
    pub table: TableId,
    /// Only the rows of this id, in the order of their order part; all rows of the table where none is given.
    pub id: Option<Vec<u8>>,
    /// The first order part that is wanted (inclusive).
    pub from: Vec<u8>,
    /// The first order part that is no longer wanted (exclusive), if there is one.
    pub until: Option<Vec<u8>>,
    /// Highest first.
    pub reverse: bool,
    /// At most so many rows.
    pub limit: usize,
}

impl Scan {
    /// All rows of a table, sorted by key.
    pub const fn table(table: TableId) -> Self {
        Self { table, id: None, from: Vec::new(), until: None, reverse: false, limit: usize::MAX }
    }

    /// All rows of one id, in their order.
    pub fn of(table: TableId, id: &[u8]) -> Self {
        Self { id: Some(id.to_vec()), ..Self::table(table) }
    }

    /// Only positions from `position` on (see [`Key::at`]).
    #[must_use]
    pub fn from(mut self, position: u64) -> Self {
        self.from = position.to_be_bytes().to_vec();
        self
    }

    /// Only positions before `position` (see [`Key::at`]).
    #[must_use]
    pub fn until(mut self, position: u64) -> Self {
        self.until = Some(position.to_be_bytes().to_vec());
        self
    }

    /// Highest first.
    #[must_use]
    pub const fn reversed(mut self) -> Self {
        self.reverse = true;
        self
    }

    /// At most `limit` rows.
    #[must_use]
    pub const fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether `key` is among the rows that are asked for, the limit aside.
    pub fn matches(&self, key: &Key) -> bool {
        self.table == key.table
            && self.id.as_ref().is_none_or(|id| **id == *key.id)
            && *key.order >= *self.from
            && self.until.as_ref().is_none_or(|until| *key.order < **until)
    }

    /// Sorts by key in the direction asked for and cuts at the limit.
    pub fn arrange(&self, rows: &mut Vec<(Key, Value)>) {
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        if self.reverse {
            rows.reverse();
        }
        rows.truncate(self.limit);
    }
}

/// A readable state of the store.
///
/// Reads are infallible to their caller: a failed one answers "nothing" and leaves a [`Fault`], and whoever
/// owns the snapshot asks for the fault before anything that was decided leaves their hands.
pub trait Snapshot {
    /// The value of one row.
    fn get(&self, key: &Key) -> Option<Value>;

    /// Rows in a range: sorted by key (which for one id means by order part), reversed where asked, cut at
    /// the limit.
    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)>;

    /// The first read that failed, if any did.
    fn fault(&self) -> Option<Fault>;
}
