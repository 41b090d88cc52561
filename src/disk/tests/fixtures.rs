//! What the tests of the database share.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::crypto::secret::Secret;
use crate::disk::database::Database;
use crate::disk::error::OpenError;
use crate::disk::medium::{Medium, SystemMedium};
use crate::disk::options::{Options, Recovery};
use crate::disk::view::View;
use crate::store::key::{Key, TableId};
use crate::store::snapshot::{Fault, Scan};
use crate::store::table::{Reader, Rows as _, Table};
use crate::store::tx::{Committed, Tx};

/// A table of bytes.
pub(super) const BYTES: Table<Vec<u8>> = Table::new(TableId::Outbox, 1);

/// What a database ought to hold.
pub(super) type Model = BTreeMap<Key, Vec<u8>>;

pub(super) fn data_key() -> Secret<32> {
    Secret::new([7; 32])
}

/// Small segments, and an applier that only works when it is asked to.
pub(super) fn lazy() -> Options {
    Options { segment_bytes: 64 * 1024, settle: Duration::from_secs(3_600), ..Options::default() }
}

pub(super) fn open(directory: &Path, options: Options) -> Result<(Database, Recovery), OpenError> {
    Database::open(directory, &data_key(), options)
}

/// Hands a batch over; the answer comes through the channel.
pub(super) fn send(
    database: &Database,
    number: u64,
    rows: &[(Key, Option<&[u8]>)],
) -> Receiver<Result<Committed, Fault>> {
    let view = database.engine_view();
    let tx = Tx::new(&view);
    for (key, value) in rows {
        match value {
            Some(value) => tx.put(&BYTES, key.clone(), value.to_vec()),
            None => tx.delete(&BYTES, key.clone()),
        }
    }
    let batch = tx.finish(number).unwrap();
    let (sender, receiver) = sync_channel(1);
    database.commit(batch, Box::new(move |result| drop(sender.send(result))));
    receiver
}

/// Commits and waits for the proof.
pub(super) fn commit(database: &Database, number: u64, rows: &[(Key, Option<&[u8]>)]) {
    assert_eq!(send(database, number, rows).recv().unwrap().unwrap().number(), number);
}

pub(super) fn value(view: &View, key: &Key) -> Option<Vec<u8>> {
    let reader = Reader::new(view);
    let value = reader.get(&BYTES, key);
    reader.finish().unwrap();
    value.map(Arc::unwrap_or_clone)
}

pub(super) fn rows(view: &View, scan: &Scan) -> Vec<(Key, Vec<u8>)> {
    let reader = Reader::new(view);
    let rows = reader.scan(&BYTES, scan);
    reader.finish().unwrap();
    rows.into_iter().map(|(key, row)| (key, Arc::unwrap_or_clone(row))).collect()
}

pub(super) fn everything(database: &Database) -> Model {
    rows(&database.durable_view(), &BYTES.all()).into_iter().collect()
}

/// What a killed process leaves behind. Later names first: a journal segment is whole when there is a next one.
pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let mut entries: Vec<_> = std::fs::read_dir(from).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries.into_iter().rev() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if let Err(error) = std::fs::copy(entry.path(), target) {
            // A file that a checkpoint or sled has removed meanwhile.
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
    }
}

/// A medium that fails or halts when it is told to.
#[derive(Default)]
pub(super) struct Switch {
    pub(super) write_fails: AtomicBool,
    pub(super) sync_fails: AtomicBool,
    pub(super) halted: Mutex<bool>,
    pub(super) released: Condvar,
}

impl Switch {
    pub(super) fn options(self: &Arc<Self>) -> Options {
        Options { medium: self.clone(), ..lazy() }
    }

    pub(super) fn halt(&self, halted: bool) {
        *self.halted.lock().unwrap() = halted;
        self.released.notify_all();
    }
}

impl Medium for Switch {
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        if self.write_fails.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        SystemMedium.write(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        drop(self.released.wait_while(self.halted.lock().unwrap(), |halted| *halted).unwrap());
        if self.sync_fails.load(Ordering::SeqCst) {
            return Err(io::Error::other("EIO"));
        }
        SystemMedium.sync(file)
    }
}
