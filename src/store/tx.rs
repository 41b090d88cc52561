//! One open transaction: reads see what it has written, and it ends as one atomic batch.

use core::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::base::limits;
use crate::store::key::{Key, TableId, Value};
use crate::store::snapshot::{Fault, Scan, Snapshot};
use crate::store::table::{Row, Rows, Table};

/// Room for the bytes of most rows, in the buffer that all rows of a transaction are encoded in.
const ROW_BYTES: usize = 16 * 1024;

/// Rows staged over a snapshot. Each row is decoded at most once and encoded once, at the end, however often
/// the inputs of a group touch it.
pub struct Tx<'s> {
    snapshot: &'s dyn Snapshot,
    /// By table first: most tables have a row or two in a group, found without comparing long keys.
    slots: RefCell<BTreeMap<TableId, BTreeMap<Key, Slot>>>,
    fault: RefCell<Option<Fault>>,
    /// While something is tried: the slots as they were before, nothing where there was none.
    before: RefCell<Option<BTreeMap<Key, Option<Slot>>>>,
}

/// Writes a row with its version into a buffer, in the place of what the buffer held.
type Encode = fn(&dyn Any, u8, &mut Zeroizing<Vec<u8>>) -> Result<(), Fault>;

#[derive(Clone)]
struct Slot {
    /// The decoded row; none where the row is deleted or was never there.
    row: Option<Arc<dyn Any + Send + Sync>>,
    encode: Encode,
    version: u8,
    dirty: bool,
}

impl<'s> Tx<'s> {
    /// Opens a transaction over `snapshot`.
    pub fn new(snapshot: &'s dyn Snapshot) -> Self {
        let (slots, fault, before) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { snapshot, slots, fault, before }
    }

    /// Stages what `stage` does, all of it or, where a row of it can't be stored, nothing. Nothing may be tried within.
    ///
    /// # Errors
    /// Why a row can't be stored. The transaction is as it was before.
    pub fn attempt<R>(&self, stage: impl FnOnce(&Self) -> R) -> Result<R, Fault> {
        self.before.replace(Some(BTreeMap::new()));
        let staged = stage(self);
        let before = self.before.take().unwrap_or_default();
        let mut slots = self.slots.borrow_mut();
        let mut buffer = Zeroizing::new(Vec::with_capacity(ROW_BYTES));
        let fault = before.keys().find_map(|key| {
            let slot = slots.get(&key.table)?.get(key)?;
            slot.value(key, &mut buffer).err()
        });
        let Some(fault) = fault else { return Ok(staged) };
        for (key, slot) in before {
            let table = slots.entry(key.table).or_default();
            match slot {
                Some(slot) => table.insert(key, slot),
                None => table.remove(&key),
            };
        }
        Err(fault)
    }

    /// Writes a row, whole.
    pub fn put<T: Row>(&self, table: &Table<T>, key: Key, row: T) {
        let slot =
            Slot { row: Some(Arc::new(row)), encode: encode_any::<T>, version: table.version(), dirty: true };
        self.note(&key);
        self.slots.borrow_mut().entry(key.table).or_default().insert(key, slot);
    }

    /// Deletes a row; nothing happens where there is none.
    pub fn delete<T: Row>(&self, table: &Table<T>, key: Key) {
        let slot = Slot { row: None, encode: encode_any::<T>, version: table.version(), dirty: true };
        self.note(&key);
        self.slots.borrow_mut().entry(key.table).or_default().insert(key, slot);
    }

    /// Changes a row in place; `None` where there is none. `change` must not use the transaction.
    pub fn edit<T: Row, R>(
        &self,
        table: &Table<T>,
        key: &Key,
        change: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        self.note(key);
        self.slot(table, key, |slot| {
            let mut row = slot.row.take()?.downcast::<T>().ok()?;
            // Copied only where somebody still looks at the row as it was.
            let result = change(Arc::make_mut(&mut row));
            slot.row = Some(row);
            slot.dirty = true;
            Some(result)
        })
    }

    /// Looks at a row without copying it. `look` must not use the transaction.
    pub fn with<T: Row, R>(&self, table: &Table<T>, key: &Key, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.slot(table, key, |slot| slot.row.as_ref()?.downcast_ref::<T>().map(look))
    }

