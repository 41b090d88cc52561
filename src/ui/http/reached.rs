//! How contacts are reached, from what the network and the store know of them.

use serde_json::{Value, json};

use crate::base::time::Time;
use crate::engine::reach_view::ContactPeers;
use crate::node::handle::Network;
use crate::wire::peer::PeerKey;

/// How one contact is reached.
pub(super) struct Reached {
    /// `direct`, `relayed`, `offline` where it was connected once or couldn't be, `unknown` where nobody tried.
    pub(super) how: &'static str,
    /// Why not, where that is known.
    pub(super) reason: String,
    /// As the API says it.
    pub(super) document: Value,
}

/// How a contact is reached now: over the best connection of any of its devices.
pub(super) fn reached(contact: &ContactPeers, network: Option<&Network>, now: Time) -> Reached {
    let path = |peer: &PeerKey| network?.paths.iter().find(|path| path.peer == *peer);
    let paths: Vec<_> = contact.peers.iter().filter_map(path).collect();
    let mut document =
        json!({ "address": contact.address, "name": contact.name, "waiting": contact.waiting });
    let best = paths
        .iter()
        .filter_map(|path| Some((path, path.ways.first()?)))
        .min_by_key(|(_, way)| way.relay().is_some());
    let (mut how, mut reason) = ("unknown", String::new());
    if let Some((path, way)) = best {
        match way.relay() {
            Some(relay) => {
                how = "relayed";
                document["relay"] = json!(relay);
            }
            None => {
                how = "direct";
                document["transport"] = json!(if way.is_quic() { "quic" } else { "tcp" });
                document["at"] = json!(way.address());
            }
        }
        document["since"] = json!(path.since.map(|since| now.minus(since)));
    } else if let Some(path) = paths.iter().min_by_key(|path| path.since.unwrap_or(core::time::Duration::MAX))
    {
        how = "offline";
        document["since"] = json!(path.since.map(|since| now.minus(since)));
        path.reason.clone_into(&mut reason);
        document["reason"] = json!((!reason.is_empty()).then_some(&reason));
    } else if contact.peers.is_empty() {
        "they haven't told where they are".clone_into(&mut reason);
        document["reason"] = json!(reason);
    }
    document["reached"] = json!(how);
    Reached { how, reason, document }
}
