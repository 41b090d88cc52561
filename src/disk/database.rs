//! The database: commits that survive a power cut, and reads of what they left.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use crate::base::limits;
use crate::crypto::secret::Secret;
use crate::disk::doubt::Doubting;
use crate::disk::error::OpenError;
use crate::disk::journal::{self, Journal, Place};
use crate::disk::manifest::{Manifest, SCHEMA};
use crate::disk::medium::Medium;
use crate::disk::options::{Options, Recovery, Sizes};
use crate::disk::overlay::{Cell, Overlay};
use crate::disk::record::{self, Row};
use crate::disk::segment::Origin;
use crate::disk::shared::{Shared, State, wait};
use crate::disk::tree::{self, Tree};
use crate::disk::vault::{DATABASE_ID_LEN, Vault};
use crate::disk::view::{Sight, View};
use crate::disk::writer::{self, Job, Pending};
use crate::disk::{applier, files};
use crate::store::snapshot::Fault;
use crate::store::tx::{Batch, Changes};

pub use crate::disk::writer::Done;

/// The store on the disk. Clones share it.
///
/// Dropping the last clone is as safe as killing the process: what was confirmed is there when it is opened
/// again. [`Database::close`] also leaves nothing to replay.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    jobs: SyncSender<Job>,
    /// The sequence number of the last batch; held while a batch is staged and queued, so that batches reach
    /// the journal in the order in which they were staged.
    sequence: Mutex<u64>,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    writer: JoinHandle<u64>,
    applier: JoinHandle<()>,
}

impl Database {
    /// Opens the database in `directory`, or makes it: mends what a crash left, replays the journal and starts
    /// two threads.
    pub fn open(
        directory: &Path,
        data_key: &Secret<32>,
        options: Options,
    ) -> Result<(Self, Recovery), OpenError> {
        let medium = prepare(&options, directory).map_err(OpenError::io(directory))?;
        let manifest_path = directory.join("manifest");
        let (manifest, created) = match Manifest::read(&manifest_path, data_key)? {
            Some(manifest) => (manifest, false),
            None => (create(&*medium, directory, data_key)?, true),
        };
        // A killed process may have left a manifest that only the system's memory knows by this name.
        medium.sync_directory(directory).map_err(OpenError::io(directory))?;
        let sled = directory.join("sled");
        if manifest.checkpoint > 0 && !sled.join("db").exists() {
            return Err(OpenError::damaged(&sled, "sled's files are missing: restore the home from a copy"));
        }
        let (tree, quarantined) = Tree::open(
            &sled,
            &directory.join("quarantine"),
            &options,
            medium.clone(),
            manifest.checkpoint > 0,
        )?;
        check_checkpoint(&tree, &sled, manifest.checkpoint)?;
        let place = Place {
            directory: directory.join("journal"),
            origin: Origin::new(data_key, manifest.database),
            segment_bytes: options.segment_bytes.min(limits::JOURNAL_RECORD_MAX as u64),
            medium,
            allocated: Arc::new(AtomicU64::new(0)),
        };
        let vault = Vault::new(data_key, manifest.database, SCHEMA);
        let mut replay = Replay::default();
        let (journal, found) =
            Journal::open(place.clone(), manifest.first_segment, manifest.begun, &mut |record| {
                replay.take(record, &vault, &place.directory)
            })?;
        let recovery = Recovery {
            created,
            segments: found.segments,
            batches: replay.sequence,
            bytes: replay.bytes,
            torn_bytes: found.torn,
            write_through: tree.is_write_through(),
            quarantined,
        };
        let Replay { overlay, sequence, .. } = replay;
        let shared = Arc::new(Shared {
            vault,
            tree,
            place,
            manifest: manifest_path,
            data_key: data_key.clone(),
            database: manifest.database,
            options,
            state: Mutex::new(State { overlay, ..State::default() }),
            work: Condvar::new(),
            room: Condvar::new(),
            fault: OnceLock::new(),
            applied: AtomicU64::new(0),
            checkpoints: AtomicU64::new(0),
        });
        let inner = Inner::start(shared, journal, sequence).map_err(OpenError::io(directory))?;
        Ok((Self { inner: Arc::new(inner) }, recovery))
    }

    /// What the single writer sees: staged rows, durable ones above sled, sled.
    pub fn engine_view(&self) -> View {
        View::new(self.inner.shared.clone(), Sight::Staged)
    }

    /// What screens may show: only rows that would survive a power cut.
    pub fn durable_view(&self) -> View {
        View::new(self.inner.shared.clone(), Sight::Durable)
    }