    /// Ends the transaction as batch `number`: the rows that changed, or the first fault that any read or
    /// write met.
    pub fn finish(self, number: u64) -> Result<Batch, Fault> {
        if let Some(fault) = self.fault.into_inner().or_else(|| self.snapshot.fault()) {
            return Err(fault);
        }
        let slots = self.slots.into_inner().into_values().flatten();
        let changed = slots.filter(|(_, slot)| slot.dirty);
        // One buffer for all: rows that grow while they are written would be copied again and again, and a value keeps
        // no room that it doesn't need.
        let mut buffer = Zeroizing::new(Vec::with_capacity(ROW_BYTES));
        let rows: Result<Changes, Fault> = changed
            .map(|(key, slot)| {
                let value = slot.value(&key, &mut buffer)?;
                Ok((key, value))
            })
            .collect();
        Ok(Batch { number, rows: rows? })
    }

    /// A slot is about to change.
    fn note(&self, key: &Key) {
        if let Some(before) = &mut *self.before.borrow_mut()
            && !before.contains_key(key)
        {
            let slot = self.slots.borrow().get(&key.table).and_then(|slots| slots.get(key)).cloned();
            before.insert(key.clone(), slot);
        }
    }

    /// Uses a row's slot, which is filled from the snapshot the first time.
    fn slot<T: Row, R>(&self, table: &Table<T>, key: &Key, use_it: impl FnOnce(&mut Slot) -> R) -> R {
        if let Some(slot) = self.slots.borrow_mut().get_mut(&key.table).and_then(|slots| slots.get_mut(key)) {
            return use_it(slot);
        }
        let row = self.snapshot.get(key).and_then(|value| self.decode(table, &value));
        let row = row.map(|row| -> Arc<dyn Any + Send + Sync> { Arc::new(row) });
        let slot = Slot { row, encode: encode_any::<T>, version: table.version(), dirty: false };
        use_it(self.slots.borrow_mut().entry(key.table).or_default().entry(key.clone()).or_insert(slot))
    }

    fn decode<T: Row>(&self, table: &Table<T>, bytes: &[u8]) -> Option<T> {
        table.decode(bytes).map_err(|fault| self.fault.borrow_mut().get_or_insert(fault).clone()).ok()
    }

    /// Stored rows that a scan asks for and that nothing staged hides. Where some are hidden, more are read.
    fn stored(&self, scan: &Scan, staged: &BTreeMap<&Key, &Slot>) -> Vec<(Key, Value)> {
        let mut visible = Vec::new();
        let mut rest = scan.clone();
        if scan.id.is_none() {
            // There is no reading on from where a scan over many ids was cut.
            rest.limit = scan.limit.saturating_add(staged.len());
        }
        loop {
            let rows = self.snapshot.scan(&rest);
            let next = rows.last().filter(|_| rows.len() == rest.limit).map(|(key, _)| key.order.to_vec());
            visible.extend(rows.into_iter().filter(|(key, _)| !staged.contains_key(key)));
            match next {
                Some(next) if visible.len() < scan.limit && scan.id.is_some() => {
                    rest.limit = rest.limit.saturating_mul(2);
                    if scan.reverse {
                        rest.until = Some(next);
                    } else {
                        rest.from = [next.as_slice(), &[0]].concat();
                    }
                }
                _ => return visible,
            }
        }
    }
}

impl Rows for Tx<'_> {
    fn get<T: Row>(&self, table: &Table<T>, key: &Key) -> Option<Arc<T>> {
        self.slot(table, key, |slot| slot.row.clone()?.downcast::<T>().ok())
    }

    fn scan<T: Row>(&self, table: &Table<T>, scan: &Scan) -> Vec<(Key, Arc<T>)> {
        let slots = self.slots.borrow();
        let first = Key::of(scan.table, scan.id.as_deref().unwrap_or_default());
        let staged: BTreeMap<&Key, &Slot> = slots
            .get(&scan.table)
            .into_iter()
            .flat_map(|slots| slots.range(&first..))
            .take_while(|(key, _)| scan.id.as_ref().is_none_or(|id| **id == *key.id))
            .filter(|(key, _)| scan.matches(key))
            .collect();
        let mut rows: Vec<(Key, Arc<T>)> = self
            .stored(scan, &staged)
            .into_iter()
            .filter_map(|(key, value)| Some((key, Arc::new(self.decode(table, &value)?))))
            .collect();
        for (key, slot) in staged {
            if let Some(row) = slot.row.clone().and_then(|row| row.downcast::<T>().ok()) {
                rows.push((key.clone(), row));
            }
        }
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        if scan.reverse {
            rows.reverse();
        }
        rows.truncate(scan.limit);
        rows
    }
}

