//! A copy of all rows while the database goes on working, and a database made of such rows.
//!
//! The rows are read one after the other, so what changes meanwhile would be there half. So from the moment at which the
//! copy begins every row that becomes durable is noted, too; behind the rows that were read come those, again and again,
//! until few are left. With the last of them the copy is the store as it stood at that one moment.

use std::path::Path;

use zeroize::Zeroizing;

use crate::base::limits;
use crate::crypto::aead::XNONCE_LEN;
use crate::crypto::secret::Secret;
use crate::disk::backup_file::{BackupError, BackupReader, BackupRow};
use crate::disk::database::{Database, new_id, prepare};
use crate::disk::error::OpenError;
use crate::disk::manifest::{Manifest, SCHEMA};
use crate::disk::options::Options;
use crate::disk::overlay::Layer;
use crate::disk::shared::Shared;
use crate::disk::tree::{SealedRow, Tree};
use crate::disk::vault::{PREFIX_LEN, Vault};
use crate::store::snapshot::Fault;

/// The number under which a backup has files of the home, by their names: no table has it.
pub const FILES_TABLE: u8 = u8::MAX;
/// Rows that changed meanwhile and are few enough to be the last.
const LAST_ROWS: usize = 256;
/// How often those that changed are gone through, of a node that is never at rest.
const ROUNDS_MAX: usize = 16;

/// Whoever is given the rows: table, id, order and value, none where the row is deleted.
type Take<'t> = dyn FnMut(u8, &[u8], &[u8], Option<&[u8]>) -> std::io::Result<()> + 't;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One is made already.
    #[error("another backup is being made: wait until it is done")]
    Busy,
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] Fault),
    /// The copy can't be written.
    #[error("the backup can't be written: {0}")]
    Write(std::io::Error),
}

impl Database {
    /// Hands every row to `take` as it stands at one moment before this returns. A row may come more than once: the last
    /// word counts.
    ///
    /// # Errors
    /// Where another copy is being made, the store can't be read, or `take` fails.
    pub fn copy(&self, take: &mut Take<'_>) -> Result<(), CopyError> {
        let shared = self.shared();
        {
            let mut state = shared.lock();
            if state.changed.is_some() {
                return Err(CopyError::Busy);
            }
            state.changed = Some(Layer::default());
        }
        let copied = self.copy_noted(take);
        shared.lock().changed = None;
        copied
    }

    fn copy_noted(&self, take: &mut Take<'_>) -> Result<(), CopyError> {
        let mut failed = None;
        let read = self.durable_view().each(|physical, id, value| {
            let given = give(take, physical, id, Some(value));
            given.map_err(|error| {
                let fault = Fault(error.to_string());
                failed = Some(error);
                fault
            })
        });
        if let Some(error) = failed {
            return Err(CopyError::Write(error));
        }
        read?;
        for round in 0.. {
            let (changed, is_last) = next_round(self.shared(), round);
            for (physical, cell) in changed.range(&[], None) {
                give(take, physical, &cell.id, cell.value.as_deref()).map_err(CopyError::Write)?;
            }
            if is_last {
                break;
            }
        }
        // What the journal didn't take any more isn't in the copy.
        self.fault().map_or(Ok(()), |fault| Err(fault.into()))
    }
}

/// What changed since the last round, and whether nothing more is noted from here on.
fn next_round(shared: &Shared, round: usize) -> (Layer, bool) {
    let mut state = shared.lock();
    let is_last =
        round >= ROUNDS_MAX || state.changed.as_ref().is_none_or(|changed| changed.len() <= LAST_ROWS);
    let next = (!is_last).then(Layer::default);
    (core::mem::replace(&mut state.changed, next).unwrap_or_default(), is_last)
}

fn give(take: &mut Take<'_>, physical: &[u8], id: &[u8], value: Option<&[u8]>) -> std::io::Result<()> {
    let table = physical.first().copied().unwrap_or_default();
    take(table, id, physical.get(PREFIX_LEN..).unwrap_or_default(), value)
}

/// What a backup brought.
#[derive(Debug)]
pub struct Restored {
    /// How many rows.
    pub rows: u64,
    /// Files of the home, by their names.
    pub files: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Makes a database of a backup's rows, and of `marks`, where there is none yet.
///
/// # Errors
/// Where the backup is damaged, there is a database already, or the disk takes it not.
pub fn restore<R: std::io::Read>(
    directory: &Path,
    data_key: &Secret<32>,
    options: &Options,
    rows: &mut BackupReader<R>,
    marks: Vec<BackupRow>,
) -> Result<Restored, RestoreError> {
    if Manifest::read(&directory.join("manifest"), data_key)?.is_some() {
        return Err(RestoreError::Exists);
    }
    let medium = prepare(options, directory).map_err(OpenError::io(directory))?;
    let database = new_id().map_err(OpenError::io(directory))?;
    let sled = directory.join("sled");
    let (tree, _) = Tree::open(&sled, &directory.join("quarantine"), options, medium.clone(), false)?;
    let vault = Vault::new(data_key, database, SCHEMA);
    let (mut count, mut files) = (0, Vec::new());
    while let Some(chunk) = rows.chunk()? {
        count += chunk.len() as u64;
        let (chunk, more): (Vec<_>, Vec<_>) = chunk.into_iter().partition(|row| row.table != FILES_TABLE);
        files.extend(more.into_iter().filter_map(|row| Some((row.id, row.value?.to_vec()))));
        bring_in(&tree, &vault, chunk)?;
    }
    bring_in(&tree, &vault, marks)?;
    tree.checkpoint(1)?;
    let path = directory.join("manifest");
    let manifest = Manifest { database, checkpoint: 1, first_segment: 1, begun: false };
    manifest.write(&*medium, &path, data_key).map_err(OpenError::io(&path))?;
    Ok(Restored { rows: count, files })
}

/// sled takes small steps; see [`Tree`].
fn bring_in(tree: &Tree, vault: &Vault, rows: Vec<BackupRow>) -> Result<(), Fault> {
    let mut step: Vec<SealedRow> = Vec::new();
    let mut bytes = 0;
    for row in rows {
        let physical = vault.blind(row.table, &row.id, &row.order);
        let sealed = match &row.value {
            None => None,
            Some(value) => {
                let mut nonce = Zeroizing::new([0; XNONCE_LEN]);
                getrandom::fill(&mut *nonce)
                    .map_err(|error| Fault(format!("the system gives no random bytes: {error}")))?;
                Some(vault.seal(&physical, &row.id, value, &nonce)?)
            }
        };
        bytes += sealed.as_ref().map_or(0, Vec::len);
        step.push((physical, sealed));
        if step.len() >= limits::APPLY_ROWS || bytes >= limits::APPLY_BYTES {
            tree.apply(core::mem::take(&mut step))?;
            bytes = 0;
        }
    }
    tree.apply(step).map(drop)
}

/// Why no database is made of a backup.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is one.
    #[error("there is a store already")]
    Exists,
    /// The backup can't be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] OpenError),
    /// The store can't be written.
    #[error("the store can't be written: {0}")]
    Store(#[from] Fault),
}
