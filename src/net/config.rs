//! How the network is set up.

use tokio::sync::watch;
use zeroize::Zeroizing;

use super::meter::Meter;
use crate::base::limits::{
    CONNECTIONS_IN_MAX, RELAY_CIRCUIT_MEBIBYTES, RELAY_CIRCUIT_MINUTES, RELAY_CIRCUITS, RELAY_RESERVATIONS,
};
use crate::wire::peer::PeerKey;

/// What the network needs to know to start.
#[derive(Clone)]
pub struct Config {
    /// Seed of the Ed25519 key that names us on the transport. It is neither the account's nor the device's.
    pub key: Zeroizing<[u8; 32]>,
    /// Multiaddresses to listen on: TCP and QUIC, IPv4 and IPv6. Port 0 lets the system choose; an unspecified
    /// address means every interface (of IPv6, if the machine has it); none at all means that nobody can connect to us.
    pub listen: Vec<String>,
    /// Multiaddresses that lead to us from outside and that no interface has, as an operator knows them.
    pub external: Vec<String>,
    /// Multiaddresses of nodes that know the directory, with or without their `/p2p/` peer id.
    pub bootstrap: Vec<String>,
    /// Whether we serve the directory, so that others put us in their tables, or only use it.
    pub server: bool,
    /// Whether to look for neighbours by multicast, which also tells them that we are here.
    pub mdns: bool,
    /// Established connections that others may have opened.
    pub max_in: u32,
    /// Whether few peers of one /24 or /48 may enter the routing table and the queries. The address
    /// 127.0.0.1 (and ::1) is exempt, so that many nodes can share it; other loopback addresses are not.
    pub subnet_limits: bool,
    /// Whether to ask the router to forward ports (UPnP); nothing is asked where all that is listened on is loopback.
    pub upnp: bool,
    /// Multiaddresses of relays, each ending in `/p2p/PEER`, that a node which nobody can dial uses first.
    pub relays: Vec<String>,
    /// Relays from former times, used where those don't answer.
    pub known_relays: Vec<String>,
    /// Whether it may use others: those of the bootstrap list, of contacts, and any that it meets.
    pub any_relay: bool,
    /// What we relay for others; nothing, where this is none.
    pub serve_relay: Option<RelayLimits>,
    /// Bytes of memory of the whole process above which new connections are refused; by default four fifths of
    /// the machine's memory.
    pub memory_max: Option<usize>,
    /// Counts what the node asks of the directory; only for who studies it.
    pub meter: Option<Meter>,
    /// Peers that a laboratory parts us from: connections with them are closed and refused for as long as they are
    /// named. None outside of one.
    pub barred: Option<watch::Receiver<Vec<PeerKey>>>,
}

impl Config {
    /// A node for a person: listens on every interface and a free port, uses the directory without serving it,
    /// knows nobody.
    pub fn new(key: Zeroizing<[u8; 32]>) -> Self {
        let listen =
            ["/ip4/0.0.0.0/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0", "/ip6/::/udp/0/quic-v1", "/ip6/::/tcp/0"];
        Self {
            key,
            listen: listen.map(str::to_owned).to_vec(),
            external: Vec::new(),
            bootstrap: Vec::new(),
            server: false,
            mdns: false,
            max_in: CONNECTIONS_IN_MAX,
            subnet_limits: true,
            upnp: false,
            relays: Vec::new(),
            known_relays: Vec::new(),
            any_relay: true,
            serve_relay: None,
            memory_max: None,
            meter: None,
            barred: None,
        }
    }
}

/// What a relay carries for others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RelayLimits {
    /// Peers that a reservation is kept for.
    pub reservations: usize,
    /// Circuits at once.
    pub circuits: usize,
    /// Minutes after which a circuit ends.
    pub circuit_minutes: u32,
    /// Mebibytes in both directions after which it ends; 0 for no end.
    pub circuit_mebibytes: u64,
    /// Whether places are only kept for those whom the node names; see [`super::message::Command::KeepPlace`].
    pub paid_only: bool,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            reservations: RELAY_RESERVATIONS,
            circuits: RELAY_CIRCUITS,
            circuit_minutes: RELAY_CIRCUIT_MINUTES,
            circuit_mebibytes: RELAY_CIRCUIT_MEBIBYTES,
            paid_only: false,
        }
    }
}

/// Why the network didn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Called outside a tokio runtime.
    #[error("the network needs a tokio runtime")]
    NoRuntime,
    /// The seed gave no key, or the key no encryption.
    #[error("the transport key can't be used")]
    Key,
    /// One of the configured addresses isn't a multiaddress for TCP or QUIC.
    #[error("not an address for TCP or QUIC: {0}")]
    Address(String),
    /// An address can't be listened on, for example because another program does.
    #[error("can't listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// Multicast was asked for, and the system has none.
    #[error("can't look for neighbours: {0}")]
    Multicast(std::io::Error),
}
