//! Reads of a database: the overlay's rows above sled's.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::disk::overlay::Cell;
use crate::disk::shared::Shared;
use crate::disk::vault::{PREFIX_LEN, PhysicalKey};
use crate::store::key::{Key, Value};
use crate::store::snapshot::{Fault, Scan, Snapshot};

/// Rows of the overlay that a scan reads at a time.
const WINDOW_LEAST: usize = 16;
const WINDOW_MOST: usize = 1_024;

/// The least number of a table: what lies below is no row.
const FIRST_TABLE: u8 = 1;

/// How much a view sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::disk) enum Sight {
    /// Staged rows too.
    Staged,
    /// Only rows that would survive a power cut.
    Durable,
}

/// A readable state of the database.
///
/// It follows the database: each read answers what is true when it is made. To the single writer, who reads
/// and commits in turn, it stands still between two of its own commits.
pub struct View {
    shared: Arc<Shared>,
    sight: Sight,
    fault: OnceLock<Fault>,
}

impl View {
    pub(in crate::disk) const fn new(shared: Arc<Shared>, sight: Sight) -> Self {
        Self { shared, sight, fault: OnceLock::new() }
    }

    /// Hands every row to `take`, in physical order: its physical key, its id, its value. Each is as it stands when it is
    /// read.
    pub(in crate::disk) fn each(
        &self,
        mut take: impl FnMut(&[u8], &[u8], &[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut from = vec![FIRST_TABLE];
        loop {
            let (mut held, edge) = self.held(&from, None, false, WINDOW_MOST);
            self.shared.tree.scan(&from, edge.as_deref(), false, |physical, sealed| {
                while let Some((key, cell)) = next_held(&mut held, physical, false) {
                    let is_same = *key == *physical;
                    if let Some(value) = cell.value {
                        take(&key, &cell.id, &value)?;
                    }
                    if is_same {
                        return Ok(true);
                    }
                }
                let (id, value) = self.shared.vault.open(physical, sealed)?;
                take(physical, &id, &value)?;
                Ok(true)
            })?;
            for (key, cell) in held {
                if let Some(value) = cell.value {
                    take(&key, &cell.id, &value)?;
                }
            }
            match edge {
                Some(edge) => from = edge,
                None => return Ok(()),
            }
        }
    }

    fn read(&self, key: &Key) -> Result<Option<Value>, Fault> {
        let physical = self.shared.vault.blind(key.table as u8, &key.id, &key.order);
        let held = {
            let state = self.shared.lock();
            let staged = (self.sight == Sight::Staged).then(|| state.overlay.staged.get(&physical)).flatten();
            staged.or_else(|| state.overlay.durable.get(&physical)).map(|cell| cell.value.clone())
        };
        if let Some(value) = held {
            return Ok(value);
        }
        // A row that has left the overlay since was brought into sled before.
        let Some(sealed) = self.shared.tree.get(&physical)? else { return Ok(None) };
        let (id, value) = self.shared.vault.open(&physical, &sealed)?;
        if *id == *key.id { Ok(Some(value)) } else { Err(mixed_up()) }
    }

    fn range(&self, scan: &Scan) -> Result<Vec<(Key, Value)>, Fault> {
        let table = scan.table as u8;
        let Some(id) = &scan.id else {
            // Blinded ids lie in no order that means anything: the order is made afterwards.
            let until = table.checked_add(1).map(|next| vec![next]);
            let mut rows = self.merge(scan, &[table], until.as_deref(), usize::MAX)?;
            scan.arrange(&mut rows);
            return Ok(rows);
        };
        let prefix = self.shared.vault.prefix(table, id);
        let from = [&prefix, scan.from.as_slice()].concat();
        let until = match &scan.until {
            Some(until) => Some([&prefix, until.as_slice()].concat()),
            None => successor(&prefix),
        };
        self.merge(scan, &from, until.as_deref(), scan.limit)
    }

    /// The rows between two physical keys that the scan asks for, in physical order, at most `limit`.
    ///
    /// Window by window: the overlay may hold a hundred thousand rows where one is asked for.
    fn merge(
        &self,
        scan: &Scan,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Key, Value)>, Fault> {
        let mut rows = Vec::new();
        let (mut from, mut until) = (from.to_vec(), until.map(<[u8]>::to_vec));
        let mut window = limit.clamp(WINDOW_LEAST, WINDOW_MOST);
        while rows.len() < limit {
            let (held, edge) = self.held(&from, until.as_deref(), scan.reverse, window);
            let (low, high) = match &edge {
                Some(edge) if scan.reverse => (edge.as_slice(), until.as_deref()),
                Some(edge) => (from.as_slice(), Some(edge.as_slice())),
                None => (from.as_slice(), until.as_deref()),
            };
            self.merge_window(scan, held, low, high, limit, &mut rows)?;
            match edge {
                Some(edge) if scan.reverse => until = Some(edge),
                Some(edge) => from = edge,
                None => break,
            }
            window = (window * 2).min(WINDOW_MOST);
        }
        Ok(rows)
    }

    /// Merges the overlay's rows of a window, which were read first, with sled's.
    fn merge_window(
        &self,
        scan: &Scan,
        mut held: BTreeMap<PhysicalKey, Cell>,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
        rows: &mut Vec<(Key, Value)>,
    ) -> Result<(), Fault> {
        let push = |rows: &mut Vec<(Key, Value)>, physical: &[u8], id: &[u8], value: Value| {
            let key = Key::under(scan.table, id, physical.get(PREFIX_LEN..).unwrap_or_default());
            if scan.matches(&key) {
                rows.push((key, value));
            }
            rows.len() < limit
        };
        let mut wanted = true;
        self.shared.tree.scan(from, until, scan.reverse, |physical, sealed| {
            while let Some((key, cell)) = next_held(&mut held, physical, scan.reverse) {
                let is_same = *key == *physical;
                if let Some(value) = cell.value {
                    wanted = push(rows, &key, &cell.id, value);
                }
                if is_same || !wanted {
                    return Ok(wanted);
                }
            }
            let (id, value) = self.shared.vault.open(physical, sealed)?;
            if scan.id.as_ref().is_some_and(|wanted| *wanted != id) {
                return Err(mixed_up());
            }
            wanted = push(rows, physical, &id, value);
            Ok(wanted)
        })?;
        while wanted && let Some((key, cell)) = if scan.reverse { held.pop_last() } else { held.pop_first() }
        {
            if let Some(value) = cell.value {
                wanted = push(rows, &key, &cell.id, value);
            }
        }
        Ok(())
    }

    /// The overlay's first rows between two physical keys (its last ones, where `reverse`), the staged ones above the
    /// durable ones, about `window` of each layer; and where the window ends, if there may be more behind it: at
    /// this key, which belongs to the higher side.
    fn held(
        &self,
        from: &[u8],
        until: Option<&[u8]>,
        reverse: bool,
        window: usize,
    ) -> (BTreeMap<PhysicalKey, Cell>, Option<Vec<u8>>) {
        let state = self.shared.lock();
        let mut layers = vec![&state.overlay.durable];
        if self.sight == Sight::Staged {
            layers.push(&state.overlay.staged);
        }
        let ranges: Vec<_> = layers
            .iter()
            .map(|layer| {
                let range = layer.range(from, until);
                let taken: Vec<_> =
                    if reverse { range.rev().take(window).collect() } else { range.take(window).collect() };
                taken
            })
            .collect();
        let full = ranges.iter().filter(|rows| rows.len() == window);
        let lasts = full.filter_map(|rows| rows.last()).map(|(key, _)| &key[..]);
        let edge = if reverse {
            lasts.max().map(<[u8]>::to_vec)
        } else {
            // The least key behind the last one that was read.
            lasts.min().map(|last| [last, &[0]].concat())
        };
        let is_inside = |key: &PhysicalKey| match &edge {
            Some(edge) if reverse => key[..] >= edge[..],
            Some(edge) => key[..] < edge[..],
            None => true,
        };
        let rows = ranges.into_iter().flatten().filter(|(key, _)| is_inside(key));
        (rows.map(|(key, cell)| (key.clone(), cell.clone())).collect(), edge)
    }

    fn note<T: Default>(&self, result: Result<T, Fault>) -> T {
        result.unwrap_or_else(|fault| {
            // The first fault is the one that is told.
            let _ = self.fault.set(fault);
            T::default()
        })
    }
}

impl Snapshot for View {
    fn get(&self, key: &Key) -> Option<Value> {
        self.note(self.read(key))
    }

    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)> {
        self.note(self.range(scan))
    }

    fn fault(&self) -> Option<Fault> {
        self.fault.get().cloned()
    }
}

/// Takes the overlay's next row if it comes before sled's row `physical`, or is the same.
fn next_held(
    held: &mut BTreeMap<PhysicalKey, Cell>,
    physical: &[u8],
    reverse: bool,
) -> Option<(PhysicalKey, Cell)> {
    let entry = if reverse { held.last_entry()? } else { held.first_entry()? };
    let is_due = if reverse { **entry.key() >= *physical } else { **entry.key() <= *physical };
    is_due.then(|| entry.remove_entry())
}

/// The first key behind all keys that begin with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix[..=last].to_vec();
    next[last] += 1;
    Some(next)
}

fn mixed_up() -> Fault {
    Fault("a row on the disk belongs to another id".into())
}
