//! What a node asks others of the directory, counted where the bytes pass: between the transport and the protocols.
//!
//! A meter sees every stream of its node, reads of the directory's streams what is asked and who is named in the
//! answers, and tells one query from the other by its key. Bytes are those on the streams: with the agreement on the
//! protocol, without what Noise, Yamux, QUIC, TCP and IP put around them.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::io::{AsyncRead, AsyncWrite};
use libp2p::PeerId;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerBox, StreamMuxerEvent, SubstreamBox};
use libp2p::kad::{KBucketKey, QueryStats};

use super::convert::key_of;
use super::protocol::{DIRECTORY, Purpose};
use crate::base::limits::{DIRECTORY_PACKET_MAX, METERED_QUERIES_MAX};
use crate::wire::kademlia::{Kind, Message, length};
use crate::wire::peer::PeerKey;

/// The first messages of every stream: what stream negotiation is spoken, then which protocol.
const NEGOTIATION: u32 = 2;

/// Counts for one node. Cheap to clone: all clones count together.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    counted: Arc<Mutex<Counted>>,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// The queries of this node, by the order in which they began, upkeep of the routing table among them.
    pub queries: BTreeMap<u64, Query>,
    /// Questions of this node to others beside the directory's: to the index, and for prekeys.
    pub asks: Exchange,
    /// The directory's requests that this node answered for others.
    pub served: Exchange,
    /// Connections that were opened, by either side.
    pub connections: u64,
    /// Bytes of all streams of the node, in both directions, whatever for.
    pub bytes: u64,
    /// What the directory itself says of its queries that are over, those of upkeep left out.
    pub told: Told,
    /// Queries that weren't counted, because too many were.
    pub left_out: u64,
    next: u64,
}

/// Requests and their answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exchange {
    /// Requests.
    pub requests: u64,
    /// Answers to them.
    pub answers: u64,
    /// Bytes of the requests.
    pub request_bytes: u64,
    /// Bytes of the answers.
    pub answer_bytes: u64,
}

/// What the directory says of queries that are over (libp2p's `QueryStats`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Told {
    /// Requests, those to peers that couldn't be reached among them.
    pub requests: u64,
    /// Requests that were answered.
    pub successes: u64,
    /// Requests that weren't.
    pub failures: u64,
}

/// One query of the directory: requests about one key.
#[derive(Clone, Debug)]
pub struct Query {
    /// What for.
    pub kind: Kind,
    /// The key that was asked about.
    pub key: Vec<u8>,
    /// Its requests and answers.
    pub exchange: Exchange,
    /// Answers that carried a record.
    pub records: u64,
    /// How far each peer is that was named: 1 for one that we asked by ourselves, one more than who named it first.
    distance: BTreeMap<PeerKey, u32>,
    /// Who was asked, and whether they answered.
    asked: BTreeMap<PeerKey, bool>,
}

impl Query {
    /// Over how many peers the way went to the one closest to the key that answered: 1 where we knew it by ourselves.
    pub fn hops(&self) -> u32 {
        let target = KBucketKey::new(self.key.clone());
        let answered = self.asked.iter().filter(|(_, answered)| **answered);
        let closest =
            answered.min_by_key(|(peer, _)| target.distance(&KBucketKey::new(peer.as_bytes().to_vec())));
        closest.and_then(|(peer, _)| self.distance.get(peer)).copied().unwrap_or(0)
    }

    /// Peers asked.
    pub fn peers(&self) -> usize {
        self.asked.len()
    }
}

impl Meter {
    /// What was counted since it was last taken; counting begins anew. What is under way then counts nowhere.
    pub fn take(&self) -> Counted {
        let mut counted = self.lock();
        let next = counted.next;
        core::mem::replace(&mut *counted, Counted { next, ..Counted::default() })
    }

    /// Watches a new connection.
    pub(crate) fn watch(&self, peer: &PeerId, muxer: StreamMuxerBox) -> StreamMuxerBox {
        self.lock().connections += 1;
        match key_of(peer) {
            Some(peer) => StreamMuxerBox::new(Watched { inner: muxer, meter: self.clone(), peer }),
            None => muxer,
        }
    }