impl Slot {
    /// What is to be stored: nothing where the row was deleted.
    fn value(&self, key: &Key, buffer: &mut Zeroizing<Vec<u8>>) -> Result<Option<Value>, Fault> {
        let Some(row) = &self.row else { return Ok(None) };
        (self.encode)(row.as_ref(), self.version, buffer)?;
        if buffer.len() > limits::VALUE_MAX {
            return Err(Fault(format!("a row of {:?} has {} bytes", key.table, buffer.len())));
        }
        Ok(Some(Value::new(buffer.to_vec())))
    }
}

fn encode_any<T: Row>(row: &dyn Any, version: u8, buffer: &mut Zeroizing<Vec<u8>>) -> Result<(), Fault> {
    let row = row.downcast_ref::<T>().ok_or_else(|| Fault("a row of another type".into()))?;
    let mut bytes = core::mem::take(&mut **buffer);
    bytes.clear();
    bytes.push(version);
    **buffer =
        postcard::to_extend(row, bytes).map_err(|error| Fault(format!("a row can't be written: {error}")))?;
    Ok(())
}

/// Rows by key: absolute puts (`Some`) and deletes (`None`).
pub type Changes = BTreeMap<Key, Option<Value>>;

/// Changes to be stored all or none.
#[derive(Debug)]
pub struct Batch {
    number: u64,
    rows: Changes,
}

impl Batch {
    /// The number, which ties the batch to the effects that wait for it.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Writes one more row, whole. For a driver, which stores what it was about to show beside what was decided.
    pub fn put<T: Row>(&mut self, table: &Table<T>, key: Key, row: &T) -> Result<(), Fault> {
        let bytes = table.encode(row)?;
        if bytes.len() > limits::VALUE_MAX {
            return Err(Fault(format!("a row of {:?} has {} bytes", key.table, bytes.len())));
        }
        self.rows.insert(key, Some(Value::new(bytes)));
        Ok(())
    }

    /// Deletes one more row.
    pub fn delete(&mut self, key: Key) {
        self.rows.insert(key, None);
    }

    /// The changes and the promise to store them.
    pub fn into_parts(self) -> (Changes, Uncommitted) {
        (self.rows, Uncommitted { number: self.number })
    }
}

/// A batch that a disk has taken over and not stored yet.
#[derive(Debug)]
pub struct Uncommitted {
    number: u64,
}

impl Uncommitted {
    /// The disk's word that the batch will be there after a power cut. Only a disk may say so, and only after
    /// its sync returned.
    pub fn durable(self) -> Committed {
        Committed { number: self.number }
    }
}

/// Proof that a batch is stored: what was held back for it may leave.
#[derive(Debug)]
pub struct Committed {
    number: u64,
}

