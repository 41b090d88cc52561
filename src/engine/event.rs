//! What the screens are told, after it is stored.

use serde::Serialize;

use crate::domain::business::desk::Status;
use crate::domain::chat::delivery::State;
use crate::domain::identity::address::Address;
use crate::engine::view::EntryView;
use crate::wire::consent::Topic;

/// Something happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A conversation has a new entry, or a missing one came.
    Entry {
        /// With whom.
        with: Address,
        /// What they are called here.
        name: String,
        /// The entry.
        entry: EntryView,
    },
    /// A message that was there is another now: somebody reacted to it, edited it or took it back.
    Changed {
        /// With whom.
        with: Address,
        /// What they are called here.
        name: String,
        /// Who changed it: `out` for us, `in` for them.
        by: &'static str,
        /// The message as it stands.
        entry: EntryView,
    },
    /// A contact's device took, stored or showed what we sent it.
    Delivery {
        /// With whom.
        with: Address,
        /// Everything of ours up to this sequence number.
        seq: u64,
        /// Has come at least so far.
        state: State,
    },
    /// A conversation was read on another device of ours.
    Read {
        /// With whom.
        with: String,
        /// Entries of theirs that nobody saw yet.
        unread: u64,
    },
    /// Somebody is a contact now, or asks to be one.
    Contact {
        /// Their address.
        address: Address,
        /// What they are called here.
        name: String,
        /// Whether they wait to be admitted.
        request: bool,
    },
    /// Our identity is another now.
    Identity {
        /// Its address.
        address: String,
        /// The address that it took the place of.
        former: String,
    },
    /// An account wants to take this device in: the person has to agree.
    LinkGranted {
        /// The account's address.
        address: Address,
        /// What it calls itself; may be empty.
        name: String,
    },
    /// A customer says what we may write about.
    Consent {
        /// The customer.
        with: Address,
        /// What it is about.
        topic: Topic,
        /// Whether it is granted; otherwise it is taken back.
        granted: bool,
    },
    /// The front desk keeps a conversation otherwise than before.
    Desk {
        /// With whom.
        with: Address,
        /// What they are called here.
        name: String,
        /// Whether somebody has to do something.
        status: Status,
        /// In alphabetical order.
        labels: Vec<String>,
        /// Who looks after it.
        #[serde(skip_serializing_if = "Option::is_none")]
        assigned: Option<String>,
    },
    /// An invoice came or was issued.
    Invoice {
        /// The other side.
        with: Address,
        /// The invoice's key.
        key: String,
    },
    /// A receipt came or was issued.
    Receipt {
        /// The other side.
        with: Address,
        /// The receipt's id.
        id: String,
    },
    /// Something else about charging came or was said: see `what`.
    Charging {
        /// The other side.
        with: Address,
        /// Which event.
        what: &'static str,
        /// The event's id.
        id: String,
    },
    /// The profile is out.
    Published {
        /// Its sequence number.
        seq: u64,
    },
    /// The profile couldn't be published; it will be tried again.
    NotPublished {
        /// What is in the way.
        reason: String,
    },
}
