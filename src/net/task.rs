//! The one task that owns the swarm: obeys the node, hears the network.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::swarm::Config as SwarmConfig;
use libp2p::{Multiaddr, PeerId, Swarm, TransportError, kad};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::asks::{Asks, Next, Question};
use super::behaviour::Behaviour;
use super::codec::Hop;
use super::config::{Config, StartError};
use super::convert::{key_of, peer_of};
use super::events::Events;
use super::files::{Fetch, Files};
use super::guests::Guests;
use super::handler::Ticket;
use super::join::Join;
use super::links::Links;
use super::mail::Channels;
use super::message::{Command, Event, FetchEnd, Status};
use super::meter::Meter;
use super::outside::Watch;
use super::paths::Paths;
use super::protocol::Purpose;
use super::queries::{Queries, Wanted};
use super::spot::{Spot, ip_of};
use super::transport::relayed;
use crate::base::limits::{IDLE_PATIENCE, RECORD_LIFE_MAX, STREAMS_NEGOTIATING_MAX};
use crate::wire::channel::{ChannelEvent, ChannelOrder};
use crate::wire::peer::{PeerAddress, PeerKey};

/// Commands obeyed before the network is heard again.
const COMMANDS_AT_ONCE: usize = 32;
/// How long the other sides have to hear that we go.
const GOODBYE: Duration = Duration::from_millis(500);

/// What a stream was asked for.
pub(super) enum Errand {
    Link(PeerKey),
    Ask(Question),
    Mail(PeerKey),
    File(Fetch),
}

/// The network, once it runs.
pub(crate) struct Task {
    pub(super) local: PeerKey,
    pub(super) server: bool,
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) events: Events,
    pub(super) links: Links,
    pub(super) asks: Asks,
    pub(super) channels: Channels,
    pub(super) files: Files,
    pub(super) queries: Queries,
    pub(super) join: Join,
    pub(super) errands: BTreeMap<Ticket, Errand>,
    pub(super) last_ticket: Ticket,
    pub(super) paths: Paths,
    pub(super) watch: Watch,
    pub(super) listening: Vec<String>,
    pub(super) cut_off: u64,
    pub(super) meter: Option<Meter>,
    guests: Guests,
    barred: Option<watch::Receiver<Vec<PeerKey>>>,
}

impl Task {
    /// Sets the network up and begins to listen.
    ///
    /// # Errors
    /// See [`StartError`].
    pub(crate) fn new(
        config: Config,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<Event>,
    ) -> Result<Self, StartError> {
        let mut seed = config.key.clone();
        let key = Keypair::ed25519_from_bytes(seed.as_mut_slice()).map_err(|_| StartError::Key)?;
        let local = key.public().to_peer_id();
        let external = parse(&config.external)?;
        let seeds = parse(&config.bootstrap)?;
        let (named, known) = (parse(&config.relays)?, parse(&config.known_relays).unwrap_or_default());
        let (transport, circuits) = relayed(&key, config.meter.clone())?;
        let guests = Guests::default();
        let behaviour = Behaviour::new(&config, &key, external.clone(), circuits, &guests)?;
        let swarm_config = SwarmConfig::with_tokio_executor()
            .with_idle_connection_timeout(IDLE_PATIENCE)
            .with_max_negotiating_inbound_streams(STREAMS_NEGOTIATING_MAX)
            .with_smart_dial();
        let mut swarm = Swarm::new(transport, behaviour, local, swarm_config);
        listen(&mut swarm, &config.listen)?;
        external.into_iter().for_each(|address| swarm.add_external_address(address));
        let mut barred = config.barred.clone();
        barred.iter_mut().for_each(watch::Receiver::mark_changed);
        Ok(Self {
            guests,
            meter: config.meter.clone(),
            local: key_of(&local).ok_or(StartError::Key)?,
            server: config.server,
            swarm,
            commands,
            events: Events::new(events),
            links: Links::default(),
            asks: Asks::default(),
            channels: Channels::default(),
            files: Files::default(),
            queries: Queries::default(),
            join: Join::new(&seeds),
            errands: BTreeMap::new(),
            last_ticket: 0,
            paths: Paths::default(),
            watch: Watch::new(config, local, &seeds, &named, &known),
            listening: Vec::new(),
            cut_off: 0,
            barred,
        })
    }

