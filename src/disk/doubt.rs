//! The mark of a failed sync: until the disk itself was read again, what the system holds in memory is not believed.
//!
//! After a failed sync the system may call the pages clean that it couldn't write, show them to whoever reads, and
//! let the next sync succeed. A program that starts again would build on rows that the disk doesn't have. So the
//! first failed sync leaves a mark, which needn't survive a power cut, as neither does the system's memory; and the
//! next start reads every file anew.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::medium::Medium;

/// A medium that leaves a mark when a sync fails.
pub(in crate::disk) struct Doubting {
    medium: Arc<dyn Medium>,
    mark: PathBuf,
}

impl Doubting {
    /// A medium for the database in `directory`, in which a mark of an earlier failure is heeded first.
    pub(in crate::disk) fn over(medium: Arc<dyn Medium>, directory: &Path) -> io::Result<Self> {
        let mark = directory.join("doubt");
        if mark.exists() {
            read_anew(&*medium, directory)?;
            medium.remove(&mark)?;
        }
        Ok(Self { medium, mark })
    }

    fn heed<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            // Where not even this can be done, there is nothing more to do.
            drop(self.medium.create(&self.mark));
        }
        result
    }
}

impl Medium for Doubting {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.medium.create(path)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.medium.write(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.heed(self.medium.sync(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.medium.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.medium.remove(path)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.medium.create_directory(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.heed(self.medium.sync_directory(path))
    }

    fn read_anew(&self, path: &Path) -> io::Result<()> {
        self.medium.read_anew(path)
    }
}

fn read_anew(medium: &dyn Medium, directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            read_anew(medium, &entry.path())?;
        } else {
            medium.read_anew(&entry.path())?;
        }
    }
    Ok(())
}