    /// A query of ours is over.
    pub(crate) fn ended(&self, stats: &QueryStats) {
        let told = &mut self.lock().told;
        told.requests += u64::from(stats.num_requests());
        told.successes += u64::from(stats.num_successes());
        told.failures += u64::from(stats.num_failures());
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// A request is on its way: to the query that it belongs to, which is a new one where this peer was asked before.
    fn requested(&mut self, message: &Message, peer: &PeerKey) -> Option<u64> {
        let same = |query: &Query| query.kind == message.kind && query.key == message.key;
        let last = self.queries.iter().rev().find(|(_, query)| same(query));
        let going_on = last.filter(|(_, query)| !query.asked.contains_key(peer)).map(|(id, _)| *id);
        let id = match going_on {
            Some(id) => id,
            None if self.queries.len() >= METERED_QUERIES_MAX => {
                self.left_out += 1;
                return None;
            }
            None => {
                self.next += 1;
                let query = Query {
                    kind: message.kind,
                    key: message.key.clone(),
                    exchange: Exchange::default(),
                    records: 0,
                    distance: BTreeMap::new(),
                    asked: BTreeMap::new(),
                };
                self.queries.insert(self.next, query);
                self.next
            }
        };
        let query = self.queries.get_mut(&id)?;
        query.exchange.requests += 1;
        query.distance.entry(peer.clone()).or_insert(1);
        query.asked.insert(peer.clone(), false);
        Some(id)
    }

    fn answered(&mut self, id: u64, message: &Message, peer: &PeerKey) {
        let Some(query) = self.queries.get_mut(&id) else { return };
        query.exchange.answers += 1;
        query.records += u64::from(message.has_record && message.kind == Kind::Get);
        query.asked.insert(peer.clone(), true);
        let further = query.distance.get(peer).copied().unwrap_or(1) + 1;
        for named in &message.closer {
            query.distance.entry(named.clone()).or_insert(further);
        }
    }

    /// Where bytes of a stream count.
    fn exchange(&mut self, what: What) -> Option<&mut Exchange> {
        match what {
            What::Query(id) => self.queries.get_mut(&id).map(|query| &mut query.exchange),
            What::Ask => Some(&mut self.asks),
            What::Served => Some(&mut self.served),
        }
    }
}

/// What a stream turned out to be for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Query(u64),
    Ask,
    Served,
}

/// What one stream carried.
struct Tap {
    meter: Meter,
    peer: PeerKey,
    /// Whether this node opened it, and so asks.
    ours: bool,
    what: Option<What>,
    asking: Half,
    answering: Half,
    /// Whether there is nothing more to find out; bytes go on counting.
    settled: bool,
    directory: bool,
}

/// One direction of a stream.
#[derive(Default)]
struct Half {
    unread: Vec<u8>,
    messages: u32,
    /// Bytes that count for nothing yet.
    bytes: u64,
}

impl Half {
    /// The next message that is there as a whole.
    fn message(&mut self) -> Option<Vec<u8>> {
        let (length, before) = length(&self.unread)?;
        let end = before.checked_add(length).filter(|end| *end <= self.unread.len())?;
        let message = self.unread.get(before..end)?.to_vec();
        self.unread.drain(..end);
        self.messages += 1;
        Some(message)
    }
}

impl Tap {
    fn new(meter: &Meter, peer: &PeerKey, ours: bool) -> Self {
        Self {
            meter: meter.clone(),
            peer: peer.clone(),
            ours,
            what: None,
            asking: Half::default(),
            answering: Half::default(),
            settled: false,
            directory: false,
        }
    }

