//! Every call by which durable bytes and names reach the disk, as a trait, so that tests can cut the power at any of them.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// How durable bytes and names reach the disk. sled's own calls are not among them: it writes by itself, and what
/// matters of that is synced through here.
///
/// A power cut may forget any part of what was written to a file since its last [`Medium::sync`], and any name that
/// was made, changed or removed since its directory's last [`Medium::sync_directory`].
pub trait Medium: Send + Sync {
    /// Creates an empty file that only its owner may read, for reading and writing; one that exists is emptied.
    fn create(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        private(&mut options);
        options.open(path)
    }

    /// Appends all bytes at the file's position.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    /// Returns when everything written to the file would survive a power cut. After an error the file's
    /// unsynced content is unknown, and a second call proves nothing.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    /// Gives a file another name, in the place of whatever had that name: wholly or not at all.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    /// Creates a directory that only its owner may enter, in one that exists.
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "the mode is unix's"))]
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }

    /// Returns when the names in a directory would survive a power cut. Where directories can't be opened (not unix),
    /// the system sees to it.
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }

    /// Makes later reads of a file answer what is on the disk, and not what is left in memory of a write that failed.
    /// Only Linux is known to do so; elsewhere a failed sync is safe from when the computer was started anew.
    fn read_anew(&self, path: &Path) -> io::Result<()> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        // Only pages that needn't be written any more are let go.
        file.sync_all()?;
        #[cfg(target_os = "linux")]
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        Ok(())
    }
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemMedium;

impl Medium for SystemMedium {}

/// Lets nobody but the owner open the files that are created with `options`.
pub(in crate::disk) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
