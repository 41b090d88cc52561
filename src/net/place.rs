//! Where a node is, as people write it: a multiaddress that ends in a peer id.

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::convert::{address_of, bare, key_of, peer_of};
use super::spot::Spot;
use crate::wire::peer::{PeerAddress, PeerKey};

/// The node that a multiaddress ending in `/p2p/PEER` leads to.
pub fn read(text: &str) -> Option<PeerAddress> {
    let address: Multiaddr = text.parse().ok()?;
    let Some(Protocol::P2p(peer)) = address.iter().last() else { return None };
    let is_place = bare(&address).iter().count() >= 2;
    address_of(&peer, &[address]).filter(|at| is_place && !at.addresses().is_empty())
}

/// Whether a text is an address for TCP or QUIC, perhaps with a peer id at its end: one to listen on, or to dial.
pub fn is_address(text: &str) -> bool {
    text.parse().is_ok_and(|address| Spot::read(&address).is_some())
}

/// A peer id in base58.
pub fn peer(text: &str) -> Option<PeerKey> {
    key_of(&text.parse::<PeerId>().ok()?)
}

/// The base58 of a peer id; empty where it is none.
pub fn peer_text(key: &PeerKey) -> String {
    peer_of(key).map(|peer| peer.to_base58()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_dialled_is_an_address() {
        for good in ["/ip4/0.0.0.0/tcp/0", "/ip6/::/udp/0/quic-v1", "/dns4/a.example/tcp/1"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "nowhere", "127.0.0.1:1", "/ip4/127.0.0.1/udp/1", "/ip4/127.0.0.1/tcp/x"] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_place_is_an_address_and_the_peer_that_is_there() {
        let peer_id = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
        let at = read(&format!("/ip4/203.0.113.5/udp/4001/quic-v1/p2p/{peer_id}")).unwrap();
        assert_eq!(at.addresses(), ["/ip4/203.0.113.5/udp/4001/quic-v1"]);
        assert_eq!(peer_text(at.peer()), peer_id);
        assert_eq!(peer(peer_id).as_ref(), Some(at.peer()));
        for bad in ["", "203.0.113.5", "/ip4/203.0.113.5/tcp/4001", &format!("/p2p/{peer_id}")] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
