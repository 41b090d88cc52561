//! The way out where no link is to be had: the same sealed bytes, brought to the recipient's mailboxes.

use crate::base::id::{AccountId, DeviceId, SendId, SessionId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::domain::chat::delivery::{DELIVERY, State};
use crate::domain::chat::incoming::{self, INCOMING};
use crate::domain::chat::outbox::{Deposit, OUTBOX, Sealed, Unsettled};
use crate::domain::identity::address::Address;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::mailbox::boxes;
use crate::domain::mailbox::owner;
use crate::domain::session::prekeys::VerifiedBundle;
use crate::domain::session::rows::PEERS;
use crate::engine::event::Event;
use crate::engine::links::Item;
use crate::engine::machine::{Engine, Step};
use crate::engine::mailbox_state::Op;
use crate::store::key::Key;
use crate::store::table::Rows;
use crate::wire::boxes::Queues;
use crate::wire::content::Body;
use crate::wire::peer::{PeerAddress, PeerKey};
use crate::wire::reach::Reach;

impl Engine {
    /// A contact's devices can't be reached: what is unsettled goes to their mailboxes, if they have any.
    pub(super) fn deposit(&mut self, step: &mut Step<'_, '_>, account: &AccountId) {
        let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) else { return };
        if contact.standing != Standing::Accepted || contact.is_held() {
            return;
        }
        for device in contact.devices().collect::<Vec<_>>() {
            let at = contact.reach_of(&device).and_then(Reach::at);
            if !at.is_some_and(|at| self.links.is_linked(at.peer())) {
                self.deposit_for(step, &contact, &device);
            }
        }
    }

    /// The same for one device. While its session may not have reached it, nothing but the first flight goes out:
    /// whatever overtook it could not be opened.
    pub(super) fn deposit_for(&mut self, step: &mut Step<'_, '_>, contact: &Contact, device: &DeviceId) {
        let known = boxes::of(step.tx, &contact.account);
        if known.is_empty() || !self.online {
            return;
        }
        let active = step.tx.row(&PEERS, device.as_bytes()).and_then(|peer| peer.active);
        if active.is_none() && self.awaits_queues(step, contact, device) {
            return;
        }
        let Some(session) = active.or_else(|| self.open_session(step, contact, device)) else {
            self.seek_mailed_prekeys(step, contact, Some(device));
            return;
        };
        let flight = OUTBOX.key_at(device.as_bytes(), 0);
        let is_of = |row: &Unsettled| row.frame.as_ref().is_some_and(|sealed| sealed.session == session);
        if step.tx.with(&OUTBOX, &flight, is_of) == Some(false) {
            // What was to begin a session that isn't sent in any more.
            step.tx.delete(&OUTBOX, flight.clone());
        }
        if let Some(row) = step.tx.get(&OUTBOX, &flight) {
            let to: Vec<_> = known.inboxes(Some(device)).into_iter().map(|one| (one.at, one.send)).collect();
            return self.deposit_row(step, contact, device, (flight, &row), &to);
        }
        let to: Vec<_> = known.pairs(device).iter().map(|one| (one.at.clone(), one.send)).collect();
        if to.is_empty() {
            return;
        }
        self.deposit_beginning(step, contact, device, session, &to);
        let most = mail_limits::PAIR_MESSAGES_MAX as usize;
        for (key, row) in step.tx.scan(&OUTBOX, &OUTBOX.of(device.as_bytes()).from(1).limit(most)) {
            if row.frame.as_ref().is_none_or(|sealed| sealed.session != session) {
                let Some(frame) = self.seal(step, session, &row.content) else { return };
                step.tx.edit(&OUTBOX, &key, |row| {
                    row.frame = Some(Sealed { session, frame });
                    row.deposit = Deposit::default();
                });
            }
            let Some(row) = step.tx.get(&OUTBOX, &key) else { continue };
            self.deposit_row(step, contact, device, (key, &row), &to);
        }
        self.deposit_asides(step, contact, device, &to);
    }

    /// A device that acknowledged nothing may not know where our numbers begin for it, if the session is one that it
    /// opened: that is brought there before the first content, as it is said before it on a link.
    fn deposit_beginning(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        session: SessionId,
        to: &[(PeerAddress, SendId)],
    ) {
        let delivered = step.tx.with(&DELIVERY, &DELIVERY.key(device.as_bytes()), |row| row.delivered);
        let first = step.tx.scan(&OUTBOX, &OUTBOX.of(device.as_bytes()).from(1).limit(1)).pop();
        let queues: Vec<SendId> = to.iter().map(|(_, send)| *send).collect();
        // With number 1 there is nothing that it could miss before.
        let begins =
            first.is_some_and(|(key, row)| key.position() > Some(1) && row.deposit.is_due(&queues, step.now));
        let knows = delivered.unwrap_or(0) > 0 && self.untold_void(step, contact, device).is_empty();
        if knows || !begins || contact.standing != Standing::Accepted {
            return;
        }
        let due = self.links.line(device).greeting_due;
        let greeting = self.seal_greeting(step, contact, device, session);
        self.links.line(device).greeting_due = due;
        let Some((frame, item)) = greeting else { return };
        for (at, send) in to {
            let (contact, frame) = (contact.account, frame.clone());
            self.ask_mailbox(step, at, Op::Say { contact, to: *send, frame, item });
        }
    }

    fn deposit_row(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        (key, row): (Key, &Unsettled),
        to: &[(PeerAddress, SendId)],
    ) {
        let queues: Vec<SendId> = to.iter().map(|(_, send)| *send).collect();
        let Some(seq) = key.position().filter(|_| !to.is_empty() && row.deposit.is_due(&queues, step.now))
        else {
            return;
        };
        let words = step.tx.edit(&OUTBOX, &key, |row| {
            row.deposit.begin(step.now);
            row.deposit.words.clone()
        });
        let words = words.unwrap_or_default();
        for (at, send) in to.iter().filter(|(_, send)| !words.contains(send)) {
            let (contact, device) = (contact.account, *device);
            self.ask_mailbox(step, at, Op::Deposit { contact, device, seq, to: *send });
        }
    }

    /// Acknowledgements and talk about logs go the same way.
    fn deposit_asides(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        to: &[(PeerAddress, SendId)],
    ) {
        let Some(session) = step.tx.row(&PEERS, device.as_bytes()).and_then(|peer| peer.active) else {
            return;
        };
        let mut frames = Vec::new();
        if self.links.line(device).ack_due {
            self.send_ack(step, contact, device, session, &mut frames);
        }
        for body in self.asides(step, contact, device) {
            let frame = self.seal_control(step, contact, session, body, None);
            frames.extend(frame.map(|frame| (frame, Item::Greeting { device: *device })));
        }
        for (frame, item) in frames {
            for (at, send) in to {
                let (contact, frame) = (contact.account, frame.clone());
                self.ask_mailbox(step, at, Op::Say { contact, to: *send, frame, item });
            }
        }
    }

    /// What is to be said to a device beside what must arrive: about logs, and what is missing here.
    pub(super) fn asides(&mut self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) -> Vec<Body> {
        let mut bodies = self.log_talk(step, contact, device);
        let missing = self.links.line(device).missing.take();
        bodies.extend(missing.map(|(from, until)| Body::Resend { from, until }));
        bodies
    }

    /// A mailbox keeps something of ours.
    pub(super) fn deposited(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &AccountId,
        device: &DeviceId,
        seq: u64,
        to: SendId,
    ) {
        let known = boxes::of(step.tx, contact);
        let queues: Vec<SendId> = if seq == 0 {
            known.inboxes(Some(device)).iter().map(|inbox| inbox.send).collect()
        } else {
            known.pairs(device).iter().map(|pair| pair.send).collect()
        };
        let key = OUTBOX.key_at(device.as_bytes(), seq);
        let news = step.tx.edit(&OUTBOX, &key, |row| row.deposit.kept(to, &queues));
        if news == Some(true) && seq > 0 && *contact != self.account {
            let with = Address(*contact);
            self.show(Event::Delivery { with, seq, state: State::Stored });
        }
    }

    /// A mailbox keeps something that need not arrive.
    pub(super) fn said(&mut self, step: &Step<'_, '_>, item: Item) {
        if let Item::Ack { device, told } = item {
            incoming::edit(step.tx, &device, |row| row.told = told);
        }
    }

    /// A mailbox doesn't: it is said again with the next attempt.
    pub(super) fn unsaid(&mut self, item: Item) {
        if let Item::Ack { device, .. } = item {
            self.links.line(&device).ack_due = true;
        }
    }

    /// When a contact is to be tried again whose mailboxes keep all that waits for its devices, as far as it can be brought
    /// there: whoever comes back finds it without us. None where they don't.
    pub(super) fn kept_until(&self, step: &Step<'_, '_>, contact: &Contact) -> Option<Time> {
        let mut until = step.now.plus(mail_limits::STORED_RETRY);
        if boxes::of(step.tx, &contact.account).is_empty() {
            return None;
        }
        for device in contact.devices() {
            let most = mail_limits::PAIR_MESSAGES_MAX as usize;
            let rows = step.tx.scan(&OUTBOX, &OUTBOX.of(device.as_bytes()).limit(most));
            // Behind a first flight nothing else goes out.
            let is_flight = |(key, _): &(Key, _)| key.position() == Some(0);
            let out = if rows.first().is_some_and(is_flight) { 1 } else { rows.len() };
            for (_, row) in rows.iter().take(out) {
                if !row.deposit.stored {
                    return None;
                }
                until = row.deposit.next().map_or(until, |next| until.min(next));
            }
        }
        Some(until)
    }

    /// The recipient asks for these again: they are brought to its mailboxes once more.
    pub(super) fn wanted_again(&mut self, step: &Step<'_, '_>, device: &DeviceId, from: u64, until: u64) {
        let until = until.min(from.saturating_add(limits::HELD_MAX as u64));
        for (key, _) in step.tx.scan(&OUTBOX, &OUTBOX.of(device.as_bytes()).from(from.max(1)).until(until)) {
            step.tx.edit(&OUTBOX, &key, |row| row.deposit.wanted = row.deposit.at.is_some());
        }
    }

    /// A device says where to deposit for it.
    pub(super) fn learn_queues(
        &mut self,
        step: &Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        queues: Queues,
    ) {
        let known: Vec<DeviceId> = contact.devices().collect();
        boxes::learn(step.tx, &contact.account, &known, *device, queues);
        self.links.mark_dirty(contact.account);
    }

    /// After a start: whoever may not know what arrived here is told.
    pub(super) fn owe_lost_acks(&mut self, step: &Step<'_, '_>, contact: &Contact) {
        if contact.standing != Standing::Accepted {
            return;
        }
        let by_mail = !boxes::of(step.tx, &contact.account).is_empty();
        for device in contact.devices() {
            let told = step.tx.with(&INCOMING, &INCOMING.key(device.as_bytes()), |row| {
                row.told != incoming::UNHEARD && (!by_mail || row.now() == row.told)
            });
            if told == Some(false) {
                self.owe_ack(contact, &device);
            }
        }
    }

    /// Asks a contact's mailboxes for prekeys; whether there is one to ask.
    pub(super) fn seek_mailed_prekeys(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: Option<&DeviceId>,
    ) -> bool {
        let inboxes = boxes::of(step.tx, &contact.account).inboxes(device);
        if inboxes.is_empty() || !self.online {
            return false;
        }
        let of = contact.account;
        if !self.mail.is_asked(|op| matches!(op, Op::GetPrekeys { contact, .. } if *contact == of)) {
            for inbox in inboxes {
                let contact = contact.account;
                self.ask_mailbox(step, &inbox.at, Op::GetPrekeys { contact, to: inbox.send });
            }
        }
        true
    }

    /// Prekeys of a contact came from a mailbox: believed as far as the contact's device signed them.
    pub(super) fn mailed_prekeys(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
        mailbox: &PeerKey,
        bundle: &[u8],
        one_time: &[Vec<u8>],
    ) {
        let Some(contact) = step.tx.copy(&CONTACTS, account.as_bytes()) else { return };
        let mut bundle = match VerifiedBundle::verify(bundle, account, step.now) {
            Ok(bundle) => bundle,
            Err(error) => {
                self.counters.malformed += u64::from(!error.is_of_time());
                return self.no_mailed_prekeys(step, *account);
            }
        };
        // One bundle is enough; another mailbox's may be the older one. That of a profile gives way to one with a pair.
        let peer = step.tx.row(&PEERS, bundle.device().as_bytes());
        let better = self.lookups.bundles.contains(account) && !one_time.is_empty();
        let has_one = self.bundles.contains_key(&bundle.device()) && !better;
        if has_one || peer.is_some_and(|peer| peer.active.is_some()) {
            if self.lookups.bundles.contains(account) {
                self.no_mailed_prekeys(step, *account);
            }
            return;
        }
        let source = owner::source(mailbox);
        for prekey in one_time {
            let added = bundle.add_one_time_from(Some(source), prekey, step.now);
            self.counters.malformed += u64::from(added.is_err_and(|error| !error.is_of_time()));
        }
        if self.take_bundle(step, contact, bundle) {
            // Nobody was there to be asked: nobody is there to be sent to.
            self.lookups.bundles.remove(account);
            self.links.mark_dirty(*account);
        }
    }

    /// A mailbox has no better prekeys of a contact than there are: once none is asked any more, these serve, or it is
    /// tried again later.
    pub(super) fn no_mailed_prekeys(&mut self, step: &mut Step<'_, '_>, account: AccountId) {
        let of = account;
        if self.mail.is_asked(|op| matches!(op, Op::GetPrekeys { contact, .. } if *contact == of)) {
            return;
        }
        if self.lookups.bundles.remove(&account) {
            self.links.mark_dirty(account);
        } else {
            self.retry_later(step, account);
        }
    }
}
