//! Where a peer's requests come from, as far as they share a price.

use crate::wire::peer::PeerKey;

/// A network that a connection comes from: a /24 (IPv4) or a /48 (IPv6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Prefix {
    /// The first three bytes of an IPv4 address.
    V4([u8; 3]),
    /// The first six bytes of an IPv6 address.
    V6([u8; 6]),
}

/// Who shares a price: all of one network, or a peer alone where its network isn't known, as on this very machine.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// Everybody in it. Through a relay that is the relay's network.
    Network(Prefix),
    /// A peer that no network tells from others.
    Peer(PeerKey),
}

impl Origin {
    /// The origin of a peer's requests.
    pub fn of(from: Option<Prefix>, peer: &PeerKey) -> Self {
        from.map_or_else(|| Self::Peer(peer.clone()), Self::Network)
    }

    /// Its bytes, prefix-free: 4, 6 or 0 first, then the network, or the peer id behind its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Network(Prefix::V4(network)) => [&[4], network.as_slice()].concat(),
            Self::Network(Prefix::V6(network)) => [&[6], network.as_slice()].concat(),
            Self::Peer(peer) => [&[0], peer.with_length().as_slice()].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_bytes_of_which_none_begins_another() {
        let peer = |bytes: &[u8]| Origin::Peer(PeerKey::new(bytes.to_vec()).unwrap());
        let network = |prefix| Origin::of(Some(prefix), &PeerKey::new(vec![1]).unwrap());
        let all = [
            network(Prefix::V4([1, 2, 3])),
            network(Prefix::V4([1, 2, 4])),
            network(Prefix::V6([1, 2, 3, 0, 0, 0])),
            peer(&[1]),
            peer(&[1, 2]),
        ];
        assert_eq!(Origin::of(None, &PeerKey::new(vec![1]).unwrap()), all[3]);
        for (i, one) in all.iter().enumerate() {
            for (j, other) in all.iter().enumerate() {
                assert!(i == j || !one.to_bytes().starts_with(&other.to_bytes()), "{one:?} {other:?}");
            }
        }
    }
}
