//! Opens streams to peers: on a connection that is up, or on one dialled for it.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::behaviour::{ConnectionClosed, ConnectionEstablished, DialFailure};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream};
use tokio::time::{Instant, Sleep, sleep_until};

use super::dials::{Dials, Order};
use super::handler::{Change, Handler, Open, Ticket};
use super::protocol::Purpose;
use crate::base::limits::CONNECTIONS_PER_PEER;

/// A stream, or the lack of one.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// The stream that a ticket asked for.
    Opened { ticket: Ticket, peer: PeerId, connection: ConnectionId, stream: Stream },
    /// No connection of the peer gave a stream for this ticket, and why; empty where that isn't known.
    Failed { ticket: Ticket, reason: String },
    /// A peer opened a stream.
    Accepted { peer: PeerId, connection: ConnectionId, purpose: Purpose, stream: Stream },
}

/// Knows every connection, and chooses one for each stream.
#[derive(Default)]
pub(crate) struct Streams {
    /// Oldest first.
    connections: BTreeMap<PeerId, Vec<Line>>,
    /// Peers that must be connected to first.
    dials: Dials,
    timer: Option<Pin<Box<Sleep>>>,
    /// Tickets that a connection is working on.
    open: BTreeMap<Ticket, Attempt>,
    /// Tickets that only show whether a connection is alive, counted down from the highest.
    probes: BTreeMap<Ticket, (PeerId, ConnectionId)>,
    probe_count: Ticket,
    queue: VecDeque<ToSwarm<Delivery, Open>>,
    waker: Option<Waker>,
}

/// A connection.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Line {
    id: ConnectionId,
    relayed: bool,
}

struct Attempt {
    peer: PeerId,
    purpose: Purpose,
    /// The last one is working on it.
    tried: Vec<ConnectionId>,
    /// Where to dial afresh if every connection is silent; nowhere if that has been done.
    addresses: Vec<Multiaddr>,
    silent: bool,
}

impl Attempt {
    const fn new(peer: PeerId, purpose: Purpose, addresses: Vec<Multiaddr>) -> Self {
        Self { peer, purpose, tried: Vec::new(), addresses, silent: false }
    }
}

impl Streams {
    /// Asks for a stream; exactly one [`Delivery`] with this ticket follows.
    pub(crate) fn open(&mut self, ticket: Ticket, peer: PeerId, addresses: Vec<Multiaddr>, purpose: Purpose) {
        if self.connections.contains_key(&peer) {
            self.request(Attempt::new(peer, purpose, addresses), ticket);
        } else {
            self.connect(ticket, peer, addresses, purpose);
        }
        self.wake();
    }

    /// A connection without a relay comes first; of these the most recent, as the likeliest to be alive. When all
    /// are silent, as after a change of networks, a new one is dialled; the silent ones end with the next ping.
    fn request(&mut self, mut attempt: Attempt, ticket: Ticket) {
        let connections = self.connections.get(&attempt.peer).map(Vec::as_slice).unwrap_or_default();
        let untried = || connections.iter().rev().filter(|line| !attempt.tried.contains(&line.id));
        let Some(Line { id: connection, .. }) =
            untried().find(|line| !line.relayed).or_else(|| untried().next()).copied()
        else {
            if attempt.silent && !attempt.addresses.is_empty() {
                self.connect(ticket, attempt.peer, attempt.addresses, attempt.purpose);
            } else {
                let reason = String::new();
                self.queue.push_back(ToSwarm::GenerateEvent(Delivery::Failed { ticket, reason }));
            }
            return;
        };
        attempt.tried.push(connection);
        self.queue.push_back(ToSwarm::NotifyHandler {
            peer_id: attempt.peer,
            handler: NotifyHandler::One(connection),
            event: Open { ticket, purpose: attempt.purpose },
        });
        self.open.insert(ticket, attempt);
    }

    fn connect(&mut self, ticket: Ticket, peer: PeerId, addresses: Vec<Multiaddr>, purpose: Purpose) {
        self.dials.want((ticket, purpose), peer, addresses, Instant::now());
        self.order();
    }

    /// A peer that is connected without a relay has said whether it is one.
    pub(crate) fn identified(&mut self, peer: PeerId, is_relay: bool) {
        self.dials.identified(peer, is_relay);
        self.order();
        self.wake();
    }

    /// Every connection must show that it is alive: the network may be another one.
    pub(crate) fn doubt_all(&mut self) {
        let all: Vec<_> =
            self.connections.iter().flat_map(|(peer, lines)| lines.iter().map(|l| (*peer, l.id))).collect();
        all.into_iter().for_each(|(peer, connection)| self.probe(peer, connection));
        self.wake();
    }

