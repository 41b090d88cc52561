//! sled behind a supervised door: opened with care, never trusted with the last copy of anything unsynced.
//!
//! sled reuses a log segment once everything that replaced its content lies two segments back, and its recovery
//! expects holes only in the last segment or so. Both are right only if what it wrote is durable, but on Linux
//! it takes `pwrite` and `sync_file_range` for that. So its log is made a write-through file where the file
//! system can; and rows are brought in by small steps, each followed by a real sync, so that without that, too,
//! less than a segment of them is unsynced at any time. (Tidying by sled's own thread is then the rest of the
//! risk, and only on file systems without the flag.)

use std::fs::{File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::limits;
use crate::disk::error::{OpenError, advice};
use crate::disk::files;
use crate::disk::medium::Medium;
use crate::disk::options::Options;
use crate::store::snapshot::Fault;

/// A sled segment: large enough that no node of rows becomes a separate, never synced blob file (a leaf has 17
/// rows at most, and a quarter of a segment is inline), and that a step fits well within one.
const SLED_SEGMENT: usize = 4 * 1024 * 1024;
const _: () = assert!(17 * (limits::VALUE_MAX + 2 * limits::KEY_PART_MAX) < SLED_SEGMENT / 4);
const _: () = assert!(limits::APPLY_BYTES * 4 < SLED_SEGMENT);

/// How often sled's own thread tidies and syncs, also where nothing changed: it may tidy for half of that. What is durable
/// doesn't depend on it, and of an idle node's processor time this was two thirds at half a second.
const SLED_FLUSH_MS: u64 = 1_000;

/// Rows that sled takes in one batch: it stops all readers for as long.
const BATCH_ROWS: usize = 64;

/// The number of the last checkpoint, as a row: shows when sled has lost the end of its log. No table has
/// number 0.
const MARKER: &[u8] = b"\0checkpoint";

/// Rows by physical key, sealed; none where the row is deleted.
pub(in crate::disk) type SealedRow = (Arc<[u8]>, Option<Vec<u8>>);

/// sled, opened.
pub(in crate::disk) struct Tree {
    db: sled::Db,
    directory: PathBuf,
    log: File,
    medium: Arc<dyn Medium>,
    write_through: bool,
}

enum Trouble {
    Busy,
    /// The system refused something.
    System(io::Error),
    Other(String),
}

impl Tree {
    /// Opens sled, or makes it. Damaged snapshot files are moved to `quarantine` and the open is tried once more; and
    /// where nothing of sled is `needed`, because the journal still has it all, the rest of its files, too.
    pub(in crate::disk) fn open(
        directory: &Path,
        quarantine: &Path,
        options: &Options,
        medium: Arc<dyn Medium>,
        needed: bool,
    ) -> Result<(Self, Vec<PathBuf>), OpenError> {
        files::make_directory(&*medium, directory).map_err(OpenError::io(directory))?;
        sync_files(&*medium, directory).map_err(OpenError::io(directory))?;
        let (db, moved) = open_mended(&*medium, directory, quarantine, options.cache_bytes, needed)?;
        sync_files(&*medium, directory).map_err(OpenError::io(directory))?;
        let path = directory.join("db");
        let log = OpenOptions::new().write(true).open(&path).map_err(OpenError::io(&path))?;
        let write_through = files::write_through(&log);
        Ok((Self { db, directory: directory.to_owned(), log, medium, write_through }, moved))
    }

    /// The sealed value at `key`.
    pub(in crate::disk) fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, Fault> {
        supervised(|| self.db.get(key))
    }

    /// Hands the rows from `from` up to and without `until` to `take`, until it answers false.
    pub(in crate::disk) fn scan(
        &self,
        from: &[u8],
        until: Option<&[u8]>,
        reverse: bool,
        mut take: impl FnMut(&[u8], &[u8]) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        if until.is_some_and(|until| until <= from) {
            return Ok(());
        }
        let mut rows = match until {
            Some(until) => self.db.range(from..until),
            None => self.db.range(from..),
        };
        loop {
            let next = supervised(|| if reverse { rows.next_back() } else { rows.next() }.transpose())?;
            match next {
                Some((key, value)) if take(&key, &value)? => {}
                _ => return Ok(()),
            }
        }
    }

    /// Brings rows in and makes them durable. Answers how many were written: a row that is to be deleted and
    /// isn't there costs nothing.
    pub(in crate::disk) fn apply(&self, rows: Vec<SealedRow>) -> Result<u64, Fault> {
        let (mut batch, mut waiting, mut written) = (sled::Batch::default(), 0, 0);
        for (key, value) in rows {
            match value {
                Some(value) => batch.insert(&*key, value),
                None if supervised(|| self.db.contains_key(&key))? => batch.remove(&*key),
                None => continue,
            }
            (waiting, written) = (waiting + 1, written + 1);
            if waiting == BATCH_ROWS {
                supervised(|| self.db.apply_batch(core::mem::take(&mut batch)))?;
                waiting = 0;
            }
        }
        if waiting > 0 {
            supervised(|| self.db.apply_batch(core::mem::take(&mut batch)))?;
        }
        if written > 0 {
            supervised(|| self.db.flush())?;
            self.medium.sync(&self.log).map_err(|error| fault(&self.directory, &error))?;
        }
        Ok(written)
    }

    /// Writes checkpoint `number` as the last row and makes every file and name durable.
    pub(in crate::disk) fn checkpoint(&self, number: u64) -> Result<(), Fault> {
        supervised(|| self.db.insert(MARKER, &number.to_be_bytes()))?;
        supervised(|| self.db.flush())?;
        self.medium.sync(&self.log).map_err(|error| fault(&self.directory, &error))?;
        sync_files(&*self.medium, &self.directory).map_err(|error| fault(&self.directory, &error))
    }

    /// The number of the last checkpoint that sled holds; 0 where it holds none.
    pub(in crate::disk) fn last_checkpoint(&self) -> Result<u64, Fault> {
        let row = supervised(|| self.db.get(MARKER))?;
        Ok(row.and_then(|row| row.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes))
    }

    /// Whether every write of sled is durable when it returns.
    pub(in crate::disk) const fn is_write_through(&self) -> bool {
        self.write_through
    }

    /// Bytes on the disk.
    pub(in crate::disk) fn bytes(&self) -> u64 {
        self.db.size_on_disk().unwrap_or_default()
    }
}

/// What an error of the system means for the database.
pub(in crate::disk) fn fault(path: &Path, error: &io::Error) -> Fault {
    Fault(format!("{}: {error}{}", path.display(), advice(error)))
}

/// Opens sled; what stands in the way is moved to `quarantine`, as far as it is to be had from elsewhere. Answers where
/// that is now.
fn open_mended(
    medium: &dyn Medium,
    directory: &Path,
    quarantine: &Path,
    cache_bytes: u64,
    needed: bool,
) -> Result<(sled::Db, Vec<PathBuf>), OpenError> {
    let aside = |chosen: &dyn Fn(&str, u64) -> bool| {
        set_aside(medium, directory, quarantine, chosen).map_err(OpenError::io(directory))
    };
    let mut moved = aside(&is_unfinished)?;
    let mut words = match supervised_open(directory, cache_bytes) {
        Ok(db) => return Ok((db, moved)),
        Err(Trouble::Busy) => return Err(OpenError::Busy(directory.to_owned())),
        Err(Trouble::System(error)) => return Err(OpenError::io(directory)(error)),
        Err(Trouble::Other(words)) => words,
    };
    let snapshots = aside(&|name, _| is_snapshot(name))?;
    if !snapshots.is_empty() {
        moved.extend(snapshots);
        match retry_open(directory, cache_bytes) {
            Ok(db) => return Ok((db, moved)),
            Err(again) => {
                words = format!(
                    "{words}; without its snapshot, which is now in {}: {again}",
                    quarantine.display()
                );
            }
        }
    }
    let damaged = |words: String| {
        let what = format!(
            "sled can't open its files: {words}; restore the home from a copy, or keep it and ask for help"
        );
        OpenError::damaged(directory, what)
    };
    if needed {
        return Err(damaged(words));
    }
    moved.extend(aside(&|_, _| true)?);
    let db = retry_open(directory, cache_bytes).map_err(|again| damaged(format!("{words}; then {again}")))?;
    Ok((db, moved))
}

fn supervised_open(directory: &Path, cache_bytes: u64) -> Result<sled::Db, Trouble> {
    let config = sled::Config::new()
        .path(directory)
        .cache_capacity(cache_bytes)
        .segment_size(SLED_SEGMENT)
        .flush_every_ms(Some(SLED_FLUSH_MS));
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) if error.to_string().starts_with("could not acquire lock") => {
            Err(Trouble::Busy)
        }
        // A file that is too short is no error of the system's.
        Ok(Err(sled::Error::Io(error))) if error.raw_os_error().is_some() => Err(Trouble::System(error)),
        Ok(Err(error)) => Err(Trouble::Other(error.to_string())),
        Err(panic) => Err(Trouble::Other(words_of(&*panic))),
    }
}

