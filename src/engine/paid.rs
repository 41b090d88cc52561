//! What one receipt pays for elsewhere, kept: a place with a relay.

use serde::{Deserialize, Serialize};

use crate::base::id::Digest;
use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::Table;
use crate::wire::peer::PeerAddress;

/// Places that relays keep for us by receipt, by the relay's peer.
pub(super) const PAID_PLACES: Table<PaidPlace> = Table::new(TableId::PaidPlaces, 1);

/// A place that a relay keeps for us.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct PaidPlace {
    /// Where the relay is.
    pub(super) relay: PeerAddress,
    /// The subscription that pays for it.
    pub(super) subscription: Digest,
    /// The receipt that was shown.
    pub(super) receipt: Digest,
    /// Until when the relay keeps it.
    pub(super) until: Time,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::peer::PeerKey;

    #[test]
    fn the_rows_bytes_stay_as_they_are() {
        let peer = PeerKey::new(vec![7; 38]);
        let place = PaidPlace {
            relay: PeerAddress::new(peer.unwrap(), vec!["/memory/1".into()]).unwrap(),
            subscription: Digest::new([1; 32]),
            receipt: Digest::new([2; 32]),
            until: Time::from_millis(300),
        };
        let bytes = PAID_PLACES.encode(&place).unwrap();
        assert_eq!(PAID_PLACES.decode(&bytes), Ok(place));
        let expected = concat!(
            "0126070707070707070707070707070707070707070707070707070707070707070707070707070701092f6d656d6f72792f31",
            "200101010101010101010101010101010101010101010101010101010101010101",
            "200202020202020202020202020202020202020202020202020202020202020202ac02"
        );
        assert_eq!(data_encoding::HEXLOWER.encode(&bytes), expected);
    }
}
