//! Over which connections each peer is reached, and since when those that were are gone.

use std::collections::BTreeMap;

use libp2p::core::ConnectedPoint;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::convert::key_of;
use super::message::{PeerStatus, Way};
use super::spot::{Circuit, Spot};
use crate::base::limits::GONE_MAX;

struct Path {
    peer: PeerId,
    endpoint: ConnectedPoint,
    since: Instant,
}

#[derive(Default)]
struct Gone {
    at: Option<Instant>,
    reason: String,
}

/// Every connection, and what is remembered of those that ended.
#[derive(Default)]
pub(crate) struct Paths {
    up: BTreeMap<ConnectionId, Path>,
    gone: BTreeMap<PeerId, Gone>,
}

impl Paths {
    /// A connection is up.
    pub(crate) fn opened(&mut self, id: ConnectionId, peer: PeerId, endpoint: ConnectedPoint, now: Instant) {
        self.up.insert(id, Path { peer, endpoint, since: now });
        self.gone.remove(&peer);
    }

    /// A connection has ended; `last` says whether it was the peer's last.
    pub(crate) fn closed(&mut self, id: ConnectionId, last: bool, now: Instant) {
        if let Some(Path { peer, .. }) = self.up.remove(&id)
            && last
        {
            self.remember(peer).at = Some(now);
        }
    }

    /// A peer couldn't be connected to.
    pub(crate) fn unreachable(&mut self, peer: PeerId, reason: String) {
        if !reason.is_empty() {
            self.remember(peer).reason = reason;
        }
    }

    fn remember(&mut self, peer: PeerId) -> &mut Gone {
        if self.gone.len() >= GONE_MAX && !self.gone.contains_key(&peer) {
            let oldest = self.gone.iter().min_by_key(|(_, gone)| gone.at).map(|(peer, _)| *peer);
            oldest.and_then(|peer| self.gone.remove(&peer));
        }
        self.gone.entry(peer).or_default()
    }

    /// How a connection was made.
    pub(crate) fn endpoint(&self, id: ConnectionId) -> Option<&ConnectedPoint> {
        self.up.get(&id).map(|path| &path.endpoint)
    }

    /// The peers that are connected, with their ways, direct ones first; then those that aren't, as far as remembered.
    pub(crate) fn status(&self, now: Instant) -> Vec<PeerStatus> {
        let mut peers: BTreeMap<PeerId, PeerStatus> = BTreeMap::new();
        for path in self.up.values() {
            let Some(key) = key_of(&path.peer) else { continue };
            let status = peers.entry(path.peer).or_insert_with(|| PeerStatus::new(key));
            status.ways.push(way(&path.endpoint));
            status.ways.sort_by_key(|way| matches!(way, Way::Relayed { .. }));
            let since = now.saturating_duration_since(path.since);
            status.since = Some(status.since.map_or(since, |known| known.max(since)));
        }
        for (peer, gone) in &self.gone {
            let Some(key) = key_of(peer) else { continue };
            let status = peers.entry(*peer).or_insert_with(|| PeerStatus::new(key));
            status.since = gone.at.map(|at| now.saturating_duration_since(at));
            status.reason.clone_from(&gone.reason);
        }
        peers.into_values().collect()
    }
}

fn way(endpoint: &ConnectedPoint) -> Way {
    let address = match endpoint {
        ConnectedPoint::Dialer { address, .. } => address,
        // The other end of a circuit has no address but its peer id.
        ConnectedPoint::Listener { local_addr, .. } if endpoint.is_relayed() => local_addr,
        ConnectedPoint::Listener { send_back_addr, .. } => send_back_addr,
    };
    if endpoint.is_relayed() {
        return Way::Relayed { relay: relay_of(address).map(|peer| peer.to_base58()).unwrap_or_default() };
    }
    let quic = Spot::read(address).is_some_and(|(spot, _)| spot.is_quic());
    Way::Direct { quic, address: super::convert::bare(address).to_string() }
}

/// The relay of a circuit, in whatever form.
fn relay_of(address: &Multiaddr) -> Option<PeerId> {
    Circuit::read(address).map(|(circuit, _)| circuit.relay).or_else(|| {
        address.iter().find_map(|part| if let Protocol::P2p(peer) = part { Some(peer) } else { None })
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use libp2p::core::Endpoint;
    use libp2p::core::transport::PortUse;

    use super::*;

    fn dialled(address: &str) -> ConnectedPoint {
        let address = address.parse().unwrap();
        ConnectedPoint::Dialer { address, role_override: Endpoint::Dialer, port_use: PortUse::Reuse }
    }

    #[test]
    fn direct_ways_come_first_and_a_circuit_names_its_relay() {
        let (mut paths, peer, relay, now) =
            (Paths::default(), PeerId::random(), PeerId::random(), Instant::now());
        let circuit = format!("/ip4/9.9.9.9/tcp/1/p2p/{relay}/p2p-circuit/p2p/{peer}");
        paths.opened(ConnectionId::new_unchecked(1), peer, dialled(&circuit), now);
        let direct = format!("/ip4/9.9.9.8/udp/1/quic-v1/p2p/{peer}");
        paths.opened(ConnectionId::new_unchecked(2), peer, dialled(&direct), now);
        let expected = [
            Way::Direct { quic: true, address: "/ip4/9.9.9.8/udp/1/quic-v1".into() },
            Way::Relayed { relay: relay.to_base58() },
        ];
        assert_eq!(paths.status(now)[0].ways, expected);
    }

    #[test]
    fn who_is_gone_is_remembered_with_since_when_and_why_and_not_for_ever() {
        let (mut paths, peer, now) = (Paths::default(), PeerId::random(), Instant::now());
        let id = ConnectionId::new_unchecked(1);
        paths.opened(id, peer, dialled("/ip4/9.9.9.8/tcp/1"), now);
        paths.closed(id, true, now);
        paths.unreachable(peer, "nobody listens there".into());
        let later = now + Duration::from_secs(7);
        let status = paths.status(later).remove(0);
        assert_eq!((status.since, status.ways.len()), (Some(Duration::from_secs(7)), 0));
        assert_eq!(status.reason, "nobody listens there");
        (0..2 * GONE_MAX).for_each(|_| paths.unreachable(PeerId::random(), "x".into()));
        assert_eq!(paths.gone.len(), GONE_MAX);
        paths.opened(id, peer, dialled("/ip4/9.9.9.8/tcp/1"), later);
        assert_eq!(paths.status(later).iter().find(|s| !s.ways.is_empty()).unwrap().reason, "");
    }
}
