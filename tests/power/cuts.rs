//! The power goes at every storage call of every operation, and once more while the store is opened again.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sigillo::disk::medium::{Medium, SystemMedium};
use sigillo::store::key::TableId;
use sigillo::store::snapshot::{Fault, Scan, Snapshot};
use sigillo::store::tx::{Batch, Committed};

use crate::duo::{CUSTOMER, Duo, SHOP, Turn};
use crate::layer::{Cut, Layer, Plan};
use crate::memory::{Memory, Rows};
use crate::store::{Open, Store, sigillo};
use crate::yardstick::redb;

/// What the subject holds after each of its batches when nothing goes wrong.
pub(crate) struct Expected {
    pub(crate) states: Vec<Arc<Rows>>,
    tables: BTreeSet<TableId>,
}

impl Expected {
    pub(crate) fn of(subject: usize) -> Self {
        let memory = Memory::of(Arc::default());
        let mut duo = Duo::new(subject, Box::new(memory.clone()));
        duo.run();
        let states = memory.states();
        duo.check().unwrap();
        let tables = states.iter().flat_map(|rows| rows.keys()).map(|key| key.table).collect();
        Self { states, tables }
    }

    fn rows(&self, store: &dyn Store) -> Result<Rows, String> {
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

/// Runs what the two nodes do, and opens what a power cut at each call would have left.
fn cut_everywhere(open: Open, subject: usize, seed: u64) -> Report {
    let expected = Expected::of(subject);
    let home = tempfile::tempdir().unwrap();
    let layer = Arc::new(Layer::over(home.path(), Plan::Watched, seed));
    let store = open(home.path(), layer.clone()).unwrap();
    let mut duo = Duo::new(subject, Box::new(Counted { store, layer: layer.clone() }));
    duo.run();
    assert_eq!(duo.fault, None);
    let turns = core::mem::take(&mut duo.turns);
    drop(duo);
    assert_eq!(turns.len(), expected.states.len());
    let cuts = layer.take_cuts();
    let trials: Vec<_> = cuts.iter().enumerate().collect();
    let failures = in_parallel(&trials, |(number, cut)| {
        let turn = &turns[usize::try_from(cut.confirmed).unwrap()];
        let outcome = after_cut(open, subject, &expected, cut, turn, *number as u64 + seed);
        outcome.map_err(|words| format!("{}, {}, {:?} left: {words}", turn.operation, cut.call, cut.left))
    });
    Report { trials: cuts.len(), failures }
}

/// Opens what a power cut left, cuts the power again during that, and lets the nodes go on.
fn after_cut(
    open: Open,
    subject: usize,
    expected: &Expected,
    cut: &Cut,
    turn: &Turn,
    seed: u64,
) -> Result<(), String> {
    let again = Arc::new(Layer::over(&cut.home, Plan::Watched, seed));
    let store = open(&cut.home, again.clone()).map_err(|words| format!("it doesn't open: {words}"))?;
    let number = expected.batches(&*store, cut.confirmed)?;
    // What was found is relied on from now on.
    let last = again.cut_now();
    let mut cuts = again.take_cuts();
    // Each cut by turns; all of them would take long.
    let kept = seed as usize % (cuts.len() + 1);
    cuts = cuts.into_iter().skip(kept).step_by(7).collect();
    for inner in cuts {
        let words = |words| format!("then {}, {:?} left: {words}", inner.call, inner.left);
        let store = open(&inner.home, Arc::new(SystemMedium)).map_err(words)?;
        expected.batches(&*store, cut.confirmed).map_err(words)?;
    }
    let store_after = open(&last.home, Arc::new(SystemMedium))?;
    let number_after = expected.batches(&*store_after, number as u64)?;
    if expected.states[number_after] != expected.states[number] {
        return Err("another cut after it was opened changed what it holds".to_owned());
    }
    drop(store_after);
    // Going on: on the real disk now and then, in memory otherwise, as the rows are the same.
    let store =
        if seed.is_multiple_of(8) { store } else { Box::new(Memory::of(expected.states[number].clone())) };
    Duo::resume(subject, store, turn).check()
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

fn seeds() -> std::ops::Range<u64> {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = setting("SIGILLO_POWER_SEED").unwrap_or(1);
    first..first + setting("SIGILLO_POWER_RUNS").unwrap_or(1)
}

fn assert_survives(open: Open, subject: usize) {
    for seed in seeds() {
        let report = cut_everywhere(open, subject, seed);
        assert!(report.trials > 100, "{report:?}");
        println!("seed {seed}: {} cuts, {} failures", report.trials, report.failures.len());
        assert!(report.failures.is_empty(), "seed {seed}: {:#?}", report.failures);
    }
}

#[test]
fn a_business_loses_nothing_when_the_power_goes_at_any_call() {
    assert_survives(sigillo, SHOP);
}

#[test]
fn a_customer_loses_nothing_when_the_power_goes_at_any_call() {
    assert_survives(sigillo, CUSTOMER);
}

#[test]
fn the_yardstick_loses_nothing_when_the_power_goes_at_any_call() {
    assert_survives(redb, SHOP);
}

/// A store that says "stored" without a sync.
fn hasty(home: &Path, medium: Arc<dyn Medium>) -> Result<Box<dyn Store>, String> {
    sigillo(home, Arc::new(Hasty(medium)))
}

struct Hasty(Arc<dyn Medium>);

impl Medium for Hasty {
    fn create(&self, path: &Path) -> std::io::Result<std::fs::File> {
        self.0.create(path)
    }

    fn write(&self, file: &mut std::fs::File, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write(file, bytes)
    }

    fn sync(&self, _: &std::fs::File) -> std::io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.0.remove(path)
    }

    fn create_directory(&self, path: &Path) -> std::io::Result<()> {
        self.0.create_directory(path)
    }

    fn sync_directory(&self, path: &Path) -> std::io::Result<()> {
        self.0.sync_directory(path)
    }
}

#[test]
fn a_store_that_forgets_to_sync_is_found_out() {
    let report = cut_everywhere(hasty, CUSTOMER, 1);
    assert!(report.failures.len() > report.trials / 4, "{} of {}", report.failures.len(), report.trials);
}