    /// Our own key.
    pub(crate) const fn local(&self) -> &PeerKey {
        &self.local
    }

    /// Runs until the node wants no more of it.
    pub(crate) async fn run(mut self) {
        let listener = self.events.channel().clone();
        self.tell_listening();
        loop {
            // While the node is behind, nothing new is heard; but its commands are, or both could wait for ever.
            let (hearing, obeying) = (!self.events.is_crowded(), !self.events.is_full());
            let due = self.join.due();
            let watch = self.watch.due(self.swarm.behaviour().directory.reach());
            tokio::select! {
                delivered = self.events.deliver(), if !self.events.is_empty() => if !delivered { break },
                () = listener.closed() => break,
                command = self.commands.recv(), if obeying => match command {
                    Some(command) => if !self.obey_some(command) { break },
                    None => break,
                },
                event = self.swarm.select_next_some(), if hearing => self.hear(event),
                over = self.links.next_over(), if hearing && !self.links.is_empty() => self.link_over(over),
                () = self.channels.next_over(), if !self.channels.is_empty() => {}
                () = self.files.next_over(), if !self.files.is_empty() => {}
                next = self.asks.next_over(), if hearing && !self.asks.is_empty() => self.go_on(next),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if hearing && due.is_some() => {
                    for dial in self.join.attempt() {
                        // A seed that can't be dialled now is tried again later.
                        let _ = self.swarm.dial(dial);
                    }
                }
                () = sleep_until(watch), if hearing => self.watch(),
                () = changed(&mut self.barred) => self.bar(),
            }
        }
        self.say_goodbye().await;
    }

