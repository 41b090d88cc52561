//! Small files written whole or not at all.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::disk::medium::{Medium, SystemMedium};

/// Writes `bytes` as the file at `path`: after a power cut there is the old file or the new one, whole.
///
/// The file is readable by its owner only. A temporary file beside it (`path` with `.new` added) is synced,
/// renamed, and the directory synced.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A name alone has no directory that could be synced.
    replace(&SystemMedium, &std::path::absolute(path)?, bytes)
}

/// See [`write_whole`].
pub(in crate::disk) fn replace(medium: &dyn Medium, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let mut file = medium.create(&temporary)?;
    medium.write(&mut file, bytes)?;
    medium.sync(&file)?;
    drop(file);
    medium.rename(&temporary, path)?;
    path.parent().map_or(Ok(()), |parent| medium.sync_directory(parent))
}

/// Gives a directory its name, durably.
pub fn move_directory(from: &Path, to: &Path) -> io::Result<()> {
    SystemMedium.rename(from, to)?;
    to.parent().map_or(Ok(()), |parent| SystemMedium.sync_directory(parent))
}

/// The bytes of the file at `path`; `InvalidData` where there are more than `most`.
pub fn read_bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let words = format!("{} is larger than {most} bytes", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    Ok(bytes)
}

/// Creates a directory that only its owner may enter, and those above it that are missing, and makes their names
/// durable; one that exists is kept.
pub fn create_directory(path: &Path) -> io::Result<()> {
    make_directory(&SystemMedium, path)
}

/// See [`create_directory`].
pub(in crate::disk) fn make_directory(medium: &dyn Medium, path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or(Ok(()), |parent| make_directory(medium, parent))?;
    match medium.create_directory(path) {
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        result => result?,
    }
    parent.map_or(Ok(()), |parent| medium.sync_directory(parent))
}

/// Lets nobody but the owner into a directory that may have been made by somebody else's habits.
pub(in crate::disk) fn close_to_others(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path)?.permissions().mode();
        if mode & 0o077 != 0 {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Asks the file system to make every later write to this file durable before it returns (the inode flag that
/// `chattr +S` sets, which ext4, XFS, Btrfs and F2FS know). Answers whether it will.
#[cfg(target_os = "linux")]
pub(in crate::disk) fn write_through(file: &File) -> bool {
    use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
    let flags = ioctl_getflags(file).map(|flags| flags | IFlags::SYNC);
    flags.and_then(|flags| ioctl_setflags(file, flags)).is_ok()
}

/// Elsewhere sled syncs after each of its writes by itself.
#[cfg(not(target_os = "linux"))]
pub(in crate::disk) fn write_through(_: &File) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_no_temporary_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("kept");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(read_bounded(&path, 3).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_name_alone_is_a_file_of_the_directory_that_one_is_in() {
        let name = tempfile::Builder::new().tempfile_in(".").unwrap();
        let name = Path::new(name.path().file_name().unwrap());
        write_whole(name, b"here").unwrap();
        assert_eq!(read_bounded(name, 4).unwrap(), b"here");
    }

    #[test]
    fn the_name_of_every_directory_that_was_made_is_synced() {
        #[derive(Default)]
        struct Listening(std::sync::Mutex<Vec<String>>);
        impl Medium for Listening {
            fn create_directory(&self, path: &Path) -> io::Result<()> {
                self.0.lock().unwrap().push(format!("+{}", path.file_name().unwrap().display()));
                SystemMedium.create_directory(path)
            }

            fn sync_directory(&self, path: &Path) -> io::Result<()> {
                self.0.lock().unwrap().push(path.file_name().unwrap().display().to_string());
                SystemMedium.sync_directory(path)
            }
        }
        let home = tempfile::tempdir().unwrap();
        let medium = Listening::default();
        make_directory(&medium, &home.path().join("a/b/c")).unwrap();
        let top = home.path().file_name().unwrap().to_str().unwrap();
        assert_eq!(*medium.0.lock().unwrap(), ["+a", top, "+b", "a", "+c", "b"]);
    }

    #[test]
    fn a_file_over_the_bound_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("large");
        write_whole(&path, b"four").unwrap();
        assert_eq!(read_bounded(&path, 3).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(
            read_bounded(&path.with_file_name("none"), 3).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[cfg(unix)]
    #[test]
    fn files_and_directories_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("a/b");
        create_directory(&directory).unwrap();
        write_whole(&directory.join("file"), b"x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&directory.join("file")), 0o600);
    }
}
