//! A small end of the network for one of very many nodes in a process: it dials over TCP, links and asks, and that is all.

use std::collections::BTreeMap;

use futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::swarm::{Config as SwarmConfig, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::asks::{Asks, Next, Question};
use super::codec::Hop;
use super::config::StartError;
use super::convert::{key_of, peer_of};
use super::events::Events;
use super::handle::Handle;
use super::handler::Ticket;
use super::links::Links;
use super::message::{Command, Event};
use super::protocol::Purpose;
use super::streams::{Delivery, Streams};
use super::transport::tcp_only;
use crate::base::limits::{IDLE_PATIENCE, STREAMS_NEGOTIATING_MAX};
use crate::wire::peer::{PeerAddress, PeerKey};

/// Commands that wait.
const COMMAND_QUEUE: usize = 16;

/// Starts a network of whoever has this key; to be called inside a tokio runtime.
///
/// It obeys what is said of links and of requests, and nothing else: it listens nowhere, knows no directory, no
/// mailboxes, no relays and no files. It ends as [`super::handle::start`] says.
///
/// # Errors
/// See [`StartError`]; nothing runs then.
pub fn start(
    mut key: Zeroizing<[u8; 32]>,
    events: mpsc::Sender<Event>,
) -> Result<(Handle, JoinHandle<()>), StartError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
    let key = Keypair::ed25519_from_bytes(key.as_mut_slice()).map_err(|_| StartError::Key)?;
    let local = key.public().to_peer_id();
    let config = SwarmConfig::with_tokio_executor()
        .with_idle_connection_timeout(IDLE_PATIENCE)
        .with_max_negotiating_inbound_streams(STREAMS_NEGOTIATING_MAX);
    let (commands, orders) = mpsc::channel(COMMAND_QUEUE);
    let light = Light {
        swarm: Swarm::new(tcp_only(&key)?, Streams::default(), local, config),
        commands: orders,
        events: Events::new(events),
        links: Links::default(),
        asks: Asks::default(),
        errands: BTreeMap::new(),
        last_ticket: 0,
    };
    let handle = Handle::new(key_of(&local).ok_or(StartError::Key)?, commands);
    Ok((handle, runtime.spawn(light.run())))
}

/// What a stream was asked for.
enum Errand {
    Link(PeerKey),
    Ask(Question),
}

struct Light {
    swarm: Swarm<Streams>,
    commands: mpsc::Receiver<Command>,
    events: Events,
    links: Links,
    asks: Asks,
    errands: BTreeMap<Ticket, Errand>,
    last_ticket: Ticket,
}

