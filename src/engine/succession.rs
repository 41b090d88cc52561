//! Contacts whose identity is another by their own word: taken over whole, with what was said and the sessions.

use crate::base::id::{AccountId, DeviceId};
use crate::domain::chat::conversation;
use crate::domain::chat::outbox::{Deposit, OUTBOX, Unsettled};
use crate::domain::chat::timeline::Notice;
use crate::domain::identity::contact::{CONTACTS, Contact, Learnt};
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::moved::{MOVED, Moved};
use crate::domain::identity::own::ACCOUNTS;
use crate::domain::identity::relation::Relation;
use crate::domain::identity::succession;
use crate::domain::mailbox::{boxes, owner};
use crate::domain::session::prekeys::VerifiedBundle;
use crate::domain::session::rows::{PEERS, ROUTES, Route, SESSIONS};
use crate::engine::commerce;
use crate::engine::machine::{Engine, Job, Step};
use crate::store::table::Rows;
use crate::wire::content::{DeviceHint, Succession};
use crate::wire::signed::Signed;

impl Engine {
    /// A device of a contact, or of our own account, says that another account takes the place of the known one.
    pub(super) fn succession_told(&mut self, step: &mut Step<'_, '_>, contact: &Contact, told: &Succession) {
        let Ok(line) = succession::line(told.former.clone()) else { return self.refuse_succession() };
        let Some(successor) = line.last().and_then(AccountLog::successor) else {
            return self.refuse_succession();
        };
        let Ok(bundle) = VerifiedBundle::verify(&told.device.bundle, &successor, step.now) else {
            return self.refuse_succession();
        };
        if contact.is_ourselves() {
            return self.own_succession(step, contact, &line, &bundle, &told.device);
        }
        // Whoever was told by another device of theirs already learns nothing.
        if let Some(mut moved) = self.take_over(step, &line, bundle.log().clone()) {
            self.learn_hint(step, &mut moved, bundle, &told.device);
        }
    }

    /// What came with a contact's statement says where one of its devices is, and how a session with it is opened.
    fn learn_hint(
        &mut self,
        step: &Step<'_, '_>,
        contact: &mut Contact,
        bundle: VerifiedBundle,
        hint: &DeviceHint,
    ) {
        if hint.reach.device() == bundle.device() {
            contact.learn_reach(hint.reach.clone());
        }
        contact.inbox = Some(bundle.inbox());
        step.tx.put(&CONTACTS, CONTACTS.key(contact.account.as_bytes()), contact.clone());
        self.bundles.insert(bundle.device(), bundle);
    }

    /// The same where the statement came with something else, and the successor's log with it.
    pub(super) fn succeeded(
        &mut self,
        step: &mut Step<'_, '_>,
        former: Vec<Signed>,
        new: AccountLog,
    ) -> Option<Contact> {
        match succession::line(former) {
            Ok(line) => self.take_over(step, &line, new),
            Err(_) => {
                self.refuse_succession();
                None
            }
        }
    }

    /// The account that a contact is now, by the statement that came with prekeys.
    pub(super) fn succession_answered(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
        bundle: &[u8],
        former: &[Signed],
    ) -> Option<AccountId> {
        if former.is_empty() {
            return None;
        }
        let line = succession::line(former.to_vec()).ok()?;
        let successor = line.last()?.successor()?;
        if !line.iter().any(|log| log.account() == *account) {
            return None;
        }
        let bundle = VerifiedBundle::verify(bundle, &successor, step.now).ok()?;
        self.take_over(step, &line, bundle.log().clone()).map(|moved| moved.account)
    }

    fn refuse_succession(&mut self) {
        self.counters.malformed += 1;
    }

    /// Puts the successor in the place of the contact that one of the line's accounts is.
    pub(super) fn take_over(
        &mut self,
        step: &mut Step<'_, '_>,
        line: &[AccountLog],
        new: AccountLog,
    ) -> Option<Contact> {
        let of = |log: &AccountLog| step.tx.copy(&CONTACTS, log.account().as_bytes());
        let contact = line.iter().find_map(of).filter(|contact| !contact.is_ourselves())?;
        let heir = new.account();
        let taken = step.tx.with(&CONTACTS, &CONTACTS.key(heir.as_bytes()), |_| ()).is_some()
            || step.tx.with(&ACCOUNTS, &ACCOUNTS.key(heir.as_bytes()), |_| ()).is_some();
        match succession::succeed(&contact, line, new, step.now) {
            Ok(moved) if !taken => Some(self.move_contact(step, &contact, moved, line)),
            _ => {
                self.counters.forked_logs += 1;
                None
            }
        }
    }

