//! What our other devices are told: what was said here, whom we know, and what else concerns all of us.

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::chat::changes::{Made, Named, Side};
use crate::domain::chat::conversation;
use crate::domain::chat::delivery::DELIVERY;
use crate::domain::chat::outbox::{Deposit, OUTBOX, Unsettled};
use crate::domain::chat::timeline::{Body as Line, Cause, From, NewEntry};
use crate::domain::chat::void;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::moved;
use crate::domain::identity::own::ACCOUNTS;
use crate::domain::identity::sibling::{self, SIBLINGS, Sibling};
use crate::domain::identity::verification::Verification;
use crate::engine::machine::{Engine, Job, Step};
use crate::store::table::Rows;
use crate::wire::content::{Body, Content};
use crate::wire::own::{KnownContact, KnownStanding, OwnCopy, Passed};
use crate::wire::reach::Reach;
use crate::wire::said::message::Piece;

/// Addresses of each device that a contact's record carries.
const ADDRESSES: usize = 2;

impl Engine {
    /// Keeps a content for one of our other devices until that device has it.
    pub(super) fn tell_own(&mut self, step: &mut Step<'_, '_>, device: &DeviceId, body: Body) {
        let Some(own) = self.own(step, &self.account) else { return };
        let mut row = step.tx.copy(&SIBLINGS, device.as_bytes()).unwrap_or_default();
        let settled = step.tx.with(&DELIVERY, &DELIVERY.key(device.as_bytes()), |marks| marks.delivered);
        let settled = settled.unwrap_or(0);
        let is_full = row.sent.saturating_sub(settled) >= limits::OUTBOX_MAX
            && void::count(&void::of(step.tx, device.as_bytes()), settled, row.sent) >= limits::OUTBOX_MAX;
        if is_full {
            self.counters.over_limit += 1;
            return;
        }
        row.sent += 1;
        let seq = row.sent;
        step.tx.put(&SIBLINGS, SIBLINGS.key(device.as_bytes()), row);
        let id = step.message_id();
        let content = Content {
            id,
            seq,
            sent_at: step.now,
            log_head: own.log.head(),
            reader_head: own.log.head().seq,
            introduction: None,
            ground: None,
            reply: None,
            body,
        };
        let expires = step.now.plus(limits::MESSAGE_LIFE);
        let row = Unsettled {
            content: content.encode(),
            frame: None,
            position: None,
            expires,
            deposit: Deposit::default(),
        };
        step.tx.put(&OUTBOX, OUTBOX.key_at(device.as_bytes(), seq), row);
        self.expect_delivery(step, self.account, expires);
    }

    /// Puts the attempts and the giving up of what was just queued for an account on the agenda.
    pub(super) fn expect_delivery(&mut self, step: &Step<'_, '_>, account: AccountId, expires: Time) {
        if self.agenda.due(&Job::Deliver(account)).is_none() {
            self.agenda.set(step.tx, Job::Deliver(account), step.now.plus(limits::RETRY_FIRST));
        }
        if self.agenda.due(&Job::Expire(account)).is_none() {
            self.agenda.set(step.tx, Job::Expire(account), expires);
        }
        self.links.mark_dirty(account);
    }

    /// Tells all of our other devices the same.
    pub(super) fn tell_siblings(&mut self, step: &mut Step<'_, '_>, body: &Body) {
        for device in self.siblings.clone() {
            self.tell_own(step, &device, body.clone());
        }
    }

    /// What was said or changed here is to be seen on our other devices too.
    pub(super) fn copy_to_own(&mut self, step: &mut Step<'_, '_>, contact: &Contact, copy: &OwnCopy) {
        for device in self.siblings.clone() {
            // A device that doesn't know the contact yet gets this with the history.
            if self.is_main(&contact.own) && sibling::has_contact(step.tx, &device, &contact.account) {
                self.tell_own(step, &device, Body::Copy(copy.clone()));
            }
        }
    }

    /// Our other devices are to know a contact as it stands here.
    pub(super) fn share_contact(&mut self, step: &mut Step<'_, '_>, contact: &Contact) {
        if !self.is_main(&contact.own) || contact.is_ourselves() {
            return;
        }
        for device in self.siblings.clone() {
            if sibling::has_contact(step.tx, &device, &contact.account) {
                let known = known(step, contact, 0);
                self.tell_own(step, &device, Body::Contact(Box::new(known)));
            }
        }
    }

    /// Another device of ours said something: it is shown here, in the order in which it came.
    pub(super) fn copied(
        &mut self,
        step: &mut Step<'_, '_>,
        device: &DeviceId,
        reader_head: u64,
        copy: &OwnCopy,
    ) {
        let contact = moved::contact(step.tx, &copy.to);
        let Some(contact) = contact.filter(|contact| self.is_main(&contact.own)) else {
            self.counters.over_limit += 1;
            return;
        };
        if let Some(passed) = copy.passed {
            return self.passed_on(step, &contact, copy, passed);
        }
        let (id, sent_at) = (copy.id, copy.sent_at);
        let position = match &copy.piece {
            Piece::Said(said, reply) => {
                let named = Named { side: Side::Ours, id };
                if conversation::find(step.tx, &contact.thread, named).is_some() {
                    self.counters.repeated += 1;
                    return;
                }
                let from = From::Own { device: *device, seq: copy.seq };
                let reply = reply.map(|reply| Named { side: Side::Ours.meant(reply.yours), id: reply.id });
                let entry = NewEntry { sent_at, id, from, body: Line::Said(said.clone()), reply };
                let entry = conversation::file(step.tx, &contact.thread, entry, step.now);
                self.show_filed(step, &contact, &entry);
                entry.position
            }
            Piece::Change(change) => {
                self.changed(step, &contact, &Made { by: Side::Ours, id, sent_at, change: change.clone() });
                0
            }
        };
        let passed = Passed { device: *device, theirs: false, position };
        self.pass_on(step, &contact, reader_head, || Some(OwnCopy { passed: Some(passed), ..copy.clone() }));
    }