    /// Bytes passed, written or read.
    fn passed(&mut self, bytes: &[u8], written: bool) {
        let meter = self.meter.clone();
        let mut counted = meter.lock();
        counted.bytes += bytes.len() as u64;
        let asks = written == self.ours;
        let half = if asks { &mut self.asking } else { &mut self.answering };
        half.bytes += bytes.len() as u64;
        if !self.settled {
            half.unread.extend_from_slice(bytes);
            self.look(&mut counted);
        }
        if let Some(exchange) = self.what.and_then(|what| counted.exchange(what)) {
            exchange.request_bytes += core::mem::take(&mut self.asking.bytes);
            exchange.answer_bytes += core::mem::take(&mut self.answering.bytes);
        }
    }

    /// Finds out what there is to find out by now.
    fn look(&mut self, counted: &mut Counted) {
        while let Some(message) = self.asking.message() {
            self.asked(counted, &message);
            if self.settled {
                return self.settle();
            }
        }
        if self.what == Some(What::Ask) {
            return self.look_for_answer(counted);
        }
        while let Some(message) = self.answering.message() {
            if self.answering.messages > NEGOTIATION {
                self.answered(counted, &message);
            }
        }
        if self.asking.unread.len().max(self.answering.unread.len()) > 2 * DIRECTORY_PACKET_MAX {
            self.settle();
        }
    }

