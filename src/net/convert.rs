//! The transport's own names for peers, from and to ours.

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::base::limits::{ADDRESS_LEN_MAX, ADDRESSES_MAX};
use crate::wire::peer::{PeerAddress, PeerKey};

/// Our name for a peer; `None` for a peer id longer than any that exists.
pub(crate) fn key_of(peer: &PeerId) -> Option<PeerKey> {
    PeerKey::new(peer.to_bytes())
}

/// The transport's name for a peer; `None` if it isn't one.
pub(crate) fn peer_of(key: &PeerKey) -> Option<PeerId> {
    PeerId::from_bytes(key.as_bytes()).ok()
}

/// The peer with the first addresses that fit.
pub(crate) fn address_of(peer: &PeerId, addresses: &[Multiaddr]) -> Option<PeerAddress> {
    PeerAddress::new(key_of(peer)?, texts(addresses)).ok()
}

/// The first addresses that fit, as text and without peer ids.
pub(crate) fn texts(addresses: &[Multiaddr]) -> Vec<String> {
    let texts = addresses.iter().map(|address| bare(address).to_string());
    texts.filter(|text| text.len() <= ADDRESS_LEN_MAX).take(ADDRESSES_MAX).collect()
}

/// The address without a peer id at its end.
pub(crate) fn bare(address: &Multiaddr) -> Multiaddr {
    let mut bare = address.clone();
    if matches!(bare.iter().last(), Some(Protocol::P2p(_))) {
        bare.pop();
    }
    bare
}
