//! Gives a peer the chunks of a file, as fast as it takes them.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::base::file_limits::CHUNKS_WAITING;
use crate::disk::sealed::Chunks;
use crate::net::handle::Handle as Network;
use crate::net::message::Command;
use crate::node::files::room::Room;
use crate::wire::file::Opening;

/// Gives what was asked for from the chunk `from` on, or refuses it where it isn't there.
pub(super) async fn give(room: Arc<Room>, network: Network, ask: u64, opening: Opening, from: u32) {
    let opened = {
        let room = Arc::clone(&room);
        tokio::task::spawn_blocking(move || open(&room, &opening, from)).await
    };
    let chunks = match opened {
        Ok(Ok(chunks)) => chunks,
        Ok(Err(error)) => {
            tracing::warn!(%error, "a file that should be here can't be read");
            return refuse(&network, ask).await;
        }
        Err(_) => return refuse(&network, ask).await,
    };
    let (into, queue) = mpsc::channel(CHUNKS_WAITING);
    if network.command(Command::GiveFile { ask, chunks: queue }).await.is_err() {
        return;
    }
    // It ends with the file, or with the stream.
    let _ = tokio::task::spawn_blocking(move || hand_over(&room, chunks, &into)).await;
}

/// Says that the node doesn't give what was asked for.
pub(super) async fn refuse(network: &Network, ask: u64) {
    // The network ends only when the node does.
    let _ = network.command(Command::RefuseFile { ask }).await;
}

fn open(room: &Room, opening: &Opening, from: u32) -> io::Result<Chunks> {
    let shape = opening.shape().ok_or(io::ErrorKind::FileTooLarge)?;
    Chunks::new(room.blobs.whole(&opening.id())?, shape, from)
}

fn hand_over(room: &Room, mut chunks: Chunks, into: &mpsc::Sender<Vec<u8>>) {
    // A chunk that can't be read ends the stream, as the last one does.
    while let Ok(Some(chunk)) = chunks.next_sealed() {
        if into.blocking_send(chunk).is_err() {
            return;
        }
        room.count_given();
    }
}
