//! Opens streams to peers: on a connection that is up, or on one dialled for it.

use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll, Waker};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::behaviour::{ConnectionClosed, ConnectionEstablished, DialFailure};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, DialError, FromSwarm, NetworkBehaviour, NotifyHandler,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream};

use super::convert::bare;
use super::handler::{Change, Handler, Open, Ticket};
use super::protocol::Purpose;
use crate::base::limits::CONNECTIONS_PER_PEER;

/// Addresses of one peer that a dial tries at most.
const DIAL_ADDRESSES_MAX: usize = 16;

/// A stream, or the lack of one.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// The stream that a ticket asked for.
    Opened { ticket: Ticket, peer: PeerId, connection: ConnectionId, stream: Stream },
    /// No connection of the peer gave a stream for this ticket.
    Failed { ticket: Ticket },
    /// A peer opened a stream.
    Accepted { peer: PeerId, connection: ConnectionId, purpose: Purpose, stream: Stream },
}

/// Knows every connection, and chooses one for each stream.
#[derive(Default)]
pub(crate) struct Streams {
    /// Oldest first.
    connections: BTreeMap<PeerId, Vec<ConnectionId>>,
    /// Peers that must be connected to first.
    dials: BTreeMap<PeerId, Dial>,
    /// Tickets that a connection is working on.
    open: BTreeMap<Ticket, Attempt>,
    /// Tickets that only show whether a connection is alive, counted down from the highest.
    probes: BTreeMap<Ticket, (PeerId, ConnectionId)>,
    probe_count: Ticket,
    queue: VecDeque<ToSwarm<Delivery, Open>>,
    waker: Option<Waker>,
}

struct Dial {
    tickets: Vec<(Ticket, Purpose)>,
    addresses: Vec<Multiaddr>,
    /// Our dial; `None` while we wait for one that another behaviour began.
    ours: Option<ConnectionId>,
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

    /// The most recent connection is the likeliest to be alive. When all are silent, as after a change of
    /// networks, a new one is dialled; the silent ones end with the next ping.
    fn request(&mut self, mut attempt: Attempt, ticket: Ticket) {
        let connections = self.connections.get(&attempt.peer).map(Vec::as_slice).unwrap_or_default();
        let Some(connection) = connections.iter().rev().find(|id| !attempt.tried.contains(id)).copied()
        else {
            if attempt.silent && !attempt.addresses.is_empty() {
                self.connect(ticket, attempt.peer, attempt.addresses, attempt.purpose);
            } else {
                self.queue.push_back(ToSwarm::GenerateEvent(Delivery::Failed { ticket }));
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
        if let Some(dial) = self.dials.get_mut(&peer) {
            dial.tickets.push((ticket, purpose));
            let new: Vec<_> = addresses.into_iter().filter(|new| !dial.addresses.contains(new)).collect();
            dial.addresses.extend(new);
            dial.addresses.truncate(DIAL_ADDRESSES_MAX);
        } else {
            self.dials.insert(peer, Dial { tickets: vec![(ticket, purpose)], addresses, ours: None });
            self.dial(peer);
        }
    }

    fn dial(&mut self, peer: PeerId) {
        let Some(dial) = self.dials.get_mut(&peer) else { return };
        // A port of its own: two nodes that dial each other from the ports they listen on meet in the middle as
        // two dialling sides, and neither handshake succeeds.
        let opts = DialOpts::peer_id(peer).condition(PeerCondition::NotDialing).allocate_new_port();
        // Without an address of our own we take those that the directory knows.
        let opts = if dial.addresses.is_empty() {
            opts.build()
        } else {
            opts.addresses(dial.addresses.clone()).build()
        };
        dial.ours = Some(opts.connection_id());
        self.queue.push_back(ToSwarm::Dial { opts });
    }

    fn give_up(&mut self, peer: &PeerId) {
        let tickets = self.dials.remove(peer).map(|dial| dial.tickets).unwrap_or_default();
        let failed = tickets.into_iter().map(|(ticket, _)| Delivery::Failed { ticket });
        self.queue.extend(failed.map(ToSwarm::GenerateEvent));
    }

    fn connected(&mut self, event: &ConnectionEstablished<'_>) {
        let connections = self.connections.entry(event.peer_id).or_default();
        connections.push(event.connection_id);
        // The former ones may be those of a process that was killed, or of a network that was left, which look alive
        // for a while: the oldest make room, and the others must show that they are alive.
        let surplus = connections.len().saturating_sub(CONNECTIONS_PER_PEER);
        let mut former: Vec<_> = connections.clone();
        former.truncate(connections.len() - 1);
        let doubtful = former.split_off(surplus);
        former.into_iter().for_each(|oldest| self.close(event.peer_id, oldest));
        doubtful.into_iter().for_each(|doubtful| self.probe(event.peer_id, doubtful));
        let dial = self.dials.remove(&event.peer_id);
        for (ticket, purpose) in dial.map(|dial| dial.tickets).unwrap_or_default() {
            self.request(Attempt::new(event.peer_id, purpose, Vec::new()), ticket);
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
            connections.retain(|id| *id != event.connection_id);
            if connections.is_empty() {
                self.connections.remove(&event.peer_id);
            }
        }
        let lost = self.open.extract_if(.., |_, attempt| attempt.tried.last() == Some(&event.connection_id));
        for (ticket, attempt) in lost.collect::<Vec<_>>() {
            self.request(attempt, ticket);
        }
    }

    fn dial_failed(&mut self, event: &DialFailure<'_>) {
        let by_us =
            self.dials.iter().find(|(_, dial)| dial.ours == Some(event.connection_id)).map(|(p, _)| *p);
        if let Some(peer) = by_us {
            match event.error {
                DialError::DialPeerConditionFalse(_) => {
                    if let Some(dial) = self.dials.get_mut(&peer) {
                        dial.ours = None;
                    }
                }
                // One address that leads to somebody else fails the dial of all of them.
                DialError::WrongPeerId { address, .. } | DialError::LocalPeerId { address } => {
                    if self.drop_address(&peer, address) { self.dial(peer) } else { self.give_up(&peer) }
                }
                _ => self.give_up(&peer),
            }
        } else if let Some(peer) = event.peer_id
            && self.dials.get(&peer).is_some_and(|dial| dial.ours.is_none())
        {
            self.dial(peer);
        }
    }

    /// Whether there was such an address, and others remain.
    fn drop_address(&mut self, peer: &PeerId, address: &Multiaddr) -> bool {
        let Some(dial) = self.dials.get_mut(peer) else { return false };
        let (before, wrong) = (dial.addresses.len(), bare(address));
        dial.addresses.retain(|known| bare(known) != wrong);
        (1..before).contains(&dial.addresses.len())
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
            Change::Opened { ticket, .. } if self.probes.remove(&ticket).is_some() => return,
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
        if let Some(next) = self.queue.pop_front() {
            return Poll::Ready(next);
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
