//! What a trial compares a store with, and how many trials run beside each other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sigillo::store::key::TableId;
use sigillo::store::snapshot::{Fault, Scan, Snapshot};
use sigillo::store::tx::{Batch, Committed};

use crate::layer::Layer;
use crate::memory::{Memory, Rows};
use crate::store::Store;
use crate::trio::Trio;

/// What the subject holds after each of its batches when nothing goes wrong.
pub(crate) struct Expected {
    pub(crate) states: Vec<Arc<Rows>>,
    tables: BTreeSet<TableId>,
}

impl Expected {
    pub(crate) fn of(subject: usize) -> Self {
        let memory = Memory::of(Arc::default());
        let mut trio = Trio::new(subject, Box::new(memory.clone()));
        trio.run();
        let states = memory.states();
        trio.check().unwrap();
        let all = memory.states();
        let tables = all.iter().flat_map(|rows| rows.keys()).map(|key| key.table).collect();
        Self { states, tables }
    }

    /// All rows of a store.
    pub(crate) fn rows(&self, store: &dyn Store) -> Result<Rows, String> {
        let view = store.view();
        let rows = self.tables.iter().flat_map(|table| view.scan(&Scan::table(*table))).collect();
        view.fault().map_or(Ok(rows), |fault| Err(fault.to_string()))
    }

    /// How many batches a store holds, all of their rows and no row of another; at least `confirmed`.
    pub(crate) fn batches(&self, store: &dyn Store, confirmed: u64) -> Result<usize, String> {
        let rows = self.rows(store)?;
        let confirmed = usize::try_from(confirmed).unwrap();
        let later = self.states.iter().enumerate().skip(confirmed);
        let found = later.into_iter().find(|(_, state)| ***state == rows);
        found.map(|(number, _)| number).ok_or_else(|| {
            match self.states[..confirmed].iter().rposition(|state| **state == rows) {
                Some(number) => format!("batch {number} is the last, {confirmed} were confirmed"),
                None => format!("a torn batch, where {confirmed} were confirmed"),
            }
        })
    }
}

/// A store that tells the disk how many batches it has confirmed.
pub(crate) struct Counted {
    pub(crate) store: Box<dyn Store>,
    pub(crate) layer: Arc<Layer>,
}

impl Store for Counted {
    fn view(&self) -> Box<dyn Snapshot + '_> {
        self.store.view()
    }

    fn commit(&mut self, batch: Batch) -> Result<Committed, Fault> {
        let committed = self.store.commit(batch)?;
        self.layer.confirmed.fetch_add(1, Ordering::SeqCst);
        Ok(committed)
    }

    fn tidy(&mut self) -> Result<(), Fault> {
        self.store.tidy()
    }
}

/// What came of many trials.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) trials: usize,
    pub(crate) failures: Vec<String>,
}

/// What `work` says about each trial, on as many threads as the machine has processors.
pub(crate) fn in_parallel<T: Sync>(
    trials: &[T],
    work: impl Fn(&T) -> Result<(), String> + Sync,
) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let run = || {
        let trials = core::iter::from_fn(|| trials.get(next.fetch_add(1, Ordering::Relaxed)));
        trials.filter_map(|trial| work(trial).err()).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// The seeds to try: one, or as the environment says.
pub(crate) fn seeds() -> std::ops::Range<u64> {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = setting("SIGILLO_POWER_SEED").unwrap_or(1);
    first..first + setting("SIGILLO_POWER_RUNS").unwrap_or(1)
}
