//! Ports that stay: a node that lets the system choose its ports asks for the same ones when it starts again.
//!
//! A person's contacts know the addresses that it last told them. If both sides restart with other ports, neither
//! finds the other until something (a mailbox, the local network) brings them together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::disk::files;

/// The largest file of ports that is read.
const PORTS_MAX: u64 = 4 * 1024;

/// The ports that a node had, by the transport they are for, such as `ip4/tcp`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ports(BTreeMap<String, u16>);

impl Ports {
    /// Where they are kept in a home.
    pub(super) fn path(home: &Path) -> PathBuf {
        home.join("ports")
    }

    /// The ports that were kept; none where there is no file or it can't be used.
    pub(super) fn read(path: &Path) -> Self {
        let bytes = files::read_bounded(path, PORTS_MAX).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Keeps them. A failure only means other ports next time.
    pub(super) fn write(&self, path: &Path) {
        let written = serde_json::to_vec(&self.0).map(|bytes| files::write_whole(path, &bytes));
        if !matches!(written, Ok(Ok(()))) {
            tracing::debug!("the ports can't be kept");
        }
    }

    /// Takes in the addresses that are listened on; whether any port is new.
    pub(super) fn learn(&mut self, listening: &[String]) -> bool {
        let before = self.clone();
        for address in listening.iter().take(limits::ADDRESSES_MAX) {
            if let Some((transport, port)) = split(address).filter(|(_, port)| *port != 0) {
                self.0.insert(transport, port);
            }
        }
        *self != before
    }

    /// The addresses to listen on, with the ports of last time in the place of those left to the system.
    pub(super) fn apply(&self, listen: &[String]) -> Vec<String> {
        let apply = |address: &String| match split(address) {
            Some((transport, 0)) => match self.0.get(&transport) {
                Some(port) => with_port(address, *port),
                None => address.clone(),
            },
            _ => address.clone(),
        };
        listen.iter().map(apply).collect()
    }
}

/// The address with its port (the fourth part) replaced.
fn with_port(address: &str, port: u16) -> String {
    let port = port.to_string();
    let part = |(index, part)| if index == 4 { port.as_str() } else { part };
    address.split('/').enumerate().map(part).collect::<Vec<_>>().join("/")
}

/// The transport and the port of an address such as `/ip4/0.0.0.0/tcp/0`.
fn split(address: &str) -> Option<(String, u16)> {
    // The port of a circuit is the relay's.
    if address.contains("/p2p-circuit") {
        return None;
    }
    let mut parts = address.split('/').skip(1);
    let (family, _, transport, port) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some((format!("{family}/{transport}"), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_port_left_to_the_system_is_the_one_of_last_time() {
        let mut ports = Ports::default();
        assert!(ports.learn(&texts(&["/ip4/127.0.0.1/tcp/4001", "/ip4/127.0.0.1/udp/4002/quic-v1"])));
        assert!(!ports.learn(&texts(&["/ip4/127.0.0.1/tcp/4001", "/ip4/9.9.9.9/tcp/7/p2p/x/p2p-circuit"])));
        let wanted = texts(&[
            "/ip4/0.0.0.0/udp/0/quic-v1",
            "/ip4/0.0.0.0/tcp/0",
            "/ip6/::/tcp/0",
            "/ip4/0.0.0.0/tcp/9",
        ]);
        let applied =
            ["/ip4/0.0.0.0/udp/4002/quic-v1", "/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/0", "/ip4/0.0.0.0/tcp/9"];
        assert_eq!(ports.apply(&wanted), applied);
    }

    #[test]
    fn a_damaged_file_means_no_ports() {
        let directory = tempfile::tempdir().unwrap();
        let path = Ports::path(directory.path());
        std::fs::write(&path, b"{\"ip4/tcp\": 99999999}").unwrap();
        assert_eq!(Ports::read(&path), Ports::default());
        let mut ports = Ports::default();
        ports.learn(&texts(&["/ip4/1.2.3.4/tcp/4001"]));
        ports.write(&path);
        assert_eq!(Ports::read(&path), ports);
    }
}
