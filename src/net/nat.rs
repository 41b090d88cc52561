//! What others see of our addresses: whether a NAT stands between, and whether holes can be punched through it.

use std::collections::{BTreeMap, BTreeSet};

use libp2p::core::ConnectedPoint;
use libp2p::core::transport::PortUse;
use libp2p::{Multiaddr, PeerId};

use super::message::Nat;
use super::reach::Reach;
use super::spot::{Range, Spot, ip_of};
use crate::base::limits::CANDIDATES_MAX;

/// What peers outside see, of connections that leave from the ports we listen on.
#[derive(Default)]
pub(crate) struct Views {
    seen: BTreeMap<(PeerId, bool), Spot>,
}

impl Views {
    /// A peer says how it sees us over a connection.
    pub(crate) fn add(&mut self, peer: PeerId, endpoint: &ConnectedPoint, observed: &Multiaddr) {
        let ConnectedPoint::Dialer { address, port_use: PortUse::Reuse, .. } = endpoint else { return };
        let outside = |address| ip_of(address).is_some_and(|ip| Range::of(ip) == Range::Global);
        let (Some((_, _)), Some((spot, _))) = (Spot::read(address), Spot::read(observed)) else { return };
        if outside(address) && outside(observed) && self.seen.len() < CANDIDATES_MAX {
            self.seen.insert((peer, spot.is_quic()), spot);
        }
    }

    /// Another network: what was seen in the former one holds no longer.
    pub(crate) fn forget(&mut self) {
        self.seen.clear();
    }

    /// What can be told of it.
    pub(crate) fn nat(&self, reach: &Reach) -> Nat {
        if self.seen.values().filter_map(Spot::ip).any(|ip| reach.has(ip)) {
            return Nat::Absent;
        }
        let mut kind = if self.seen.is_empty() { Nat::Unknown } else { Nat::Present };
        for quic in [false, true] {
            let spots =
                self.seen.iter().filter(|((_, over_quic), _)| *over_quic == quic).map(|(_, spot)| spot);
            let (count, distinct) = (spots.clone().count(), spots.collect::<BTreeSet<_>>().len());
            match (count, distinct) {
                (0 | 1, _) => {}
                (_, 1) => kind = Nat::Steady,
                _ => return Nat::Changing,
            }
        }
        kind
    }
}

#[cfg(test)]
mod tests {
    use libp2p::core::Endpoint;

    use super::*;

    fn dialled(port_use: PortUse) -> ConnectedPoint {
        let address = "/ip4/8.8.8.8/tcp/1".parse().unwrap();
        ConnectedPoint::Dialer { address, role_override: Endpoint::Dialer, port_use }
    }

    fn nat(observed: &[&str]) -> Nat {
        let mut reach = Reach::default();
        reach.listen(&"/ip4/9.9.9.9/tcp/4001".parse().unwrap());
        let mut views = Views::default();
        for text in observed {
            views.add(PeerId::random(), &dialled(PortUse::Reuse), &text.parse().unwrap());
        }
        views.nat(&reach)
    }

    #[test]
    fn a_nat_is_told_by_what_several_peers_see() {
        assert_eq!(nat(&[]), Nat::Unknown);
        assert_eq!(nat(&["/ip4/9.9.9.9/tcp/4001"]), Nat::Absent);
        assert_eq!(nat(&["/ip4/7.7.7.7/tcp/5"]), Nat::Present);
        assert_eq!(nat(&["/ip4/7.7.7.7/tcp/5", "/ip4/7.7.7.7/tcp/5"]), Nat::Steady);
        assert_eq!(nat(&["/ip4/7.7.7.7/tcp/5", "/ip4/7.7.7.7/tcp/6"]), Nat::Changing);
        assert_eq!(nat(&["/ip4/7.7.7.7/tcp/5", "/ip4/7.7.7.7/udp/6/quic-v1"]), Nat::Present);
        assert_eq!(nat(&["/ip4/192.168.1.7/tcp/5"]), Nat::Unknown);
    }

    #[test]
    fn a_connection_from_another_port_tells_nothing() {
        let mut views = Views::default();
        let observed = "/ip4/7.7.7.7/tcp/5".parse().unwrap();
        views.add(PeerId::random(), &dialled(PortUse::New), &observed);
        assert_eq!(views.nat(&Reach::default()), Nat::Unknown);
    }
}