impl Light {
    async fn run(mut self) {
        let listener = self.events.channel().clone();
        loop {
            let hearing = !self.events.is_crowded();
            tokio::select! {
                delivered = self.events.deliver(), if !self.events.is_empty() => if !delivered { break },
                () = listener.closed() => break,
                command = self.commands.recv(), if !self.events.is_full() => match command {
                    Some(Command::Shutdown) | None => break,
                    Some(command) => self.obey(command),
                },
                event = self.swarm.select_next_some(), if hearing => self.hear(event),
                over = self.links.next_over(), if hearing && !self.links.is_empty() => {
                    self.tell(over.event);
                    if let Some(peer) = over.culprit {
                        // It may have gone by itself.
                        let _ = self.swarm.disconnect_peer_id(peer);
                    }
                }
                next = self.asks.next_over(), if hearing && !self.asks.is_empty() => self.go_on(next),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Connect { peer } => self.connect(&peer),
            Command::Send { link, frames } => {
                let event = self.links.send(link, frames);
                self.tell(event);
            }
            Command::Take { link, upto } => self.links.say(link, Hop::Taken(upto)),
            Command::Refuse { link, number } => self.links.say(link, Hop::Refused(number)),
            Command::Close { link } => {
                let event = self.links.close(link);
                self.tell(event);
            }
            Command::Ask { query, peer: to, body } => {
                let Some(peer) = peer_of(to.peer()) else {
                    return self.events.push(Event::Answered { query, body: None });
                };
                let next = self.asks.ask(Question { query, peer, addresses: dialled(&to), body });
                self.go_on(next);
            }
            Command::Answer { ask, body } => self.asks.answer(ask, body),
            // Nobody else is known here, and whoever drives this doesn't ask for it.
            _ => {}
        }
    }

    fn connect(&mut self, to: &PeerAddress) {
        let key = to.peer().clone();
        let Some(peer) = peer_of(&key) else { return self.events.push(Event::Unreachable { peer: key }) };
        if let Some(link) = self.links.to(&peer) {
            return self.events.push(Event::LinkUp { link, peer: key });
        }
        if !self.errands.values().any(|errand| matches!(errand, Errand::Link(to) if *to == key)) {
            self.open(peer, dialled(to), Errand::Link(key));
        }
    }

    fn open(&mut self, peer: PeerId, addresses: Vec<Multiaddr>, errand: Errand) {
        self.last_ticket += 1;
        let purpose = match &errand {
            Errand::Link(_) => Purpose::Envelope,
            Errand::Ask(_) => Purpose::Ask,
        };
        self.errands.insert(self.last_ticket, errand);
        self.swarm.behaviour_mut().open(self.last_ticket, peer, addresses, purpose);
    }

    fn go_on(&mut self, next: Next) {
        self.tell(next.event);
        if let Some(mut question) = next.question {
            let addresses = std::mem::take(&mut question.addresses);
            self.open(question.peer, addresses, Errand::Ask(question));
        }
    }

    fn tell(&mut self, event: Option<Event>) {
        event.into_iter().for_each(|event| self.events.push(event));
    }

    fn hear(&mut self, event: SwarmEvent<Delivery>) {
        match event {
            SwarmEvent::Behaviour(delivery) => self.hear_delivery(delivery),
            SwarmEvent::ConnectionEstablished { peer_id, num_established, .. }
                if num_established.get() == 1 =>
            {
                self.tell(key_of(&peer_id).map(|peer| Event::PeerConnected { peer }));
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, cause, .. } => {
                if cause.is_none() {
                    // Yamux doesn't tell the streams of a connection that we close ourselves.
                    self.links.lost(connection_id).into_iter().for_each(|event| self.events.push(event));
                }
                self.links.moves(&peer_id, connection_id, num_established > 0);
                if num_established == 0 {
                    self.tell(key_of(&peer_id).map(|peer| Event::PeerGone { peer }));
                }
            }
            _ => {}
        }
    }

    fn hear_delivery(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Accepted { peer, connection, purpose, stream } => {
                let Some(key) = key_of(&peer) else { return };
                let events = self.events.channel();
                match purpose {
                    Purpose::Envelope => self.links.accepted((peer, connection), key, stream, events),
                    Purpose::Ask => self.asks.accepted(peer, (key, None), stream, events),
                    // Dropping a stream closes it.
                    Purpose::Mail | Purpose::File => {}
                }
            }
            Delivery::Opened { ticket, peer, connection, stream } => match self.errands.remove(&ticket) {
                Some(Errand::Link(key)) => {
                    let at = (peer, connection);
                    let link = self.links.opened(at, key.clone(), stream, self.events.channel());
                    self.events.push(Event::LinkUp { link, peer: key });
                }
                Some(Errand::Ask(question)) => self.asks.opened(question, stream),
                None => {}
            },
            Delivery::Failed { ticket, .. } => match self.errands.remove(&ticket) {
                Some(Errand::Link(key)) => self.events.push(Event::Unreachable { peer: key }),
                Some(Errand::Ask(question)) => {
                    let next = self.asks.over(question.peer, question.query, None);
                    self.go_on(next);
                }
                None => {}
            },
        }
    }
}

/// Where to dial a peer: the addresses that it is said to have, those that make no sense left out.
fn dialled(to: &PeerAddress) -> Vec<Multiaddr> {
    to.addresses().iter().filter_map(|address| address.parse().ok()).collect()
}