    /// Whatever is kept by the contact's account is kept by its new one from here on, in this very commit: nothing
    /// that was said is lost or comes twice, because it is kept by devices, and these stay.
    pub(super) fn move_contact(
        &mut self,
        step: &mut Step<'_, '_>,
        before: &Contact,
        contact: Contact,
        line: &[AccountLog],
    ) -> Contact {
        let (old, new) = (before.account, contact.account);
        remember(step, before, line);
        step.tx.delete(&CONTACTS, CONTACTS.key(old.as_bytes()));
        step.tx.put(&CONTACTS, CONTACTS.key(new.as_bytes()), contact.clone());
        before.devices().for_each(|device| readdress(step, &device, new));
        before.devices().for_each(|device| self.leave_unanswered(step, &device));
        for (key, row) in step.tx.scan(&OUTBOX, &OUTBOX.of(old.as_bytes())) {
            if let Some(seq) = key.position() {
                let row = Unsettled::clone(&row);
                step.tx.put(&OUTBOX, OUTBOX.key_at(new.as_bytes(), seq), row);
            }
            step.tx.delete(&OUTBOX, key);
        }
        self.move_jobs(step, before, new);
        self.links.rename(old, new);
        self.lookups.bundles.remove(&old);
        self.attempts.remove(&old);
        commerce::contact_moved(step.tx, &old, new);
        boxes::contact_moved(step.tx, &old, &new);
        owner::contact_moved(step.tx, &old, &new);
        self.mail.rename(old, new);
        if !contact.is_ourselves() {
            conversation::edit(step.tx, &contact.thread, |row| row.with = new);
            self.notice(step, &contact, Notice::IdentityRotated);
            self.show_contact(&contact);
        }
        self.devices_changed(step, before, &contact, Learnt::Pinned);
        self.links.mark_dirty(new);
        contact
    }

    /// A session whose first flight nobody answered was for the former account, which takes none any more: what waits is
    /// sealed anew, in another one.
    fn leave_unanswered(&mut self, step: &Step<'_, '_>, device: &DeviceId) {
        let active = step.tx.row(&PEERS, device.as_bytes()).and_then(|peer| peer.active);
        let flight = OUTBOX.key_at(device.as_bytes(), 0);
        let is_its = |row: &Unsettled| row.frame.as_ref().map(|sealed| sealed.session) == active;
        if step.tx.with(&OUTBOX, &flight, is_its) == Some(true) {
            step.tx.edit(&OUTBOX, &flight, |row| row.deposit = Deposit::default());
            self.retire_session(step, device);
        }
    }

    fn move_jobs(&mut self, step: &Step<'_, '_>, before: &Contact, new: AccountId) {
        let old = before.account;
        let gaps = before.devices().map(|device| (Job::Gap(old, device), Job::Gap(new, device)));
        let jobs = [(Job::Deliver(old), Job::Deliver(new)), (Job::Expire(old), Job::Expire(new))];
        for (from, to) in jobs.into_iter().chain(gaps) {
            if let Some(due) = self.agenda.due(&from) {
                self.agenda.clear(step.tx, &from);
                self.agenda.set(step.tx, to, due);
            }
        }
    }
}

/// Keeps the ended logs: they prove who the contact was, to our other devices and for what was signed then.
fn remember(step: &Step<'_, '_>, before: &Contact, line: &[AccountLog]) {
    let mut former = before.former;
    let from = line.iter().position(|log| log.account() == before.account).unwrap_or_default();
    for log in &line[from..] {
        let account = log.account();
        // With what was pinned before, where it fits: what was signed long ago is verified by it.
        let whole = before.log.as_ref().filter(|pinned| pinned.account() == account);
        let log = match whole.map(|pinned| pinned.relate(log)) {
            Some(Relation::Extends(whole)) => whole,
            _ => log.clone(),
        };
        step.tx.put(&MOVED, MOVED.key(account.as_bytes()), Moved { log, former });
        former = Some(account);
    }
}

/// Frames in the sessions with a device are the new account's.
fn readdress(step: &Step<'_, '_>, device: &DeviceId, new: AccountId) {
    let Some(peer) = step.tx.row(&PEERS, device.as_bytes()) else { return };
    for id in peer.active.iter().chain(&peer.archived) {
        let Some(session) = step.tx.row(&SESSIONS, id.as_bytes()) else { continue };
        step.tx.edit(&ROUTES, &ROUTES.key(session.receive_route().as_bytes()), |route| {
            if let Route::Pair { contact, .. } = route {
                *contact = new;
            }
        });
    }
}
