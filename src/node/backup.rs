//! Backups of a home: made while its node runs, brought back as another home.
//!
//! A backup has what the home has that can't be had elsewhere: the keystore, sealed under the home's passphrase as ever,
//! every row of the store, sealed under a key that the keystore leads to, and the configuration among the rows. Whoever
//! brings it back leaves word in the store, so that the node knows that it is a copy of an earlier one.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::base::limits;
use crate::base::time::Time;
use crate::disk::backup_file::{BackupError, BackupReader, BackupRow, BackupWriter, Front};
use crate::disk::copy::{self, CopyError, RestoreError};
use crate::disk::files;
use crate::disk::home::Home;
use crate::disk::options::Options;
use crate::domain::identity::keystore::{Keystore, KeystoreError};
use crate::engine::restored;
use crate::node::handle::Node;
use crate::store::key::Value;
use crate::store::snapshot::Fault;

/// Files of the home that are in a backup beside the keystore.
const FILES: [&str; 1] = ["config.toml"];

/// A backup that was made.
#[derive(Debug)]
pub struct Backup {
    /// The backup, from its beginning on. It has no name and goes when this is dropped.
    pub file: File,
    /// When it was made.
    pub made: Time,
    /// Rows in it.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
}

/// A backup that was brought back.
#[derive(Debug)]
pub struct Returned {
    /// The keystore of the home.
    pub keystore: Keystore,
    /// When the backup was made.
    pub made: Time,
    /// Rows that were brought back.
    pub rows: u64,
}

/// Why a backup isn't made.
#[derive(Debug, thiserror::Error)]
pub enum NoBackup {
    /// The store can't be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The home's files can't be read, or there is no room for the backup.
    #[error("the backup can't be written: {0}")]
    Io(#[from] io::Error),
    /// The node is ending.
    #[error("the node is ending")]
    Stopped,
}

/// Why a backup isn't brought back.
#[derive(Debug, thiserror::Error)]
pub enum NotReturned {
    /// The backup can't be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The passphrase isn't that of the home that it was made of, or the like.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// There is something in the home already.
    #[error("{0} has a store already, though no identity: choose another home, or move that away")]
    Exists(String),
    /// The store can't be made.
    #[error(transparent)]
    Store(#[from] RestoreError),
    /// A file can't be written.
    #[error("the home can't be written: {0}")]
    Io(#[from] io::Error),
    /// The store can't be marked.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Node {
    /// Makes a backup of everything as it stands at one moment before this returns, while the node goes on.
    pub async fn back_up(&self) -> Result<Backup, NoBackup> {
        let (node, made) = (self.clone(), self.now());
        let made = tokio::task::spawn_blocking(move || node.back_up_now(made));
        made.await.unwrap_or(Err(NoBackup::Stopped))
    }

    fn back_up_now(&self, made: Time) -> Result<Backup, NoBackup> {
        let keystore = files::read_bounded(&self.home().join("keystore"), limits::KEYSTORE_MAX as u64)?;
        let front = Front::new(made, keystore)?;
        let out = BufWriter::new(tempfile::tempfile_in(self.home())?);
        let mut writer = BackupWriter::begin(out, &front, self.data_key())?;
        for name in FILES {
            match files::read_bounded(&self.home().join(name), limits::VALUE_MAX as u64) {
                Ok(bytes) => writer.row(copy::FILES_TABLE, name.as_bytes(), &[], Some(&bytes))?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.database().copy(&mut |table, id, order, value| writer.row(table, id, order, value))?;
        let (out, rows, bytes) = writer.finish()?;
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Backup { file, made, rows, bytes })
    }
}

/// Brings a backup back in a home that has no identity. The keystore comes last: until then there is none.
///
/// # Errors
/// Where the backup or the passphrase is no good, the home has something already, or the disk takes it not.
pub fn bring_back(
    home: &Home,
    backup: &Path,
    passphrase: &Zeroizing<Vec<u8>>,
) -> Result<Returned, NotReturned> {
    if home.database().exists() {
        return Err(NotReturned::Exists(home.path().display().to_string()));
    }
    let mut from = BufReader::new(File::open(backup).map_err(BackupError::Io)?);
    let front = Front::read(&mut from)?;
    let keystore = Keystore::open(&front.keystore, passphrase)?;
    let mut rows = BackupReader::new(from, &front, &keystore.data_key).map_err(BackupError::Io)?;
    // What an earlier attempt left is no store.
    let unfinished = home.path().join("database.unfinished");
    match std::fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let (key, mark) = restored::mark(front.made)?;
    let mark = BackupRow {
        table: key.table as u8,
        id: key.id.to_vec(),
        order: key.order.to_vec(),
        value: Some(Value::new(mark)),
    };
    let restored =
        copy::restore(&unfinished, &keystore.data_key, &Options::default(), &mut rows, vec![mark])?;
    files::move_directory(&unfinished, &home.database())?;
    for (name, bytes) in restored.files {
        let known = FILES.iter().find(|known| known.as_bytes() == name);
        if let Some(path) = known.map(|known| home.path().join(known)).filter(|path| !path.exists()) {
            files::write_whole(&path, &bytes)?;
        }
    }
    files::write_whole(&home.keystore(), &front.keystore)?;
    Ok(Returned { keystore, made: front.made, rows: restored.rows })
}