    fn order(&mut self) {
        while let Some(order) = self.dials.next() {
            match order {
                Order::Dial(opts) => self.queue.push_back(ToSwarm::Dial { opts }),
                Order::GiveUp { tickets, reason } => {
                    let failed = tickets
                        .into_iter()
                        .map(|(ticket, _)| Delivery::Failed { ticket, reason: reason.clone() });
                    self.queue.extend(failed.map(ToSwarm::GenerateEvent));
                }
            }
        }
    }

    fn connected(&mut self, event: &ConnectionEstablished<'_>) {
        let (peer, relayed) = (event.peer_id, event.endpoint.is_relayed());
        let lines = self.connections.entry(peer).or_default();
        let former = lines.clone();
        lines.push(Line { id: event.connection_id, relayed });
        // A direct connection takes the place of those through relays, whose streams would die at the relay's limits.
        let (replaced, former): (Vec<_>, Vec<_>) =
            former.into_iter().partition(|line| !relayed && line.relayed);
        replaced.into_iter().for_each(|line| self.close(peer, line.id));
        // The former ones may be those of a process that was killed, or of a network that was left, which look alive
        // for a while: the oldest make room, and the others must show that they are alive.
        let surplus = (former.len() + 1).saturating_sub(CONNECTIONS_PER_PEER);
        for (place, line) in former.into_iter().enumerate() {
            if place < surplus { self.close(peer, line.id) } else { self.probe(peer, line.id) }
        }
        for (ticket, purpose) in self.dials.connected(&peer) {
            self.request(Attempt::new(peer, purpose, Vec::new()), ticket);
        }
    }

    /// A connection has shown that it is alive; if it is direct, those through relays are of no use.
    fn alive(&mut self, peer: PeerId, connection: ConnectionId) {
        let lines = self.connections.get(&peer).cloned().unwrap_or_default();
        if lines.iter().any(|line| line.id == connection && !line.relayed) {
            lines.iter().filter(|line| line.relayed).for_each(|line| self.close(peer, line.id));
        }
    }

    /// Asks for a stream that nobody needs: a connection that gives none is silent, and closed.
    fn probe(&mut self, peer: PeerId, connection: ConnectionId) {
        self.probe_count += 1;
        let ticket = Ticket::MAX - self.probe_count;
        self.probes.insert(ticket, (peer, connection));
        self.queue.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event: Open { ticket, purpose: Purpose::Ask },
        });
    }

    fn close(&mut self, peer_id: PeerId, connection: ConnectionId) {
        let connection = CloseConnection::One(connection);
        self.queue.push_back(ToSwarm::CloseConnection { peer_id, connection });
    }

    fn closed(&mut self, event: &ConnectionClosed<'_>) {
        self.probes.retain(|_, (_, connection)| *connection != event.connection_id);
        if let Some(connections) = self.connections.get_mut(&event.peer_id) {
            connections.retain(|line| line.id != event.connection_id);
            if connections.is_empty() {
                self.connections.remove(&event.peer_id);
            }
        }
        if event.remaining_established == 0 {
            self.dials.gone(&event.peer_id);
            self.order();
        }
        let lost = self.open.extract_if(.., |_, attempt| attempt.tried.last() == Some(&event.connection_id));
        for (ticket, attempt) in lost.collect::<Vec<_>>() {
            self.request(attempt, ticket);
        }
    }

    fn dial_failed(&mut self, event: &DialFailure<'_>) {
        let connected = event.peer_id.is_some_and(|peer| self.connections.contains_key(&peer));
        self.dials.failed(event.connection_id, event.peer_id, event.error, connected);
        self.order();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = Delivery;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(event) => self.connected(&event),
            FromSwarm::ConnectionClosed(event) => self.closed(&event),
            FromSwarm::DialFailure(event) => self.dial_failed(&event),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, change: Change) {
        let delivery = match change {
            Change::Opened { ticket, .. } if self.probes.remove(&ticket).is_some() => {
                return self.alive(peer, connection);
            }
            Change::Opened { ticket, stream } => {
                self.open.remove(&ticket);
                Delivery::Opened { ticket, peer, connection, stream }
            }
            Change::Accepted { purpose, stream } => Delivery::Accepted { peer, connection, purpose, stream },
            Change::Failed { ticket, silent } => {
                if let Some((peer, connection)) = self.probes.remove(&ticket).filter(|_| silent) {
                    self.close(peer, connection);
                }
                if let Some(mut attempt) = self.open.remove(&ticket) {
                    attempt.silent |= silent;
                    self.request(attempt, ticket);
                }
                return;
            }
        };
        self.queue.push_back(ToSwarm::GenerateEvent(delivery));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Delivery, Open>> {
        loop {
            if let Some(next) = self.queue.pop_front() {
                return Poll::Ready(next);
            }
            let Some(due) = self.dials.due() else { break };
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                break;
            }
            self.dials.wake(Instant::now());
            self.order();
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
