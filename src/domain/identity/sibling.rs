//! The other devices of our own account, and whose device this one is.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::ed25519::Signature;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

/// Our other devices, by their id.
pub const SIBLINGS: Table<Sibling> = Table::new(TableId::Siblings, 3);
/// What a new device is still to be given, by its id.
pub const TRANSFERS: Table<Transfer> = Table::new(TableId::Transfers, 1);
const MEMBERSHIP: Table<AccountId> = Table::new(TableId::Membership, 1);
const MEMBERSHIP_ID: &[u8] = b"account";

/// Another device of ours.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Sibling {
    /// The last sequence number that we used towards it: between own devices each is counted for itself.
    pub sent: u64,
    /// Its newest bundle of prekeys, for contacts; empty until it told one.
    #[serde(with = "serde_bytes")]
    pub bundle: Vec<u8>,
    /// Its own word that it is the present account's, once it gave that after a rotation.
    pub consent: Option<Signature>,
    /// Where this device let it in: the number of that entry of the log, and when.
    pub let_in: Option<(u64, Time)>,
}

impl Sibling {
    /// Whether it isn't sent what somebody says who knows this head of our log. That is believed for as long as a message
    /// is tried, lest whoever claims for ever to know nothing of a device be heard on it for ever.
    pub fn misses(&self, reader_head: u64, now: Time) -> bool {
        self.let_in.is_some_and(|(number, at)| number > reader_head && now.since(at) < limits::MESSAGE_LIFE)
    }
}

/// How far a new device was brought up to date. What is queued for it is in its outbox; this is what comes after.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Transfer {
    /// Contacts, in the order of their accounts, after this one.
    Contacts(Option<AccountId>),
    /// What was said with each contact, latest first: the contact, and the position before which it goes on.
    History {
        /// With whom; the first contact where nothing was given yet.
        with: Option<AccountId>,
        /// What is to be given comes before this position.
        before: u64,
        /// Entries that may still be given of this conversation.
        left: u64,
    },
}

/// The account that this device was linked to, if it was.
pub fn membership(rows: &impl Rows) -> Option<AccountId> {
    rows.copy(&MEMBERSHIP, MEMBERSHIP_ID)
}

/// Keeps to which account this device was linked.
pub fn join(tx: &Tx<'_>, account: AccountId) {
    tx.put(&MEMBERSHIP, MEMBERSHIP.key(MEMBERSHIP_ID), account);
}

/// Whether another device was told of all contacts already, so that what is said is to be copied to it: it is given
/// nothing any more, or history only, or the contact was given.
pub fn has_contact(rows: &impl Rows, device: &DeviceId, contact: &AccountId) -> bool {
    match rows.row(&TRANSFERS, device.as_bytes()).as_deref() {
        None | Some(Transfer::History { .. }) => true,
        Some(Transfer::Contacts(after)) => after.is_some_and(|after| *contact <= after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_misses_what_is_said_by_who_knows_an_older_head_and_for_as_long_as_a_message_is_tried() {
        let at = Time::from_millis(1_000_000);
        let end = at.plus(limits::MESSAGE_LIFE);
        let sibling = Sibling { let_in: Some((3, at)), ..Sibling::default() };
        assert!(sibling.misses(0, at) && sibling.misses(2, at));
        assert!(!sibling.misses(3, at) && !sibling.misses(9, at), "they know it");
        assert!(sibling.misses(2, Time::from_millis(end.as_millis() - 1)));
        assert!(!sibling.misses(2, end) && !sibling.misses(0, end));
        assert!(!Sibling::default().misses(0, at), "who didn't let it in passes it nothing");
    }
}