    fn asked(&mut self, counted: &mut Counted, message: &[u8]) {
        let is = |protocol: &str| message.strip_suffix(b"\n") == Some(protocol.as_bytes());
        match self.asking.messages {
            1 => {}
            NEGOTIATION if is(DIRECTORY.as_ref()) => self.directory = true,
            NEGOTIATION if self.ours && is(Purpose::Ask.protocol().as_ref()) => {
                counted.asks.requests += 1;
                self.what = Some(What::Ask);
            }
            NEGOTIATION => self.settled = true,
            _ if self.directory => {
                let Some(message) = Message::read(message) else { return };
                if self.ours {
                    self.what = counted.requested(&message, &self.peer).map(What::Query);
                } else {
                    counted.served.requests += 1;
                    self.what = Some(What::Served);
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, counted: &mut Counted, message: &[u8]) {
        match self.what {
            Some(What::Query(id)) => {
                if let Some(message) = Message::read(message) {
                    counted.answered(id, &message, &self.peer);
                }
            }
            Some(What::Served) => counted.served.answers += 1,
            Some(What::Ask) | None => {}
        }
    }

    /// A question's own messages have other lengths: whatever follows the agreement is the answer.
    fn look_for_answer(&mut self, counted: &mut Counted) {
        while self.answering.messages < NEGOTIATION {
            if self.answering.message().is_none() {
                return;
            }
        }
        if !self.answering.unread.is_empty() {
            counted.asks.answers += 1;
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.settled = true;
        (self.asking.unread, self.answering.unread) = (Vec::new(), Vec::new());
    }
}

/// A connection whose streams are watched.
struct Watched {
    inner: StreamMuxerBox,
    meter: Meter,
    peer: PeerKey,
}

impl StreamMuxer for Watched {
    type Substream = Stream;
    type Error = io::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let stream = Pin::new(&mut self.inner).poll_inbound(cx);
        stream.map_ok(|inner| Stream { inner, tap: Tap::new(&self.meter, &self.peer, false) })
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let stream = Pin::new(&mut self.inner).poll_outbound(cx);
        stream.map_ok(|inner| Stream { inner, tap: Tap::new(&self.meter, &self.peer, true) })
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}

/// A stream whose bytes are watched.
struct Stream {
    inner: SubstreamBox,
    tap: Tap,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if let Poll::Ready(Ok(count)) = read {
            self.tap.passed(buffer.get(..count).unwrap_or_default(), false);
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.tap.passed(bytes.get(..count).unwrap_or_default(), true);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: u8) -> PeerKey {
        PeerKey::new(vec![name; 38]).unwrap()
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut bytes = vec![u8::try_from(message.len()).unwrap()];
        bytes.extend_from_slice(message);
        bytes
    }

    fn opening(protocol: &str) -> Vec<u8> {
        [framed(b"/multistream/1.0.0\n"), framed(format!("{protocol}\n").as_bytes())].concat()
    }

    fn find(key: u8) -> Vec<u8> {
        framed(&[vec![8, 4, 0x12, 32], vec![key; 32]].concat())
    }

    fn naming(peers: &[u8]) -> Vec<u8> {
        let named = peers.iter().flat_map(|id| [vec![0x42, 40, 0x0A, 38], vec![*id; 38]].concat());
        framed(&[vec![8, 4], named.collect()].concat())
    }

    /// A request of ours to a peer and its answer, in pieces of so many bytes.
    fn exchange(meter: &Meter, to: u8, key: u8, named: &[u8], piece: usize) -> u64 {
        let mut tap = Tap::new(meter, &peer(to), true);
        let asked = [opening("/sigillo/kad/1"), find(key)].concat();
        let answered = [opening("/sigillo/kad/1"), naming(named)].concat();
        asked.chunks(piece).for_each(|bytes| tap.passed(bytes, true));
        answered.chunks(piece).for_each(|bytes| tap.passed(bytes, false));
        (asked.len() + answered.len()) as u64
    }

    #[test]
    fn a_query_is_counted_by_its_key_in_whatever_pieces_it_comes() {
        for piece in [1, 7, 1_000] {
            let meter = Meter::default();
            let mut bytes = exchange(&meter, 1, 9, &[2, 3], piece);
            bytes += exchange(&meter, 2, 9, &[1, 4], piece);
            bytes += exchange(&meter, 4, 9, &[], piece);
            exchange(&meter, 1, 8, &[], piece);
            let counted = meter.take();
            let queries: Vec<&Query> = counted.queries.values().collect();
            assert_eq!(queries.len(), 2);
            let Exchange { requests, answers, request_bytes, answer_bytes } = queries[0].exchange;
            assert_eq!((requests, answers, request_bytes + answer_bytes), (3, 3, bytes));
            assert_eq!([1, 2, 3, 4].map(|name| queries[0].distance[&peer(name)]), [1, 2, 2, 3]);
            assert_eq!((queries[0].peers(), queries[1].hops()), (3, 1));
            assert!((1..=3).contains(&queries[0].hops()));
            assert!(meter.take().queries.is_empty());
        }
    }

    #[test]
    fn whoever_is_asked_again_is_asked_by_another_query() {
        let meter = Meter::default();
        exchange(&meter, 1, 9, &[], 100);
        exchange(&meter, 1, 9, &[], 100);
        assert_eq!(meter.take().queries.len(), 2);
    }

    #[test]
    fn questions_and_what_is_served_count_apart_and_the_rest_as_bytes_only() {
        let meter = Meter::default();
        let mut ask = Tap::new(&meter, &peer(1), true);
        ask.passed(&[opening("/sigillo/ask/1"), vec![0, 0, 0, 2, 7, 7]].concat(), true);
        ask.passed(&opening("/sigillo/ask/1"), false);
        assert_eq!(meter.lock().asks.answers, 0);
        ask.passed(&[0, 0, 0, 1, 7], false);
        let mut served = Tap::new(&meter, &peer(1), false);
        served.passed(&[opening("/sigillo/kad/1"), find(3)].concat(), false);
        served.passed(&[opening("/sigillo/kad/1"), naming(&[1])].concat(), true);
        let mut other = Tap::new(&meter, &peer(1), true);
        other.passed(&[opening("/ipfs/id/1.0.0"), vec![0xFF; 100_000]].concat(), true);
        let Counted { queries, asks, served, bytes, .. } = meter.take();
        assert!(queries.is_empty());
        assert_eq!((asks.requests, asks.answers, asks.request_bytes, asks.answer_bytes), (1, 1, 42, 41));
        assert_eq!((served.requests, served.answers), (1, 1));
        assert!(bytes > 100_000);
    }

    #[test]
    fn queries_are_bounded() {
        let meter = Meter::default();
        for _ in 0..METERED_QUERIES_MAX + 5 {
            exchange(&meter, 1, 9, &[], 1_000);
        }
        let counted = meter.take();
        assert_eq!((counted.queries.len(), counted.left_out), (METERED_QUERIES_MAX, 5));
    }
}
