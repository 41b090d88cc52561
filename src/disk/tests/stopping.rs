//! What a database does when the disk fails, fills up or is taken away.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::fixtures::*;
use crate::base::limits;
use crate::disk::medium::{Medium, SystemMedium};
use crate::disk::options::Options;
use crate::store::snapshot::Fault;
use crate::store::tx::{Committed, Tx};

#[test]
fn after_a_failed_sync_nothing_is_stored_and_durable_rows_are_still_read() {
    let home = tempfile::tempdir().unwrap();
    let switch = Arc::new(Switch::default());
    let (database, _) = open(home.path(), switch.options()).unwrap();
    let (one, two) = (BYTES.key(b"one"), BYTES.key(b"two"));
    commit(&database, 1, &[(one.clone(), Some(b"1"))]);

    switch.sync_fails.store(true, Ordering::SeqCst);
    let fault = send(&database, 2, &[(two.clone(), Some(b"2"))]).recv().unwrap().unwrap_err();
    assert!(fault.0.contains("EIO"));
    // The disk works again, but what it holds is unknown: nothing is written any more.
    switch.sync_fails.store(false, Ordering::SeqCst);
    assert_eq!(send(&database, 3, &[(two.clone(), Some(b"3"))]).recv().unwrap().unwrap_err(), fault);
    assert_eq!(database.fault(), Some(fault.clone()));
    assert_eq!(database.checkpoint(), Err(fault.clone()));
    assert_eq!(value(&database.durable_view(), &one).as_deref(), Some(&b"1"[..]));
    assert_eq!(value(&database.durable_view(), &two), None);
    assert_eq!(database.close(), Err(fault));

    let (database, _) = open(home.path(), lazy()).unwrap();
    assert_eq!(value(&database.durable_view(), &one).as_deref(), Some(&b"1"[..]));
    assert_ne!(value(&database.durable_view(), &two).as_deref(), Some(&b"3"[..]));
}

#[test]
fn a_full_disk_is_said_with_what_to_do_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let switch = Arc::new(Switch::default());
    let (database, _) = open(home.path(), switch.options()).unwrap();
    let (one, two) = (BYTES.key(b"one"), BYTES.key(b"two"));
    commit(&database, 1, &[(one.clone(), Some(b"1"))]);
    switch.write_fails.store(true, Ordering::SeqCst);
    let fault = send(&database, 2, &[(two.clone(), Some(b"2"))]).recv().unwrap().unwrap_err();
    assert!(fault.0.contains("free some space, then start the node again"), "{fault}");
    drop(database);
    let (database, _) = open(home.path(), lazy()).unwrap();
    assert_eq!(everything(&database), Model::from([(one, b"1".to_vec())]));
}

#[test]
fn a_failed_sync_of_sled_stops_the_database_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let switch = Arc::new(Switch::default());
    let (database, _) = open(home.path(), switch.options()).unwrap();
    let one = BYTES.key(b"one");
    commit(&database, 1, &[(one.clone(), Some(b"1"))]);
    switch.sync_fails.store(true, Ordering::SeqCst);
    assert!(database.checkpoint().is_err());
    switch.sync_fails.store(false, Ordering::SeqCst);
    assert!(send(&database, 2, &[(one.clone(), None)]).recv().unwrap().is_err());
    drop(database);
    let (database, _) = open(home.path(), lazy()).unwrap();
    assert_eq!(everything(&database), Model::from([(one, b"1".to_vec())]));
}

#[test]
fn every_commit_is_answered_once_when_the_database_goes() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    let key = BYTES.key(b"k");
    let answers: Vec<_> =
        (1..=100).map(|number| send(&database, number, &[(key.clone(), Some(b"v"))])).collect();
    let clone = database.clone();
    database.close().unwrap();
    for (answer, number) in answers.iter().zip(1..) {
        assert_eq!(answer.recv().unwrap().unwrap().number(), number);
        assert!(answer.recv().is_err());
    }
    assert!(send(&clone, 101, &[(key, None)]).recv().unwrap().is_err());
    assert!(clone.close().is_err());
}

#[test]
fn a_panic_on_the_journals_thread_stops_the_database_and_nobody_waits_for_ever() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    let one = BYTES.key(b"one");
    commit(&database, 1, &[(one.clone(), Some(b"1"))]);
    let view = database.engine_view();
    let batch = Tx::new(&view).finish(2).unwrap();
    drop(view);
    database.commit(batch, Box::new(|_| panic!("whoever was told")));
    let fault = database.checkpoint().unwrap_err();
    assert!(fault.0.contains("whoever was told"), "{fault}");
    assert_eq!(database.fault(), Some(fault));
    assert!(send(&database, 3, &[(one.clone(), None)]).recv().unwrap().is_err());
    drop(database);
    let (database, _) = open(home.path(), lazy()).unwrap();
    assert_eq!(everything(&database), Model::from([(one, b"1".to_vec())]));
}

