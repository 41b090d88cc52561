//! What views see, over staged rows, durable rows and sled.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::fixtures::*;
use crate::disk::options::Options;
use crate::disk::view::View;
use crate::store::snapshot::Scan;

#[test]
fn a_staged_row_is_the_engines_alone_until_it_is_synced() {
    let home = tempfile::tempdir().unwrap();
    let switch = Arc::new(Switch::default());
    let (database, _) = open(home.path(), switch.options()).unwrap();
    let key = BYTES.key_at(b"id", 1);
    commit(&database, 1, &[(key.clone(), Some(b"old"))]);
    switch.halt(true);
    let answer = send(&database, 2, &[(key.clone(), Some(b"new"))]);
    assert_eq!(value(&database.engine_view(), &key).as_deref(), Some(&b"new"[..]));
    assert_eq!(value(&database.durable_view(), &key).as_deref(), Some(&b"old"[..]));
    assert_eq!(rows(&database.durable_view(), &BYTES.of(b"id")), [(key.clone(), b"old".to_vec())]);
    assert!(answer.try_recv().is_err());
    switch.halt(false);
    answer.recv().unwrap().unwrap();
    assert_eq!(value(&database.durable_view(), &key).as_deref(), Some(&b"new"[..]));
}

#[test]
fn a_row_is_brought_into_sled_once_however_often_it_changes() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    let (hot, brief) = (BYTES.key(b"hot"), BYTES.key(b"brief"));
    for number in 0..100u64 {
        commit(&database, number, &[(hot.clone(), Some(&number.to_be_bytes()))]);
    }
    commit(&database, 100, &[(brief.clone(), Some(b"sent"))]);
    commit(&database, 101, &[(brief.clone(), None)]);
    database.checkpoint().unwrap();
    assert_eq!(database.sizes().applied_rows, 1);
    assert_eq!(database.sizes().overlay_rows, 0);
    assert_eq!(everything(&database), Model::from([(hot.clone(), 99u64.to_be_bytes().to_vec())]));
    commit(&database, 102, &[(hot, None)]);
    database.checkpoint().unwrap();
    assert_eq!(database.sizes().applied_rows, 2);
    assert!(everything(&database).is_empty());
}

#[test]
fn a_busy_node_lets_its_older_journal_go_and_never_brings_in_what_was_gone_by_then() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { checkpoint_bytes: 512 * 1024, ..lazy() };
    let (database, _) = open(home.path(), options).unwrap();
    let mut model = Model::new();
    // Each row is deleted by the batch after: long before its segment is let go.
    let value = vec![7; 4_000];
    for number in 1..=1_000u64 {
        let stays = BYTES.key_at(b"stays", number);
        let mut rows = vec![(BYTES.key_at(b"brief", number), Some(value.as_slice()))];
        rows.push((BYTES.key_at(b"brief", number - 1), None));
        if number % 50 == 0 {
            rows.push((stays.clone(), Some(&b"x"[..])));
            model.insert(stays, b"x".to_vec());
        }
        commit(&database, number, &rows);
    }
    model.insert(BYTES.key_at(b"brief", 1_000), value);
    let sizes = database.sizes();
    assert!(sizes.checkpoints >= 5, "{sizes:?}");
    assert!(sizes.journal_bytes <= 3 * 512 * 1024, "{sizes:?}");
    assert!(sizes.applied_rows < 60, "20 rows stay, and few were there when the journal was cut: {sizes:?}");
    assert_eq!(everything(&database), model);
    drop(database);
    let (database, recovery) = open(home.path(), lazy()).unwrap();
    assert!(recovery.batches < 1_000);
    assert_eq!(everything(&database), model);
}

#[test]
fn a_busy_node_settles_when_it_comes_to_rest() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { settle: Duration::from_millis(1), ..lazy() };
    let (database, _) = open(home.path(), options).unwrap();
    commit(&database, 1, &[(BYTES.key(b"k"), Some(b"v"))]);
    while database.sizes().overlay_rows > 0 {
        std::thread::yield_now();
    }
    assert_eq!(database.sizes().applied_rows, 1);
}

#[test]
fn neither_values_nor_ids_are_readable_in_the_files() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    let (id, secret) = (b"an id that nobody may read", b"a value that nobody may read");
    commit(&database, 1, &[(BYTES.key_at(id, 1), Some(secret))]);
    let copied = tempfile::tempdir().unwrap();
    copy(home.path(), &copied.path().join("journal only"));
    database.checkpoint().unwrap();
    copy(home.path(), &copied.path().join("checkpoint"));
    let mut searched = 0;
    let mut directories = vec![copied.path().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            searched += bytes.len();
            for needle in [&id[..], &secret[..]] {
                assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{}", path.display());
            }
        }
    }
    assert!(searched > 64 * 1024);
}