impl Committed {
    /// The batch's number.
    pub const fn number(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::key::TableId;
    use crate::store::memory::Memory;

    const NAMES: Table<String> = Table::new(TableId::Meta, 1);

    fn names(rows: &impl Rows, scan: &Scan) -> Vec<String> {
        rows.scan(&NAMES, scan).into_iter().map(|(_, name)| Arc::unwrap_or_clone(name)).collect()
    }

    #[test]
    fn a_scan_sees_staged_puts_and_deletes_over_stored_rows() {
        let mut memory = Memory::default();
        let tx = Tx::new(&memory);
        for (position, name) in ["zero", "one", "two", "three"].iter().enumerate() {
            tx.put(&NAMES, NAMES.key_at(b"x", position as u64), (*name).to_owned());
        }
        let batch = tx.finish(1).unwrap();
        memory.store(batch.into_parts().0);

        let tx = Tx::new(&memory);
        tx.delete(&NAMES, NAMES.key_at(b"x", 0));
        tx.put(&NAMES, NAMES.key_at(b"x", 9), "nine".to_owned());
        tx.edit(&NAMES, &NAMES.key_at(b"x", 2), |name| name.push('!'));
        assert_eq!(names(&tx, &NAMES.of(b"x").limit(2)), ["one", "two!"]);
        assert_eq!(names(&tx, &NAMES.of(b"x").reversed().limit(2)), ["nine", "three"]);
        assert_eq!(names(&tx, &NAMES.of(b"x").from(2).until(9)), ["two!", "three"]);
        assert_eq!(names(&tx, &NAMES.all()).len(), 4);
        assert_eq!(names(&tx, &NAMES.of(b"y")).len(), 0);
    }

    #[test]
    fn a_scan_reads_on_where_staged_rows_hide_more_than_its_limit() {
        let mut memory = Memory::default();
        let tx = Tx::new(&memory);
        (0..50).for_each(|at| tx.put(&NAMES, NAMES.key_at(b"x", at), at.to_string()));
        tx.put(&NAMES, NAMES.key_at(b"y", 0), "y".to_owned());
        memory.store(tx.finish(1).unwrap().into_parts().0);

        let tx = Tx::new(&memory);
        (0..40).for_each(|at| tx.delete(&NAMES, NAMES.key_at(b"x", at)));
        (45..50).for_each(|at| tx.delete(&NAMES, NAMES.key_at(b"x", at)));
        assert_eq!(names(&tx, &NAMES.of(b"x").limit(2)), ["40", "41"]);
        assert_eq!(names(&tx, &NAMES.of(b"x").limit(9)), ["40", "41", "42", "43", "44"]);
        assert_eq!(names(&tx, &NAMES.of(b"x").reversed().limit(1)), ["44"]);
        assert_eq!(names(&tx, &NAMES.all().limit(1)), ["40"]);
        assert_eq!(names(&tx, &NAMES.all().reversed().limit(2)), ["y", "44"]);
    }

    #[test]
    fn only_changed_rows_end_in_the_batch() {
        let mut memory = Memory::default();
        let tx = Tx::new(&memory);
        tx.put(&NAMES, NAMES.key(b"a"), "a".to_owned());
        memory.store(tx.finish(1).unwrap().into_parts().0);
        let tx = Tx::new(&memory);
        assert_eq!(tx.copy(&NAMES, b"a").as_deref(), Some("a"));
        assert_eq!(tx.row(&NAMES, b"b"), None);
        assert!(tx.finish(1).unwrap().into_parts().0.is_empty());
    }

    #[test]
    fn a_row_that_does_not_decode_stops_the_commit() {
        let mut memory = Memory::default();
        memory.rows.insert(NAMES.key(b"a"), Value::new(vec![1, 0xFF]));
        memory.rows.insert(NAMES.key(b"b"), Value::new(vec![9, 0]));
        for id in [b"a", b"b"] {
            let tx = Tx::new(&memory);
            assert_eq!(tx.row(&NAMES, id), None);
            assert!(tx.finish(1).is_err());
        }
    }

    #[test]
    fn what_cannot_be_stored_is_refused_whole_and_leaves_the_transaction_as_it_was() {
        let mut memory = Memory::default();
        let tx = Tx::new(&memory);
        tx.put(&NAMES, NAMES.key(b"stored"), "stored".to_owned());
        memory.store(tx.finish(1).unwrap().into_parts().0);

        let tx = Tx::new(&memory);
        tx.put(&NAMES, NAMES.key(b"staged"), "staged".to_owned());
        let change = |tx: &Tx<'_>, length: usize| {
            tx.edit(&NAMES, &NAMES.key(b"stored"), |name| name.push('!'));
            tx.edit(&NAMES, &NAMES.key(b"staged"), |name| name.push('!'));
            tx.put(&NAMES, NAMES.key(b"new"), "x".repeat(length));
            tx.delete(&NAMES, NAMES.key(b"staged"));
            7
        };
        let read = |id: &[u8]| tx.copy(&NAMES, id);
        assert!(tx.attempt(|tx| change(tx, limits::VALUE_MAX)).is_err());
        assert_eq!(
            (read(b"stored").as_deref(), read(b"staged").as_deref()),
            (Some("stored"), Some("staged"))
        );
        assert_eq!(read(b"new"), None);
        assert_eq!(tx.attempt(|tx| change(tx, 1)), Ok(7));
        assert_eq!((read(b"stored").as_deref(), read(b"staged")), (Some("stored!"), None));
        let (rows, _) = tx.finish(1).unwrap().into_parts();
        let ids: Vec<&[u8]> = rows.keys().map(|key| &*key.id).collect();
        assert_eq!(ids, [&b"new"[..], b"staged", b"stored"]);
    }

    #[test]
    fn a_value_over_the_limit_stops_the_commit() {
        let memory = Memory::default();
        let tx = Tx::new(&memory);
        tx.put(&NAMES, NAMES.key(b"a"), "x".repeat(limits::VALUE_MAX));
        assert!(tx.finish(1).is_err());
    }
}
