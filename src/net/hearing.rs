//! What the task does when the network speaks.

use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{PeerId, identify, kad, mdns, ping, relay};
use tokio::time::Instant;

use super::behaviour::BehaviourEvent;
use super::convert::{key_of, peer_of};
use super::dht::Resting;
use super::links::Over;
use super::message::{Event, FetchEnd};
use super::origin::origin;
use super::protocol::{DIRECTORY, Purpose};
use super::spot::{Spot, is_loopback};
use super::streams::Delivery;
use super::task::{Errand, Task};
use crate::wire::channel::ChannelEvent;
use crate::wire::origin::Prefix;
use crate::wire::peer::PeerAddress;

/// Routing peers below which every neighbour is welcome.
const FEW_PEERS: usize = 20;

impl Task {
    /// Something happened on the network.
    pub(super) fn hear(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.hear_behaviour(event),
            SwarmEvent::ConnectionEstablished {
                peer_id, connection_id, endpoint, num_established, ..
            } => {
                self.paths.opened(connection_id, peer_id, endpoint, Instant::now());
                if num_established.get() == 1 {
                    self.tell(key_of(&peer_id).map(|peer| Event::PeerConnected { peer }));
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, cause, endpoint } => {
                self.paths.closed(connection_id, num_established == 0, Instant::now());
                if cause.is_none() || endpoint.is_relayed() {
                    // Yamux doesn't tell the streams of a connection that we close ourselves.
                    self.channels.lost(connection_id);
                    self.files.lost(connection_id);
                    self.links.lost(connection_id).into_iter().for_each(|event| self.events.push(event));
                }
                // What was under way through a relay goes on at once where there is a direct connection by now.
                if self.links.moves(&peer_id, connection_id, num_established > 0)
                    && endpoint.is_relayed()
                    && let Some(peer) =
                        key_of(&peer_id).and_then(|key| PeerAddress::new(key, Vec::new()).ok())
                {
                    self.connect(&peer);
                }
                if num_established == 0 {
                    self.watch.gone(&peer_id, &mut self.swarm);
                    self.tell_listening();
                    self.tell(key_of(&peer_id).map(|peer| Event::PeerGone { peer }));
                }
            }
            SwarmEvent::NewListenAddr { listener_id, address } => {
                self.watch.listens(listener_id, &address, &mut self.swarm);
                self.tell_listening();
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.watch.listens_no_more(&address, &mut self.swarm);
                self.tell_listening();
            }
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                let trouble = reason.as_ref().err().map_or("the connection was lost", refusal_of);
                let reserved = self.watch.listener_ended(listener_id, trouble, &mut self.swarm);
                if let (false, Err(reason)) = (reserved, reason) {
                    tracing::warn!(?addresses, %reason, "listens no more");
                }
                self.tell_listening();
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                tracing::debug!(%error, "dial failed");
                let peer = peer_id.filter(|peer| !self.swarm.is_connected(peer) && !was_left_alone(&error));
                if let Some(peer) = peer {
                    self.watch.unreachable(&peer, &mut self.swarm);
                    // If nobody can be dialled, it is our own network that is gone.
                    let has_others = self.swarm.network_info().num_peers() > 0;
                    if has_others && matches!(error, DialError::Transport(_)) {
                        self.swarm.behaviour_mut().directory.unreached(&peer);
                    }
                }
            }
            _ => {}
        }
    }

    fn hear_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Streams(delivery) => self.hear_delivery(delivery),
            BehaviourEvent::Directory(event) => self.hear_directory(event),
            BehaviourEvent::Identify(identify::Event::Received { connection_id, peer_id, info }) => {
                self.identified(connection_id, &peer_id, &info);
            }
            BehaviourEvent::Ping(ping::Event { connection, result: Err(failure), .. })
                if !matches!(failure, ping::Failure::Unsupported) =>
            {
                self.swarm.close_connection(connection);
            }
            BehaviourEvent::Mdns(mdns::Event::Discovered(found)) => {
                for (peer, address) in found {
                    let addresses = self.swarm.behaviour().directory.reach().told(&peer, &[address], false);
                    let dial = self.join.neighbour(peer, addresses);
                    if let Some(dial) =
                        dial.filter(|_| self.swarm.behaviour_mut().directory.routing() < FEW_PEERS)
                    {
                        let _ = self.swarm.dial(dial);
                    }
                }
            }
            BehaviourEvent::Circuits(relay::client::Event::ReservationReqAccepted {
                relay_peer_id, ..
            }) => {
                self.watch.reserved(&relay_peer_id, &mut self.swarm);
                self.tell_listening();
            }
            BehaviourEvent::Punch(event) => {
                tracing::debug!(peer = %event.remote_peer_id, punched = event.result.is_ok(), "hole punching");
                self.watch.punched(&event);
            }
            BehaviourEvent::Probe(event) => {
                self.watch.probed(&event, self.swarm.behaviour_mut().directory.reach_mut());
                self.tell_listening();
            }
            BehaviourEvent::Router(event) => {
                self.watch.router(event, self.swarm.behaviour_mut().directory.reach_mut());
                self.tell_listening();
            }
            BehaviourEvent::Mdns(mdns::Event::Expired(gone)) => {
                gone.iter().for_each(|(peer, _)| self.join.gone(peer));
            }
            _ => {}
        }
    }

    fn hear_delivery(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Accepted { peer, connection, purpose, stream } => {
                let Some(key) = key_of(&peer) else { return };
                let from = self.from(connection);
                match purpose {
                    Purpose::Envelope => {
                        self.links.accepted((peer, connection), key, stream, self.events.channel())
                    }
                    Purpose::Ask => self.asks.accepted(peer, (key, from), stream, self.events.channel()),
                    Purpose::Mail => {
                        self.channels.run(connection, (key, from), false, stream, self.events.channel());
                    }
                    Purpose::File => {
                        let at = (peer, connection);
                        self.files.accepted(at, (key, from), stream, self.events.channel());
                    }
                }
            }
            Delivery::Opened { ticket, peer, connection, stream } => match self.errands.remove(&ticket) {
                Some(Errand::Link(key)) => {
                    let link =
                        self.links.opened((peer, connection), key.clone(), stream, self.events.channel());
                    self.events.push(Event::LinkUp { link, peer: key });
                }
                Some(Errand::Ask(question)) => self.asks.opened(question, stream),
                Some(Errand::Mail(key)) => {
                    let from = self.from(connection);
                    self.channels.run(connection, (key, from), true, stream, self.events.channel());
                }
                Some(Errand::File(wanted)) => self.files.opened((peer, connection), wanted, stream),
                None => {}
            },
            Delivery::Failed { ticket, reason } => match self.errands.remove(&ticket) {
                Some(Errand::Link(key)) => {
                    if let Some(peer) = peer_of(&key) {
                        self.paths.unreachable(peer, reason);
                    }
                    self.events.push(Event::Unreachable { peer: key });
                }
                Some(Errand::Mail(key)) => {
                    if let Some(peer) = peer_of(&key) {
                        self.paths.unreachable(peer, reason);
                    }
                    self.events.push(Event::Channel(ChannelEvent::Unreachable(key)));
                }
                Some(Errand::Ask(question)) => {
                    self.paths.unreachable(question.peer, reason);
                    let next = self.asks.over(question.peer, question.query, None);
                    self.go_on(next);
                }
                Some(Errand::File(wanted)) => wanted.fail(FetchEnd::Unreachable),
                None => {}
            },
        }
    }

    /// The network that a connection comes from; that of the relay where there is one in between.
    fn from(&self, connection: ConnectionId) -> Option<Prefix> {
        self.paths.endpoint(connection).and_then(origin)
    }

    fn hear_directory(&mut self, event: kad::Event) {
        match event {
            kad::Event::OutboundQueryProgressed {
                result: kad::QueryResult::Bootstrap(_),
                stats,
                step,
                ..
            } if step.last => {
                let peers = self.swarm.behaviour_mut().directory.routing();
                if stats.num_successes() == 0 {
                    self.join.lost();
                } else {
                    self.join.joined();
                    self.events.push(Event::Bootstrapped { peers });
                }
            }
            kad::Event::OutboundQueryProgressed { id, result, stats, step } => {
                if let (true, Some(meter)) = (step.last, &self.meter) {
                    meter.ended(&stats);
                }
                let directory = &mut self.swarm.behaviour_mut().directory;
                let event = self.queries.progress(id, result, &stats, &step, directory);
                self.tell(event);
            }
            kad::Event::InboundRequest {
                request: kad::InboundRequest::PutRecord { source, record: Some(record), .. },
            } => {
                let offered = key_of(&source).zip(record.key.as_ref().try_into().ok());
                self.tell(offered.map(|(from, key)| Event::RecordOffered { key, value: record.value, from }));
            }
            kad::Event::RoutingUpdated { is_new_peer: true, .. } => self.join.joined(),
            _ => {}
        }
    }

    fn identified(&mut self, connection: ConnectionId, peer: &PeerId, info: &identify::Info) {
        let Some(endpoint) = self.paths.endpoint(connection).cloned() else { return };
        if endpoint.is_relayed() {
            return;
        }
        self.watch.identified(*peer, &endpoint, info, &mut self.swarm);
        let directory = &mut self.swarm.behaviour_mut().directory;
        if !info.protocols.contains(&DIRECTORY) {
            return directory.dismiss(peer);
        }
        // A name hides where it led; how the other side sees us shows it.
        let named = Spot::read(endpoint.get_remote_address()).is_some_and(|(spot, _)| spot.is_named());
        let local = named && is_loopback(&info.observed_addr);
        directory.admit(peer, &info.listen_addrs, endpoint.get_remote_address(), endpoint.is_dialer(), local);
    }

    /// A link is over.
    pub(super) fn link_over(&mut self, over: Over) {
        self.tell(over.event);
        if let Some(peer) = over.culprit {
            self.cut_off += 1;
            // It may have gone by itself.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }
}

/// Whether a query left a peer alone that couldn't be dialled lately, which says nothing new of it.
fn was_left_alone(error: &DialError) -> bool {
    let DialError::Denied { cause } = error else { return false };
    core::error::Error::source(cause).is_some_and(|cause| cause.is::<Resting>())
}

/// Why a relay keeps no place for us, in words for a person. The transports wrap their errors too deep to be matched.
fn refusal_of(reason: &std::io::Error) -> &'static str {
    let text = format!("{reason:?}");
    let known = [
        ("ResourceLimitExceeded", "it has no place left"),
        ("Refused", "it refuses to keep a place"),
        ("Unsupported", "it is no relay"),
    ];
    known.iter().find(|(sign, _)| text.contains(sign)).map_or("it gave no place", |(_, words)| words)
}
