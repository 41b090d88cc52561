//! Rows that sled doesn't hold yet: staged ones, and durable ones above sled.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::disk::vault::PhysicalKey;
use crate::store::key::Value;

/// What memory one row costs beside its bytes: map node, two shared slices and a shared value.
const ROW_OVERHEAD: usize = 192;

/// The newest state of one row: a value, or none where the row is deleted.
#[derive(Clone, Debug)]
pub(in crate::disk) struct Cell {
    pub(in crate::disk) id: Arc<[u8]>,
    pub(in crate::disk) value: Option<Value>,
    /// The sequence number of the batch that wrote it.
    pub(in crate::disk) sequence: u64,
}

/// One layer of rows.
#[derive(Default)]
pub(in crate::disk) struct Layer {
    rows: BTreeMap<PhysicalKey, Cell>,
    bytes: usize,
}

impl Layer {
    pub(in crate::disk) fn get(&self, key: &[u8]) -> Option<&Cell> {
        self.rows.get(key)
    }

    pub(in crate::disk) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(in crate::disk) fn insert(&mut self, key: PhysicalKey, cell: Cell) {
        self.bytes += cost(&key, &cell);
        // The map keeps its old key, which has the same bytes.
        let length = key.len();
        if let Some(old) = self.rows.insert(key, cell) {
            self.bytes -= cost_of(length, &old);
        }
    }

    /// Removes a row unless a later batch has written it again.
    pub(in crate::disk) fn remove(&mut self, key: &[u8], sequence: u64) {
        if self.rows.get(key).is_some_and(|cell| cell.sequence == sequence)
            && let Some((key, cell)) = self.rows.remove_entry(key)
        {
            self.bytes -= cost(&key, &cell);
        }
    }

    /// The rows from `from` up to and without `until`.
    pub(in crate::disk) fn range<'l>(
        &'l self,
        from: &'l [u8],
        until: Option<&'l [u8]>,
    ) -> impl DoubleEndedIterator<Item = (&'l PhysicalKey, &'l Cell)> {
        let until = until.map_or(Bound::Unbounded, Bound::Excluded);
        // An empty range is legal for callers, but not for the map.
        let legal = !matches!(until, Bound::Excluded(until) if until <= from);
        legal.then(|| self.rows.range::<[u8], _>((Bound::Included(from), until))).into_iter().flatten()
    }

    /// The first rows after `cursor` that batches before number `before` wrote, at most so many rows and about so many
    /// bytes of values; and the last key that was looked at, where there may be more behind it.
    pub(in crate::disk) fn chunk(
        &self,
        cursor: Option<&PhysicalKey>,
        before: u64,
        rows: usize,
        bytes: usize,
    ) -> (Vec<(PhysicalKey, Cell)>, Option<PhysicalKey>) {
        let from = cursor.map_or(Bound::Unbounded, |key| Bound::Excluded(&key[..]));
        let (mut chosen, mut total) = (Vec::new(), 0);
        let mut last = None;
        // Rows that are passed over are cheap, but whoever commits waits for the lock meanwhile.
        for (key, cell) in self.rows.range::<[u8], _>((from, Bound::Unbounded)).take(rows.saturating_mul(8)) {
            if chosen.len() >= rows || total >= bytes {
                break;
            }
            last = Some(key);
            if cell.sequence < before {
                total += cell.value.as_ref().map_or(0, |value| value.len());
                chosen.push((key.clone(), cell.clone()));
            }
        }
        (chosen, last.cloned())
    }
}

/// Both layers.
#[derive(Default)]
pub(in crate::disk) struct Overlay {
    /// Rows of batches that the journal hasn't synced yet: for the engine's eyes only.
    pub(in crate::disk) staged: Layer,
    /// Rows that are durable in the journal and not in sled yet.
    pub(in crate::disk) durable: Layer,
}

impl Overlay {
    /// Moves the rows of a synced batch from the staged to the durable layer.
    pub(in crate::disk) fn settle(&mut self, rows: Vec<(PhysicalKey, Cell)>) {
        for (key, cell) in rows {
            self.staged.remove(&key, cell.sequence);
            self.durable.insert(key, cell);
        }
    }

    /// Bytes of memory, about.
    pub(in crate::disk) fn bytes(&self) -> usize {
        self.staged.bytes + self.durable.bytes
    }

    /// Bytes of memory of the durable rows, about.
    pub(in crate::disk) fn durable_bytes(&self) -> usize {
        self.durable.bytes
    }
}

fn cost(key: &[u8], cell: &Cell) -> usize {
    cost_of(key.len(), cell)
}

fn cost_of(key_len: usize, cell: &Cell) -> usize {
    key_len + cell.id.len() + cell.value.as_ref().map_or(0, |value| value.len()) + ROW_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(sequence: u64, value: Option<&[u8]>) -> Cell {
        Cell { id: b"id".as_slice().into(), value: value.map(|value| Value::new(value.to_vec())), sequence }
    }

    #[test]
    fn a_row_staged_again_stays_staged_when_its_first_batch_settles() {
        let mut overlay = Overlay::default();
        let key: PhysicalKey = b"k".as_slice().into();
        overlay.staged.insert(key.clone(), cell(1, Some(b"one")));
        overlay.staged.insert(key.clone(), cell(2, Some(b"two")));
        overlay.settle(vec![(key.clone(), cell(1, Some(b"one")))]);
        assert_eq!(&**overlay.durable.get(&key).unwrap().value.as_ref().unwrap(), b"one");
        assert_eq!(overlay.staged.get(&key).unwrap().sequence, 2);
        overlay.settle(vec![(key.clone(), cell(2, None))]);
        assert!(overlay.staged.get(&key).is_none() && overlay.durable.get(&key).unwrap().value.is_none());
        overlay.durable.remove(&key, 1);
        assert_eq!(overlay.durable.len(), 1);
        overlay.durable.remove(&key, 2);
        assert_eq!(overlay.bytes(), 0);
    }

    #[test]
    fn chunks_go_through_all_old_rows_once_and_pass_the_young_ones_over() {
        let mut layer = Layer::default();
        for byte in 0..100u8 {
            let sequence = if (20..80).contains(&byte) { 9 } else { 1 };
            layer.insert(vec![byte].into(), cell(sequence, Some(&[0; 100])));
        }
        for before in [9, u64::MAX] {
            let (mut cursor, mut seen) = (None, Vec::new());
            loop {
                let (chunk, last) = layer.chunk(cursor.as_ref(), before, 4, 150);
                assert!(chunk.len() <= 2);
                seen.extend(chunk.iter().map(|(key, _)| key[0]));
                let Some(last) = last else { break };
                cursor = Some(last);
            }
            let expected = (0..100u8).filter(|byte| before > 9 || !(20..80).contains(byte));
            assert_eq!(seen, expected.collect::<Vec<u8>>());
        }
    }
}
