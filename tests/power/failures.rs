//! A call fails or the program is killed, at every storage call; then it starts again, goes on, and loses its power.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sigillo::store::snapshot::Fault;

use crate::layer::{Failure, Layer, Plan};
use crate::store::{Careless, Open, Store, new_home, sigillo};
use crate::trial::{Counted, Expected, Report, in_parallel, seeds};
use crate::trio::{CUSTOMER, MAILBOX, SHOP, Trio};
use crate::yardstick::redb;

/// What a person must read when the disk is full.
const FULL: &str = "free some space, then start the node again";

/// How many calls a run has when nothing goes wrong.
fn calls(open: Open, subject: usize) -> usize {
    let home = new_home();
    let layer = Arc::new(Layer::over(home.path(), Plan::Sound, 0));
    let mut trio = Trio::new(subject, open(home.path(), layer.clone()).unwrap());
    trio.run();
    layer.calls().len()
}

fn fail_everywhere(open: Open, subject: usize, seed: u64, plan: fn(usize) -> Plan) -> Report {
    let expected = Expected::of(subject);
    let trials: Vec<usize> = (0..calls(open, subject)).collect();
    let failures = in_parallel(&trials, |call| {
        let outcome = after_failure(open, subject, &expected, plan(*call), seed + *call as u64);
        outcome.map_err(|words| format!("call {call}: {words}"))
    });
    Report { trials: trials.len(), failures }
}

fn after_failure(
    open: Open,
    subject: usize,
    expected: &Expected,
    plan: Plan,
    seed: u64,
) -> Result<(), String> {
    let home = new_home();
    let layer = Arc::new(Layer::over(home.path(), plan, seed));
    let mut turns = Vec::new();
    let mut said = None;
    match open(home.path(), layer.clone()) {
        Err(words) => said = Some(words),
        Ok(store) => {
            let mut trio = Trio::new(subject, Box::new(Counted { store, layer: layer.clone() }));
            trio.run();
            said = trio.fault.take().map(|Fault(words)| words).or(said);
            let confirmed = layer.confirmed.load(Ordering::SeqCst);
            // What is stored can still be read.
            if let Err(words) = expected.batches(trio.store(), confirmed) {
                return Err(format!("after {said:?}: {words}"));
            }
            turns = core::mem::take(&mut trio.turns);
        }
    }
    check_words(plan, said.as_deref())?;
    if said.is_some() {
        check_calls(plan, &layer)?;
    }

    // The program starts again. The system was never down, and shows what it has in memory.
    layer.plan(Plan::Sound);
    let confirmed = layer.confirmed.load(Ordering::SeqCst);
    let store =
        reopen(open, home.path(), &layer).map_err(|words| format!("it doesn't start again: {words}"))?;
    let number = expected.batches(&*store, confirmed)?;
    let mut trio = match turns.get(usize::try_from(confirmed).unwrap()) {
        Some(turn) => Trio::resume(subject, store, turn),
        None if number == 0 => Trio::new(subject, store),
        None => return Err(format!("{number} batches, and nothing was ever stored")),
    };
    trio.check()?;
    let rows = expected.rows(trio.store())?;

    // Everything of that was confirmed.
    let cut = layer.cut_now();
    let words = |words| format!("then a power cut, {:?} left: {words}", cut.left);
    let store = open(&cut.home, Arc::new(Careless)).map_err(words)?;
    let left = expected.rows(&*store).map_err(words)?;
    if left == rows { Ok(()) } else { Err(words("rows are missing".to_owned())) }
}

/// Opens a store that another part of this process may still be closing.
fn reopen(open: Open, home: &Path, layer: &Arc<Layer>) -> Result<Box<dyn Store>, String> {
    for _ in 0..200 {
        match open(home, layer.clone()) {
            Err(words) if words.contains("another process has") => {
                std::thread::sleep(core::time::Duration::from_millis(10));
            }
            opened => return opened,
        }
    }
    Err("it is never closed".to_owned())
}

/// Whether the words that the node ends with say what is wrong and what to do.
fn check_words(plan: Plan, said: Option<&str>) -> Result<(), String> {
    match (plan, said) {
        (Plan::Fails(_, Failure::Full), Some(words)) if !words.contains(FULL) => {
            Err(format!("the disk was full, and a person reads: {words}"))
        }
        _ => Ok(()),
    }
}

/// Whether the disk was left alone after the call that failed.
fn check_calls(plan: Plan, layer: &Layer) -> Result<(), String> {
    let Plan::Fails(failed, _) = plan else { return Ok(()) };
    let (mut own, others) = layer.behind(failed);
    // Only the mark that a sync has failed.
    own.retain(|later| later != "create database/doubt");
    if own.is_empty() && others.len() <= UNDER_WAY_MAX {
        return Ok(());
    }
    let call = layer.calls().get(failed).cloned().unwrap_or_default();
    Err(format!("after a failed {call} came {own:?}, and from other threads {others:?}"))
}

/// The calls of what the other thread may have begun before it could hear of the failure. The longest is an append that needs
/// the next segment where none was made ahead of time: that one is looked for, created, written and synced, has its header
/// written and synced, gets its name, and that is synced; then the record is written and synced.
const UNDER_WAY_MAX: usize = 10;

fn assert_survives(open: Open, subject: usize, plan: fn(usize) -> Plan) {
    for seed in seeds() {
        let report = fail_everywhere(open, subject, seed, plan);
        println!("seed {seed}: {} trials, {} failures", report.trials, report.failures.len());
        assert!(report.failures.is_empty(), "seed {seed}: {:#?}", report.failures);
    }
}

#[test]
fn a_full_disk_at_any_call_stops_the_node_with_words_and_loses_nothing() {
    assert_survives(sigillo, CUSTOMER, |call| Plan::Fails(call, Failure::Full));
}

#[test]
fn a_broken_disk_at_any_call_is_left_alone_from_then_on_and_loses_nothing() {
    assert_survives(sigillo, SHOP, |call| Plan::Fails(call, Failure::Broken));
}

#[test]
fn a_kill_at_any_call_and_a_power_cut_later_lose_nothing() {
    assert_survives(sigillo, CUSTOMER, Plan::Dies);
}

#[test]
fn a_mailbox_loses_nothing_that_it_said_it_keeps_when_its_disk_fails_or_it_is_killed_at_any_call() {
    for plan in [
        |call| Plan::Fails(call, Failure::Full),
        |call| Plan::Fails(call, Failure::Broken),
        Plan::Dies as fn(usize) -> Plan,
    ] {
        assert_survives(sigillo, MAILBOX, plan);
    }
}

#[test]
#[ignore = "another store, for comparison: just power"]
fn the_yardstick_loses_nothing_when_the_disk_fails() {
    assert_survives(redb, SHOP, |call| Plan::Fails(call, Failure::Broken));
}
