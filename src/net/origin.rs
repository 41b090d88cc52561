//! Where a connection comes from, for prices that a whole network shares.

use libp2p::core::ConnectedPoint;

use super::spot::{Circuit, Subnet, is_loopback};
use crate::wire::origin::Prefix;

/// The network of all whose own isn't known: behind a relay that is named, or dialled by a name.
const UNKNOWN: Prefix = Prefix::V4([0; 3]);

/// The network that a connection comes from: that of the relay where there is one in between, since peer ids cost
/// nothing. None on this very machine, whose nodes are told apart by their peer ids.
pub(crate) fn origin(endpoint: &ConnectedPoint) -> Option<Prefix> {
    let ours = match endpoint {
        ConnectedPoint::Dialer { address, .. } => address,
        ConnectedPoint::Listener { local_addr, .. } => local_addr,
    };
    if endpoint.is_relayed() {
        let subnet = Circuit::read(ours).and_then(|(circuit, _)| Subnet::of(&circuit.at));
        return Some(subnet.map_or(UNKNOWN, Subnet::prefix));
    }
    let remote = endpoint.get_remote_address();
    match Subnet::of(remote) {
        Some(subnet) => Some(subnet.prefix()),
        None if is_loopback(remote) => None,
        None => Some(UNKNOWN),
    }
}

#[cfg(test)]
mod tests {
    use libp2p::core::Endpoint;
    use libp2p::core::transport::PortUse;
    use libp2p::{Multiaddr, PeerId};

    use super::*;

    fn heard(local: &str, remote: &str) -> Option<Prefix> {
        let parse = |text: &str| text.parse::<Multiaddr>().unwrap();
        origin(&ConnectedPoint::Listener { local_addr: parse(local), send_back_addr: parse(remote) })
    }

    #[test]
    fn a_connection_comes_from_its_network_or_its_relay_s_and_never_from_a_peer_id_that_costs_nothing() {
        let (relay, peer) = (PeerId::random(), PeerId::random());
        let here = "/ip4/9.9.9.9/tcp/1";
        assert_eq!(heard(here, "/ip4/8.8.8.1/tcp/5"), Some(Prefix::V4([8, 8, 8])));
        assert_eq!(
            heard(here, "/ip6/2001:db8:1:2::1/udp/5/quic-v1"),
            Some(Prefix::V6([0x20, 1, 0x0D, 0xB8, 0, 1]))
        );
        assert_eq!(heard(here, "/ip4/127.0.0.1/tcp/5"), None);
        let circuit = |at: &str| heard(&format!("{at}/p2p/{relay}/p2p-circuit"), &format!("/p2p/{peer}"));
        assert_eq!(circuit("/ip4/7.7.7.7/tcp/1"), Some(Prefix::V4([7, 7, 7])));
        assert_eq!(circuit("/dns4/relay.example/tcp/1"), Some(UNKNOWN));
        assert_eq!(circuit("/ip4/127.0.0.1/tcp/1"), Some(UNKNOWN), "whoever comes through it");
        let dialled = |address: &str| {
            let address = address.parse().unwrap();
            origin(&ConnectedPoint::Dialer {
                address,
                role_override: Endpoint::Dialer,
                port_use: PortUse::New,
            })
        };
        assert_eq!(dialled("/ip4/6.6.6.6/tcp/1"), Some(Prefix::V4([6, 6, 6])));
        assert_eq!(dialled("/dns4/peer.example/tcp/1"), Some(UNKNOWN));
    }
}