    /// Stages a batch, so that [`Database::engine_view`] sees it on return, and hands it to the journal.
    ///
    /// `done` is called exactly once, in the order of the commits, on the journal's thread: with the proof once
    /// the batch is synced, or with the fault that stopped the database. It must be quick and must not commit.
    ///
    /// Normally this returns at once. It waits while too many batches wait for the journal, too many rows for
    /// sled, or too long a journal for a checkpoint: that is how a burst is slowed to what the disk takes.
    ///
    /// After the first failed write or sync nothing is stored any more and every commit is answered with the
    /// fault; durable rows can still be read.
    pub fn commit(&self, batch: Batch, done: Done) {
        let shared = &self.inner.shared;
        let mut sequence = self.inner.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        let (changes, uncommitted) = batch.into_parts();
        let rows = self.inner.rows(changes, *sequence + 1);
        // Where the engine has decided on what can't be stored, nothing after it may be either.
        let rows = rows.unwrap_or_else(|fault| {
            shared.poison(fault);
            Vec::new()
        });
        let pending = Pending::new(rows, uncommitted, done);
        if pending.size() > limits::JOURNAL_RECORD_MAX {
            shared.poison(Fault(format!("a batch has {} bytes", pending.size())));
        }
        let mut state = shared.lock();
        while shared.is_full(&state) && shared.fault.get().is_none() && !state.closed {
            state = wait(&shared.room, state);
        }
        if state.closed {
            drop(state);
            return pending.fail(writer::closed());
        }
        // Where there is a fault, the journal's thread answers with it, in order.
        if shared.fault.get().is_none() {
            for (key, cell) in pending.rows() {
                state.overlay.staged.insert(key.clone(), cell.clone());
            }
        }
        drop(state);
        *sequence += 1;
        // Where the journal's thread has ended, the batch comes back and is answered when it is dropped.
        drop(self.inner.jobs.send(Job::Commit(pending)));
    }

    /// Brings everything that is durable into sled and lets the journal go, while the database goes on working.
    /// Waits until that is done.
    pub fn checkpoint(&self) -> Result<(), Fault> {
        let shared = &self.inner.shared;
        let mut state = shared.lock();
        state.asked += 1;
        let asked = state.asked;
        shared.work.notify_all();
        while state.answered < asked {
            if let Some(fault) = shared.fault.get() {
                return Err(fault.clone());
            }
            if state.closed {
                return Err(writer::closed());
            }
            state = wait(&shared.room, state);
        }
        Ok(())
    }

    /// Stores what is staged, brings everything into sled, and ends the threads. Other clones commit no more.
    pub fn close(self) -> Result<(), Fault> {
        let shared = &self.inner.shared;
        {
            let mut state = shared.lock();
            state.closed = true;
            shared.room.notify_all();
        }
        // Whoever is committing right now gets its batch into the queue first.
        drop(self.inner.sequence.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(next) = self.inner.end_threads() else { return Err(writer::closed()) };
        if let Some(fault) = shared.fault.get() {
            return Err(fault.clone());
        }
        shared.lock().stop = false;
        applier::checkpoint(shared, next, false, u64::MAX)?;
        journal::remove_spare(&shared.place).map_err(|error| tree::fault(&shared.place.directory, &error))
    }

    pub(in crate::disk) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// Why nothing is stored any more, if that is so.
    pub fn fault(&self) -> Option<Fault> {
        self.inner.shared.fault.get().cloned()
    }

    /// How large the database is.
    pub fn sizes(&self) -> Sizes {
        let shared = &self.inner.shared;
        let tree_bytes = shared.tree.bytes();
        let state = shared.lock();
        Sizes {
            journal_bytes: shared.place.allocated.load(Ordering::Relaxed),
            tree_bytes,
            staged_rows: state.overlay.staged.len() as u64,
            overlay_rows: state.overlay.durable.len() as u64,
            overlay_bytes: state.overlay.bytes() as u64,
            applied_rows: shared.applied.load(Ordering::Relaxed),
            checkpoints: shared.checkpoints.load(Ordering::Relaxed),
        }
    }
}

impl Inner {
    fn start(shared: Arc<Shared>, journal: Journal, sequence: u64) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(limits::JOURNAL_QUEUE);
        let writer = thread::Builder::new().name("sigillo-journal".into()).spawn({
            let shared = shared.clone();
            move || guarded(&shared, || writer::run(journal, &shared, &queue)).unwrap_or_default()
        })?;
        let applier = thread::Builder::new().name("sigillo-applier".into()).spawn({
            let (shared, jobs) = (shared.clone(), jobs.clone());
            move || guarded(&shared, || applier::run(&shared, &jobs)).unwrap_or_default()
        })?;
        let threads = Mutex::new(Some(Threads { writer, applier }));
        Ok(Self { shared, jobs, sequence: Mutex::new(sequence), threads })
    }

