//! A file that is given to the node, piece by piece.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use crate::base::file_limits as limits;
use crate::base::id::Digest;
use crate::crypto::chunks::ChunkKey;
use crate::crypto::secret::Secret;
use crate::disk::sealed::Sealer;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::file_view;
use crate::engine::parcel::NewFile;
use crate::node::files::room::Room;
use crate::node::handle::Node;
use crate::node::identity::system_rng;
use crate::store::snapshot::Fault;
use crate::wire::file::Opening;
use crate::wire::said::file::Picture;

/// Bytes that are sealed and written at once.
const PIECE: usize = 4 * limits::CHUNK_LEN as usize;

/// A file that is being given to the node. What isn't finished leaves nothing behind.
pub struct Upload {
    node: Node,
    room: Arc<Room>,
    key: Secret<32>,
    /// Away while it writes.
    sealer: Option<Sealer>,
    waiting: Vec<u8>,
    taken: u64,
    /// Bytes that may still come.
    room_left: u64,
}

/// Why a file isn't taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is larger than any file that is sent.
    #[error("a file has at most {max} bytes", max = limits::FILE_MAX)]
    TooLarge,
    /// There is no room for it.
    #[error(
        "there is no room for this file: forget some (`sigillo file forget`), raise `kept_mebibytes` under [files] in \
         config.toml, or make room on the disk"
    )]
    NoRoom,
    /// It isn't here.
    #[error("this file isn't here: see `sigillo file list`")]
    NotHere,
    /// The disk fails.
    #[error("the disk fails: {0}")]
    Disk(io::Error),
    /// The engine doesn't take it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl FileError {
    pub(super) fn of(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::FileTooLarge => Self::TooLarge,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::NoRoom,
            ErrorKind::NotFound => Self::NotHere,
            _ => Self::Disk(error),
        }
    }
}

impl Node {
    /// Begins to give the node a file, to be sent later.
    pub async fn give_file(&self) -> Result<Upload, FileError> {
        Upload::begin(self.clone()).await
    }
}

impl Upload {
    async fn begin(node: Node) -> Result<Self, FileError> {
        let (room, kept) = (Arc::clone(node.files()), node.file_rules().kept);
        let used = node.view(|rows| file_view::bytes(rows)).await?;
        let key = Secret::random(&mut system_rng());
        let chunks = ChunkKey::derive(&key);
        let drafting = Arc::clone(&room);
        let sealer = blocking(move || Ok(Sealer::new(drafting.blobs.draft()?, chunks))).await?;
        let room_left = kept.saturating_sub(used);
        Ok(Self { node, room, key, sealer: Some(sealer), waiting: Vec::new(), taken: 0, room_left })
    }

    /// Takes more bytes.
    ///
    /// # Errors
    /// Nothing of the file stays then.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.taken += bytes.len() as u64;
        if self.taken > limits::FILE_MAX {
            return Err(FileError::TooLarge);
        }
        if self.taken > self.room_left || !self.room.has_room(PIECE as u64) {
            return Err(FileError::NoRoom);
        }
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE { self.flush().await } else { Ok(()) }
    }

    /// Bytes so far.
    pub const fn len(&self) -> u64 {
        self.taken
    }

    /// Whether nothing came yet.
    pub const fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// The file is whole: when this returns it is on the disk, and can be sent.
    pub async fn finish(
        mut self,
        name: String,
        media_type: String,
        picture: Option<Picture>,
    ) -> Result<Outcome, FileError> {
        self.flush().await?;
        let Some(sealer) = self.sealer.take() else { return Err(lost()) };
        let (room, key) = (Arc::clone(&self.room), self.key.clone());
        let opening = blocking(move || {
            let written = sealer.finish()?;
            let opening = Opening { hash: Digest::new(written.hash), key, size: written.size };
            let _names = room.names();
            written.draft.keep(&opening.id())?;
            Ok(opening)
        })
        .await?;
        let id = opening.id();
        let new = NewFile { opening, name, media_type, picture };
        let taken = self.node.command(Command::TakeFile(Box::new(new))).await;
        if taken.is_err() {
            let room = Arc::clone(&self.room);
            // What stays is removed at the next start.
            let _ = blocking(move || room.remove(&id)).await;
        }
        Ok(taken?)
    }

    async fn flush(&mut self) -> Result<(), FileError> {
        let Some(mut sealer) = self.sealer.take() else { return Err(lost()) };
        let bytes = zeroize::Zeroizing::new(std::mem::take(&mut self.waiting));
        let sealer = blocking(move || {
            sealer.write(&bytes)?;
            Ok(sealer)
        });
        self.sealer = Some(sealer.await?);
        Ok(())
    }
}

fn lost() -> FileError {
    FileError::Disk(ErrorKind::BrokenPipe.into())
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, FileError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(ErrorKind::Interrupted.into())).map_err(FileError::of)
}
