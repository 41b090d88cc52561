//! The directory of files that were sent or came, each sealed under its own key and named by its id.
//!
//! A file has its name only once it is whole and synced. What is still being written or fetched has another name, and
//! what a killed process left of the former is removed when the directory is opened.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::base::id::FileId;
use crate::disk::files;
use crate::disk::medium::{Medium as _, SystemMedium, private};

/// How the name of a file begins that is being written.
const NEW: &str = ".new-";
/// How the name of a file ends that is being fetched.
const PART: &str = ".part";

/// The directory of a home. Clones share it.
#[derive(Clone, Debug)]
pub struct Blobs {
    directory: PathBuf,
}

/// A file that is being written; it is removed unless it is kept.
#[derive(Debug)]
pub struct Draft {
    directory: PathBuf,
    file: tempfile::NamedTempFile,
}

impl Blobs {
    /// Opens the directory, or makes it, and removes what nobody finished writing.
    pub fn open(directory: &Path) -> io::Result<Self> {
        files::create_directory(directory)?;
        files::close_to_others(directory)?;
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(NEW)) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { directory: directory.to_owned() })
    }

    /// Begins to write a file whose id isn't known yet.
    pub fn draft(&self) -> io::Result<Draft> {
        let file = tempfile::Builder::new().prefix(NEW).tempfile_in(&self.directory)?;
        Ok(Draft { directory: self.directory.clone(), file })
    }

    /// The file as far as it was fetched, for reading and writing; an empty one where nothing of it was.
    pub fn partial(&self, id: &FileId) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        options.open(self.part(id))
    }

    /// Gives a file that was fetched whole its name; returns when it has it for good.
    pub fn finish(&self, id: &FileId, file: &File) -> io::Result<()> {
        SystemMedium.sync(file)?;
        SystemMedium.rename(&self.part(id), &self.path(id))?;
        SystemMedium.sync_directory(&self.directory)
    }

    /// A whole file, for reading; `NotFound` where there is none.
    pub fn whole(&self, id: &FileId) -> io::Result<File> {
        File::open(self.path(id))
    }

    /// Removes a file, and what was fetched of it.
    pub fn remove(&self, id: &FileId) -> io::Result<()> {
        for path in [self.path(id), self.part(id)] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The ids of all files that are there, whole or in part.
    pub fn list(&self) -> io::Result<Vec<FileId>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            let name = name.to_str().map(|name| name.strip_suffix(PART).unwrap_or(name));
            found.extend(name.and_then(FileId::from_hex));
        }
        Ok(found)
    }

    /// Bytes that may still be written to the disk; nothing where the system doesn't say.
    pub fn room(&self) -> Option<u64> {
        #[cfg(unix)]
        let room = rustix::fs::statvfs(&self.directory).ok();
        #[cfg(unix)]
        let room = room.map(|room| room.f_bavail.saturating_mul(room.f_frsize));
        #[cfg(not(unix))]
        let room = None;
        room
    }

    fn path(&self, id: &FileId) -> PathBuf {
        self.directory.join(id.to_string())
    }

    fn part(&self, id: &FileId) -> PathBuf {
        self.directory.join(format!("{id}{PART}"))
    }
}

impl Draft {
    /// The file itself.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives the file its name; returns when it has it for good.
    pub fn keep(self, id: &FileId) -> io::Result<()> {
        SystemMedium.sync(self.file.as_file())?;
        self.file.persist(self.directory.join(id.to_string())).map_err(|error| error.error)?;
        SystemMedium.sync_directory(&self.directory)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const ID: FileId = FileId::new([0xA5; 32]);

    fn names(directory: &Path) -> Vec<String> {
        let names = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("files");
        let blobs = Blobs::open(&directory).unwrap();
        let mut draft = blobs.draft().unwrap();
        draft.file().write_all(b"half").unwrap();
        assert!(blobs.list().unwrap().is_empty() && blobs.whole(&ID).is_err());
        drop(draft);
        assert!(names(&directory).is_empty(), "what nobody keeps goes");
        let mut draft = blobs.draft().unwrap();
        draft.file().write_all(b"whole").unwrap();
        draft.keep(&ID).unwrap();
        assert_eq!((blobs.list().unwrap(), names(&directory)), (vec![ID], vec![ID.to_string()]));
        blobs.remove(&ID).unwrap();
        blobs.remove(&ID).unwrap();
        assert!(names(&directory).is_empty());
    }

    #[test]
    fn what_was_fetched_in_part_stays_and_what_was_written_in_part_goes() {
        let home = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(home.path()).unwrap();
        blobs.partial(&ID).unwrap().write_all(b"part").unwrap();
        // A killed process removes nothing.
        std::fs::write(home.path().join(".new-killed"), b"x").unwrap();
        let blobs = Blobs::open(&blobs.directory).unwrap();
        assert_eq!(names(home.path()), [format!("{ID}.part")]);
        assert_eq!(blobs.list().unwrap(), [ID]);
        let file = blobs.partial(&ID).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 4);
        blobs.finish(&ID, &file).unwrap();
        assert_eq!(names(home.path()), [ID.to_string()]);
        assert!(blobs.room().is_none_or(|room| room > 0));
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("files");
        let blobs = Blobs::open(&directory).unwrap();
        blobs.draft().unwrap().keep(&ID).unwrap();
        let other = FileId::new([1; 32]);
        drop(blobs.partial(&other).unwrap());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        assert_eq!((mode(&blobs.path(&ID)), mode(&blobs.part(&other))), (0o600, 0o600));
    }
}
