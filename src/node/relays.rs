//! Relays that stay known: a node that starts again can ask those of last time before it meets any.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::files;

/// The largest file of relays that is read.
const FILE_MAX: u64 = 8 * 1024;
/// Relays that are kept.
const KEPT_MAX: usize = 8;
/// What ends the address of a relay as a way to somebody else.
const CIRCUIT: &str = "/p2p-circuit";

/// The relays that kept a reservation for a node, the latest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct KnownRelays(Vec<String>);

impl KnownRelays {
    /// Where they are kept in a home.
    pub(super) fn path(home: &Path) -> PathBuf {
        home.join("relays")
    }

    /// The relays that were kept; none where there is no file or it can't be used.
    pub(super) fn read(path: &Path) -> Self {
        let bytes = files::read_bounded(path, FILE_MAX).unwrap_or_default();
        let mut read: Self = serde_json::from_slice(&bytes).unwrap_or_default();
        read.0.truncate(KEPT_MAX);
        read
    }

    /// Keeps them. A failure only means that others must be found next time.
    pub(super) fn write(&self, path: &Path) {
        let written = serde_json::to_vec(&self.0).map(|bytes| files::write_whole(path, &bytes));
        if !matches!(written, Ok(Ok(()))) {
            tracing::debug!("the relays can't be kept");
        }
    }

    /// Their multiaddresses, each ending in `/p2p/PEER`.
    pub(super) fn addresses(&self) -> &[String] {
        &self.0
    }

    /// Takes in the addresses under which the node can be reached; whether any relay among them is new.
    pub(super) fn learn(&mut self, listening: &[String]) -> bool {
        let before = self.0.clone();
        for relay in listening.iter().filter_map(|address| address.strip_suffix(CIRCUIT)) {
            if !self.0.iter().any(|known| known == relay) {
                self.0.insert(0, relay.to_owned());
            }
        }
        self.0.truncate(KEPT_MAX);
        self.0 != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_are_learnt_from_the_circuits_that_lead_here_and_kept() {
        let mut relays = KnownRelays::default();
        let addresses = ["/ip4/9.9.9.9/tcp/1", "/ip4/9.9.9.9/tcp/1/p2p/12D3/p2p-circuit"].map(str::to_owned);
        assert!(relays.learn(&addresses) && !relays.learn(&addresses));
        assert_eq!(relays.addresses(), ["/ip4/9.9.9.9/tcp/1/p2p/12D3"]);
        let many: Vec<_> = (0..20).map(|port| format!("/ip4/9.9.9.9/tcp/{port}/p2p/x/p2p-circuit")).collect();
        relays.learn(&many);
        assert_eq!(relays.addresses().len(), KEPT_MAX);
        assert_eq!(relays.addresses()[0], "/ip4/9.9.9.9/tcp/19/p2p/x");
        let directory = tempfile::tempdir().unwrap();
        let path = KnownRelays::path(directory.path());
        assert_eq!(KnownRelays::read(&path), KnownRelays::default());
        relays.write(&path);
        assert_eq!(KnownRelays::read(&path), relays);
    }
}
