//! A file that its owner reads: opened chunk by chunk, as fast as it is taken.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::base::file_limits::CHUNKS_WAITING;
use crate::base::id::FileId;
use crate::crypto::chunks::ChunkKey;
use crate::disk::sealed::Chunks;
use crate::engine::file_view;
use crate::node::files::upload::{FileError, blocking};
use crate::node::handle::Node;

/// A file that is being read.
#[derive(Debug)]
pub struct Reading {
    /// Its name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Its bytes.
    pub size: u64,
    pieces: mpsc::Receiver<std::io::Result<Vec<u8>>>,
}

impl Node {
    /// Reads a file that is here.
    pub async fn read_file(&self, id: FileId) -> Result<Reading, FileError> {
        Reading::begin(self, id).await
    }
}

impl Reading {
    async fn begin(node: &Node, id: FileId) -> Result<Self, FileError> {
        let opening = node.view(move |rows| file_view::opening(rows, &id)).await?;
        let (opening, name, media_type) = opening.ok_or(FileError::NotHere)?;
        let shape = opening.shape().ok_or(FileError::TooLarge)?;
        let room = Arc::clone(node.files());
        let mut chunks = blocking(move || Chunks::new(room.blobs.whole(&id)?, shape, 0)).await?;
        let key = ChunkKey::derive(&opening.key);
        let (into, pieces) = mpsc::channel(CHUNKS_WAITING);
        let read = move || {
            loop {
                let piece = match chunks.next_open(&key) {
                    Ok(Some(piece)) => Ok(piece),
                    Ok(None) => return,
                    Err(error) => Err(error),
                };
                let is_end = piece.is_err();
                if into.blocking_send(piece).is_err() || is_end {
                    return;
                }
            }
        };
        // Ends with the file, or when nobody takes it any more.
        drop(tokio::task::spawn_blocking(read));
        Ok(Self { name, media_type, size: opening.size, pieces })
    }

    /// The next bytes; none at the end. An error where the disk's bytes aren't what was written.
    pub async fn next(&mut self) -> Option<std::io::Result<Vec<u8>>> {
        self.pieces.recv().await
    }
}
