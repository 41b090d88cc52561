//! What comes while a device of ours is being let in: who said it knew nothing of that device, so the first one passes it on.
//!
//! Each numbered content names the head of our log that its sender knew: it was sent to the devices that are let in up to
//! there, and to no others.

use crate::base::id::DeviceId;
use crate::base::limits;
use crate::domain::chat::changes::{Made, Named, Side};
use crate::domain::chat::conversation;
use crate::domain::chat::delivery::DELIVERY;
use crate::domain::chat::incoming::INCOMING;
use crate::domain::chat::timeline::{self, Body as Line, From, NewEntry};
use crate::domain::identity::contact::{Contact, Told};
use crate::domain::identity::sibling::{self, SIBLINGS};
use crate::engine::fanout::known;
use crate::engine::machine::{Engine, Step};
use crate::engine::transfer::{comes_itself, kept_free};
use crate::store::table::Rows;
use crate::wire::content::{Body, Content};
use crate::wire::own::{OwnCopy, OwnRead, Passed};
use crate::wire::said::message::Piece;

impl Engine {
    /// Passes on what a contact's device said, and what has that place here, to those of our devices that it wasn't sent to.
    pub(super) fn pass_content_on(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        content: &Content,
        position: u64,
    ) {
        let piece = || match &content.body {
            Body::Said(said) => Some(Piece::Said(said.clone(), content.reply)),
            Body::Change(change) => Some(Piece::Change(change.clone())),
            _ => None,
        };
        let (to, id, sent_at, seq) = (contact.account, content.id, content.sent_at, content.seq);
        let passed = Some(Passed { device: *device, theirs: true, position });
        let copy = || piece().map(|piece| OwnCopy { to, id, sent_at, seq, piece, passed });
        self.pass_on(step, contact, content.reader_head, copy);
    }

    /// Passes something on to those of our devices that were let in behind this head of our log, and know the contact: the
    /// others have it from the history.
    pub(super) fn pass_on(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        reader_head: u64,
        copy: impl FnOnce() -> Option<OwnCopy>,
    ) {
        self.pass_body_on(step, contact, reader_head, |_| copy().map(Body::Copy));
    }

    /// Passes on how another device of ours knows a contact. Where that is news, places are kept free for what comes behind it,
    /// as for all that is told while a device is being linked.
    pub(super) fn pass_contact_on(&mut self, step: &mut Step<'_, '_>, contact: &Contact, reader_head: u64) {
        self.pass_body_on(step, contact, reader_head, |step| {
            Some(Body::Contact(Box::new(known(step, contact, kept_free(step, contact)))))
        });
    }

    /// Passes on what was seen on another device of ours.
    pub(super) fn pass_read_on(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        reader_head: u64,
        read: &OwnRead,
    ) {
        self.pass_body_on(step, contact, reader_head, |_| Some(Body::Read(read.clone())));
    }

    fn pass_body_on(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        reader_head: u64,
        body: impl FnOnce(&Step<'_, '_>) -> Option<Body>,
    ) {
        if self.siblings.is_empty()
            || reader_head >= self.head
            || !self.is_primary()
            || !self.is_main(&contact.own)
        {
            return;
        }
        let is_new = |device: &&DeviceId| {
            takes(step, device, reader_head) && sibling::has_contact(step.tx, device, &contact.account)
        };
        let new: Vec<DeviceId> = self.siblings.iter().filter(is_new).copied().collect();
        if new.is_empty() {
            return;
        }
        let Some(body) = body(step) else { return };
        for device in new {
            self.tell_own(step, &device, body.clone());
        }
    }

    /// What a contact of another device of ours was told of us by that device, which knew this head of our log. The first device
    /// alone knows who was let in behind it.
    pub(super) fn told_by_who_knew(&self, step: &Step<'_, '_>, head: u64) -> Told {
        if !self.is_primary() || head >= self.head {
            return Told { head: self.head, devices: self.announced.clone() };
        }
        let was_there = |device: &&DeviceId| !misses(step, device, head);
        Told { head, devices: self.announced.iter().filter(was_there).copied().collect() }
    }

    /// The first device passes on what its sender didn't send here. It has a place among those that are kept free for it,
    /// before all that was sent here.
    pub(super) fn passed_on(
        &mut self,
        step: &Step<'_, '_>,
        contact: &Contact,
        copy: &OwnCopy,
        passed: Passed,
    ) {
        let side = if passed.theirs { Side::Theirs } else { Side::Ours };
        let (id, sent_at, seq) = (copy.id, copy.sent_at, copy.seq);
        let (said, reply) = match &copy.piece {
            Piece::Said(said, reply) => (said.clone(), reply),
            Piece::Change(change) => {
                return self.changed(step, contact, &Made { by: side, id, sent_at, change: change.clone() });
            }
        };
        let is_here = if passed.theirs {
            comes_itself(step.tx, contact, &passed.device, (seq, id))
        } else {
            conversation::find(step.tx, &contact.thread, Named { side, id }).is_some()
        };
        if is_here {
            self.counters.repeated += 1;
            return;
        }
        let from = match side {
            Side::Theirs => From::Them { device: passed.device, seq },
            Side::Ours => From::Own { device: passed.device, seq },
        };
        let reply = reply.map(|reply| Named { side: side.meant(reply.yours), id: reply.id });
        let entry = NewEntry { sent_at, id, from, body: Line::Said(said), reply };
        let (first, end) = conversation::places(step.tx, &contact.thread);
        let is_heard = passed.theirs
            && step.tx.row(&INCOMING, passed.device.as_bytes()).is_some_and(|row| row.filed > 0);
        let thread = &contact.thread;
        let entry = if passed.position < first {
            // It was missing when the history was told.
            let there = timeline::since(step.tx, thread, passed.position, 1).pop();
            let there = there.filter(|there| there.position == passed.position);
            if !there.is_some_and(|there| matches!(there.body, Line::Missing)) {
                return;
            }
            let Some(entry) = conversation::replace(step.tx, thread, passed.position, entry, step.now) else {
                return;
            };
            entry
        } else if passed.position < end {
            let entry = entry.at(passed.position, step.now);
            conversation::fill(step.tx, thread, vec![entry.clone()], step.now);
            entry
        } else if is_heard {
            // At the end it would be behind what was said after it.
            self.counters.over_limit += 1;
            return;
        } else {
            let entry = conversation::file(step.tx, thread, entry, step.now);
            let read = step.tx.row(&INCOMING, passed.device.as_bytes()).map_or(0, |row| row.read);
            if passed.theirs && seq <= read {
                conversation::seen(step.tx, thread, entry.position);
            }
            entry
        };
        self.show_filed(step, contact, &entry);
    }
}

/// Whether a device isn't sent what somebody says who knows this head of our log.
fn misses(step: &Step<'_, '_>, device: &DeviceId, reader_head: u64) -> bool {
    step.tx.row(&SIBLINGS, device.as_bytes()).is_some_and(|row| row.misses(reader_head, step.now))
}

/// Whether a device is to be passed that, as far as there is room.
fn takes(step: &Step<'_, '_>, device: &DeviceId, reader_head: u64) -> bool {
    let sent = step.tx.with(&SIBLINGS, &SIBLINGS.key(device.as_bytes()), |row| row.sent).unwrap_or(0);
    let settled = step.tx.with(&DELIVERY, &DELIVERY.key(device.as_bytes()), |marks| marks.delivered);
    misses(step, device, reader_head) && sent.saturating_sub(settled.unwrap_or(0)) < limits::PASSED_ON_MAX
}
