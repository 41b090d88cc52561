//! The links of this node: at most one to and one from each peer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use libp2p::swarm::ConnectionId;
use libp2p::{PeerId, Stream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::codec::{Hop, within_window};
use super::link::{Counters, Ended, inbound, outbound};
use super::message::Event;
use super::traffic::{Totals, Traffic};
use crate::base::limits::{FLIGHT_WINDOW, FRAME_MAX};
use crate::wire::peer::{LinkId, PeerKey};

struct Out {
    peer: PeerId,
    connection: ConnectionId,
    key: PeerKey,
    batches: mpsc::Sender<Vec<Vec<u8>>>,
    counters: Arc<Counters>,
    given: u64,
    task: AbortHandle,
}

struct In {
    peer: PeerId,
    connection: ConnectionId,
    words: mpsc::Sender<Hop>,
    task: AbortHandle,
}

/// Every link.
#[derive(Default)]
pub(crate) struct Links {
    last: u64,
    out: BTreeMap<LinkId, Out>,
    inn: BTreeMap<LinkId, In>,
    out_of: BTreeMap<PeerId, LinkId>,
    in_of: BTreeMap<PeerId, LinkId>,
    /// The connection of the last link that we opened to a peer.
    last_of: BTreeMap<PeerId, ConnectionId>,
    tasks: JoinSet<(LinkId, Ended)>,
    traffic: Arc<Traffic>,
}

/// What is to be done when a link is over.
#[derive(Default)]
pub(crate) struct Over {
    /// What to tell the node.
    pub(crate) event: Option<Event>,
    /// Who broke the protocol.
    pub(crate) culprit: Option<PeerId>,
}

impl Links {
    /// How many links others opened, and how many we opened.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.inn.len(), self.out.len())
    }

    /// What went over all links, those that are over too.
    pub(crate) fn traffic(&self) -> Totals {
        self.traffic.totals()
    }

    /// The link that we have to a peer.
    pub(crate) fn to(&self, peer: &PeerId) -> Option<LinkId> {
        self.out_of.get(peer).copied()
    }

    /// Runs a link over a stream that we opened.
    pub(crate) fn opened(
        &mut self,
        (peer, connection): (PeerId, ConnectionId),
        key: PeerKey,
        stream: Stream,
        events: &mpsc::Sender<Event>,
    ) -> LinkId {
        let link = self.next();
        // Every batch has a frame, so the window bounds the batches too.
        let (batches, queue) = mpsc::channel(FLIGHT_WINDOW);
        let counters = Arc::new(Counters::default());
        let run =
            outbound(stream, link, queue, Arc::clone(&counters), Arc::clone(&self.traffic), events.clone());
        let task = self.tasks.spawn(async move { (link, run.await) });
        self.out.insert(link, Out { peer, connection, key, batches, counters, given: 0, task });
        self.out_of.insert(peer, link);
        self.last_of.insert(peer, connection);
        link
    }

    /// Runs a link over a stream that a peer opened, in the place of its older one: the peer would not open a
    /// second if it still believed in the first.
    pub(crate) fn accepted(
        &mut self,
        (peer, connection): (PeerId, ConnectionId),
        key: PeerKey,
        stream: Stream,
        events: &mpsc::Sender<Event>,
    ) {
        let link = self.next();
        let (words, queue) = mpsc::channel(2 * FLIGHT_WINDOW);
        let run = inbound(stream, link, key, queue, Arc::clone(&self.traffic), events.clone());
        let task = self.tasks.spawn(async move { (link, run.await) });
        self.inn.insert(link, In { peer, connection, words, task });
        if let Some(older) = self.in_of.insert(peer, link) {
            self.drop_in(older);
        }
    }

    /// Sends frames; what comes back says that the link had to be closed for it.
    pub(crate) fn send(&mut self, link: LinkId, frames: Vec<Vec<u8>>) -> Option<Event> {
        let out = self.out.get_mut(&link)?;
        if frames.is_empty() {
            return None;
        }
        out.given += frames.len() as u64;
        let fits = frames.iter().all(|frame| (1..=FRAME_MAX).contains(&frame.len()))
            && within_window(out.given, out.counters.taken.load(Ordering::Acquire));
        if fits && !matches!(out.batches.try_send(frames), Err(mpsc::error::TrySendError::Full(_))) {
            return None;
        }
        tracing::error!(?link, "more or larger frames than a link takes");
        self.close(link)
    }

    /// Says something of a frame of an inbound link. A peer that doesn't read what we say loses the link.
    pub(crate) fn say(&mut self, link: LinkId, word: Hop) {
        let full = |inn: &In| matches!(inn.words.try_send(word), Err(mpsc::error::TrySendError::Full(_)));
        if self.inn.get(&link).is_some_and(full) {
            self.drop_in(link);
        }
    }

    /// Closes a link of either direction at once.
    pub(crate) fn close(&mut self, link: LinkId) -> Option<Event> {
        self.drop_in(link);
        let out = self.out.remove(&link)?;
        out.task.abort();
        self.out_of.remove(&out.peer);
        Some(Event::LinkDown { link, peer: out.key })
    }

    /// A connection that we have closed takes its links with it.
    pub(crate) fn lost(&mut self, connection: ConnectionId) -> Vec<Event> {
        let out = self.out.iter().filter(|(_, out)| out.connection == connection).map(|(link, _)| *link);
        let inn = self.inn.iter().filter(|(_, inn)| inn.connection == connection).map(|(link, _)| *link);
        let lost: Vec<LinkId> = out.chain(inn).collect();
        lost.into_iter().filter_map(|link| self.close(link)).collect()
    }

    /// A connection of a peer is gone; whether our link to it went over that one and is to be opened anew on another.
    pub(crate) fn moves(&mut self, peer: &PeerId, connection: ConnectionId, connected: bool) -> bool {
        let ours = self.last_of.get(peer) == Some(&connection);
        if ours || !connected {
            self.last_of.remove(peer);
        }
        ours && connected && !self.out_of.contains_key(peer)
    }

    /// Whether no link runs.
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits for a link to be over.
    pub(crate) async fn next_over(&mut self) -> Over {
        // An error means that we closed the link ourselves, and have said so.
        let Some(Ok((link, ended))) = self.tasks.join_next().await else { return Over::default() };
        let peer =
            self.out.get(&link).map(|out| out.peer).or_else(|| self.inn.get(&link).map(|inn| inn.peer));
        let culprit = match ended {
            Ended::Broken(violation) => {
                tracing::info!(?link, %violation, "a peer broke the protocol");
                peer
            }
            Ended::Closed => None,
        };
        Over { event: self.close(link), culprit }
    }

    fn drop_in(&mut self, link: LinkId) {
        if let Some(inn) = self.inn.remove(&link) {
            inn.task.abort();
            if self.in_of.get(&inn.peer) == Some(&link) {
                self.in_of.remove(&inn.peer);
            }
        }
    }

    const fn next(&mut self) -> LinkId {
        self.last += 1;
        LinkId::new(self.last)
    }
}
