//! Fetches one file from one peer, from where it was left.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::base::file_limits::CHUNKS_WAITING;
use crate::base::id::FileId;
use crate::crypto::chunks::ChunkKey;
use crate::disk::sealed::Intake;
use crate::engine::file_order::Miss;
use crate::net::handle::Handle as Network;
use crate::net::message::{Command, FetchEnd};
use crate::node::files::room::Room;
use crate::wire::file::{FileRequest, Opening};
use crate::wire::peer::PeerAddress;

/// What is fetched, and from whom.
pub(super) struct Fetch {
    pub(super) room: Arc<Room>,
    pub(super) network: Option<Network>,
    pub(super) opening: Opening,
    pub(super) from: PeerAddress,
    pub(super) cancel: CancellationToken,
}

/// What came of it.
pub(super) struct Came {
    /// Whether the file is whole, and why not.
    pub(super) result: Result<(), Miss>,
    /// Whether some of it came.
    pub(super) some: bool,
}

impl Fetch {
    /// Fetches. Every step that touches the disk is carried to its end, so that when this is over nothing does any more.
    pub(super) async fn run(self) -> Came {
        let id = self.opening.id();
        let (room, opening) = (Arc::clone(&self.room), self.opening.clone());
        let intake = match blocking(move || resume(&room, &opening)).await {
            Ok(Some(intake)) => intake,
            // It was whole when the node was last stopped.
            Ok(None) => return Came { result: Ok(()), some: false },
            Err(error) => return Came { result: Err(miss(&error)), some: false },
        };
        self.room.came(&id, intake.told());
        if !self.room.has_room(intake.missing()) {
            return Came { result: Err(Miss::NoRoom), some: false };
        }
        let before = intake.next();
        let (intake, end) = match self.take_all(&id, intake).await {
            Ok(taken) => taken,
            Err(error) => return Came { result: Err(miss(&error)), some: false },
        };
        let some = intake.next() > before;
        let result = if intake.is_whole() { self.finish(&id, intake).await } else { Err(end) };
        Came { result, some }
    }

    /// Takes chunks until there are no more. An error is the disk's.
    async fn take_all(&self, id: &FileId, mut intake: Intake) -> io::Result<(Intake, Miss)> {
        if intake.is_whole() {
            return Ok((intake, Miss::Lost));
        }
        let Some(network) = &self.network else { return Ok((intake, Miss::Lost)) };
        let (chunks, mut received) = mpsc::channel(CHUNKS_WAITING);
        let (ended, end) = oneshot::channel();
        let request = FileRequest { id: *id, from: intake.next() };
        let command = Command::FetchFile { peer: self.from.clone(), request, chunks, ended };
        if network.command(command).await.is_err() {
            return Ok((intake, Miss::Lost));
        }
        while !intake.is_whole() {
            let chunk = tokio::select! {
                chunk = received.recv() => chunk,
                () = self.cancel.cancelled() => None,
            };
            let Some(chunk) = chunk else { break };
            let (back, taken) = blocking(move || {
                let taken = intake.take(&chunk);
                Ok((intake, taken))
            })
            .await?;
            intake = back;
            match taken {
                Ok(()) => {
                    self.room.count_fetched();
                    self.room.came(id, intake.told());
                }
                Err(error) if error.kind() == ErrorKind::InvalidData => return Ok((intake, Miss::Wrong)),
                Err(error) => return Err(error),
            }
        }
        drop(received);
        let end = tokio::select! {
            end = end => end.ok(),
            () = self.cancel.cancelled() => None,
        };
        let end = match end {
            Some(FetchEnd::Refused) => Miss::Refused,
            Some(FetchEnd::Unreachable | FetchEnd::Broken | FetchEnd::Over) | None => Miss::Lost,
        };
        Ok((intake, end))
    }

    /// All chunks are here: the file gets its name, if it is what was said and still wanted.
    async fn finish(&self, id: &FileId, intake: Intake) -> Result<(), Miss> {
        let (room, id, cancel) = (Arc::clone(&self.room), *id, self.cancel.clone());
        let finish = move || {
            let file = intake.finish()?;
            let _names = room.names();
            if cancel.is_cancelled() {
                Err(ErrorKind::Interrupted.into())
            } else {
                room.blobs.finish(&id, &file)
            }
        };
        blocking(finish).await.map_err(|error| miss(&error))
    }
}

/// What is there of the file; nothing where it is there whole, by its name.
fn resume(room: &Room, opening: &Opening) -> io::Result<Option<Intake>> {
    let id = opening.id();
    let shape = opening.shape().ok_or(ErrorKind::FileTooLarge)?;
    let whole = room.blobs.whole(&id).and_then(|file| file.metadata());
    if whole.is_ok_and(|whole| whole.len() == shape.sealed()) {
        return Ok(None);
    }
    let file = room.blobs.partial(&id)?;
    Intake::resume(file, ChunkKey::derive(&opening.key), shape, *opening.hash.as_bytes()).map(Some)
}

fn miss(error: &io::Error) -> Miss {
    match error.kind() {
        ErrorKind::InvalidData => Miss::Wrong,
        ErrorKind::Interrupted => Miss::Lost,
        _ => {
            tracing::warn!(%error, "a file can't be written");
            Miss::NoRoom
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(ErrorKind::Interrupted.into()))
}
