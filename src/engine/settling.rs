//! What the other side says of what we sent: taken, arrived, dropped, read.

use crate::base::id::DeviceId;
use crate::domain::chat::delivery::{DELIVERY, Delivery, State, state_at};
use crate::domain::chat::incoming;
use crate::domain::chat::outbox::{OUTBOX, Unsettled};
use crate::domain::chat::timeline;
use crate::domain::chat::void;
use crate::domain::consent::window;
use crate::domain::identity::address::Address;
use crate::domain::identity::contact::Contact;
use crate::engine::changing::is_change;
use crate::engine::event::Event;
use crate::engine::links::Item;
use crate::engine::machine::{Engine, Step};
use crate::store::table::Rows;
use crate::wire::content::Ack;
use crate::wire::peer::LinkId;

impl Engine {
    /// The other side took frames of ours: the next hop's word.
    pub(super) fn taken(&mut self, step: &mut Step<'_, '_>, link: LinkId, upto: u64) {
        let (items, waiting) = self.links.settle(link, upto);
        for item in items {
            match item {
                Item::Content { device, seq } if seq > 0 => {
                    let key = DELIVERY.key(device.as_bytes());
                    if step.tx.with(&DELIVERY, &key, |marks| marks.sent >= seq) == Some(true) {
                        continue;
                    }
                    if step.tx.edit(&DELIVERY, &key, |marks| marks.took(seq)).is_none() {
                        let mut marks = Delivery::default();
                        marks.took(seq);
                        step.tx.put(&DELIVERY, key, marks);
                    }
                }
                Item::Ack { device, told } => {
                    incoming::edit(step.tx, &device, |row| row.told = told);
                }
                Item::Content { .. } | Item::Greeting { .. } | Item::Refused => {}
            }
        }
        waiting.into_iter().for_each(|contact| self.links.mark_dirty(contact));
    }

    /// An acknowledgement of the contact's device: its own word for what arrived and what was read.
    pub(super) fn acknowledged(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        ack: &Ack,
    ) {
        let last = self.last_number(step, contact, device);
        let mut marks = step.tx.copy(&DELIVERY, device.as_bytes()).unwrap_or_default();
        let before = marks.clone();
        let progress = marks.acknowledge_over(ack, last, &self.void(step, contact, device));
        for seq in progress.settled {
            let key = OUTBOX.key_at(device.as_bytes(), seq);
            if self.judges(contact) {
                window::arrived(step.tx, &contact.thread, seq, step.now);
            }
            let dropped = ack.declined.iter().find(|(from, until, _)| (*from..*until).contains(&seq));
            // Most contacts have one device: what it took no other one can have dropped.
            let may_fail = dropped.is_some() || contact.devices().nth(1).is_some();
            if let Some(row) = step.tx.get(&OUTBOX, &key).filter(|_| may_fail) {
                let cause = dropped.map(|(.., cause)| timeline::Cause::from(*cause));
                self.judged(step, contact, device, (seq, &row), cause);
            }
            step.tx.delete(&OUTBOX, key);
        }
        if !progress.moved {
            return;
        }
        if contact.is_ourselves() {
            step.tx.put(&DELIVERY, DELIVERY.key(device.as_bytes()), marks);
            self.attempts.remove(&contact.account);
            return self.transfer(step, device);
        }
        for (now, then, state) in
            [(marks.delivered, before.delivered, State::Delivered), (marks.read, before.read, State::Read)]
        {
            if now > then {
                self.show(Event::Delivery { with: Address(contact.account), seq: now, state });
            }
        }
        step.tx.put(&DELIVERY, DELIVERY.key(device.as_bytes()), marks);
        self.attempts.remove(&contact.account);
    }

    /// One device of the contact took a message of ours, or a change of one, or dropped it for this cause. It has failed where
    /// none of their devices took it.
    fn judged(
        &mut self,
        step: &Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        (seq, row): (u64, &Unsettled),
        cause: Option<timeline::Cause>,
    ) {
        let Some(position) = row.position else { return };
        let entry = timeline::since(step.tx, &contact.thread, position, 1).pop();
        let Some(entry) = entry.filter(|entry| entry.position == position) else { return };
        let before = if is_change(row) { entry.unchanged } else { entry.failed };
        let was_dropped = before.is_some_and(timeline::Cause::is_drop);
        let others = contact.devices().filter(|other| other != device);
        let failed = match cause {
            // What arrived at others, and isn't known as dropped, they took.
            Some(_) if !was_dropped && state_at(step.tx, others, seq) >= State::Delivered => return,
            None if !was_dropped => return,
            cause => cause,
        };
        self.write_fate(step, contact, row, (position, failed));
    }

    /// Numbers towards a device that no content has.
    fn void(&self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) -> Vec<(u64, u64)> {
        if contact.is_ourselves() {
            return void::of(step.tx, device.as_bytes());
        }
        void::towards(step.tx, &contact.thread, device)
    }

    /// Those of them that the device may not know yet.
    pub(super) fn untold_void(
        &self,
        step: &Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
    ) -> Vec<(u64, u64)> {
        let void = self.void(step, contact, device);
        if void.is_empty() {
            return void;
        }
        let delivered = step.tx.with(&DELIVERY, &DELIVERY.key(device.as_bytes()), |row| row.delivered);
        void::ahead(&void, delivered.unwrap_or(0))
    }
}
