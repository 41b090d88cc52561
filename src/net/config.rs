//! How the network is set up.

use zeroize::Zeroizing;

use crate::base::limits::CONNECTIONS_IN_MAX;

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
    /// Bytes of memory of the whole process above which new connections are refused; by default four fifths of
    /// the machine's memory.
    pub memory_max: Option<usize>,
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
            memory_max: None,
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
