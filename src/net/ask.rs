//! One request and its answer on a stream of their own, each a length (4 bytes, big-endian) and that many bytes.

use std::io;

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::message::Event;
use crate::base::limits::{ASK_MAX, ASK_PATIENCE};
use crate::wire::origin::Prefix;
use crate::wire::peer::PeerKey;

/// Sends a request and waits for its answer, [`ASK_PATIENCE`] at most.
pub(crate) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, body: &[u8]) -> Option<Vec<u8>> {
    let exchange = async {
        send(&mut stream, body).await?;
        receive(&mut stream).await
    };
    timeout(ASK_PATIENCE, exchange).await.ok()?.ok()
}

/// Receives a request, hands it up, and sends the answer that comes; all within [`ASK_PATIENCE`].
pub(crate) async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    ask: u64,
    (peer, from): (PeerKey, Option<Prefix>),
    answer: oneshot::Receiver<Vec<u8>>,
    events: mpsc::Sender<Event>,
) {
    let exchange = async {
        let body = receive(&mut stream).await?;
        events.send(Event::Asked { ask, peer, from, body }).await.map_err(io::Error::other)?;
        let body = answer.await.map_err(io::Error::other)?;
        send(&mut stream, &body).await?;
        stream.close().await
    };
    // Whatever failed, the asker sees the stream end.
    let _ = timeout(ASK_PATIENCE, exchange).await;
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(4 + body.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(body);
    stream.write_all(&bytes).await?;
    stream.flush().await
}

async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length) as usize;
    if length > ASK_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(body)
}
