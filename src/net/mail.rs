//! Channels to and from mailboxes: messages both ways on one stream, each a length (4 bytes, big-endian) and that
//! many bytes.

use std::collections::BTreeMap;
use std::io;

use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use libp2p::Stream;
use libp2p::swarm::ConnectionId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::message::Event;
use crate::base::mail_limits::{MAIL_CHANNELS_MAX, MAIL_MESSAGE_MAX, MAIL_WRITES_MAX};
use crate::wire::channel::{ChannelEvent, ChannelId};
use crate::wire::origin::Prefix;
use crate::wire::peer::PeerKey;

struct Open {
    connection: ConnectionId,
    ours: bool,
    messages: mpsc::Sender<Vec<u8>>,
}

/// Every channel.
#[derive(Default)]
pub(crate) struct Channels {
    last: u64,
    open: BTreeMap<ChannelId, Open>,
    tasks: JoinSet<ChannelId>,
}

impl Channels {
    /// Runs a channel over a stream that either side opened; one too many of others finds its stream closed.
    pub(crate) fn run(
        &mut self,
        connection: ConnectionId,
        peer: (PeerKey, Option<Prefix>),
        ours: bool,
        stream: Stream,
        events: &mpsc::Sender<Event>,
    ) {
        if !ours && self.open.values().filter(|open| !open.ours).count() >= MAIL_CHANNELS_MAX {
            return;
        }
        self.last += 1;
        let channel = ChannelId::new(self.last);
        let (messages, queue) = mpsc::channel(MAIL_WRITES_MAX);
        self.open.insert(channel, Open { connection, ours, messages });
        let run = exchange(stream, channel, peer, ours, queue, events.clone());
        self.tasks.spawn(async move {
            run.await;
            channel
        });
    }

    /// Writes a message. Whoever doesn't read what it asked for loses its channel.
    pub(crate) fn say(&mut self, channel: ChannelId, message: Vec<u8>) {
        let Some(open) = self.open.get(&channel) else { return };
        if message.len() > MAIL_MESSAGE_MAX || open.messages.try_send(message).is_err() {
            self.close(channel);
        }
    }

    /// Ends a channel.
    pub(crate) fn close(&mut self, channel: ChannelId) {
        // Its task finds that nothing more is to be written, ends, and says so.
        self.open.remove(&channel);
    }

    /// A connection is gone: Yamux doesn't tell its streams.
    pub(crate) fn lost(&mut self, connection: ConnectionId) {
        self.open.retain(|_, open| open.connection != connection);
    }

    /// Whether no channel runs.
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits for a channel to be over.
    pub(crate) async fn next_over(&mut self) {
        if let Some(Ok(channel)) = self.tasks.join_next().await {
            self.open.remove(&channel);
        }
    }
}

/// Tells of the channel first, and last that it is over.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    channel: ChannelId,
    (peer, from): (PeerKey, Option<Prefix>),
    ours: bool,
    messages: mpsc::Receiver<Vec<u8>>,
    events: mpsc::Sender<Event>,
) {
    let up = Event::Channel(ChannelEvent::Up { channel, peer, from, ours });
    if events.send(up).await.is_ok() {
        let (read, write) = stream.split();
        // However it ended, the node hears that it did.
        let _ = tokio::select! {
            ended = hear(read, channel, &events) => ended,
            ended = write_all(write, messages) => ended,
        };
        let _ = events.send(Event::Channel(ChannelEvent::Down(channel))).await;
    }
}

async fn hear<S: AsyncRead + Unpin>(
    mut stream: ReadHalf<S>,
    channel: ChannelId,
    events: &mpsc::Sender<Event>,
) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length).await?;
        let length = u32::from_be_bytes(length) as usize;
        if !(1..=MAIL_MESSAGE_MAX).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut message = vec![0; length];
        stream.read_exact(&mut message).await?;
        let heard = Event::Channel(ChannelEvent::Heard { channel, message });
        events.send(heard).await.map_err(io::Error::other)?;
    }
}

async fn write_all<S: AsyncWrite + Unpin>(
    mut stream: WriteHalf<S>,
    mut messages: mpsc::Receiver<Vec<u8>>,
) -> io::Result<()> {
    while let Some(message) = messages.recv().await {
        let length = u32::try_from(message.len()).map_err(io::Error::other)?;
        let bytes = [length.to_be_bytes().as_slice(), &message].concat();
        stream.write_all(&bytes).await?;
        if messages.is_empty() {
            stream.flush().await?;
        }
    }
    stream.close().await
}
