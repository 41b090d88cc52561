//! The batches of one sync as bytes: what a journal record seals.

use std::sync::Arc;

use crate::base::limits;
use crate::disk::overlay::Cell;
use crate::disk::vault::{PREFIX_LEN, PhysicalKey, Vault};
use crate::store::key::Value;

/// The length that stands for a deletion in the place of a value's length.
const DELETED: u32 = u32::MAX;

/// One row of a batch, staged.
pub(in crate::disk) type Row = (PhysicalKey, Cell);

/// Bytes that a batch adds to a record.
pub(in crate::disk) fn size(rows: &[Row]) -> usize {
    4 + rows.iter().map(|(key, cell)| row_size(key, cell)).sum::<usize>()
}

/// Adds a batch: the number of rows, then each row's table, id, order part and value.
pub(in crate::disk) fn write(rows: &[Row], into: &mut Vec<u8>) {
    into.extend_from_slice(&length(rows.len()).to_be_bytes());
    for (key, cell) in rows {
        let order = key.get(PREFIX_LEN..).unwrap_or_default();
        into.push(key.first().copied().unwrap_or_default());
        into.extend_from_slice(&length(cell.id.len()).to_be_bytes());
        into.extend_from_slice(&cell.id);
        into.extend_from_slice(&length(order.len()).to_be_bytes());
        into.extend_from_slice(order);
        match &cell.value {
            None => into.extend_from_slice(&DELETED.to_be_bytes()),
            Some(value) => {
                into.extend_from_slice(&length(value.len()).to_be_bytes());
                into.extend_from_slice(value);
            }
        }
    }
}

/// The batches of a record, numbered on from `sequence`; `None` where the bytes are not what [`write`] makes.
pub(in crate::disk) fn read(mut bytes: &[u8], vault: &Vault, sequence: u64) -> Option<Vec<Vec<Row>>> {
    let mut batches = Vec::new();
    while !bytes.is_empty() {
        let count = take_u32(&mut bytes)?;
        let sequence = sequence.checked_add(batches.len() as u64)?;
        let batch = (0..count).map(|_| read_row(&mut bytes, vault, sequence)).collect::<Option<Vec<_>>>()?;
        batches.push(batch);
    }
    Some(batches)
}

fn read_row(bytes: &mut &[u8], vault: &Vault, sequence: u64) -> Option<Row> {
    let table = take(bytes, 1)?[0];
    let length = take_u32(bytes)?;
    let id: Arc<[u8]> = take(bytes, length)?.into();
    let length = take_u32(bytes)?;
    let key = vault.blind(table, &id, take(bytes, length)?);
    let value = match take_u32(bytes)? {
        DELETED => None,
        length if length as usize > limits::VALUE_MAX => return None,
        length => Some(Value::new(take(bytes, length)?.to_vec())),
    };
    Some((key, Cell { id, value, sequence }))
}

fn row_size(key: &[u8], cell: &Cell) -> usize {
    13 + cell.id.len()
        + key.len().saturating_sub(PREFIX_LEN)
        + cell.value.as_ref().map_or(0, |value| value.len())
}

fn take<'b>(bytes: &mut &'b [u8], count: u32) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(count).ok()?)?;
    *bytes = rest;
    Some(taken)
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    take(bytes, 4)?.try_into().ok().map(u32::from_be_bytes)
}

/// Lengths of rows are bounded by [`limits::JOURNAL_RECORD_MAX`], which fits.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(DELETED - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;

    #[test]
    fn batches_read_back_and_no_cut_of_them_does() {
        let vault = Vault::new(&Secret::new([1; 32]), [2; 16], 1);
        let row = |id: &[u8], order: &[u8], value: Option<&[u8]>, sequence| {
            let value = value.map(|value| Value::new(value.to_vec()));
            (vault.blind(5, id, order), Cell { id: id.into(), value, sequence })
        };
        let batches = [
            vec![row(b"a", b"", Some(b"value"), 7), row(b"bb", b"12345678", None, 7)],
            vec![],
            vec![row(b"", b"", Some(b""), 9)],
        ];
        let mut bytes = Vec::new();
        batches.iter().for_each(|batch| write(batch, &mut bytes));
        assert_eq!(bytes.len(), batches.iter().map(|batch| size(batch)).sum::<usize>());
        let back = read(&bytes, &vault, 7).unwrap();
        assert_eq!(format!("{back:?}"), format!("{batches:?}"));
        let ends: Vec<usize> =
            (0..=3).map(|count| batches[..count].iter().map(|batch| size(batch)).sum()).collect();
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut], &vault, 7).is_some(), ends.contains(&cut), "cut at {cut}");
        }
    }
}
