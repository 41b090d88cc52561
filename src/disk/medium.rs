//! Writing and syncing a file as a trait, so that tests can make either fail.

use std::fs::File;
use std::io::{self, Write as _};

/// How durable bytes reach the disk.
pub trait Medium: Send + Sync {
    /// Appends all bytes at the file's position.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()>;

    /// Returns when everything written to the file would survive a power cut. After an error the file's
    /// unsynced content is unknown, and a second call proves nothing.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemMedium;

impl Medium for SystemMedium {
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}
