//! The configuration file of a node, and its defaults.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::limits;
use crate::disk::files;
use crate::domain::mailbox::admission::NamedPlan;
use crate::node::mailbox::{self, Mailbox, RulesError};

/// The largest configuration file that is read.
const CONFIG_MAX: u64 = 64 * 1024;

/// What a person may set in `config.toml`. Everything has a default, so the file may be missing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The network.
    pub network: Network,
    /// Mail that is kept for others.
    pub mailbox: Mailbox,
    /// Relays: which to use, and whether to be one.
    pub relay: Relay,
}

/// How the node takes part in the network.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Multiaddresses to listen on.
    pub listen: Vec<String>,
    /// Multiaddresses that lead here from outside, where the node can't see them itself.
    pub announce: Vec<String>,
    /// Multiaddresses of nodes to begin with, each ending in `/p2p/PEER`.
    pub bootstrap: Vec<String>,
    /// Whether the node keeps a part of the directory for others.
    pub directory: Directory,
    /// Whether to look for nodes on the local network.
    pub mdns: bool,
    /// Whether to ask the router to forward ports (UPnP).
    pub upnp: bool,
    /// Connections that others may open.
    pub connections: u32,
    /// Whether few peers of one subnet are let into the routing table.
    pub subnet_limits: bool,
}

/// Which relays the node uses where nobody can dial it, and whether it relays for others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Relay {
    /// Multiaddresses of relays to use first, each ending in `/p2p/PEER`.
    #[serde(rename = "use")]
    pub named: Vec<String>,
    /// Whether others may be used, too: those of the bootstrap list, those of contacts, and any that the node meets.
    pub any: bool,
    /// Whether to relay for others, which needs an address that everybody can dial.
    pub serve: bool,
    /// Peers that a reservation is kept for.
    pub reservations: usize,
    /// Circuits at once.
    pub circuits: usize,
    /// Minutes after which a circuit ends.
    pub circuit_minutes: u32,
    /// Mebibytes in both directions after which it ends; 0 for no end.
    pub circuit_mebibytes: u64,
    /// The plan that must be paid for a place; empty where places are free.
    pub plan: String,
    /// The address of the business that offers it, where it isn't this node's own.
    pub issuer: String,
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            named: Vec::new(),
            any: true,
            serve: false,
            reservations: limits::RELAY_RESERVATIONS,
            circuits: limits::RELAY_CIRCUITS,
            circuit_minutes: limits::RELAY_CIRCUIT_MINUTES,
            circuit_mebibytes: limits::RELAY_CIRCUIT_MEBIBYTES,
            plan: String::new(),
            issuer: String::new(),
        }
    }
}

impl Relay {
    /// The plan that pays for a place with the relay of the node, which speaks for `account`; nothing where it relays for
    /// nobody, or for anybody.
    ///
    /// # Errors
    /// Where the issuer isn't an address.
    pub fn paid_by(&self, account: AccountId) -> Result<Option<NamedPlan>, RulesError> {
        if !self.serve || self.plan.is_empty() {
            return Ok(None);
        }
        mailbox::named_plan(&self.plan, &self.issuer, account)
            .map(Some)
            .ok_or_else(|| RulesError::new("[relay] issuer: not an address"))
    }
}

/// Whether a node keeps a part of the directory for others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Directory {
    /// Businesses do, people don't.
    #[default]
    Auto,
    /// It does.
    Server,
    /// It only asks.
    Client,
}

impl Default for Network {
    fn default() -> Self {
        let listen =
            ["/ip4/0.0.0.0/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0", "/ip6/::/udp/0/quic-v1", "/ip6/::/tcp/0"];
        Self {
            listen: listen.map(str::to_owned).to_vec(),
            announce: Vec::new(),
            bootstrap: Vec::new(),
            directory: Directory::Auto,
            mdns: true,
            upnp: true,
            connections: limits::CONNECTIONS_IN_MAX,
            subnet_limits: true,
        }
    }
}

impl Config {
    /// Reads the file; the defaults where there is none.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes = match files::read_bounded(path, CONFIG_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(ConfigError::Read(error)),
        };
        let text = String::from_utf8(bytes).map_err(|_| ConfigError::Text("it isn't UTF-8".into()))?;
        toml::from_str(&text).map_err(|error| ConfigError::Text(error.to_string()))
    }
}

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("config.toml can't be read: {0}")]
    Read(std::io::Error),
    /// The file says something else than it may.
    #[error("config.toml can't be understood: {0}")]
    Text(String),
}
