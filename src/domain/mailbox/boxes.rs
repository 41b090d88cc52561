//! Where our contacts want what they can't be handed.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, SendId};
use crate::base::limits;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::boxes::{InboxBox, PairBox, Queues};

/// What contacts said of their mailboxes, by the contact.
pub const BOXES: Table<Boxes> = Table::new(TableId::ContactBoxes, 1);

/// The mailboxes of one contact.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Boxes {
    /// Inboxes that an invite named: of whichever device made it.
    invited: Vec<InboxBox>,
    /// What each device said last.
    devices: Vec<(DeviceId, Queues)>,
}

/// What is known of a contact's mailboxes.
pub fn of(rows: &impl Rows, contact: &AccountId) -> Boxes {
    rows.copy(&BOXES, contact.as_bytes()).unwrap_or_default()
}

/// Keeps the inboxes that an invite names.
pub fn invited(tx: &Tx<'_>, contact: &AccountId, inboxes: Vec<InboxBox>) {
    let mut boxes = of(tx, contact);
    boxes.invited = inboxes;
    tx.put(&BOXES, BOXES.key(contact.as_bytes()), boxes);
}

/// Keeps what a device says of its mailboxes, in the place of what it said before; what is known of devices that
/// aren't among `known` is forgotten.
pub fn learn(tx: &Tx<'_>, contact: &AccountId, known: &[DeviceId], device: DeviceId, queues: Queues) {
    let mut boxes = of(tx, contact);
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
}

impl Boxes {
    /// The pair queues of a device.
    pub fn pairs(&self, device: &DeviceId) -> &[PairBox] {
        self.queues(device).map(|queues| queues.pairs.as_slice()).unwrap_or_default()
    }

    /// The inboxes of a device: those that it named itself, or else those of the invite.
    pub fn inboxes(&self, device: Option<&DeviceId>) -> &[InboxBox] {
        let named = device.and_then(|device| self.queues(device)).map(|queues| queues.inboxes.as_slice());
        named.filter(|inboxes| !inboxes.is_empty()).unwrap_or(&self.invited)
    }

    /// The pair queue with a send id.
    pub fn pair(&self, send: &SendId) -> Option<&PairBox> {
        self.devices.iter().flat_map(|(_, queues)| &queues.pairs).find(|pair| pair.send == *send)
    }

    /// The inbox with a send id.
    pub fn inbox(&self, send: &SendId) -> Option<&InboxBox> {
        let named = self.devices.iter().flat_map(|(_, queues)| &queues.inboxes);
        named.chain(&self.invited).find(|inbox| inbox.send == *send)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.invited.is_empty() && self.devices.iter().all(|(_, queues)| *queues == Queues::default())
    }

    fn queues(&self, device: &DeviceId) -> Option<&Queues> {
        self.devices.iter().find(|(known, _)| known == device).map(|(_, queues)| queues)
    }
}
