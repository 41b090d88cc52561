//! Copies of a database that goes on working, and databases made of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use super::fixtures::{BYTES, Model, data_key, lazy, open, send};
use crate::base::time::Time;
use crate::disk::backup_file::{BackupReader, BackupRow, BackupWriter, Front};
use crate::disk::copy::{self, CopyError, RestoreError};
use crate::disk::database::Database;
use crate::store::key::{Key, Value};
use crate::store::table::{Reader, Rows as _};

/// Every row, by a backup that was written and brought back.
fn brought_back(backup: &[u8], front: &Front) -> Model {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("database");
    let mut rest = backup;
    assert_eq!(Front::read(&mut rest).unwrap(), *front);
    let mut reader = BackupReader::new(rest, front, &data_key()).unwrap();
    let mark =
        BackupRow { table: 12, id: b"mark".to_vec(), order: Vec::new(), value: Some(Value::new(vec![1, 0])) };
    copy::restore(&directory, &data_key(), &lazy(), &mut reader, vec![mark]).unwrap();
    let mut again = BackupReader::new(&backup[..0], front, &data_key()).unwrap();
    let twice = copy::restore(&directory, &data_key(), &lazy(), &mut again, Vec::new());
    assert!(matches!(twice, Err(RestoreError::Exists)));
    let (database, recovery) = open(&directory, lazy()).unwrap();
    assert!(!recovery.created && recovery.batches == 0);
    let mut rows = rows(&database);
    assert_eq!(rows.remove(&BYTES.key(b"mark")), Some(Vec::new()));
    // It is a database like any other.
    send(&database, 1, &[(BYTES.key(b"new"), Some(b"row"))]).recv().unwrap().unwrap();
    database.close().unwrap();
    let (database, _) = open(&directory, lazy()).unwrap();
    assert_eq!(self::rows(&database).len(), rows.len() + 2);
    rows
}

fn rows(database: &Database) -> Model {
    let view = database.durable_view();
    let reader = Reader::new(&view);
    let rows = reader.scan(&BYTES, &BYTES.all());
    reader.finish().unwrap();
    rows.into_iter().map(|(key, row)| (key, (*row).clone())).collect()
}

fn backup(database: &Database, front: &Front) -> Vec<u8> {
    let mut writer = BackupWriter::begin(Vec::new(), front, &data_key()).unwrap();
    database.copy(&mut |table, id, order, value| writer.row(table, id, order, value)).unwrap();
    writer.finish().unwrap().0
}

fn front() -> Front {
    Front::new(Time::from_millis(1), b"keystore".to_vec()).unwrap()
}

#[test]
fn a_copy_has_what_is_in_sled_in_the_journal_and_above_both() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    let mut model = Model::new();
    let write = |number: u64, key: Key, value: Option<&[u8]>| {
        send(&database, number, &[(key, value)]).recv().unwrap().unwrap();
    };
    for number in 0..300u64 {
        write(number, BYTES.key_at(b"who", number), Some(b"old"));
    }
    database.checkpoint().unwrap();
    for number in 0..100u64 {
        let (key, value) = (BYTES.key_at(b"who", 3 * number), (number % 2 == 0).then_some(&b"newer"[..]));
        write(300 + number, key, value);
    }
    for number in 0..300u64 {
        let value = match (number % 3, number % 2) {
            (0, 0) => Some(b"newer".to_vec()),
            (0, _) => None,
            _ => Some(b"old".to_vec()),
        };
        value.into_iter().for_each(|value| drop(model.insert(BYTES.key_at(b"who", number), value)));
    }
    let front = front();
    assert_eq!(brought_back(&backup(&database, &front), &front), model);
}

#[test]
fn a_copy_of_a_database_that_is_written_to_is_as_it_stood_at_one_moment() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    // Two rows of a pair always say the same, and no batch is missing before one that is there.
    let write = |number: u64| {
        let value = number.to_be_bytes();
        let pair = BYTES.key_at(b"pair", number % 50);
        let rows = [
            (pair.clone(), Some(&value[..])),
            (Key::at(pair.table, b"twin", number % 50), Some(&value[..])),
            (BYTES.key(b"last"), Some(&value[..])),
        ];
        send(&database, number, &rows).recv().unwrap().unwrap();
    };
    (0..200).for_each(write);
    database.checkpoint().unwrap();
    let stop = AtomicBool::new(false);
    let front = front();
    let copies = std::thread::scope(|scope| {
        let (writing, is_written_to) = sync_channel(1);
        let (stop, write) = (&stop, &write);
        scope.spawn(move || {
            for number in (200..).take_while(|_| !stop.load(Ordering::Relaxed)) {
                write(number);
                let _ = writing.try_send(());
            }
        });
        is_written_to.recv().unwrap();
        let copies: Vec<Vec<u8>> = (0..5).map(|_| backup(&database, &front)).collect();
        stop.store(true, Ordering::Relaxed);
        copies
    });
    let mut moments = Vec::new();
    for copy in copies {
        let rows = brought_back(&copy, &front);
        let number = |key: &Key| u64::from_be_bytes(rows[key].as_slice().try_into().unwrap());
        let last = number(&BYTES.key(b"last"));
        let (mut pairs, mut twins) = (BTreeMap::new(), BTreeMap::new());
        for place in 0..50 {
            pairs.insert(place, number(&BYTES.key_at(b"pair", place)));
            twins.insert(place, number(&BYTES.key_at(b"twin", place)));
        }
        assert_eq!(pairs, twins);
        // The last fifty batches up to that moment, each of them.
        let mut numbers: Vec<u64> = pairs.into_values().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (last - 49..=last).collect::<Vec<u64>>());
        moments.push(last);
    }
    assert!(moments.is_sorted(), "{moments:?}");
}

#[test]
fn one_copy_is_made_at_a_time_and_a_failed_one_leaves_room_for_the_next() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    send(&database, 1, &[(BYTES.key(b"who"), Some(b"what"))]).recv().unwrap().unwrap();
    let again = database.clone();
    let failed = database.copy(&mut |_, _, _, _| {
        assert!(matches!(again.copy(&mut |_, _, _, _| Ok(())), Err(CopyError::Busy)));
        Err(std::io::Error::other("no room"))
    });
    assert!(matches!(failed, Err(CopyError::Write(_))));
    let mut count = 0;
    database
        .copy(&mut |_, _, _, _| {
            count += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(count, 1);
}
