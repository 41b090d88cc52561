//! Peers of the transport as everything above the network knows them: keys, addresses and links.

use core::fmt;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::base::limits::{ADDRESS_LEN_MAX, ADDRESSES_MAX, PEER_KEY_MAX};

/// A node of the transport: the bytes of its libp2p peer id (a multihash), 1 to [`PEER_KEY_MAX`] of them.
///
/// It says nothing about accounts or devices, and for people it changes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "ByteBuf", into = "ByteBuf")]
pub struct PeerKey(Vec<u8>);

impl PeerKey {
    /// Takes the bytes of a peer id; `None` if there are none or too many.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=PEER_KEY_MAX).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes of the peer id.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same behind their length, one byte: prefix-free.
    pub fn with_length(&self) -> Vec<u8> {
        let length = u8::try_from(self.0.len()).unwrap_or(u8::MAX);
        [&[length], self.0.as_slice()].concat()
    }
}

impl TryFrom<ByteBuf> for PeerKey {
    type Error = PeerError;

    fn try_from(bytes: ByteBuf) -> Result<Self, PeerError> {
        Self::new(bytes.into_vec()).ok_or(PeerError::Key)
    }
}

impl From<PeerKey> for ByteBuf {
    fn from(key: PeerKey) -> Self {
        Self::from(key.0)
    }
}

impl fmt::Debug for PeerKey {
    /// The last four bytes: peer ids share their first ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerKey:")?;
        let tail = self.0.len().saturating_sub(4);
        self.0.iter().skip(tail).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Where a peer can be reached: its key, and at most [`ADDRESSES_MAX`] textual multiaddresses.
///
/// Every address is printable ASCII, starts with `/` and has at most [`ADDRESS_LEN_MAX`] bytes; whether it means
/// anything is for the network to find out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "(PeerKey, Vec<String>)", into = "(PeerKey, Vec<String>)")]
pub struct PeerAddress {
    peer: PeerKey,
    addresses: Vec<String>,
}

impl PeerAddress {
    /// Checks the addresses; none at all is fine, for a peer that is connected already.
    ///
    /// # Errors
    /// [`PeerError::Count`] or [`PeerError::Address`].
    pub fn new(peer: PeerKey, addresses: Vec<String>) -> Result<Self, PeerError> {
        if addresses.len() > ADDRESSES_MAX {
            return Err(PeerError::Count);
        }
        if !addresses.iter().all(|address| is_address(address)) {
            return Err(PeerError::Address);
        }
        Ok(Self { peer, addresses })
    }

    /// Whose addresses these are.
    pub const fn peer(&self) -> &PeerKey {
        &self.peer
    }

    /// The addresses, best first.
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }
}

impl TryFrom<(PeerKey, Vec<String>)> for PeerAddress {
    type Error = PeerError;

    fn try_from((peer, addresses): (PeerKey, Vec<String>)) -> Result<Self, PeerError> {
        Self::new(peer, addresses)
    }
}

impl From<PeerAddress> for (PeerKey, Vec<String>) {
    fn from(address: PeerAddress) -> Self {
        (address.peer, address.addresses)
    }
}

fn is_address(text: &str) -> bool {
    text.len() <= ADDRESS_LEN_MAX && text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// One envelope stream between two nodes, named by the node that speaks of it. Numbers are never used twice
/// while the network runs, and mean nothing after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(u64);

impl LinkId {
    /// The link with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The link's number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Why something isn't a peer's key or address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PeerError {
    /// No bytes, or more than [`PEER_KEY_MAX`].
    #[error("a peer's key has 1 to {PEER_KEY_MAX} bytes")]
    Key,
    /// More than [`ADDRESSES_MAX`] addresses.
    #[error("a peer has at most {ADDRESSES_MAX} addresses")]
    Count,
    /// Too long, not printable, or without the slash that a multiaddress begins with.
    #[error("an address is printable ASCII that starts with a slash, at most {ADDRESS_LEN_MAX} bytes")]
    Address,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PeerKey {
        PeerKey::new(vec![7; 38]).unwrap()
    }

    #[test]
    fn keys_and_addresses_out_of_bounds_are_refused() {
        assert_eq!(PeerKey::new(Vec::new()), None);
        assert_eq!(PeerKey::new(vec![0; PEER_KEY_MAX + 1]), None);
        let many = vec!["/ip4/1.2.3.4/tcp/1".to_owned(); ADDRESSES_MAX + 1];
        assert_eq!(PeerAddress::new(key(), many), Err(PeerError::Count));
        for bad in ["", "ip4/1.2.3.4", "/ip4/1.2.3.4 /tcp/1", "/dns4/é/tcp/1", "/a\n"] {
            assert_eq!(PeerAddress::new(key(), vec![bad.into()]), Err(PeerError::Address), "{bad:?}");
        }
        let long = format!("/{}", "a".repeat(ADDRESS_LEN_MAX));
        assert_eq!(PeerAddress::new(key(), vec![long]), Err(PeerError::Address));
    }

    #[test]
    fn a_stored_address_is_checked_again_when_it_is_read() {
        let good = PeerAddress::new(key(), vec!["/ip4/1.2.3.4/tcp/1".into()]).unwrap();
        let bytes = postcard::to_stdvec(&good).unwrap();
        assert_eq!(postcard::from_bytes::<PeerAddress>(&bytes).unwrap(), good);
        let bad = postcard::to_stdvec(&(vec![7u8; 38], vec!["no slash"])).unwrap();
        assert!(postcard::from_bytes::<PeerAddress>(&bad).is_err());
        let bad = postcard::to_stdvec(&(Vec::<u8>::new(), Vec::<String>::new())).unwrap();
        assert!(postcard::from_bytes::<PeerAddress>(&bad).is_err());
    }
}
