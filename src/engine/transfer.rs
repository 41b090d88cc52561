//! What a new device of ours is given: contacts first, then what was said, a window of contents at a time.

use std::sync::Arc;

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::limits;
use crate::domain::chat::changes::{Changes, Edited, Mark, Named, Side};
use crate::domain::chat::conversation::{self, CONVERSATIONS};
use crate::domain::chat::incoming::INCOMING;
use crate::domain::chat::outbox::OUTBOX;
use crate::domain::chat::timeline::{self, Body as Line, Entry, From};
use crate::domain::identity::contact::{CONTACTS, Contact};
use crate::domain::identity::moved;
use crate::domain::identity::sibling::{TRANSFERS, Transfer};
use crate::engine::fanout::known;
use crate::engine::machine::{Engine, Step};
use crate::store::table::Rows;
use crate::wire::content::{Body, Content};
use crate::wire::own::{Felt, HistoryEntry, HistoryPage, Revised, Told};
use crate::wire::said::target::Target;

/// What an entry takes besides what was said.
const ENTRY_OVERHEAD: usize = 180;
/// What a reaction takes besides its emoji.
const MARK_OVERHEAD: usize = 30;

impl Engine {
    /// Goes on with what a new device is still to be given, as far as it has taken what came before.
    pub(super) fn transfer(&mut self, step: &mut Step<'_, '_>, device: &DeviceId) {
        let Some(state) = step.tx.copy(&TRANSFERS, device.as_bytes()) else { return };
        let scan = OUTBOX.of(device.as_bytes()).from(1).limit(limits::TRANSFER_WINDOW);
        let waiting = step.tx.scan(&OUTBOX, &scan).len();
        if waiting >= limits::TRANSFER_WINDOW {
            return;
        }
        let room = limits::TRANSFER_WINDOW - waiting;
        let knew_no_contacts = matches!(state, Transfer::Contacts(_));
        let next = match state {
            Transfer::Contacts(after) => self.give_contacts(step, device, after, room, waiting == 0),
            history @ Transfer::History { .. } => self.give_history(step, device, history, room),
        };
        let over = knew_no_contacts && !matches!(next, Some(Transfer::Contacts(_)));
        match next {
            Some(next) => step.tx.put(&TRANSFERS, TRANSFERS.key(device.as_bytes()), next),
            None => step.tx.delete(&TRANSFERS, TRANSFERS.key(device.as_bytes())),
        }
        if over {
            // Contacts are told of a device only once it knows them: else it would take them for strangers.
            self.refresh_announced(step);
            self.introduce_siblings(step, device);
            self.announce_to_all(step);
            self.transfer(step, device);
        }
    }

    fn give_contacts(
        &mut self,
        step: &mut Step<'_, '_>,
        device: &DeviceId,
        after: Option<AccountId>,
        room: usize,
        all_taken: bool,
    ) -> Option<Transfer> {
        let mut last = after;
        for contact in self.contacts_after(step, after).into_iter().take(room) {
            let body = Body::Contact(Box::new(known(step, &contact, kept_free(step, &contact))));
            self.tell_own(step, device, body);
            last = Some(contact.account);
        }
        let is_over = last == after && all_taken;
        Some(if is_over {
            Transfer::History { with: None, before: 0, left: 0 }
        } else {
            Transfer::Contacts(last)
        })
    }