    /// Obeys what has arrived; `false` to end.
    fn obey_some(&mut self, first: Command) -> bool {
        let mut next = Some(first);
        for _ in 0..COMMANDS_AT_ONCE {
            match next {
                Some(Command::Shutdown) => return false,
                Some(command) => self.obey(command),
                None => break,
            }
            next = if self.events.is_full() { None } else { self.commands.try_recv().ok() };
        }
        match next {
            Some(Command::Shutdown) => return false,
            Some(command) => self.obey(command),
            None => {}
        }
        true
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
            Command::PutRecord { query, key, value, expires_in } => {
                self.query(query, key, Wanted::Put { value, expires_in });
            }
            Command::GetRecord { query, key } => self.query(query, key, Wanted::Get),
            Command::ClosestPeers { query, key } => self.query(query, key, Wanted::Closest),
            Command::Keep { key, value, expires_in } => self.keep(&key, value, expires_in),
            Command::Forget { key } => {
                kad::store::RecordStore::remove(self.records(), &kad::RecordKey::new(&key))
            }
            Command::KeepPlace { peer, life } => {
                if let Some(peer) = peer_of(&peer) {
                    self.guests.keep(peer, life, Instant::now());
                }
            }
            Command::Ask { query, peer, body } => self.ask(query, &peer, body),
            Command::Answer { ask, body } => self.asks.answer(ask, body),
            Command::Channel(order) => self.channel(order),
            Command::FetchFile { peer, request, chunks, ended } => {
                self.fetch_file(&peer, Fetch { request, chunks, ended });
            }
            Command::GiveFile { ask, chunks } => self.files.grant(ask, chunks),
            Command::RefuseFile { ask } => self.files.refuse(ask),
            Command::Status { reply } => {
                // Whoever asked may have gone.
                let _ = reply.send(self.status());
            }
            Command::Shutdown => {}
        }
    }

    /// Parts us from whom the laboratory names now, and from nobody else.
    fn bar(&mut self) {
        let Some(named) = self.barred.as_mut().map(|barred| barred.borrow_and_update().clone()) else {
            return;
        };
        let Some(barrier) = self.swarm.behaviour_mut().barrier.as_mut() else { return };
        let named: Vec<PeerId> = named.iter().filter_map(peer_of).collect();
        let freed: Vec<PeerId> =
            barrier.blocked_peers().iter().filter(|peer| !named.contains(peer)).copied().collect();
        for peer in freed {
            barrier.unblock_peer(peer);
        }
        for peer in named {
            barrier.block_peer(peer);
        }
    }

    /// Looks after our place on the network.
    fn watch(&mut self) {
        if self.watch.tick(&mut self.swarm) {
            for dial in self.join.again() {
                let _ = self.swarm.dial(dial);
            }
        }
        self.tell_listening();
    }

    pub(super) fn connect(&mut self, to: &PeerAddress) {
        let key = to.peer().clone();
        let Some(peer) = peer_of(&key) else { return self.events.push(Event::Unreachable { peer: key }) };
        if let Some(link) = self.links.to(&peer) {
            return self.events.push(Event::LinkUp { link, peer: key });
        }
        if self.errands.values().any(|errand| matches!(errand, Errand::Link(to) if *to == key)) {
            return;
        }
        if key == self.local {
            return self.events.push(Event::Unreachable { peer: key });
        }
        let addresses = self.swarm.behaviour().directory.reach().given(&peer, to.addresses());
        self.open(peer, addresses, Errand::Link(key));
    }

    fn ask(&mut self, query: u64, to: &PeerAddress, body: Vec<u8>) {
        let Some(peer) = peer_of(to.peer()).filter(|_| *to.peer() != self.local) else {
            return self.events.push(Event::Answered { query, body: None });
        };
        let addresses = self.swarm.behaviour().directory.reach().given(&peer, to.addresses());
        let next = self.asks.ask(Question { query, peer, addresses, body });
        self.go_on(next);
    }

    fn channel(&mut self, order: ChannelOrder) {
        match order {
            ChannelOrder::Open(at) => {
                let key = at.peer().clone();
                let Some(peer) = peer_of(&key).filter(|_| key != self.local) else {
                    return self.events.push(Event::Channel(ChannelEvent::Unreachable(key)));
                };
                let addresses = self.swarm.behaviour().directory.reach().given(&peer, at.addresses());
                self.open(peer, addresses, Errand::Mail(key));
            }
            ChannelOrder::Say { channel, message } => self.channels.say(channel, message),
            ChannelOrder::Close(channel) => self.channels.close(channel),
        }
    }

    fn fetch_file(&mut self, at: &PeerAddress, wanted: Fetch) {
        let Some(peer) = peer_of(at.peer()).filter(|_| *at.peer() != self.local) else {
            return wanted.fail(FetchEnd::Unreachable);
        };
        let addresses = self.swarm.behaviour().directory.reach().given(&peer, at.addresses());
        self.open(peer, addresses, Errand::File(wanted));
    }

    fn open(&mut self, peer: PeerId, addresses: Vec<Multiaddr>, errand: Errand) {
        self.last_ticket += 1;
        let purpose = match &errand {
            Errand::Link(_) => Purpose::Envelope,
            Errand::Ask(_) => Purpose::Ask,
            Errand::Mail(_) => Purpose::Mail,
            Errand::File(_) => Purpose::File,
        };
        self.errands.insert(self.last_ticket, errand);
        self.swarm.behaviour_mut().streams.open(self.last_ticket, peer, addresses, purpose);
    }

    pub(super) fn go_on(&mut self, next: Next) {
        self.tell(next.event);
        if let Some(mut question) = next.question {
            let addresses = std::mem::take(&mut question.addresses);
            self.open(question.peer, addresses, Errand::Ask(question));
        }
    }

    fn query(&mut self, query: u64, key: [u8; 32], wanted: Wanted) {
        let event = self.queries.ask(query, key, wanted, &mut self.swarm.behaviour_mut().directory);
        self.tell(event);
    }

    fn keep(&mut self, key: &[u8; 32], value: Vec<u8>, expires_in: Duration) {
        let mut record = kad::Record::new(key.to_vec(), value);
        record.expires = Some(Instant::now().into_std() + expires_in.min(RECORD_LIFE_MAX));
        if let Err(reason) = kad::store::RecordStore::put(self.records(), record) {
            tracing::debug!(%reason, "record not kept");
        }
    }

    fn status(&mut self) -> Status {
        let info = self.swarm.network_info();
        let counters = info.connection_counters();
        let (links_in, links_out) = self.links.count();
        let directory = &mut self.swarm.behaviour_mut().directory;
        Status {
            peers: info.num_peers(),
            connections_in: counters.num_established_incoming() as usize,
            connections_out: counters.num_established_outgoing() as usize,
            links_in,
            links_out,
            routing: directory.routing(),
            records: directory.kad().store_mut().len(),
            queries: self.queries.len(),
            server: self.server,
            traffic: self.links.traffic(),
            cut_off: self.cut_off,
            listening: self.listening.clone(),
            paths: self.paths.status(Instant::now()),
            outside: self.watch.status(directory.reach()),
        }
    }

    pub(super) fn tell_listening(&mut self) {
        let addresses = self.swarm.behaviour().directory.reach().published();
        if addresses != self.listening {
            self.listening.clone_from(&addresses);
            self.events.push(Event::Listening { addresses });
        }
    }

    pub(super) fn tell(&mut self, event: Option<Event>) {
        if let Some(event) = event {
            self.events.push(event);
        }
    }

    fn records(&mut self) -> &mut super::records::Records {
        self.swarm.behaviour_mut().directory.kad().store_mut()
    }

    async fn say_goodbye(mut self) {
        drop((self.links, self.asks, self.channels, self.files));
        let peers: Vec<_> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            // It may have gone meanwhile.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let closed = async {
            while self.swarm.network_info().num_peers() > 0 {
                self.swarm.next().await;
            }
        };
        // Whoever doesn't answer finds out by itself.
        let _ = timeout(GOODBYE, closed).await;
    }
}

