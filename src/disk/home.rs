//! The node's home directory, held by one node at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::files;
use crate::disk::medium::private;

/// A home directory that this process holds; it is given back when this is dropped, or the process ends.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    /// Holds the lock for as long as it is open.
    _lock: File,
}

/// Why a home can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another process holds it.
    #[error(
        "another sigillo node uses this home ({}): stop that node first, or choose another home",
        .0.display()
    )]
    AlreadyRunning(PathBuf),
    /// The directory or its lock can't be made.
    #[error("the home {} can't be used: {source}", .path.display())]
    Io {
        /// The directory or the file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Home {
    /// Creates the directory where there is none (for its owner only, 0700) and locks it.
    pub fn open(path: &Path) -> Result<Self, HomeError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| HomeError::Io { path, source }
        };
        files::create_directory(path).map_err(failed(path))?;
        files::close_to_others(path).map_err(failed(path))?;
        let lock_path = path.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let lock = options.open(&lock_path).map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(HomeError::AlreadyRunning(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(&lock_path)(source)),
        }
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory of the database.
    pub fn database(&self) -> PathBuf {
        self.path.join("database")
    }

    /// The directory of files that were sent or came.
    pub fn files(&self) -> PathBuf {
        self.path.join("files")
    }

    /// The file of the keystore.
    pub fn keystore(&self) -> PathBuf {
        self.path.join("keystore")
    }

    /// The file of the configuration.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_has_one_holder_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("home");
        let home = Home::open(&path).unwrap();
        assert!(matches!(Home::open(&path), Err(HomeError::AlreadyRunning(_))));
        drop(home);
        assert!(Home::open(&path).is_ok());
    }

    #[test]
    fn a_file_in_the_place_of_a_home_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("home");
        std::fs::write(&path, b"").unwrap();
        assert!(matches!(Home::open(&path), Err(HomeError::Io { .. })));
    }
}
