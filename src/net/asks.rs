//! The requests of this node and to it, so many at once and no more.

use std::collections::{BTreeMap, VecDeque};

use libp2p::{Multiaddr, PeerId, Stream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::ask::{answer, ask};
use super::message::Event;
use crate::base::limits::{ASK_MAX, ASKS_IN_MAX, ASKS_IN_PER_PEER, ASKS_OUT_MAX, ASKS_OUT_PER_PEER};
use crate::wire::origin::Prefix;
use crate::wire::peer::PeerKey;

/// A request of ours before it has a stream.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) query: u64,
    pub(crate) peer: PeerId,
    pub(crate) addresses: Vec<Multiaddr>,
    pub(crate) body: Vec<u8>,
}

/// Our requests to one peer.
#[derive(Default)]
struct Lane {
    running: usize,
    waiting: VecDeque<Question>,
}

/// A request of a peer; the reply is gone once the node has answered.
struct Answering {
    peer: PeerId,
    reply: Option<oneshot::Sender<Vec<u8>>>,
}

enum Done {
    Asked { peer: PeerId, query: u64, body: Option<Vec<u8>> },
    Answered { ask: u64 },
}

/// Every request.
#[derive(Default)]
pub(crate) struct Asks {
    lanes: BTreeMap<PeerId, Lane>,
    ours: usize,
    last: u64,
    answering: BTreeMap<u64, Answering>,
    theirs: BTreeMap<PeerId, usize>,
    tasks: JoinSet<Done>,
}

/// What is to be done next.
#[derive(Default)]
pub(crate) struct Next {
    /// What to tell the node.
    pub(crate) event: Option<Event>,
    /// A request that may open its stream now.
    pub(crate) question: Option<Question>,
}

impl Asks {
    /// Takes a request of ours.
    pub(crate) fn ask(&mut self, question: Question) -> Next {
        if question.body.len() > ASK_MAX || self.ours >= ASKS_OUT_MAX {
            return Next {
                event: Some(Event::Answered { query: question.query, body: None }),
                question: None,
            };
        }
        self.ours += 1;
        let lane = self.lanes.entry(question.peer).or_default();
        if lane.running >= ASKS_OUT_PER_PEER {
            lane.waiting.push_back(question);
            return Next::default();
        }
        lane.running += 1;
        Next { event: None, question: Some(question) }
    }

    /// Runs a request of ours over its stream.
    pub(crate) fn opened(&mut self, question: Question, stream: Stream) {
        let Question { query, peer, body, .. } = question;
        self.tasks.spawn(async move { Done::Asked { peer, query, body: ask(stream, &body).await } });
    }

    /// A request of ours is over.
    pub(crate) fn over(&mut self, peer: PeerId, query: u64, body: Option<Vec<u8>>) -> Next {
        self.ours = self.ours.saturating_sub(1);
        let mut question = None;
        if let Some(lane) = self.lanes.get_mut(&peer) {
            question = lane.waiting.pop_front();
            if question.is_none() {
                lane.running -= 1;
            }
            if lane.running == 0 {
                self.lanes.remove(&peer);
            }
        }
        Next { event: Some(Event::Answered { query, body }), question }
    }

    /// Answers a request over the stream that a peer opened; one too many finds its stream closed.
    pub(crate) fn accepted(
        &mut self,
        peer: PeerId,
        key: (PeerKey, Option<Prefix>),
        stream: Stream,
        events: &mpsc::Sender<Event>,
    ) {
        let count = self.theirs.get(&peer).copied().unwrap_or_default();
        if count >= ASKS_IN_PER_PEER || self.answering.len() >= ASKS_IN_MAX {
            return;
        }
        self.theirs.insert(peer, count + 1);
        self.last += 1;
        let ask = self.last;
        let (reply, body) = oneshot::channel();
        self.answering.insert(ask, Answering { peer, reply: Some(reply) });
        let run = answer(stream, ask, key, body, events.clone());
        self.tasks.spawn(async move {
            run.await;
            Done::Answered { ask }
        });
    }

    /// Hands the node's answer to a request.
    pub(crate) fn answer(&mut self, ask: u64, body: Vec<u8>) {
        let reply = self.answering.get_mut(&ask).and_then(|answering| answering.reply.take());
        if let Some(reply) = reply
            && body.len() <= ASK_MAX
        {
            // The asker may have gone meanwhile.
            let _ = reply.send(body);
        }
    }

    /// Whether no request runs.
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits for a request of either direction to be over.
    pub(crate) async fn next_over(&mut self) -> Next {
        match self.tasks.join_next().await {
            Some(Ok(Done::Asked { peer, query, body })) => self.over(peer, query, body),
            Some(Ok(Done::Answered { ask })) => {
                if let Some(Answering { peer, .. }) = self.answering.remove(&ask)
                    && let Some(count) = self.theirs.get_mut(&peer)
                {
                    *count -= 1;
                    if *count == 0 {
                        self.theirs.remove(&peer);
                    }
                }
                Next::default()
            }
            // A task neither panics nor is aborted while somebody waits for it.
            Some(Err(_)) | None => Next::default(),
        }
    }
}
