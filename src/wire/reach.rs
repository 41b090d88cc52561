//! Where a device can be reached, as profiles, invites and contacts say it.

use serde::{Deserialize, Serialize};

use crate::base::id::DeviceId;
use crate::base::limits;
use crate::wire::binary;
use crate::wire::decode::{Malformed, array};
use crate::wire::peer::{PeerAddress, PeerKey};
use crate::wire::schema;

/// A device, its peer and the peer's addresses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reach {
    device: DeviceId,
    #[serde(with = "binary")]
    peer: Vec<u8>,
    addresses: Vec<String>,
}

impl Reach {
    /// Checks the bounds: a peer of 1 to [`limits::PEER_KEY_MAX`] bytes, at most [`limits::ADDRESSES_MAX`]
    /// addresses, each printable ASCII beginning with `/` and of at most [`limits::ADDRESS_LEN_MAX`] bytes.
    pub fn new(device: DeviceId, peer: Vec<u8>, addresses: Vec<String>) -> Option<Self> {
        let fits = (1..=limits::PEER_KEY_MAX).contains(&peer.len())
            && addresses.len() <= limits::ADDRESSES_MAX
            && addresses.iter().all(|address| is_address(address));
        fits.then_some(Self { device, peer, addresses })
    }

    /// The device.
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// The bytes of its libp2p peer id.
    pub fn peer(&self) -> &[u8] {
        &self.peer
    }

    /// Its multiaddresses as text, the best first.
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// The same for the network.
    pub fn at(&self) -> Option<PeerAddress> {
        PeerAddress::new(PeerKey::new(self.peer.clone())?, self.addresses.clone()).ok()
    }

    /// The same with at most `count` addresses.
    #[must_use]
    pub fn with_addresses(mut self, count: usize) -> Self {
        self.addresses.truncate(count);
        self
    }

    pub(crate) fn to_schema(&self) -> schema::Reach {
        schema::Reach {
            device: self.device.as_bytes().to_vec(),
            peer: self.peer.clone(),
            addresses: self.addresses.clone(),
        }
    }

    pub(crate) fn from_schema(reach: schema::Reach) -> Result<Self, Malformed> {
        let device = DeviceId::new(array(&reach.device)?);
        Self::new(device, reach.peer, reach.addresses).ok_or(Malformed("not a reach"))
    }
}

/// Whether the text may be a multiaddress: printable ASCII without spaces that begins with `/`.
pub fn is_address(text: &str) -> bool {
    (2..=limits::ADDRESS_LEN_MAX).contains(&text.len())
        && text.starts_with('/')
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bounded_peers_and_addresses_make_a_reach() {
        let reach = |peer: usize, addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
            Reach::new(DeviceId::new([1; 32]), vec![7; peer], addresses)
        };
        let good = "/ip4/203.0.113.5/udp/4001/quic-v1";
        assert!(reach(38, &[good; 8]).is_some() && reach(64, &[]).is_some());
        assert!(reach(0, &[good]).is_none() && reach(65, &[good]).is_none());
        assert!(reach(38, &[good; 9]).is_none());
        let long = format!("/{}", "x".repeat(256));
        for bad in ["", "/", "ip4/1.2.3.4", "/ip4 /1", "/dns4/café", "/a\u{1b}[0m", long.as_str()] {
            assert!(reach(38, &[bad]).is_none(), "{bad:?}");
        }
    }
}
