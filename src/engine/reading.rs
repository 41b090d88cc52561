//! What a person saw, here and on another device of theirs.

use std::collections::BTreeMap;

use crate::base::id::{AccountId, DeviceId};
use crate::domain::chat::conversation::{self, CONVERSATIONS};
use crate::domain::chat::incoming;
use crate::domain::chat::timeline::{self, Entry, From};
use crate::domain::consent::waiting;
use crate::domain::identity::address;
use crate::domain::identity::contact::Contact;
use crate::domain::identity::moved;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::event::Event;
use crate::engine::machine::{Engine, Step};
use crate::store::table::Rows;
use crate::wire::content::Body;
use crate::wire::own::OwnRead;

/// How many unread entries are looked at to see which of them were read.
const READ_LOOK_MAX: usize = 2_000;

impl Engine {
    /// A person saw everything up to a position, or all that is there where none is named.
    pub(super) fn mark_read(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
        upto: Option<u64>,
    ) -> Result<Outcome, Refusal> {
        let contact = moved::contact(step.tx, account);
        let contact = contact.ok_or_else(|| Refusal::NotAContact(address::encode(account)))?;
        let seen = upto.map(|position| seen_upto(step, &contact, position));
        if seen.is_none() {
            conversation::edit(step.tx, &contact.thread, |row| {
                row.read = row.entries;
                row.unread = 0;
            });
        }
        let mut told = Vec::new();
        for device in contact.devices() {
            // What waits for the end of quiet hours nobody has seen.
            let unseen = waiting::first_of(step.tx, &contact.thread, &device);
            let most = seen.as_ref().map_or(u64::MAX, |seen| seen.get(&device).copied().unwrap_or(0));
            let seen = incoming::edit(step.tx, &device, |row| {
                let shown = unseen.map_or(row.filed, |unseen| row.filed.min(unseen - 1)).min(most);
                let news = shown > row.read;
                row.read = row.read.max(shown);
                news
            });
            if seen == Some(true) {
                self.owe_ack(&contact, &device);
                told.extend(
                    step.tx.row(&incoming::INCOMING, device.as_bytes()).map(|row| (device, row.read)),
                );
            }
        }
        if seen.is_some() {
            recount(step, &contact);
        }
        if !told.is_empty() && self.is_main(&contact.own) {
            self.tell_siblings(step, &Body::Read(OwnRead { with: contact.account, upto: told }));
        }
        Ok(Outcome::Done)
    }

    /// A person saw on another device of ours what a contact said: it needn't be seen here again, and which of us tells
    /// the contact so doesn't matter.
    pub(super) fn read_elsewhere(&mut self, step: &mut Step<'_, '_>, read: &OwnRead, reader_head: u64) {
        let contact = moved::contact(step.tx, &read.with);
        let Some(contact) = contact.filter(|contact| self.is_main(&contact.own)) else { return };
        for (device, seq) in read.upto.iter().filter(|(device, _)| contact.has_device(device)) {
            incoming::edit(step.tx, device, |row| row.read = row.read.max(*seq));
        }
        if let Some(left) = recount(step, &contact) {
            self.show(Event::Read { with: address::encode(&contact.account), unread: left });
        }
        self.pass_read_on(step, &contact, reader_head, read);
    }
}

/// The last number of each device of theirs among the entries up to a position that weren't read before.
fn seen_upto(step: &Step<'_, '_>, contact: &Contact, position: u64) -> BTreeMap<DeviceId, u64> {
    let read = step.tx.with(&CONVERSATIONS, &CONVERSATIONS.key(contact.thread.as_bytes()), |row| row.read);
    // Numbers grow: of many unread entries the last ones say enough.
    let first = position.saturating_sub(READ_LOOK_MAX as u64 - 1).max(read.unwrap_or(0));
    let entries = timeline::since(step.tx, &contact.thread, first, READ_LOOK_MAX).into_iter();
    let mut seen = BTreeMap::new();
    for entry in entries.take_while(|entry| entry.position <= position) {
        if let From::Them { device, seq } = entry.from {
            let last: &mut u64 = seen.entry(device).or_default();
            *last = seq.max(*last);
        }
    }
    seen
}

/// Counts anew what is unread by what of each device was seen, and gives it; nothing where there is no conversation.
fn recount(step: &Step<'_, '_>, contact: &Contact) -> Option<u64> {
    let row = step.tx.row(&CONVERSATIONS, contact.thread.as_bytes())?;
    let entries = timeline::since(step.tx, &contact.thread, row.read, READ_LOOK_MAX);
    let is_unread = |entry: &&Entry| match entry.from {
        From::Them { device, seq } => {
            step.tx.row(&incoming::INCOMING, device.as_bytes()).is_none_or(|row| seq > row.read)
        }
        From::Us { .. } | From::Own { .. } => false,
    };
    // Where more waits than is looked at, the rest stays as it is: the screens show too much, never too little.
    let beyond = row.unread.saturating_sub(theirs(&entries));
    let unread: Vec<&Entry> = entries.iter().filter(is_unread).collect();
    let first = unread.first().map_or(row.entries, |entry| entry.position);
    let left = unread.len() as u64 + beyond;
    conversation::edit(step.tx, &contact.thread, |row| {
        row.unread = left;
        row.read = if beyond == 0 { first } else { row.read };
    });
    Some(left)
}

fn theirs(entries: &[Entry]) -> u64 {
    entries.iter().filter(|entry| matches!(entry.from, From::Them { .. })).count() as u64
}
