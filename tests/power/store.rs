//! What the tests ask of a store, and how sigillo's own answers.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use sigillo::crypto::secret::Secret;
use sigillo::disk::database::Database;
use sigillo::disk::medium::Medium;
use sigillo::disk::options::Options;
use sigillo::store::snapshot::{Fault, Snapshot};
use sigillo::store::tx::{Batch, Committed};

/// A store that an engine can work on.
pub(crate) trait Store {
    /// What it holds.
    fn view(&self) -> Box<dyn Snapshot + '_>;

    /// Stores a batch, and returns when it would survive a power cut.
    fn commit(&mut self, batch: Batch) -> Result<Committed, Fault>;

    /// Does what the store does from time to time to keep its files small.
    fn tidy(&mut self) -> Result<(), Fault>;
}

/// Opens a store in a directory; an error is what a person would read.
pub(crate) type Open = fn(&Path, Arc<dyn Medium>) -> Result<Box<dyn Store>, String>;

/// A directory in memory, where there is such a thing: the tests decide themselves what is safe, and sled's own syncs
/// only cost time.
pub(crate) fn new_home() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// A disk whose syncs cost nothing, for stores whose power nobody cuts.
pub(crate) struct Careless;

impl Medium for Careless {
    fn sync(&self, _: &File) -> io::Result<()> {
        Ok(())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// sigillo's: the journal in front of sled. It tidies only when it is asked to.
pub(crate) fn sigillo(home: &Path, medium: Arc<dyn Medium>) -> Result<Box<dyn Store>, String> {
    let options = Options {
        medium,
        segment_bytes: 64 * 1024,
        cache_bytes: 1024 * 1024,
        settle: Duration::from_secs(3_600),
        ..Options::default()
    };
    let opened = Database::open(&home.join("database"), &Secret::new([7; 32]), options);
    let (database, _) = opened.map_err(|error| error.to_string())?;
    Ok(Box::new(Sigillo(database)))
}

struct Sigillo(Database);

impl Store for Sigillo {
    fn view(&self) -> Box<dyn Snapshot + '_> {
        Box::new(self.0.engine_view())
    }

    fn commit(&mut self, batch: Batch) -> Result<Committed, Fault> {
        let (sender, answer) = sync_channel(1);
        self.0.commit(batch, Box::new(move |result| drop(sender.send(result))));
        answer.recv().expect("every commit is answered")
    }

    fn tidy(&mut self) -> Result<(), Fault> {
        self.0.checkpoint()
    }
}
