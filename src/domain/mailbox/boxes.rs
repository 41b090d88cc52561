//! Where our contacts want what they can't be handed.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, SendId};
use crate::base::limits;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::boxes::{InboxBox, OpenBox, PairBox, Queues, Ticket};
use crate::wire::peer::PeerAddress;

/// What contacts said of their mailboxes, by the contact.
pub const BOXES: Table<Boxes> = Table::new(TableId::ContactBoxes, 1);

/// What was said of the mailboxes of one contact.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Boxes {
    /// Inboxes that an invite named: of whichever device made it.
    invited: Vec<InboxBox>,
    /// What each device said last.
    devices: Vec<(DeviceId, Queues)>,
}

/// Inboxes that the profiles of businesses name, by the contact.
pub const PUBLISHED: Table<Vec<OpenBox>> = Table::new(TableId::ContactInboxes, 1);

/// All that is known of a contact's mailboxes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    told: Boxes,
    published: Vec<OpenBox>,
}

/// An inbox of a contact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inbox {
    /// The mailbox.
    pub at: PeerAddress,
    /// The queue.
    pub send: SendId,
    /// What lets us in; without it we work for our place.
    pub ticket: Option<Ticket>,
}

/// What is known of a contact's mailboxes.
pub fn of(rows: &impl Rows, contact: &AccountId) -> Known {
    let told = rows.copy(&BOXES, contact.as_bytes()).unwrap_or_default();
    Known { told, published: rows.copy(&PUBLISHED, contact.as_bytes()).unwrap_or_default() }
}

/// Keeps the inboxes that a business's profile names, in the place of those that an earlier one did.
pub fn publishes(tx: &Tx<'_>, contact: &AccountId, inboxes: &[OpenBox]) {
    let key = PUBLISHED.key(contact.as_bytes());
    if inboxes.is_empty() {
        tx.delete(&PUBLISHED, key);
    } else if tx.row(&PUBLISHED, contact.as_bytes()).is_none_or(|known| *known != inboxes) {
        tx.put(&PUBLISHED, key, inboxes.to_vec());
    }
}

/// Keeps the inboxes that an invite names.
pub fn invited(tx: &Tx<'_>, contact: &AccountId, inboxes: Vec<InboxBox>) {
    let mut boxes = of(tx, contact).told;
    boxes.invited = inboxes;
    tx.put(&BOXES, BOXES.key(contact.as_bytes()), boxes);
}

/// Keeps what a device says of its mailboxes, in the place of what it said before; what is known of devices that
/// aren't among `known` is forgotten.
pub fn learn(tx: &Tx<'_>, contact: &AccountId, known: &[DeviceId], device: DeviceId, queues: Queues) {
    let mut boxes = of(tx, contact).told;
    boxes.devices.retain(|(other, _)| *other != device && known.contains(other));
    boxes.devices.push((device, queues));
    boxes.devices.truncate(limits::DEVICES_MAX);
    tx.put(&BOXES, BOXES.key(contact.as_bytes()), boxes);
}

/// What is known of a contact's mailboxes is known of its new account's.
pub fn contact_moved(tx: &Tx<'_>, old: &AccountId, new: &AccountId) {
    if let Some(boxes) = tx.copy(&BOXES, old.as_bytes()) {
        tx.delete(&BOXES, BOXES.key(old.as_bytes()));
        tx.put(&BOXES, BOXES.key(new.as_bytes()), boxes);
    }
    if let Some(inboxes) = tx.copy(&PUBLISHED, old.as_bytes()) {
        tx.delete(&PUBLISHED, PUBLISHED.key(old.as_bytes()));
        tx.put(&PUBLISHED, PUBLISHED.key(new.as_bytes()), inboxes);
    }
}

impl Known {
    /// The pair queues of a device.
    pub fn pairs(&self, device: &DeviceId) -> &[PairBox] {
        self.told.queues(device).map(|queues| queues.pairs.as_slice()).unwrap_or_default()
    }

    /// The inboxes of a device, of all where none is named: those that they named themselves, or else those of the invite,
    /// or else of the profile.
    pub fn inboxes(&self, device: Option<&DeviceId>) -> Vec<Inbox> {
        let told = self.told.devices.iter().filter(|(told, _)| device.is_none_or(|device| device == told));
        let named: Vec<Inbox> =
            told.flat_map(|(_, queues)| &queues.inboxes).map(Inbox::with_ticket).collect();
        match (named.is_empty(), self.told.invited.is_empty()) {
            (false, _) => named,
            (true, false) => self.told.invited.iter().map(Inbox::with_ticket).collect(),
            (true, true) => self.published.iter().map(Inbox::open).collect(),
        }
    }

    /// The pair queue with a send id.
    pub fn pair(&self, send: &SendId) -> Option<&PairBox> {
        self.told.devices.iter().flat_map(|(_, queues)| &queues.pairs).find(|pair| pair.send == *send)
    }

    /// The inbox with a send id.
    pub fn inbox(&self, send: &SendId) -> Option<Inbox> {
        let named = self.told.devices.iter().flat_map(|(_, queues)| &queues.inboxes);
        let known = named.chain(&self.told.invited).map(Inbox::with_ticket);
        known.chain(self.published.iter().map(Inbox::open)).find(|inbox| inbox.send == *send)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        let said = self.told.devices.iter().any(|(_, queues)| *queues != Queues::default());
        !said && self.told.invited.is_empty() && self.published.is_empty()
    }
}

impl Inbox {
    fn with_ticket(inbox: &InboxBox) -> Self {
        Self { at: inbox.at.clone(), send: inbox.send, ticket: Some(inbox.ticket.clone()) }
    }

    fn open(open: &OpenBox) -> Self {
        Self { at: open.at.clone(), send: open.send, ticket: None }
    }
}

impl Boxes {
    fn queues(&self, device: &DeviceId) -> Option<&Queues> {
        self.devices.iter().find(|(known, _)| known == device).map(|(_, queues)| queues)
    }
}
