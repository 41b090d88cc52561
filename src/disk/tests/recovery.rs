//! What opening does with what a crash, damage or another program left.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::fixtures::*;
use crate::crypto::secret::Secret;
use crate::disk::database::Database;
use crate::disk::error::OpenError;
use crate::disk::journal::{self, Journal, Place};
use crate::disk::medium::SystemMedium;
use crate::disk::options::Options;
use crate::disk::segment::Origin;
use crate::store::key::Key;

fn key(number: u64) -> Key {
    BYTES.key_at(b"rows", number)
}

#[test]
fn confirmed_rows_survive_a_killed_process() {
    let home = tempfile::tempdir().unwrap();
    let (database, recovery) = open(home.path(), lazy()).unwrap();
    assert!(recovery.created);
    let mut model = Model::new();
    let copies = tempfile::tempdir().unwrap();
    for number in 0..200u64 {
        commit(&database, number, &[(key(number % 50), Some(&number.to_be_bytes()))]);
        model.insert(key(number % 50), number.to_be_bytes().to_vec());
        if number == 120 {
            database.checkpoint().unwrap();
        }
        if number % 40 == 39 {
            let killed = copies.path().join(number.to_string());
            copy(home.path(), &killed);
            let (again, recovery) = open(&killed, lazy()).unwrap();
            assert_eq!(everything(&again), model);
            let since = if number > 120 { 120 } else { -1 };
            assert_eq!(recovery.batches as i64, number as i64 - since);
            assert_eq!(recovery.torn_bytes, 0);
        }
    }
}

#[test]
fn a_second_opener_and_a_wrong_key_are_refused_and_change_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    commit(&database, 1, &[(key(1), Some(b"v"))]);
    assert!(matches!(open(home.path(), lazy()), Err(OpenError::Busy(_))));
    drop(database);
    let before = files_of(home.path());
    let wrong = Database::open(home.path(), &Secret::new([8; 32]), lazy());
    assert!(matches!(wrong, Err(OpenError::WrongKey)));
    assert_eq!(files_of(home.path()), before);
    let (database, _) = open(home.path(), lazy()).unwrap();
    assert_eq!(everything(&database).len(), 1);
}

#[test]
fn a_newer_schema_is_refused_and_nothing_is_touched() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path(), lazy()).unwrap());
    let path = home.path().join("manifest");
    let mut manifest = std::fs::read(&path).unwrap();
    manifest[18] += 1;
    let content = manifest.len() - 32;
    let checksum = crate::crypto::hash::sha256(&[&manifest[..content]]);
    manifest[content..].copy_from_slice(&checksum);
    std::fs::write(&path, manifest).unwrap();
    let before = files_of(home.path());
    let error = open(home.path(), lazy()).map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Newer { .. }));
    assert!(error.to_string().contains("install a newer sigillo"));
    assert_eq!(files_of(home.path()), before);
}

#[test]
fn a_missing_manifest_is_not_taken_for_a_new_database() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    commit(&database, 1, &[(key(1), Some(b"v"))]);
    drop(database);
    std::fs::remove_file(home.path().join("manifest")).unwrap();
    let error = open(home.path(), lazy()).map(drop).unwrap_err();
    assert!(error.to_string().contains("manifest is missing"), "{error}");
}

#[test]
fn a_checkpoint_lets_old_segments_go_and_leaves_nothing_to_replay() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    for number in 0..40u64 {
        commit(&database, number, &[(key(number), Some(&[0; 8_000]))]);
    }
    let journal = home.path().join("journal");
    assert!(journal::list(&journal).unwrap().len() >= 5);
    database.checkpoint().unwrap();
    assert_eq!(journal::list(&journal).unwrap().len(), 1);
    assert_eq!(database.sizes().journal_bytes, 64 * 1024);
    commit(&database, 40, &[(key(40), Some(b"after"))]);
    drop(database);
    let (database, recovery) = open(home.path(), lazy()).unwrap();
    assert_eq!(recovery.batches, 1);
    assert_eq!(everything(&database).len(), 41);
    database.close().unwrap();
    assert!(journal::list(&journal).unwrap().is_empty());
    assert_eq!(std::fs::read_dir(&journal).unwrap().count(), 0);
}

#[test]
fn a_program_that_dies_again_and_again_does_not_fill_the_disk() {
    let home = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    for round in 0..12u64 {
        let (database, recovery) = open(home.path(), lazy()).unwrap();
        assert!(recovery.segments <= 1 + model.len() as u64, "round {round}: {recovery:?}");
        if round % 4 == 2 {
            commit(&database, round, &[(key(round), Some(b"v"))]);
            model.insert(key(round), b"v".to_vec());
        }
        assert_eq!(everything(&database), model);
        let files = journal::list(&home.path().join("journal")).unwrap().len() as u64;
        assert_eq!(database.sizes().journal_bytes, files * 64 * 1024);
    }
}

