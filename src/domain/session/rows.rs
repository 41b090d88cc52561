//! The rows that sessions are kept in: sessions, their routes, prekeys and first flights seen.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, Digest, SessionId};
use crate::domain::session::one_time::HandedOut;
use crate::domain::session::pool::Pool;
use crate::domain::session::prekeys::PrekeySet;
use crate::domain::session::ratchet::Session;
use crate::domain::session::sessions::Peer;
use crate::store::key::{Key, TableId};
use crate::store::table::Table;

/// Sessions by their id.
pub const SESSIONS: Table<Session> = Table::new(TableId::Sessions, 2);
/// Which sessions there are with a contact's device, by that device.
pub const PEERS: Table<Peer> = Table::new(TableId::Peers, 1);
/// Private prekeys by our account, at the number of their set.
pub const PREKEYS: Table<PrekeySet> = Table::new(TableId::Prekeys, 1);
/// First flights seen, kept as long as the prekeys they used; see [`replay_key`].
pub const REPLAYS: Table<()> = Table::new(TableId::Replays, 1);
/// One-time prekeys that were handed out and not used yet, by our account, at their id.
pub const ONE_TIME: Table<HandedOut> = Table::new(TableId::OneTime, 1);
/// How many more may be handed out, by our account.
pub const POOLS: Table<Pool> = Table::new(TableId::PrekeyPools, 1);
/// Every route that this node listens to, by its id: which account, contact and session a frame is for.
pub const ROUTES: Table<Route> = Table::new(TableId::Routes, 1);

/// What a route id leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Route {
    /// First flights for an account of ours.
    Inbox {
        /// Which account.
        own: AccountId,
    },
    /// The frames of one session, from one device of a contact.
    Pair {
        /// The account of ours that the session is with.
        own: AccountId,
        /// The contact.
        contact: AccountId,
        /// Its device.
        device: DeviceId,
        /// The session.
        session: SessionId,
    },
}

/// What the first flights to one set of prekeys are remembered under.
pub fn replays_of(own: &AccountId, set: u32) -> Vec<u8> {
    [own.as_bytes().as_slice(), &set.to_be_bytes()].concat()
}

/// The key of a first flight in [`REPLAYS`].
pub fn replay_key(own: &AccountId, set: u32, flight: &Digest) -> Key {
    Key::under(TableId::Replays, &replays_of(own, set), flight.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_flights_are_remembered_apart_by_account_set_and_digest() {
        let (one, other) = (AccountId::new([1; 32]), AccountId::new([2; 32]));
        let key = |own: &AccountId, set, byte| replay_key(own, set, &Digest::new([byte; 32]));
        assert_eq!(key(&one, 1, 7), key(&one, 1, 7));
        for different in [key(&other, 1, 7), key(&one, 2, 7), key(&one, 256, 7), key(&one, 1, 8)] {
            assert_ne!(different, key(&one, 1, 7));
        }
        // All that came to one set is found, and wiped, together.
        assert_eq!(key(&one, 1, 7).id[..], replays_of(&one, 1)[..]);
        assert_eq!(key(&one, 1, 8).id[..], replays_of(&one, 1)[..]);
        assert_ne!(replays_of(&one, 1), replays_of(&one, 2));
        assert_ne!(replays_of(&one, 1), replays_of(&other, 1));
    }
}
