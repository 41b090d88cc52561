//! Everything that a node does on its connections, put together.

use std::num::NonZeroU32;
use std::time::Duration;

use getrandom::SysRng;
use libp2p::identity::{Keypair, PublicKey};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{
    Multiaddr, PeerId, allow_block_list, autonat, connection_limits, dcutr, identify, mdns,
    memory_connection_limits, ping, relay, upnp,
};
use rand_core::UnwrapErr;
use tokio::time::Instant;

use super::config::{Config, RelayLimits, StartError};
use super::dht::Directory;
use super::dialback::DialBack;
use super::guests::Guests;
use super::prefixes::Prefixes;
use super::protocol::IDENTIFY;
use super::reach::Reach;
use super::sieve::Sieve;
use super::spot::{Range, is_loopback};
use super::streams::Streams;
use crate::base::limits::{
    CANDIDATES_MAX, CIRCUITS_PER_PEER, CONNECTIONS_OUT_MAX, CONNECTIONS_PER_PEER_MAX, PENDING_IN_PART,
    PENDING_OUT_MAX, PING_INTERVAL, PING_PATIENCE, PROBE_INTERVAL, RESERVATION_LIFE, ROUTING_REFRESH,
};

/// Share of the machine's memory above which new connections are refused.
const MEMORY_SHARE: f64 = 0.8;
/// Reservations, and circuits, that one peer may ask a relay for before it has to wait for each.
const RATE: NonZeroU32 = match NonZeroU32::new(60) {
    Some(rate) => rate,
    None => NonZeroU32::MIN,
};

/// Whom a laboratory parts us from.
pub(crate) type Barrier = allow_block_list::Behaviour<allow_block_list::BlockedPeers>;

/// The behaviours, in the order in which they judge a new connection: what is barred and the limits first, so that the
/// others don't count what is refused.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    /// In a laboratory only.
    pub(crate) barrier: Toggle<Barrier>,
    limits: connection_limits::Behaviour,
    memory: memory_connection_limits::Behaviour,
    prefixes: Prefixes,
    ping: ping::Behaviour,
    identify: identify::Behaviour,
    pub(crate) directory: Directory,
    pub(crate) streams: Streams,
    mdns: Toggle<mdns::tokio::Behaviour>,
    circuits: relay::client::Behaviour,
    relay: Toggle<relay::Behaviour>,
    pub(crate) punch: Sieve<dcutr::Behaviour>,
    pub(crate) probe: Sieve<autonat::v2::client::Behaviour<UnwrapErr<SysRng>>>,
    dial_back: Toggle<DialBack>,
    pub(crate) router: Toggle<upnp::tokio::Behaviour>,
}

impl Behaviour {
    /// The behaviours of a node with this key; `circuits` belong to its transport.
    ///
    /// # Errors
    /// [`StartError::Multicast`].
    pub(crate) fn new(
        config: &Config,
        key: &Keypair,
        external: Vec<Multiaddr>,
        circuits: relay::client::Behaviour,
        guests: &Guests,
    ) -> Result<Self, StartError> {
        let range = if is_laboratory(config) { Range::Loopback } else { Range::Global };
        let serves = config.server || config.serve_relay.is_some();
        let probe = autonat::v2::client::Config::default()
            .with_probe_interval(PROBE_INTERVAL)
            .with_max_candidates(CANDIDATES_MAX);
        let probe = autonat::v2::client::Behaviour::new(UnwrapErr(SysRng), probe);
        let local = key.public().to_peer_id();
        let memory = match config.memory_max {
            Some(bytes) => memory_connection_limits::Behaviour::with_max_bytes(bytes),
            None => memory_connection_limits::Behaviour::with_max_percentage(MEMORY_SHARE),
        };
        Ok(Self {
            barrier: config.barred.is_some().then(Barrier::default).into(),
            limits: connection_limits::Behaviour::new(limits(config.max_in)),
            memory,
            prefixes: Prefixes::new(config.max_in),
            ping: ping::Behaviour::new(
                ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_PATIENCE),
            ),
            identify: identify::Behaviour::new(identify_config(key.public())),
            directory: Directory::new(local, Reach::new(external), config.server, config.subnet_limits),
            streams: Streams::default(),
            mdns: mdns(config.mdns, local)?,
            circuits,
            relay: config
                .serve_relay
                .map(|limits| relay::Behaviour::new(local, relay_config(limits, guests)))
                .into(),
            punch: Sieve::new(dcutr::Behaviour::new(local), range),
            probe: Sieve::new(probe, range),
            dial_back: serves.then(|| DialBack::new(range)).into(),
            router: router(config),
        })
    }
}

/// Whether nothing but loopback is listened on, and so nobody else can connect.
fn is_laboratory(config: &Config) -> bool {
    let mut listen = config.listen.iter().filter_map(|text| text.parse().ok()).peekable();
    listen.peek().is_some() && listen.all(|address: Multiaddr| is_loopback(&address))
}

/// Looks for a router that forwards ports, afresh each time; none where nobody outside is to connect.
pub(crate) fn router(config: &Config) -> Toggle<upnp::tokio::Behaviour> {
    let wanted = config.upnp && !config.listen.is_empty() && !is_laboratory(config);
    wanted.then(upnp::tokio::Behaviour::default).into()
}

fn relay_config(limits: RelayLimits, guests: &Guests) -> relay::Config {
    let mut config = relay::Config {
        max_reservations: limits.reservations,
        max_reservations_per_peer: CONNECTIONS_PER_PEER_MAX as usize,
        reservation_duration: RESERVATION_LIFE,
        reservation_rate_limiters: Vec::new(),
        max_circuits: limits.circuits,
        max_circuits_per_peer: CIRCUITS_PER_PEER,
        max_circuit_duration: Duration::from_secs(60 * u64::from(limits.circuit_minutes)),
        max_circuit_bytes: limits.circuit_mebibytes << 20,
        circuit_src_rate_limiters: Vec::new(),
    };
    if limits.paid_only {
        let guests = guests.clone();
        // Asked for each reservation and its renewals alike.
        config.reservation_rate_limiters.push(Box::new(
            move |peer: PeerId, _: &Multiaddr, _: std::time::Instant| guests.has(&peer, Instant::now()),
        ));
    }
    // By peer only: whole towns share one IP address.
    config
        .reservation_rate_per_peer(RATE, Duration::from_secs(10))
        .circuit_src_per_peer(RATE, Duration::from_secs(1))
}

fn limits(max_in: u32) -> connection_limits::ConnectionLimits {
    connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(max_in.div_ceil(PENDING_IN_PART)))
        .with_max_pending_outgoing(Some(PENDING_OUT_MAX))
        .with_max_established_incoming(Some(max_in))
        .with_max_established_outgoing(Some(CONNECTIONS_OUT_MAX))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX))
}

/// Says nothing of the program, and keeps no addresses: its cache would join every dial unfiltered.
fn identify_config(key: PublicKey) -> identify::Config {
    identify::Config::new(IDENTIFY.to_owned(), key)
        .with_agent_version(String::new())
        .with_interval(ROUTING_REFRESH)
        .with_cache_size(0)
}

fn mdns(wanted: bool, local: PeerId) -> Result<Toggle<mdns::tokio::Behaviour>, StartError> {
    let config =
        mdns::Config { query_interval: ROUTING_REFRESH, ttl: 2 * ROUTING_REFRESH, enable_ipv6: false };
    let behaviour = wanted.then(|| mdns::tokio::Behaviour::new(config, local)).transpose();
    behaviour.map(Toggle::from).map_err(StartError::Multicast)
}
