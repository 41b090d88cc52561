//! What is missing between messages that came: waited for, asked for again, given up.

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::limits;
use crate::domain::chat::conversation;
use crate::domain::chat::incoming::{self, INCOMING};
use crate::domain::chat::timeline::{Body as Line, From, NewEntry};
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::engine::machine::{Engine, Job, Step};
use crate::store::table::Rows;
use crate::wire::content::Content;

impl Engine {
    /// Something waits behind a gap: that isn't waited for without end.
    pub(super) fn expect_gap(&mut self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) {
        let job = Job::Gap(contact.account, *device);
        if self.agenda.due(&job).is_none() {
            self.agenda.set(step.tx, job, step.now.plus(limits::GAP_PATIENCE));
        }
    }

    /// The patience with a gap is over: it is shown as missing, and what waited behind it is shown.
    pub(super) fn gap(&mut self, step: &mut Step<'_, '_>, account: &AccountId, device: &DeviceId) {
        let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) else { return };
        let now = step.now;
        if let (Some(until), true) =
            (incoming::first_held(step.tx, device), contact.standing == Standing::Accepted)
        {
            let filed = step.tx.with(&INCOMING, &INCOMING.key(device.as_bytes()), |row| row.filed);
            let asked = self.was_asked_for(step, &contact, device);
            self.links.line(device).missing = Some((filed.unwrap_or(0) + 1, until));
            self.links.mark_dirty(contact.account);
            if !asked {
                let job = Job::Gap(contact.account, *device);
                return self.agenda.set(step.tx, job, now.plus(limits::GAP_PATIENCE));
            }
            self.links.line(device).missing_asked = false;
        }
        incoming::give_up_gap(step.tx, device, |seq| {
            let from = From::Them { device: *device, seq };
            if contact.is_ourselves() {
                return u64::MAX;
            }
            let id = MessageId::new([0; 16]);
            let entry = NewEntry { sent_at: now, id, from, body: Line::Missing, reply: None };
            conversation::file(step.tx, &contact.thread, entry, now).position
        });
        self.file_held(step, &contact, device);
        self.owe_ack(&contact, device);
    }

    /// Whether the patience with a gap may end. What another device of ours said has no place kept for it, and would be
    /// shown out of its order if it came later: that device was asked for it on a link that is still up, or keeps it no
    /// longer.
    fn was_asked_for(&self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) -> bool {
        if !contact.is_ourselves() || !contact.has_device(device) {
            return true;
        }
        let asked = self.links.is_linked_to(device) && self.links.has_asked(device);
        let behind = incoming::first_held_content(step.tx, device);
        let behind = behind.and_then(|content| Content::decode(&content).ok());
        asked || behind.is_none_or(|content| content.sent_at.plus(limits::MESSAGE_LIFE) < step.now)
    }
}
