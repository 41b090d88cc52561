//! The files that go to and from this node, so many at once and no more.

use std::collections::BTreeMap;

use libp2p::swarm::ConnectionId;
use libp2p::{PeerId, Stream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use super::file::{fetch, serve};
use super::message::{Event, FetchEnd};
use crate::base::file_limits::{FILE_STREAMS_MAX, FILE_STREAMS_PER_PEER};
use crate::wire::file::FileRequest;
use crate::wire::origin::Prefix;
use crate::wire::peer::PeerKey;

/// What the node fetches, before it has a stream.
#[derive(Debug)]
pub(crate) struct Fetch {
    pub(crate) request: FileRequest,
    pub(crate) chunks: mpsc::Sender<Vec<u8>>,
    pub(crate) ended: oneshot::Sender<FetchEnd>,
}

impl Fetch {
    /// It has come to nothing.
    pub(crate) fn fail(self, end: FetchEnd) {
        // The node may want it no more.
        let _ = self.ended.send(end);
    }
}

/// A file that a peer fetches here, or that we fetch.
struct Open {
    peer: PeerId,
    connection: ConnectionId,
    theirs: bool,
    /// Where the node's word goes; gone once it was given.
    grant: Option<oneshot::Sender<mpsc::Receiver<Vec<u8>>>>,
    task: AbortHandle,
}

/// Every file that is under way.
#[derive(Default)]
pub(crate) struct Files {
    last: u64,
    open: BTreeMap<u64, Open>,
    tasks: JoinSet<u64>,
}

impl Files {
    /// Fetches a file over the stream that was opened for it.
    pub(crate) fn opened(
        &mut self,
        (peer, connection): (PeerId, ConnectionId),
        wanted: Fetch,
        stream: Stream,
    ) {
        let Fetch { request, chunks, ended } = wanted;
        self.run((peer, connection), false, None, async move {
            let end = fetch(stream, request, chunks).await;
            let _ = ended.send(end);
        });
    }

    /// Serves a file over the stream that a peer opened; one too many finds its stream closed.
    pub(crate) fn accepted(
        &mut self,
        (peer, connection): (PeerId, ConnectionId),
        key: (PeerKey, Option<Prefix>),
        stream: Stream,
        events: &mpsc::Sender<Event>,
    ) {
        let theirs = || self.open.values().filter(|open| open.theirs);
        let of_peer = theirs().filter(|open| open.peer == peer).count();
        if of_peer >= 2 * FILE_STREAMS_PER_PEER || theirs().count() >= FILE_STREAMS_MAX {
            return;
        }
        let (grant, granted) = oneshot::channel();
        let (ask, events) = (self.last + 1, events.clone());
        self.run((peer, connection), true, Some(grant), serve(stream, ask, key, granted, events));
    }

    /// The node gives the chunks of a file that was asked for.
    pub(crate) fn grant(&mut self, ask: u64, chunks: mpsc::Receiver<Vec<u8>>) {
        if let Some(grant) = self.open.get_mut(&ask).and_then(|open| open.grant.take()) {
            // Whoever asked may have gone meanwhile.
            let _ = grant.send(chunks);
        }
    }

    /// The node doesn't give it.
    pub(crate) fn refuse(&mut self, ask: u64) {
        if let Some(open) = self.open.get_mut(&ask) {
            open.grant = None;
        }
    }

    /// A connection is gone: Yamux doesn't tell its streams.
    pub(crate) fn lost(&mut self, connection: ConnectionId) {
        self.open.retain(|_, open| {
            let stays = open.connection != connection;
            if !stays {
                open.task.abort();
            }
            stays
        });
    }

    /// Whether nothing is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits for something to be over.
    pub(crate) async fn next_over(&mut self) {
        if let Some(Ok(number)) = self.tasks.join_next().await {
            self.open.remove(&number);
        }
    }

    fn run(
        &mut self,
        (peer, connection): (PeerId, ConnectionId),
        theirs: bool,
        grant: Option<oneshot::Sender<mpsc::Receiver<Vec<u8>>>>,
        run: impl Future<Output = ()> + Send + 'static,
    ) {
        self.last += 1;
        let number = self.last;
        let task = self.tasks.spawn(async move {
            run.await;
            number
        });
        self.open.insert(number, Open { peer, connection, theirs, grant, task });
    }
}