#[test]
fn a_batch_that_can_not_be_stored_is_answered_after_those_before_it() {
    let home = tempfile::tempdir().unwrap();
    let switch = Arc::new(Switch::default());
    let (database, _) = open(home.path(), switch.options()).unwrap();
    let (sender, answers) = sync_channel(2);
    switch.halt(true);
    for (number, key) in [(1, BYTES.key(b"one")), (2, BYTES.key(&[0; limits::KEY_PART_MAX + 1]))] {
        let view = database.engine_view();
        let tx = Tx::new(&view);
        tx.put(&BYTES, key, vec![1]);
        let batch = tx.finish(number).unwrap();
        let sender = sender.clone();
        database.commit(batch, Box::new(move |result| sender.send((number, result.is_ok())).unwrap()));
    }
    switch.halt(false);
    let answers = [answers.recv().unwrap(), answers.recv().unwrap()];
    assert_eq!(answers.map(|(number, _)| number), [1, 2]);
    assert!(!answers[1].1);
}

#[test]
fn a_batch_without_rows_needs_no_disk_but_those_before_it() {
    let home = tempfile::tempdir().unwrap();
    let switch = Arc::new(Switch::default());
    let (database, _) = open(home.path(), switch.options()).unwrap();
    let one = BYTES.key(b"one");
    commit(&database, 1, &[(one.clone(), Some(b"1"))]);
    switch.sync_fails.store(true, Ordering::SeqCst);
    commit(&database, 2, &[]);
    switch.halt(true);
    let before = send(&database, 3, &[(one.clone(), Some(b"3"))]);
    let behind = send(&database, 4, &[]);
    switch.halt(false);
    assert!(before.recv().unwrap().is_err());
    assert!(behind.recv().unwrap().is_err(), "what it was decided on isn't durable");
    assert!(send(&database, 5, &[]).recv().unwrap().is_err());
    drop(database);
    let (database, _) = open(home.path(), lazy()).unwrap();
    commit(&database, 6, &[(one.clone(), Some(b"6"))]);
    assert_eq!(everything(&database), Model::from([(one, b"6".to_vec())]));
}

#[test]
fn the_last_clone_may_go_with_an_answer() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    let view = database.engine_view();
    let batch = Tx::new(&view).finish(1).unwrap();
    drop(view);
    let (sender, answered) = sync_channel(1);
    let clone = database.clone();
    let done = move |result: Result<Committed, Fault>| {
        drop(clone);
        let _ = sender.send(result.is_ok());
    };
    let inner = database.clone();
    inner.commit(batch, Box::new(done));
    drop((inner, database));
    assert!(answered.recv().unwrap());
}

#[test]
fn a_burst_larger_than_the_memory_allowed_is_slowed_and_stored_whole() {
    let home = tempfile::tempdir().unwrap();
    let options = Options {
        overlay_soft_bytes: 32 * 1024,
        overlay_hard_bytes: 64 * 1024,
        checkpoint_bytes: 256 * 1024,
        ..lazy()
    };
    let (database, _) = open(home.path(), options).unwrap();
    let mut model = Model::new();
    let mut answers = Vec::new();
    for number in 0..2_000u64 {
        let key = BYTES.key_at(b"burst", number);
        answers.push(send(&database, number, &[(key.clone(), Some(&[number as u8; 500]))]));
        model.insert(key, vec![number as u8; 500]);
        // One batch may be staged over the bound.
        assert!(database.sizes().overlay_bytes <= 64 * 1024 + 2_000);
    }
    assert!(answers.into_iter().all(|answer| answer.recv().unwrap().is_ok()));
    assert_eq!(everything(&database), model);
    drop(database);
    assert_eq!(everything(&open(home.path(), lazy()).unwrap().0), model);
}

/// A medium on which the manifest doesn't get its name while the gate is shut.
#[derive(Default)]
struct Gate {
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn set(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }
}

impl Medium for Gate {
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        if to.ends_with("manifest") {
            drop(self.opened.wait_while(self.shut.lock().unwrap(), |shut| *shut).unwrap());
        }
        SystemMedium.rename(from, to)
    }
}

#[test]
fn whoever_waits_for_room_in_the_journal_goes_on_once_a_checkpoint_lets_old_segments_go() {
    let home = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::default());
    let options = Options { checkpoint_bytes: 1, medium: gate.clone(), ..lazy() };
    let full = 2 * options.segment_bytes * 3;
    let (database, _) = open(home.path(), options).unwrap();
    gate.set(true);
    // The one row is always newer than what a checkpoint brings into sled: it finds nothing there that makes room.
    let key = BYTES.key(b"one");
    let mut number = 0;
    while database.sizes().journal_bytes <= full {
        number += 1;
        commit(&database, number, &[(key.clone(), Some(&[7; 8_000]))]);
    }
    let (sender, finished) = sync_channel(1);
    let writer = database.clone();
    std::thread::spawn(move || {
        let sent = send(&writer, number + 1, &[(key, Some(b"last"))]).recv();
        sender.send(sent.unwrap().is_ok()).unwrap();
    });
    // It waits soon, if it does at all: one that came later would find room.
    assert!(finished.recv_timeout(Duration::from_millis(300)).is_err(), "the journal is full");
    gate.set(false);
    assert_eq!(finished.recv_timeout(Duration::from_secs(60)), Ok(true), "it waits for ever");
}
