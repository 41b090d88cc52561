//! The other devices of our own account, and whose device this one is.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId};
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
