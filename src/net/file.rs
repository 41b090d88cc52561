//! One file on a stream of its own: a request (36 bytes), a word (1 byte), and where that one grants it the sealed
//! chunks, each a length (4 bytes, big-endian) and that many bytes, until the last one or until somebody has enough.

use std::io;

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::message::{Event, FetchEnd};
use crate::base::chunks::TAG_LEN;
use crate::base::file_limits::{CHUNK_LEN, CHUNK_PATIENCE, GRANT_PATIENCE};
use crate::base::limits::HANDSHAKE_PATIENCE;
use crate::wire::file::FileRequest;
use crate::wire::origin::Prefix;
use crate::wire::peer::PeerKey;

/// The largest chunk on the wire.
const SEALED_MAX: usize = (CHUNK_LEN + TAG_LEN) as usize;

const REFUSED: u8 = 0;
const GRANTED: u8 = 1;

/// Asks for a file and hands its chunks on, until nobody takes them or no more come.
pub(crate) async fn fetch<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    request: FileRequest,
    chunks: mpsc::Sender<Vec<u8>>,
) -> FetchEnd {
    match timeout(GRANT_PATIENCE, ask(&mut stream, request)).await {
        Ok(Ok(GRANTED)) => {}
        Ok(Ok(_)) => return FetchEnd::Refused,
        Ok(Err(_)) | Err(_) => return FetchEnd::Broken,
    }
    // However it ended, what came is worth what it is.
    let _ = tokio::select! {
        ended = hear(&mut stream, &chunks) => ended,
        () = chunks.closed() => Ok(()),
    };
    // Dropped and not closed: a giver in the middle is told that nobody reads any more.
    drop(stream);
    FetchEnd::Over
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, request: FileRequest) -> io::Result<u8> {
    stream.write_all(&request.encode()).await?;
    stream.flush().await?;
    let mut word = [0];
    stream.read_exact(&mut word).await?;
    Ok(word[0])
}

async fn hear<S: AsyncRead + Unpin>(stream: &mut S, chunks: &mpsc::Sender<Vec<u8>>) -> io::Result<()> {
    loop {
        let chunk = timeout(CHUNK_PATIENCE, receive(stream)).await.map_err(io::Error::other)??;
        chunks.send(chunk).await.map_err(io::Error::other)?;
    }
}

async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length) as usize;
    if length > SEALED_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut chunk = vec![0; length];
    stream.read_exact(&mut chunk).await?;
    Ok(chunk)
}

/// Receives a request, hands it up, and sends the chunks that come for it; none that come refuse it.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    ask: u64,
    (peer, from): (PeerKey, Option<Prefix>),
    granted: oneshot::Receiver<mpsc::Receiver<Vec<u8>>>,
    events: mpsc::Sender<Event>,
) {
    let asked = async {
        let mut request = [0; FileRequest::LEN];
        stream.read_exact(&mut request).await?;
        let request = FileRequest::decode(&request);
        events.send(Event::FileAsked { ask, peer, from, request }).await.map_err(io::Error::other)?;
        io::Result::Ok(granted.await.ok())
    };
    let Ok(Ok(chunks)) = timeout(GRANT_PATIENCE, asked).await else { return };
    let word = if chunks.is_some() { GRANTED } else { REFUSED };
    let answered = timeout(CHUNK_PATIENCE, async {
        stream.write_all(&[word]).await?;
        stream.flush().await
    });
    if !matches!(answered.await, Ok(Ok(()))) {
        return;
    }
    if let Some(chunks) = chunks {
        // Whoever asked finds out how far it came.
        let _ = give(&mut stream, chunks).await;
    }
    let _ = timeout(HANDSHAKE_PATIENCE, stream.close()).await;
}

async fn give<S: AsyncWrite + Unpin>(stream: &mut S, mut chunks: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    while let Some(chunk) = chunks.recv().await {
        let length = u32::try_from(chunk.len()).map_err(io::Error::other)?;
        let written = timeout(CHUNK_PATIENCE, async {
            stream.write_all(&length.to_be_bytes()).await?;
            stream.write_all(&chunk).await?;
            if chunks.is_empty() { stream.flush().await } else { Ok(()) }
        });
        written.await.map_err(io::Error::other)??;
    }
    stream.flush().await
}