    fn give_history(
        &mut self,
        step: &mut Step<'_, '_>,
        device: &DeviceId,
        state: Transfer,
        room: usize,
    ) -> Option<Transfer> {
        let Transfer::History { mut with, mut before, mut left } = state else { return Some(state) };
        let us = self.device_keys(&self.account.clone()).id();
        for _ in 0..room {
            let mut page = Vec::new();
            while page.is_empty() {
                if before == 0 || left == 0 {
                    let next = self.contacts_after(step, with).into_iter().next()?;
                    let key = CONVERSATIONS.key(next.thread.as_bytes());
                    before = step.tx.with(&CONVERSATIONS, &key, |row| row.entries).unwrap_or(0);
                    (with, left) = (Some(next.account), limits::HISTORY_ENTRIES_MAX);
                    continue;
                }
                let contact = with?;
                let limit = limits::HISTORY_PAGE_MAX.min(usize::try_from(left).unwrap_or(usize::MAX));
                let thread = thread_of(step, &contact);
                let entries = timeline::before(step.tx, &thread, before, limit);
                let taken = fitting(&entries);
                before = taken.first().map_or(0, |first| first.position);
                left = left.saturating_sub(taken.len() as u64);
                page = taken.iter().filter_map(|entry| history_entry(entry, us)).collect();
            }
            let page = HistoryPage { with: with?, entries: page };
            self.tell_own(step, device, Body::History(page));
        }
        Some(Transfer::History { with, before, left })
    }

    /// Another device of ours tells what was said before this one was linked.
    pub(super) fn history_told(&mut self, step: &Step<'_, '_>, page: &HistoryPage) {
        let contact = moved::contact(step.tx, &page.with);
        let Some(contact) = contact.filter(|contact| self.is_main(&contact.own)) else { return };
        let thread = thread_of(step, &page.with);
        let reserved = conversation::places(step.tx, &thread).0;
        let kept_free = page.entries.iter().filter(|entry| entry.position < reserved);
        let comes_itself = |entry: &&HistoryEntry| {
            !entry.ours && comes_itself(step.tx, &contact, &entry.device, (entry.seq, entry.id))
        };
        let entries = kept_free.filter(|entry| !comes_itself(entry)).map(|entry| Entry {
            position: entry.position,
            at: entry.at,
            sent_at: entry.sent_at,
            id: entry.id,
            from: if entry.ours {
                From::Own { device: entry.device, seq: entry.seq }
            } else {
                From::Them { device: entry.device, seq: entry.seq }
            },
            body: match &entry.said {
                Told::Said(said, _) => Line::Said(said.clone()),
                Told::Deleted(at) => Line::Deleted { at: *at },
                Told::Missing => Line::Missing,
            },
            failed: None,
            reply: match &entry.said {
                Told::Said(_, reply) => {
                    reply.map(|reply| Named { side: Side::Ours.meant(reply.yours), id: reply.id })
                }
                Told::Deleted(_) | Told::Missing => None,
            },
            changes: Changes {
                edit: entry.edit.map(|Revised { revision, by, at }| Edited { revision, by, at }),
                ours: entry.our_reaction.as_ref().map(mark),
                theirs: entry.their_reaction.as_ref().map(mark),
            },
            unchanged: None,
        });
        conversation::fill(step.tx, &thread, entries.collect(), step.now);
        let is_file =
            |entry: &&HistoryEntry| matches!(&entry.said, Told::Said(said, _) if said.file().is_some());
        let files: Vec<u64> = page
            .entries
            .iter()
            .filter(|entry| entry.position < reserved)
            .filter(is_file)
            .map(|entry| entry.position)
            .collect();
        self.files_told(step, &contact, &files);
    }

    /// Contacts that our other devices know too, in the order of their accounts.
    fn contacts_after(&self, step: &Step<'_, '_>, after: Option<AccountId>) -> Vec<Arc<Contact>> {
        let all = step.tx.scan(&CONTACTS, &CONTACTS.all()).into_iter().map(|(_, contact)| contact);
        let mut contacts: Vec<_> = all
            .filter(|contact| self.is_main(&contact.own) && !contact.is_ourselves())
            .filter(|contact| after.is_none_or(|after| contact.account > after))
            .collect();
        contacts.sort_by_key(|contact| contact.account);
        contacts
    }
}