#[test]
fn a_long_journal_makes_its_own_checkpoint() {
    let home = tempfile::tempdir().unwrap();
    let options = Options { checkpoint_bytes: 256 * 1024, ..lazy() };
    let (database, _) = open(home.path(), options).unwrap();
    for number in 0..400u64 {
        commit(&database, number, &[(key(0), Some(&[0; 8_000]))]);
        // Commits wait at three times as much; a segment or two are on their way.
        assert!(database.sizes().journal_bytes <= 768 * 1024 + 2 * 64 * 1024);
    }
    assert!(database.sizes().checkpoints > 0);
}

#[test]
fn a_damaged_snapshot_of_sled_is_moved_aside_and_nothing_is_lost() {
    type Damage = fn(&Path);
    let kinds: [(&str, Damage); 3] = [
        ("empty", |path| std::fs::write(path, b"").unwrap()),
        ("half", |path| {
            let bytes = std::fs::read(path).unwrap();
            std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("unfinished beside it", |path| {
            std::fs::write(path.with_extension("FFFFFFFFFFFFFFFF.generating"), b"half a snapshot").unwrap();
        }),
    ];
    for (kind, damage) in kinds {
        let home = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        for round in 0..3u64 {
            let (database, _) = open(home.path(), lazy()).unwrap();
            for number in 0..100u64 {
                commit(&database, number, &[(key(number), Some(&[round as u8; 3_000]))]);
                model.insert(key(number), vec![round as u8; 3_000]);
            }
            database.close().unwrap();
        }
        let mut snapshots = files_of(&home.path().join("sled"));
        snapshots.retain(|path, _| path.to_string_lossy().contains("snap."));
        damage(snapshots.keys().next().unwrap());
        let (database, recovery) = open(home.path(), lazy()).unwrap();
        assert_eq!(recovery.quarantined.len(), 1, "{kind}");
        assert!(recovery.quarantined[0].exists());
        assert_eq!(everything(&database), model, "{kind}");
    }
}

#[test]
fn sled_without_its_files_or_its_last_checkpoint_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (database, _) = open(home.path(), lazy()).unwrap();
    commit(&database, 1, &[(key(1), Some(b"v"))]);
    drop(database);
    let old = tempfile::tempdir().unwrap();
    copy(&home.path().join("sled"), old.path());
    let (database, _) = open(home.path(), lazy()).unwrap();
    database.close().unwrap();
    std::fs::remove_dir_all(home.path().join("sled")).unwrap();
    let error = open(home.path(), lazy()).map(drop).unwrap_err();
    assert!(error.to_string().contains("sled's files are missing"), "{error}");
    copy(old.path(), &home.path().join("sled"));
    let error = open(home.path(), lazy()).map(drop).unwrap_err();
    assert!(error.to_string().contains("sled has lost rows"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn sleds_log_is_a_write_through_file_where_recovery_says_so() {
    use rustix::fs::{IFlags, ioctl_getflags};
    let home = tempfile::tempdir().unwrap();
    let (_database, recovery) = open(home.path(), lazy()).unwrap();
    let log = File::open(home.path().join("sled/db")).unwrap();
    let flagged = ioctl_getflags(&log).is_ok_and(|flags| flags.contains(IFlags::SYNC));
    assert_eq!(flagged, recovery.write_through);
}

/// All files below a directory with their contents.
fn files_of(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

// The journal alone, which opens fast enough to try every offset.

fn place(directory: &Path) -> Place {
    Place {
        directory: directory.to_owned(),
        origin: Origin::new(&data_key(), [1; 16]),
        segment_bytes: 8 * 1024,
        medium: Arc::new(SystemMedium),
        allocated: Arc::new(AtomicU64::new(0)),
    }
}

/// The records of a journal, and the bytes that are torn at its end.
fn read(directory: &Path) -> Result<(Vec<Vec<u8>>, u64), OpenError> {
    let mut records = Vec::new();
    let (_, found) = Journal::open(place(directory), 1, true, &mut |record| {
        records.push(record.to_vec());
        Ok(())
    })?;
    Ok((records, found.torn))
}

/// A journal to append to.
fn reopen(directory: &Path, begun: bool) -> Journal {
    Journal::open(place(directory), 1, begun, &mut |_| Ok(())).unwrap().0
}

/// A journal with these records, and where each ends in the first segment.
fn journal_of(directory: &Path, records: &[&[u8]]) -> Vec<usize> {
    let mut journal = reopen(directory, false);
    let ends = records.iter().map(|record| {
        journal.append(record.to_vec()).unwrap();
        let bytes = std::fs::read(place(directory).path(1)).unwrap();
        bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1
    });
    ends.collect()
}

#[test]
fn a_last_record_torn_at_any_byte_is_dropped_and_the_earlier_ones_stay() {
    let home = tempfile::tempdir().unwrap();
    let ends = journal_of(&home.path().join("whole"), &[b"one", b"two", b"three"]);
    let whole = std::fs::read(place(&home.path().join("whole")).path(1)).unwrap();
    for cut in ends[1]..ends[2] {
        for keeps_length in [true, false] {
            let torn = home.path().join(format!("{cut} {keeps_length}"));
            std::fs::create_dir(&torn).unwrap();
            let mut bytes = whole.clone();
            bytes[cut..].fill(0);
            bytes.truncate(if keeps_length { bytes.len() } else { cut });
            std::fs::write(place(&torn).path(1), &bytes).unwrap();
            let (records, torn_bytes) = read(&torn).unwrap();
            assert_eq!(records, [b"one", b"two"], "cut at {cut}");
            let left = bytes[ends[1]..].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            assert_eq!(torn_bytes as usize, left);
            // The journal goes on in a new segment, and the torn one stays readable.
            reopen(&torn, true).append(b"four".to_vec()).unwrap();
            assert_eq!(read(&torn).unwrap().0, [b"one".as_slice(), b"two", b"four"]);
        }
    }
}

#[test]
fn a_changed_bit_before_a_sound_record_is_refused_with_file_and_offset() {
    let home = tempfile::tempdir().unwrap();
    let ends = journal_of(home.path(), &[b"one", b"two", b"three"]);
    let path = place(home.path()).path(1);
    let whole = std::fs::read(&path).unwrap();
    for at in ends[0]..ends[1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, bytes).unwrap();
        let words = read(home.path()).map(drop).unwrap_err().to_string();
        assert!(words.contains(&path.display().to_string()), "{words}");
        assert!(words.contains(&format!("at offset {} is damaged", ends[0])), "{words}");
        assert!(words.contains(&format!("follows at offset {}", ends[1])), "{words}");
    }
    for at in 0..92 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, bytes).unwrap();
        let words = read(home.path()).map(drop).unwrap_err().to_string();
        assert!(words.contains("header of this journal segment"), "byte {at}: {words}");
    }
}

#[test]
fn a_missing_shortened_or_exchanged_segment_is_noticed() {
    let build = || {
        let home = tempfile::tempdir().unwrap();
        for number in 1..=3u8 {
            let mut journal = reopen(home.path(), number > 1);
            journal.append(vec![number; 100]).unwrap();
            journal.append(vec![number; 200]).unwrap();
        }
        assert_eq!(read(home.path()).unwrap().0.len(), 6);
        home
    };
    let home = build();
    std::fs::remove_file(place(home.path()).path(2)).unwrap();
    assert!(read(home.path()).map(drop).unwrap_err().to_string().contains("is missing"));

    let home = build();
    std::fs::remove_file(place(home.path()).path(1)).unwrap();
    assert!(read(home.path()).map(drop).unwrap_err().to_string().contains("is missing"));

    // The second record of segment 2 is gone, and segment 3 knows of it.
    let home = build();
    let path = place(home.path()).path(2);
    let mut bytes = std::fs::read(&path).unwrap();
    let end = 4096 + 16 + 100 + 16;
    bytes[end..].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let words = read(home.path()).map(drop).unwrap_err().to_string();
    assert!(words.contains(&format!("missing after offset {end}")), "{words}");

    // A segment of the same number from another life of the same database, and one under another's name.
    let (home, other) = (build(), build());
    std::fs::copy(place(other.path()).path(2), place(home.path()).path(2)).unwrap();
    assert!(read(home.path()).is_err());
    let home = build();
    std::fs::copy(place(home.path()).path(1), place(home.path()).path(2)).unwrap();
    assert!(read(home.path()).map(drop).unwrap_err().to_string().contains("under another's name"));
}

#[test]
fn a_record_larger_than_a_segment_is_stored_and_read() {
    let home = tempfile::tempdir().unwrap();
    let large = vec![5; 50_000];
    journal_of(home.path(), &[b"small", &large, b"small again"]);
    assert_eq!(read(home.path()).unwrap().0, [b"small".as_slice(), &large, b"small again"]);
}
