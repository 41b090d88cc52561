//! The power goes at every storage call of every operation, and once more while the store is opened again.

use std::path::Path;
use std::sync::Arc;

use sigillo::disk::medium::Medium;

use crate::layer::{Cut, Layer, Plan};
use crate::memory::Memory;
use crate::store::{Careless, Open, Store, new_home, sigillo};
use crate::trial::{Counted, Expected, Report, in_parallel, seeds};
use crate::trio::{CUSTOMER, MAILBOX, SHOP, Trio, Turn};
use crate::yardstick::redb;

/// Runs what the two nodes do, and opens what a power cut at each call would have left.
fn cut_everywhere(open: Open, subject: usize, seed: u64) -> Report {
    let expected = Expected::of(subject);
    let home = new_home();
    let layer = Arc::new(Layer::over(home.path(), Plan::Watched, seed));
    let store = open(home.path(), layer.clone()).unwrap();
    let mut trio = Trio::new(subject, Box::new(Counted { store, layer: layer.clone() }));
    trio.run();
    assert_eq!(trio.fault, None);
    let turns = core::mem::take(&mut trio.turns);
    drop(trio);
    assert_eq!(turns.len(), expected.states.len());
    let cuts = layer.take_cuts();
    assert!(cuts.len() >= turns.len(), "{} cuts of {} batches", cuts.len(), turns.len());
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
        let store = open(&inner.home, Arc::new(Careless)).map_err(words)?;
        expected.batches(&*store, cut.confirmed).map_err(words)?;
    }
    let store_after = open(&last.home, Arc::new(Careless))?;
    let number_after = expected.batches(&*store_after, number as u64)?;
    if expected.states[number_after] != expected.states[number] {
        return Err("another cut after it was opened changed what it holds".to_owned());
    }
    drop(store_after);
    // Going on: on the real disk now and then, in memory otherwise, as the rows are the same.
    let store =
        if seed.is_multiple_of(8) { store } else { Box::new(Memory::of(expected.states[number].clone())) };
    Trio::resume(subject, store, turn).check()
}

/// `least` is about how often the subject asks something of its disk: fewer cuts would prove little.
fn assert_survives(open: Open, subject: usize, least: usize) {
    for seed in seeds() {
        let report = cut_everywhere(open, subject, seed);
        assert!(report.trials > least, "{report:?}");
        println!("seed {seed}: {} cuts, {} failures", report.trials, report.failures.len());
        assert!(report.failures.is_empty(), "seed {seed}: {:#?}", report.failures);
    }
}

#[test]
fn a_business_loses_nothing_when_the_power_goes_at_any_call() {
    assert_survives(sigillo, SHOP, 100);
}

#[test]
fn a_customer_loses_nothing_when_the_power_goes_at_any_call() {
    assert_survives(sigillo, CUSTOMER, 100);
}

#[test]
fn a_mailbox_loses_nothing_that_it_said_it_keeps_when_the_power_goes_at_any_call() {
    assert_survives(sigillo, MAILBOX, 60);
}

#[test]
#[ignore = "another store, for comparison: just power"]
fn the_yardstick_loses_nothing_when_the_power_goes_at_any_call() {
    assert_survives(redb, SHOP, 100);
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