/// Waits until a laboratory names others; for ever where there is none, or it is over.
async fn changed(barred: &mut Option<watch::Receiver<Vec<PeerKey>>>) {
    let changed = match barred {
        Some(named) => named.changed().await.is_ok(),
        None => false,
    };
    if !changed {
        core::future::pending::<()>().await;
    }
}

/// Listens on every address. A machine without IPv6 can't listen on all of its interfaces, and works all the same.
fn listen(swarm: &mut Swarm<Behaviour>, texts: &[String]) -> Result<(), StartError> {
    let mut listening = false;
    for (address, text) in parse(texts)?.into_iter().zip(texts) {
        let optional = ip_of(&address) == Some(Ipv6Addr::UNSPECIFIED.into()) && listening;
        match swarm.listen_on(address) {
            Ok(_) => listening = true,
            Err(TransportError::MultiaddrNotSupported(_)) => return Err(StartError::Address(text.clone())),
            Err(TransportError::Other(reason)) if optional => {
                tracing::warn!(address = %text, %reason, "can't listen")
            }
            Err(TransportError::Other(reason)) => {
                return Err(StartError::Listen { address: text.clone(), reason: reason.to_string() });
            }
        }
    }
    Ok(())
}

fn parse(texts: &[String]) -> Result<Vec<Multiaddr>, StartError> {
    let read = |text: &String| {
        let address = text.parse().ok().filter(|address| Spot::read(address).is_some());
        address.ok_or_else(|| StartError::Address(text.clone()))
    };
    texts.iter().map(read).collect()
}
