//! What the screens are told, after it is stored.

use serde::Serialize;

use crate::base::id::FileId;
use crate::domain::business::desk::Status;
use crate::domain::chat::delivery::State;
use crate::domain::identity::address::Address;
use crate::engine::view::EntryView;
use crate::wire::consent::Topic;

/// What each kind of event is called, in the order of [`Event`].
pub const KINDS: [&str; 15] = [
    "entry",
    "changed",
    "delivery",
    "file",
    "read",
    "contact",
    "identity",
    "link_granted",
    "consent",
    "desk",
    "invoice",
    "receipt",
    "charging",
    "published",
    "not_published",
];

/// Something happened. Its kind is in [`KINDS`].
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
        entry: Box<EntryView>,
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
        entry: Box<EntryView>,
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
    /// A file that somebody told of is here now, or isn't going to be.
    File {
        /// Who told of it.
        with: Address,
        /// What they are called here.
        name: String,
        /// The file's id.
        file: FileId,
        /// The file's name.
        file_name: String,
        /// See [`crate::engine::file_view::FileView::state`].
        state: &'static str,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{AccountId, MessageId};
    use crate::base::time::Time;
    use crate::engine::body_view::BodyView;

    /// An event of the kind behind this one's. A kind that is new doesn't compile before it has its place here.
    fn next(event: &Event) -> Option<Event> {
        let (with, id) = (Address(AccountId::new([1; 32])), String::new());
        Some(match event {
            Event::Entry { entry, .. } => Event::Changed { with, name: id, by: "in", entry: entry.clone() },
            Event::Changed { .. } => Event::Delivery { with, seq: 1, state: State::Sent },
            Event::Delivery { .. } => {
                let (name, file_name) = (id.clone(), id);
                Event::File { with, name, file: FileId::new([1; 32]), file_name, state: "here" }
            }
            Event::File { .. } => Event::Read { with: id, unread: 0 },
            Event::Read { .. } => Event::Contact { address: with, name: id, request: false },
            Event::Contact { .. } => Event::Identity { address: id.clone(), former: id },
            Event::Identity { .. } => Event::LinkGranted { address: with, name: id },
            Event::LinkGranted { .. } => Event::Consent { with, topic: Topic::Service, granted: true },
            Event::Consent { .. } => {
                let (status, labels) = (Status::Open, Vec::new());
                Event::Desk { with, name: id, status, labels, assigned: None }
            }
            Event::Desk { .. } => Event::Invoice { with, key: id },
            Event::Invoice { .. } => Event::Receipt { with, id },
            Event::Receipt { .. } => Event::Charging { with, what: "", id },
            Event::Charging { .. } => Event::Published { seq: 1 },
            Event::Published { .. } => Event::NotPublished { reason: id },
            Event::NotPublished { .. } => return None,
        })
    }

    #[test]
    fn every_kind_of_event_has_its_name_in_the_list() {
        let entry = EntryView {
            position: 0,
            id: MessageId::new([0; 16]),
            direction: "in",
            seq: 1,
            sent_at: Time::EPOCH,
            at: Time::EPOCH,
            body: BodyView::Missing,
            reply_to: None,
            edited_at: None,
            reactions: Vec::new(),
            unchanged: None,
            state: None,
            cause: None,
            key_changed: false,
        };
        let first = Event::Entry {
            with: Address(AccountId::new([1; 32])),
            name: String::new(),
            entry: Box::new(entry),
        };
        let all = core::iter::successors(Some(first), next);
        let named: Vec<String> = all
            .map(|event| serde_json::to_value(&event).unwrap()["event"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(named, KINDS);
    }
}