    /// The rows of a batch under their physical keys.
    fn rows(&self, changes: Changes, sequence: u64) -> Result<Vec<Row>, Fault> {
        let staged = changes.into_iter().map(|(key, value)| {
            let longest = key.id.len().max(key.order.len());
            let value_len = value.as_ref().map_or(0, |value| value.len());
            if longest > limits::KEY_PART_MAX || value_len > limits::VALUE_MAX {
                let table = key.table;
                return Err(Fault(format!(
                    "a row of {table:?} is too large: key {longest} bytes, value {value_len} bytes"
                )));
            }
            let physical = self.shared.vault.blind(key.table as u8, &key.id, &key.order);
            Ok((physical, Cell { id: key.id[..].into(), value, sequence }))
        });
        staged.collect()
    }

    /// Ends both threads after what is queued, and answers the number of the next segment. `None` where they
    /// had been ended before.
    fn end_threads(&self) -> Option<u64> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        {
            let mut state = self.shared.lock();
            state.stop = true;
            self.shared.work.notify_all();
        }
        let here = thread::current().id();
        if here == threads.writer.thread().id() || here == threads.applier.thread().id() {
            // The last clone went with a `done`. A thread can't wait for itself; it ends when it is told to, or
            // when nobody can ask it for anything any more.
            let _ = self.jobs.try_send(Job::Stop);
            return None;
        }
        drop(self.jobs.send(Job::Stop));
        let next = threads.writer.join().ok();
        drop(threads.applier.join());
        next
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end_threads();
    }
}

/// Does a thread's work. Where it panics, the database stores nothing any more, and whoever waits is told.
fn guarded<T>(shared: &Shared, work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|panic| {
            let words = tree::words_of(&*panic);
            shared.poison(Fault(format!("a thread of the database has panicked: {words}")))
        })
        .ok()
}

/// Makes the directory of a database, or makes sure of the one that is there, and gives the medium for it.
pub(in crate::disk) fn prepare(options: &Options, directory: &Path) -> std::io::Result<Arc<dyn Medium>> {
    files::make_directory(&*options.medium, directory)?;
    let medium = Doubting::over(options.medium.clone(), directory)?;
    // A killed process may have made it and not come to this.
    directory.parent().map_or(Ok(()), |home| medium.sync_directory(home))?;
    Ok(Arc::new(medium))
}

/// The random name of a new database.
pub(in crate::disk) fn new_id() -> std::io::Result<[u8; DATABASE_ID_LEN]> {
    let mut database = [0; DATABASE_ID_LEN];
    getrandom::fill(&mut database).map_err(std::io::Error::other)?;
    Ok(database)
}

/// Makes the manifest of a new database, before anything else of it exists.
fn create(medium: &dyn Medium, directory: &Path, data_key: &Secret<32>) -> Result<Manifest, OpenError> {
    let journal = directory.join("journal");
    let segments = journal::list(&journal).map_err(OpenError::io(&journal))?;
    if !segments.is_empty() || directory.join("sled").join("db").exists() {
        let what =
            "the manifest is missing, though the database's other files are here: restore it from a copy";
        return Err(OpenError::damaged(&directory.join("manifest"), what));
    }
    let database = new_id().map_err(OpenError::io(directory))?;
    let manifest = Manifest { database, checkpoint: 0, first_segment: 1, begun: false };
    let path = directory.join("manifest");
    manifest.write(medium, &path, data_key).map_err(OpenError::io(&path))?;
    Ok(manifest)
}

/// sled must hold at least what it held when the manifest was written.
fn check_checkpoint(tree: &Tree, sled: &Path, least: u64) -> Result<(), OpenError> {
    let held = tree.last_checkpoint().map_err(|fault| OpenError::damaged(sled, fault.0))?;
    if held >= least {
        return Ok(());
    }
    let what = format!(
        "sled has lost rows that were synced: it stands at checkpoint {held}, and {least} was confirmed; restore \
         the home from a copy, or keep it and ask for help"
    );
    Err(OpenError::damaged(sled, what))
}

/// The rows of the journal's records, newest state of each.
#[derive(Default)]
struct Replay {
    overlay: Overlay,
    /// The sequence number of the last batch.
    sequence: u64,
    bytes: u64,
}

impl Replay {
    fn take(&mut self, record: &[u8], vault: &Vault, journal: &Path) -> Result<(), OpenError> {
        let batches = record::read(record, vault, self.sequence + 1).ok_or_else(|| {
            let what = "a sound journal record holds what this program doesn't write: install the version that wrote it";
            OpenError::damaged(journal, what)
        })?;
        self.sequence += batches.len() as u64;
        self.bytes += record.len() as u64;
        batches.into_iter().for_each(|rows| self.overlay.settle(rows));
        Ok(())
    }
}
