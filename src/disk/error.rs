//! Why a database doesn't open.

use std::io;
use std::path::{Path, PathBuf};

/// Why a database doesn't open. Nothing was changed, except where [`OpenError::Damaged`] says so.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A later version of the program wrote it.
    #[error(
        "this database has schema version {found}, and this program knows versions up to {known}: install a \
         newer sigillo; nothing was changed"
    )]
    Newer {
        /// The version on the disk.
        found: u16,
        /// The version of this program.
        known: u16,
    },
    /// Sealed with another data key.
    #[error(
        "the data key doesn't belong to this database: use the keystore that was made with it; nothing was changed"
    )]
    WrongKey,
    /// Another process, or this one, has it open.
    #[error("another process has the database {} open", .0.display())]
    Busy(PathBuf),
    /// Something on the disk is not what was written, and can't be mended without losing what was confirmed.
    #[error("{}: {what}", .path.display())]
    Damaged {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// The system refused.
    #[error("{}: {source}{}", .path.display(), advice(.source))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl OpenError {
    pub(in crate::disk) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    pub(in crate::disk) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// What to do about an error of the system, to follow its own words.
pub(in crate::disk) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; the disk is full: free some space, then start the node again; nothing that was confirmed is lost"
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "; make the home writable for this user, then start the node again"
        }
        _ => "",
    }
}
