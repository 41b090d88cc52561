//! The configuration file of a node, and its defaults.

use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::base::{api_limits, limits};
use crate::disk::files;
use crate::domain::files::rules::Rules;
use crate::domain::mailbox::admission::NamedPlan;
use crate::net::place;
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
    /// Files: what is fetched, and how much is kept.
    pub files: Files,
    /// The local API over TCP.
    pub api: Api,
}

/// What files the node fetches by itself, and how much it keeps. Where nothing is said, it depends on the kind of account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// KiB of the largest file that is fetched without being asked for; 0 for none.
    pub fetched_kibibytes: Option<u64>,
    /// MiB of all files on the disk.
    pub kept_mebibytes: Option<u64>,
}

impl Files {
    /// The rules for a node of this kind.
    pub const fn rules(&self, kind: AccountKind) -> Rules {
        let usual = Rules::of(kind);
        Rules {
            fetched: match self.fetched_kibibytes {
                Some(kibibytes) => kibibytes.saturating_mul(1_024),
                None => usual.fetched,
            },
            kept: match self.kept_mebibytes {
                Some(mebibytes) => mebibytes.saturating_mul(1_024 * 1_024),
                None => usual.kept,
            },
        }
    }
}

/// Whether and how programs reach the local API over TCP; its Unix socket is always there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// The address and port to listen on, such as `127.0.0.1:7800`; nothing is listened on without one.
    pub listen: Option<SocketAddr>,
    /// Whether the address may be another than one of this machine alone. It is plain HTTP: whoever sees the traffic
    /// sees tokens and texts.
    pub allow_remote: bool,
    /// Names under which the API may be addressed besides `localhost` and its own address, each without a port.
    pub hosts: Vec<String>,
    /// Pages that may call it from a browser, such as `https://desk.example`.
    pub origins: Vec<String>,
    /// Requests of one token in a second, in the long run.
    pub rate: u32,
}

impl Default for Api {
    fn default() -> Self {
        let rate = api_limits::RATE;
        Self { listen: None, allow_remote: false, hosts: Vec::new(), origins: Vec::new(), rate }
    }
}

impl Api {
    /// Whether other machines would reach the API though nobody said that they may; if so, what to change.
    pub fn is_exposed(&self) -> Option<String> {
        let listen = self.listen.filter(|listen| !listen.ip().is_loopback() && !self.allow_remote)?;
        Some(format!(
            "the API would listen on {listen}, which other machines reach, in plain HTTP: choose a loopback address such as \
             127.0.0.1, or say that you want this with `allow_remote = true` under [api] (`--api-allow-remote`), behind a \
             proxy that speaks TLS"
        ))
    }

    /// Whether the API may be served so; why not, in words that say what to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        let no = |words: String| Err(ConfigError::Text(words));
        if let Some(words) = self.is_exposed() {
            return no(words);
        }
        if !(1..=api_limits::RATE_MAX).contains(&self.rate) {
            return no(format!("the rate under [api] is 1 to {} requests a second", api_limits::RATE_MAX));
        }
        if self.hosts.len().max(self.origins.len()) > api_limits::NAMES_MAX {
            return no(format!("under [api] there are at most {} hosts and origins", api_limits::NAMES_MAX));
        }
        Ok(())
    }
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

/// Whether a text is an address that a node can listen on, announce, or dial.
pub fn is_address(text: &str) -> bool {
    place::is_address(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn api(text: &str) -> Result<(), ConfigError> {
        let config: Config = toml::from_str(text).map_err(|error| ConfigError::Text(error.to_string()))?;
        config.api.check()
    }

    #[test]
    fn the_api_listens_where_other_machines_reach_it_only_if_somebody_says_so() {
        assert!(api("").is_ok());
        for listen in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1"] {
            assert!(api(&format!("[api]\nlisten = \"{listen}\"")).is_ok(), "{listen}");
        }
        for listen in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[::ffff:127.0.0.1]:1"] {
            let text = format!("[api]\nlisten = \"{listen}\"\n");
            let refused = api(&text).unwrap_err().to_string();
            assert!(refused.contains("allow_remote"), "{refused}");
            assert!(api(&format!("{text}allow_remote = true")).is_ok(), "{listen}");
        }
        assert!(api("[api]\nlisten = \"localhost:1\"").is_err(), "a name may lead anywhere");
        assert!(api("[api]\nrate = 0").is_err());
    }
}