    /// Another device of ours knows a contact, or knows it otherwise: its word is the newer one.
    pub(super) fn contact_shared(
        &mut self,
        step: &mut Step<'_, '_>,
        shared: &KnownContact,
        reader_head: u64,
    ) {
        if !shared.former.is_empty()
            && let Ok(log) = AccountLog::verify(shared.account, shared.log.clone())
        {
            self.succeeded(step, shared.former.clone(), log);
        }
        // Whoever doesn't know yet that an account was taken over speaks of the one that took its place.
        let account = moved::current(step.tx, &shared.account);
        if step.tx.with(&ACCOUNTS, &ACCOUNTS.key(account.as_bytes()), |_| ()).is_some() {
            return;
        }
        let known = step.tx.copy(&CONTACTS, account.as_bytes());
        let is_new = known.is_none();
        let mut contact = match known {
            Some(contact) if !self.is_main(&contact.own) => return,
            Some(contact) => contact,
            None if self.count_contact().is_err() => return,
            None => {
                self.requests += usize::from(shared.standing == KnownStanding::Requested);
                Contact::new(account, self.account, standing(shared.standing), shared.added_at)
            }
        };
        let was_requested = contact.standing == Standing::Requested;
        // Devices that hear of somebody at the same time tell each other at the same time: what a person decided or chose on
        // one of them stands before what just came in on another.
        if shared.standing != KnownStanding::Requested {
            contact.standing = standing(shared.standing);
        }
        if was_requested && contact.standing != Standing::Requested {
            self.requests = self.requests.saturating_sub(1);
        }
        if shared.named_here || !contact.named_here {
            contact.name.clone_from(&shared.name);
            contact.named_here = shared.named_here;
        }
        contact.verification = match shared.verified {
            _ if account != shared.account => contact.verification,
            None => Verification::Unverified,
            Some((key, at)) if key == account => Verification::Verified { key, at },
            Some((verified, at)) => Verification::Changed { verified, at },
        };
        // A device that knew less of our log told them no more than that.
        let knew_less = self.is_primary() && reader_head < self.head;
        if contact.own == self.account && (is_new || !knew_less) {
            contact.told = self.told_by_who_knew(step, reader_head);
        }
        if account != shared.account {
            // Their devices are known better here.
        } else if let Ok(log) = AccountLog::verify(account, shared.log.clone()) {
            self.learn_log(step, &mut contact, log);
        }
        for reach in &shared.reach {
            if contact.reach_of(&reach.device()).is_none() {
                contact.learn_reach(reach.clone());
            }
        }
        if shared.entries > 0 {
            conversation::reserve(step.tx, &contact.thread, shared.entries);
        }
        self.call(&mut contact, None, "");
        self.add_contact(step, &contact);
        self.note_if_blocked(&contact);
        if contact.standing == Standing::Blocked {
            self.give_up(step, &contact, Cause::Blocked, |_, _| true);
        }
        self.links.mark_dirty(account);
        self.pass_contact_on(step, &contact, reader_head);
        if knew_less && contact.standing == Standing::Accepted {
            self.announce(step, &contact);
        }
    }

    /// The last sequence number that a device of a contact may know of.
    pub(super) fn last_number(&self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) -> u64 {
        let used = if contact.is_ourselves() {
            step.tx.with(&SIBLINGS, &SIBLINGS.key(device.as_bytes()), |row: &Sibling| row.sent)
        } else {
            let key = conversation::CONVERSATIONS.key(contact.thread.as_bytes());
            step.tx.with(&conversation::CONVERSATIONS, &key, |row| row.sent_seq)
        };
        used.unwrap_or(0)
    }
}

/// A contact as our other devices are to know it, with so many entries in its conversation.
pub(super) fn known(step: &Step<'_, '_>, contact: &Contact, entries: u64) -> KnownContact {
    KnownContact {
        account: contact.account,
        name: contact.name.clone(),
        named_here: contact.named_here,
        standing: match contact.standing {
            Standing::Accepted => KnownStanding::Accepted,
            Standing::Requested => KnownStanding::Requested,
            Standing::Blocked => KnownStanding::Blocked,
        },
        log: contact.log.as_ref().map(AccountLog::carried).unwrap_or_default(),
        reach: contact.reach.iter().cloned().map(|reach: Reach| reach.with_addresses(ADDRESSES)).collect(),
        added_at: contact.added_at,
        verified: match contact.verification {
            Verification::Unverified => None,
            Verification::Verified { key, at } => Some((key, at)),
            Verification::Changed { verified, at } => Some((verified, at)),
        },
        entries,
        former: moved::statement(&moved::line(step.tx, contact)),
    }
}

const fn standing(standing: KnownStanding) -> Standing {
    match standing {
        KnownStanding::Accepted => Standing::Accepted,
        KnownStanding::Requested => Standing::Requested,
        KnownStanding::Blocked => Standing::Blocked,
    }
}
