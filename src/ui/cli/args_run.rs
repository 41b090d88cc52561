//! What can be written on the command line for a node that runs, and its help.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use crate::node::config::{self, Directory};
use crate::node::mailbox;

#[derive(Clone, Debug, Args)]
pub(super) struct Run {
    /// A multiaddress to listen on, instead of those in config.toml; may be repeated
    #[arg(long, value_name = "MULTIADDR", value_parser = multiaddr)]
    pub(super) listen: Vec<String>,
    /// A node to begin with, ending in `/p2p/PEER`, instead of those in config.toml; may be repeated
    #[arg(long, value_name = "MULTIADDR", value_parser = multiaddr)]
    pub(super) bootstrap: Vec<String>,
    /// A multiaddress that leads here from outside; may be repeated
    #[arg(long, value_name = "MULTIADDR", value_parser = multiaddr)]
    pub(super) announce: Vec<String>,
    /// Whether to keep a part of the directory for others: a business does, a person doesn't
    #[arg(long, value_enum)]
    pub(super) directory: Option<DirectoryRole>,
    /// Don't look for nodes on the local network
    #[arg(long)]
    pub(super) no_mdns: bool,
    /// Don't ask the router to forward ports
    #[arg(long)]
    pub(super) no_upnp: bool,
    /// A relay to use where nobody can dial this node, ending in `/p2p/PEER`, instead of those in config.toml; may be
    /// repeated
    #[arg(long, value_name = "MULTIADDR", value_parser = place)]
    pub(super) relay: Vec<String>,
    /// Relay for others, which needs an address that everybody can dial
    #[arg(long)]
    pub(super) serve_relay: bool,
    /// Serve the local API over TCP as well, such as on `127.0.0.1:7800`, for programs with a token
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) api: Option<SocketAddr>,
    /// Let --api be an address that other machines reach: in plain HTTP, for a proxy with TLS before it
    #[arg(long)]
    pub(super) api_allow_remote: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum DirectoryRole {
    Auto,
    Server,
    Client,
}

impl From<DirectoryRole> for Directory {
    fn from(role: DirectoryRole) -> Self {
        match role {
            DirectoryRole::Auto => Self::Auto,
            DirectoryRole::Server => Self::Server,
            DirectoryRole::Client => Self::Client,
        }
    }
}

fn multiaddr(text: &str) -> Result<String, &'static str> {
    let words =
        "not a multiaddress for TCP or QUIC, such as /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/udp/4001/quic-v1";
    if config::is_address(text) { Ok(text.to_owned()) } else { Err(words) }
}

/// A node as its address and peer id.
pub(super) fn place(text: &str) -> Result<String, &'static str> {
    let words = "not a multiaddress for TCP or QUIC that ends in /p2p/PEER, as `sigillo run` shows it";
    let is_place = config::is_address(text) && mailbox::place(text).is_some();
    if is_place { Ok(text.to_owned()) } else { Err(words) }
}