/// Opens once more after a failed open, whose threads may hold sled's lock for a moment longer.
fn retry_open(directory: &Path, cache_bytes: u64) -> Result<sled::Db, String> {
    for _ in 0..40 {
        match supervised_open(directory, cache_bytes) {
            Ok(db) => return Ok(db),
            Err(Trouble::Other(words)) => return Err(words),
            Err(Trouble::System(error)) => return Err(error.to_string()),
            Err(Trouble::Busy) => std::thread::sleep(core::time::Duration::from_millis(50)),
        }
    }
    Err("its lock isn't given back".to_owned())
}

/// Runs sled and turns its errors and panics into faults.
fn supervised<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(Fault(format!("sled: {error}{}", advice(&error)))),
        Ok(Err(error)) => Err(Fault(format!("sled: {error}"))),
        Err(panic) => Err(Fault(format!("sled: {}", words_of(&*panic)))),
    }
}

/// What a panic said.
pub(in crate::disk) fn words_of(panic: &(dyn core::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

fn is_snapshot(name: &str) -> bool {
    name.starts_with("snap.")
}

/// A snapshot that was never finished: sled would take it for the newest and refuse to open.
fn is_unfinished(name: &str, length: u64) -> bool {
    const LEAST: u64 = 13;
    is_snapshot(name) && (name.ends_with(".generating") || length < LEAST)
}

/// Moves the files that `chosen` (by name and length) names into quarantine.
fn set_aside(
    medium: &dyn Medium,
    directory: &Path,
    quarantine: &Path,
    chosen: &dyn Fn(&str, u64) -> bool,
) -> io::Result<Vec<PathBuf>> {
    let mut moved = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() || !chosen(&name, entry.metadata()?.len()) {
            continue;
        }
        files::make_directory(medium, quarantine)?;
        let target = quarantine.join(name);
        medium.rename(&entry.path(), &target)?;
        moved.push(target);
    }
    if !moved.is_empty() {
        medium.sync_directory(quarantine)?;
        medium.sync_directory(directory)?;
    }
    Ok(moved)
}

/// Makes every file in sled's directory durable, blobs and names included.
fn sync_files(medium: &dyn Medium, directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_files(medium, &entry.path())?;
            continue;
        }
        match OpenOptions::new().write(true).open(entry.path()) {
            Ok(file) => medium.sync(&file)?,
            // sled may remove an old snapshot at any time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    medium.sync_directory(directory)
}
