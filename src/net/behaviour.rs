//! Everything that a node does on its connections, put together.

use libp2p::identity::{Keypair, PublicKey};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{Multiaddr, PeerId, connection_limits, identify, mdns, memory_connection_limits, ping};

use super::config::{Config, StartError};
use super::dht::Directory;
use super::protocol::IDENTIFY;
use super::reach::Reach;
use super::streams::Streams;
use crate::base::limits::{
    CONNECTIONS_OUT_MAX, CONNECTIONS_PER_PEER_MAX, PENDING_IN_MAX, PENDING_OUT_MAX, PING_INTERVAL,
    PING_PATIENCE, ROUTING_REFRESH,
};

/// Share of the machine's memory above which new connections are refused.
const MEMORY_SHARE: f64 = 0.8;

/// The behaviours, in the order in which they judge a new connection: the limits first, so that the others don't
/// count what is refused.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    limits: connection_limits::Behaviour,
    memory: memory_connection_limits::Behaviour,
    ping: ping::Behaviour,
    identify: identify::Behaviour,
    pub(crate) directory: Directory,
    pub(crate) streams: Streams,
    mdns: Toggle<mdns::tokio::Behaviour>,
}

impl Behaviour {
    /// The behaviours of a node with this key.
    ///
    /// # Errors
    /// [`StartError::Multicast`].
    pub(crate) fn new(config: &Config, key: &Keypair, external: Vec<Multiaddr>) -> Result<Self, StartError> {
        let local = key.public().to_peer_id();
        let memory = match config.memory_max {
            Some(bytes) => memory_connection_limits::Behaviour::with_max_bytes(bytes),
            None => memory_connection_limits::Behaviour::with_max_percentage(MEMORY_SHARE),
        };
        Ok(Self {
            limits: connection_limits::Behaviour::new(limits(config.max_in)),
            memory,
            ping: ping::Behaviour::new(
                ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_PATIENCE),
            ),
            identify: identify::Behaviour::new(identify_config(key.public())),
            directory: Directory::new(local, Reach::new(external), config.server, config.subnet_limits),
            streams: Streams::default(),
            mdns: mdns(config.mdns, local)?,
        })
    }
}

fn limits(max_in: u32) -> connection_limits::ConnectionLimits {
    connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING_IN_MAX))
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