/// Places that a new device is to keep free in a conversation: for what there is, and for what comes while it is being linked.
pub(super) fn kept_free(step: &Step<'_, '_>, contact: &Contact) -> u64 {
    let entries = step.tx.with(&CONVERSATIONS, &CONVERSATIONS.key(contact.thread.as_bytes()), |c| c.entries);
    entries.unwrap_or(0) + limits::LINKING_ENTRIES_MAX
}

/// Whether the sender told this device of it itself, or is going to: what waited for a device that is gone goes to those
/// that are new, and is in the history, too. Taken from both it would be here twice, or out of its order.
pub(super) fn comes_itself(
    rows: &impl Rows,
    contact: &Contact,
    device: &DeviceId,
    (seq, id): (u64, MessageId),
) -> bool {
    let filed = rows.row(&INCOMING, device.as_bytes()).map_or(0, |row| row.filed);
    let is_to_come = filed > 0 && seq > filed && contact.has_device(device);
    is_to_come || is_here(rows, contact, device, (seq, id))
}

/// Whether another device of ours told of what its sender says to this one now.
pub(super) fn was_told(rows: &impl Rows, contact: &Contact, device: &DeviceId, content: &Content) -> bool {
    is_here(rows, contact, device, (content.seq, content.id))
}

fn is_here(rows: &impl Rows, contact: &Contact, device: &DeviceId, (seq, id): (u64, MessageId)) -> bool {
    let known = conversation::find(rows, &contact.thread, Named { side: Side::Theirs, id });
    known.is_some_and(|known| known.from == From::Them { device: *device, seq })
}

/// Under which account what was said with a contact is kept.
fn thread_of(step: &Step<'_, '_>, account: &AccountId) -> AccountId {
    moved::contact(step.tx, account).map_or(*account, |contact| contact.thread)
}

/// As many of the last entries as one content holds.
fn fitting(entries: &[Entry]) -> &[Entry] {
    let mut size = 0;
    let fits = |entry: &&Entry| {
        let said = if let Line::Said(said) = &entry.body { said.size() } else { 0 };
        let marks = entry.changes.ours.iter().chain(&entry.changes.theirs);
        let first = size == 0;
        size += said + marks.map(|mark| mark.emoji.len() + MARK_OVERHEAD).sum::<usize>() + ENTRY_OVERHEAD;
        first || size <= limits::HISTORY_PAGE_BYTES
    };
    let count = entries.iter().rev().take_while(fits).count();
    &entries[entries.len() - count..]
}

/// What is worth telling: what was said, and what never came.
fn history_entry(entry: &Entry, us: DeviceId) -> Option<HistoryEntry> {
    let target = |named: Named| Target { id: named.id, yours: Side::Ours.yours(named.side) };
    let said = match &entry.body {
        Line::Said(said) => Told::Said(said.clone(), entry.reply.map(target)),
        Line::Deleted { at } => Told::Deleted(*at),
        Line::Missing => Told::Missing,
        Line::Billing { .. } | Line::Notice(_) => return None,
    };
    let (device, ours, seq) = match entry.from {
        From::Us { seq } => (us, true, seq),
        From::Own { device, seq } => (device, true, seq),
        From::Them { device, seq } => (device, false, seq),
    };
    let (position, at, sent_at, id) = (entry.position, entry.at, entry.sent_at, entry.id);
    let Changes { edit, ours: our_reaction, theirs: their_reaction } = &entry.changes;
    Some(HistoryEntry {
        position,
        at,
        sent_at,
        id,
        device,
        ours,
        seq,
        said,
        edit: edit.map(|Edited { revision, by, at }| Revised { revision, by, at }),
        our_reaction: our_reaction.as_ref().map(felt),
        their_reaction: their_reaction.as_ref().map(felt),
    })
}

fn felt(mark: &Mark) -> Felt {
    Felt { emoji: mark.emoji.clone(), revision: mark.revision, by: mark.by }
}

fn mark(felt: &Felt) -> Mark {
    Mark { emoji: felt.emoji.clone(), revision: felt.revision, by: felt.by }
}
