//! Space after a million overwrites, the time to open a million messages, and the time that a replay takes.
//!
//! `cargo bench --bench disk` does all of it; `-- churn`, `-- open` and `-- replay` one part. `SIGILLO_BENCH_ROWS` sets
//! how many rows (1,000,000), `TMPDIR` where.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark"
)]

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use sigillo::base::limits;
use sigillo::crypto::secret::Secret;
use sigillo::disk::database::Database;
use sigillo::disk::options::{Options, Recovery};
use sigillo::sim::random::Random;
use sigillo::store::key::TableId;
use sigillo::store::table::Table;
use sigillo::store::tx::Tx;

const ROWS: Table<Vec<u8>> = Table::new(TableId::Timeline, 1);
/// Bytes of a row that is overwritten, and of one message.
const MESSAGE: usize = 250;
const MIB: f64 = 1024.0 * 1024.0;

fn open(home: &Path) -> (Database, Recovery, f64) {
    let begun = Instant::now();
    let (database, recovery) = Database::open(home, &Secret::new([7; 32]), Options::default()).unwrap();
    (database, recovery, begun.elapsed().as_secs_f64())
}

/// Commits batches of rows; each row of `positions` gets `bytes` bytes that no compression would make less.
fn write(database: &Database, positions: impl Iterator<Item = u64>, bytes: usize, batch: usize) {
    let mut positions = positions.peekable();
    let mut last = None;
    let mut number = 0u64;
    while positions.peek().is_some() {
        let view = database.engine_view();
        let tx = Tx::new(&view);
        for position in positions.by_ref().take(batch) {
            // A conversation has a thousand rows.
            let key = ROWS.key_at(&(position / 1_000).to_be_bytes(), position % 1_000);
            tx.put(&ROWS, key, vec![(position ^ number) as u8; bytes]);
        }
        number += 1;
        let changes = tx.finish(number).unwrap();
        let (sender, answer) = sync_channel(1);
        database.commit(
            changes,
            Box::new(move |result| {
                // The last answer is waited for; nobody listens to those before.
                let _ = sender.send(result.is_ok());
            }),
        );
        last = Some(answer);
    }
    assert!(last.is_none_or(|answer| answer.recv().unwrap()));
}

fn used(directory: &Path) -> f64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        bytes +=
            if path.is_dir() { used(&path) as u64 } else { path.metadata().map_or(0, |data| data.len()) };
    }
    bytes as f64
}

/// Overwrites ten thousand rows again and again, and says how large the files are meanwhile.
fn churn(rows: u64) {
    let live = rows / 100;
    for (what, close_often) in [("left running", false), ("closed and opened at each tenth", true)] {
        let home = tempfile::tempdir().unwrap();
        let mut database = open(home.path()).0;
        write(&database, 0..live, MESSAGE, 100);
        database.checkpoint().unwrap();
        let first = used(home.path());
        let mut random = Random::new(1);
        let mut most = first;
        let begun = Instant::now();
        for _ in 0..10 {
            let positions: Vec<u64> = (0..rows / 10).map(|_| random.below(live)).collect();
            write(&database, positions.into_iter(), MESSAGE, 100);
            if close_often {
                database.close().unwrap();
                database = open(home.path()).0;
            } else {
                database.checkpoint().unwrap();
            }
            most = most.max(used(home.path()));
        }
        let seconds = begun.elapsed().as_secs_f64();
        let after = used(home.path());
        database.close().unwrap();
        println!(
            "churn, {what}: {live} rows of {MESSAGE} bytes ({:.1} MiB), {rows} overwrites in {seconds:.0} s: {:.1} MiB \
             before, {:.1} at most, {:.1} after, {:.1} closed",
            live as f64 * MESSAGE as f64 / MIB,
            first / MIB,
            most / MIB,
            after / MIB,
            used(home.path()) / MIB,
        );
    }
}

/// Opens what was closed, with a million messages on pages and with a million rows.
fn opening(rows: u64) {
    for (what, count, bytes) in
        [("messages on pages of 32", rows / 32, 32 * MESSAGE), ("messages, each a row", rows, MESSAGE)]
    {
        let home = tempfile::tempdir().unwrap();
        let (database, ..) = open(home.path());
        let begun = Instant::now();
        write(&database, 0..count, bytes, 4_000_000 / bytes / 16);
        database.close().unwrap();
        let filled = begun.elapsed().as_secs_f64();
        let mut times: Vec<f64> = Vec::new();
        for _ in 0..5 {
            let (database, _, seconds) = open(home.path());
            times.push(seconds);
            database.close().unwrap();
        }
        times.sort_by(f64::total_cmp);
        println!(
            "open, {rows} {what} ({:.0} MiB, {:.0} on the disk, written in {filled:.0} s): {:.0} ms median, {:.0} at most",
            count as f64 * bytes as f64 / MIB,
            used(home.path()) / MIB,
            times[2] * 1e3,
            times[4] * 1e3,
        );
    }
}

/// Opens what a killed process left, with as much journal as a checkpoint lets stand, and as much as commits wait at.
fn replay() {
    let options = Options::default();
    for (what, most) in [("a checkpoint is due", 1), ("commits wait", 3)] {
        let home = tempfile::tempdir().unwrap();
        // Nothing is brought in while this fills the journal.
        let filling = Options {
            checkpoint_bytes: u64::MAX / 8,
            overlay_soft_bytes: usize::MAX / 8,
            overlay_hard_bytes: usize::MAX / 4,
            settle: core::time::Duration::from_secs(3_600),
            ..options.clone()
        };
        let (database, _) = Database::open(home.path(), &Secret::new([7; 32]), filling).unwrap();
        let rows = options.checkpoint_bytes * most / (MESSAGE as u64 + 40);
        write(&database, 0..rows, MESSAGE, 100);
        drop(database);
        let (_, recovery, seconds) = open(home.path());
        println!(
            "replay, as much journal as {what} at: {:.0} MiB in {} segments, {} batches, {rows} rows: {:.0} ms",
            recovery.bytes as f64 / MIB,
            recovery.segments,
            recovery.batches,
            seconds * 1e3,
        );
    }
    assert!(limits::JOURNAL_RECORD_MAX as u64 >= options.segment_bytes);
}

fn main() {
    let rows =
        std::env::var("SIGILLO_BENCH_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    if wants("churn") {
        churn(rows);
    }
    if wants("open") {
        opening(rows);
    }
    if wants("replay") {
        replay();
    }
}