#[test]
fn scans_find_few_and_many_rows_through_long_runs_of_each_layer() {
    let home = tempfile::tempdir().unwrap();
    let switch = Arc::new(Switch::default());
    let (database, _) =
        open(home.path(), Options { settle: Duration::from_secs(3_600), ..switch.options() }).unwrap();
    let mut model = Model::new();
    let mut number = 0;
    let mut change = |rows: Vec<(u64, bool)>| {
        number += 1;
        let rows: Vec<_> = rows.into_iter().map(|(at, kept)| (BYTES.key_at(b"x", at), kept)).collect();
        for (key, kept) in &rows {
            if *kept {
                model.insert(key.clone(), vec![1])
            } else {
                model.remove(key)
            };
        }
        let rows: Vec<_> = rows.into_iter().map(|(key, kept)| (key, kept.then_some(&[1][..]))).collect();
        send(&database, number, &rows)
    };
    // In sled, then durable above it, then staged above both: each with long runs of rows and of deletions.
    change((0..3_000).map(|at| (at, at % 3 == 0)).collect()).recv().unwrap().unwrap();
    database.checkpoint().unwrap();
    change((500..2_500).map(|at| (at, at % 5 == 0)).collect()).recv().unwrap().unwrap();
    switch.halt(true);
    let answer = change((1_000..2_000).map(|at| (at, at > 1_950)).collect());
    let view = database.engine_view();
    for from in [0, 490, 999, 1_500, 2_600] {
        for limit in [1, 17, 100, 1_100, usize::MAX] {
            for scan in [BYTES.of(b"x").from(from), BYTES.of(b"x").until(from + 1).reversed()] {
                let scan = scan.limit(limit);
                let mut expected: Vec<_> = model.keys().filter(|key| scan.matches(key)).collect();
                if scan.reverse {
                    expected.reverse();
                }
                expected.truncate(limit);
                let found = rows(&view, &scan);
                assert_eq!(found.iter().map(|(key, _)| key).collect::<Vec<_>>(), expected, "{scan:?}");
            }
        }
    }
    switch.halt(false);
    answer.recv().unwrap().unwrap();
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u64, u8),
    Delete(u8, u64),
    Commit,
    Checkpoint,
    Reopen,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..3u8, 0..6u64, any::<u8>()).prop_map(|(id, at, byte)| Step::Put(id, at, byte)),
        6 => (0..3u8, 0..6u64).prop_map(|(id, at)| Step::Delete(id, at)),
        6 => Just(Step::Commit),
        2 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
        1 => Just(Step::Close),
    ]
}

fn scans() -> Vec<Scan> {
    let mut scans =
        vec![BYTES.all(), BYTES.all().reversed(), BYTES.all().limit(3), BYTES.all().from(2).until(4)];
    for id in 0..3u8 {
        let all = BYTES.of(&[id]);
        for (from, until) in [(0, 9), (1, 4), (3, 3), (4, 1)] {
            for limit in [0, 1, 2, usize::MAX] {
                let scan = all.clone().from(from).until(until).limit(limit);
                scans.extend([scan.clone(), scan.reversed()]);
            }
        }
        scans.extend([all.clone(), all.reversed()]);
    }
    scans
}

fn check(view: &View, model: &Model) {
    for scan in scans() {
        let mut expected: Vec<_> = model.iter().filter(|(key, _)| scan.matches(key)).collect();
        if scan.reverse {
            expected.reverse();
        }
        expected.truncate(scan.limit);
        let found = rows(view, &scan);
        assert_eq!(found.iter().map(|(key, value)| (key, value)).collect::<Vec<_>>(), expected, "{scan:?}");
    }
    for id in 0..3 {
        for at in 0..6 {
            let key = BYTES.key_at(&[id], at);
            assert_eq!(value(view, &key), model.get(&key).cloned());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn reads_agree_with_a_map_through_commits_checkpoints_and_crashes(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let home = tempfile::tempdir().unwrap();
        let (mut database, _) = open(home.path(), lazy()).unwrap();
        let (mut model, mut waiting) = (Model::new(), Vec::new());
        for (number, step) in (0u64..).zip(steps) {
            match step {
                Step::Put(id, at, byte) => {
                    waiting.push((BYTES.key_at(&[id], at), Some(vec![byte; usize::from(byte)])));
                }
                Step::Delete(id, at) => waiting.push((BYTES.key_at(&[id], at), None)),
                Step::Commit => {
                    let rows: Vec<_> =
                        waiting.iter().map(|(key, value)| (key.clone(), value.as_deref())).collect();
                    commit(&database, number, &rows);
                    for (key, value) in waiting.drain(..) {
                        match value {
                            Some(value) => model.insert(key, value),
                            None => model.remove(&key),
                        };
                    }
                }
                Step::Checkpoint => database.checkpoint().unwrap(),
                Step::Reopen => {
                    drop(database);
                    database = open(home.path(), lazy()).unwrap().0;
                }
                Step::Close => {
                    database.close().unwrap();
                    let (again, recovery) = open(home.path(), lazy()).unwrap();
                    prop_assert_eq!((recovery.batches, recovery.segments, recovery.torn_bytes), (0, 0, 0));
                    database = again;
                }
            }
            check(&database.engine_view(), &model);
        }
        check(&database.durable_view(), &model);
    }
}
