//! Logs of contacts: believed, compared with what every message claims, and completed where entries are missing.

use std::sync::Arc;

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::limits;
use crate::domain::chat::conversation;
use crate::domain::chat::delivery::DELIVERY;
use crate::domain::chat::outbox::{Deposit, OUTBOX, Unsettled};
use crate::domain::chat::timeline::{Body as Line, From, NewEntry, Notice};
use crate::domain::chat::void;
use crate::domain::identity::contact::{CONTACTS, Contact, Learnt, Standing};
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::moved;
use crate::domain::identity::relation::{Claim, Relation};
use crate::domain::session::prekeys::VerifiedBundle;
use crate::domain::session::rows::PEERS;
use crate::engine::commerce::subscriptions_with;
use crate::engine::machine::{Engine, Step};
use crate::engine::outbound::drop_session;
use crate::store::table::Rows;
use crate::wire::account::LogHead;
use crate::wire::content::{Body, DeviceHint, LogPart};

impl Engine {
    /// Believes a contact's log, if it goes on from the pinned one or supersedes it. From then on devices that it no
    /// longer names are neither heard nor written to.
    pub(super) fn learn_log(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &mut Contact,
        log: AccountLog,
    ) -> bool {
        if contact.is_ourselves() && self.is_primary() {
            // Nobody but this device writes our log: what others have of it is as new, or older.
            let pinned = contact.log.as_ref().map(|pinned| pinned.relate(&log));
            let known = matches!(pinned, Some(Relation::Same | Relation::Behind));
            self.counters.forked_logs += u64::from(!known);
            return known;
        }
        let before = contact.clone();
        let head = log.head().seq;
        let learnt = contact.learn_log(log, step.now);
        self.learnt(step, &before, contact, (learnt, head))
    }

    /// What follows from a log that was looked at, with its head's number; whether what came with it may be believed.
    fn learnt(
        &mut self,
        step: &mut Step<'_, '_>,
        before: &Contact,
        contact: &Contact,
        (learnt, head): (Learnt, u64),
    ) -> bool {
        match learnt {
            Learnt::Nothing => {}
            Learnt::Refused => {
                self.counters.forked_logs += 1;
                self.mark_fork(step, contact);
            }
            Learnt::Gap => self.want_log(contact, None, head),
            Learnt::Pinned | Learnt::Replaced => {
                contact.devices().for_each(|device| self.links.line(&device).log_known(head));
                self.devices_changed(step, before, contact, learnt);
            }
        }
        learnt.is_believed()
    }

    /// A contact has other devices now. What waited for devices that are gone, or for an account none of whose
    /// devices was known, goes to those that are new; the others have it already.
    pub(super) fn devices_changed(
        &mut self,
        step: &mut Step<'_, '_>,
        before: &Contact,
        contact: &Contact,
        learnt: Learnt,
    ) {
        let (old, now): (Vec<DeviceId>, Vec<DeviceId>) =
            (before.devices().collect(), contact.devices().collect());
        let new: Vec<DeviceId> = now.iter().filter(|device| !old.contains(device)).copied().collect();
        let gone: Vec<DeviceId> = old.iter().filter(|device| !now.contains(device)).copied().collect();
        if !contact.is_ourselves() {
            for recipient in gone.iter().map(DeviceId::as_bytes).chain([contact.account.as_bytes()]) {
                self.move_unsettled(step, recipient, &new);
            }
            for from in &gone {
                let beyond = step.tx.row(&DELIVERY, from.as_bytes()).map(|marks| marks.beyond.clone());
                let beyond = beyond.unwrap_or_default();
                new.iter().for_each(|to| void::inherit(step.tx, from, to, &beyond));
            }
        }
        gone.iter().for_each(|device| self.forget_device(step, device));
        self.remember_former(step, contact, &gone);
        if contact.is_ourselves() {
            if let Some(log) = contact.log.clone() {
                self.own_log_learnt(step, log);
            }
            return;
        }
        // What a business signed, and what somebody signed who subscribes to something, must go on being proven.
        let signs = || contact.business || !subscriptions_with(step.tx, &contact.account).is_empty();
        if let Some(old) = before.log.as_ref().filter(|_| learnt == Learnt::Replaced && signs()) {
            moved::supersede(step.tx, old);
        }
        match learnt {
            _ if before.log.is_none() => {}
            Learnt::Replaced => self.notice(step, contact, Notice::IdentityRestored),
            _ => {
                new.iter().for_each(|_| self.notice(step, contact, Notice::DeviceAdded));
                gone.iter().for_each(|_| self.notice(step, contact, Notice::DeviceRevoked));
                if !new.is_empty() {
                    self.offer_again(step, contact);
                }
            }
        }
    }

    /// Wipes what sessions there are with a device that no longer speaks for its account.
    pub(super) fn forget_device(&mut self, step: &Step<'_, '_>, device: &DeviceId) {
        if let Some(peer) = step.tx.row(&PEERS, device.as_bytes()) {
            peer.active.iter().chain(&peer.archived).for_each(|id| drop_session(step, id));
            step.tx.delete(&PEERS, PEERS.key(device.as_bytes()));
        }
        void::forget(step.tx, device.as_bytes());
        self.bundles.remove(device);
    }

    fn move_unsettled(&mut self, step: &Step<'_, '_>, from: &[u8; 32], devices: &[DeviceId]) {
        for (key, row) in step.tx.scan(&OUTBOX, &OUTBOX.of(from)) {
            for device in devices {
                // What was sealed for one device means nothing to another; a first flight least of all.
                if let Some(seq) = key.position().filter(|seq| *seq > 0) {
                    let row =
                        Unsettled { frame: None, deposit: Deposit::default(), ..Unsettled::clone(&row) };
                    step.tx.put(&OUTBOX, OUTBOX.key_at(device.as_bytes(), seq), row);
                }
            }
            step.tx.delete(&OUTBOX, key);
        }
    }

    /// Compares what a message claims about its sender's log with the pinned one.
    pub(super) fn weigh_claim(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &mut Arc<Contact>,
        device: &DeviceId,
        claim: &LogHead,
    ) {
        match contact.weigh(claim) {
            Some(Claim::Fork) => {
                self.counters.forked_logs += 1;
                Arc::make_mut(contact).mark_fork(step.now);
                self.mark_fork(step, contact);
            }
            Some(Claim::Ahead) if !(contact.is_ourselves() && self.is_primary()) => {
                self.want_log(contact, Some(device), claim.seq);
            }
            _ => {}
        }
    }

    /// Keeps since when a contact's logs contradict each other, and says so the first time.
    fn mark_fork(&mut self, step: &mut Step<'_, '_>, contact: &Contact) {
        let since = contact.forked_at;
        let mark = |row: &mut Contact| {
            let first = row.forked_at.is_none();
            row.forked_at = row.forked_at.or(since);
            first
        };
        let first = step.tx.edit(&CONTACTS, &CONTACTS.key(contact.account.as_bytes()), mark);
        if first == Some(true) {
            self.notice(step, contact, Notice::LogsContradict);
        }
    }

    /// Puts a notice into a contact's conversation.
    pub(super) fn notice(&mut self, step: &Step<'_, '_>, contact: &Contact, notice: Notice) {
        if contact.is_ourselves() {
            return;
        }
        let entry = NewEntry {
            sent_at: step.now,
            id: MessageId::new([0; MessageId::LEN]),
            from: From::Us { seq: 0 },
            body: Line::Notice(notice),
            reply: None,
        };
        let entry = conversation::file(step.tx, &contact.thread, entry, step.now);
        self.show_entry(step, contact, entry.position);
    }

    /// The contact is to be asked for what follows the pinned head: the device that claims to know more, or any. Once on
    /// each link for what is claimed: a question that crosses with the news is answered with nothing, and mustn't keep
    /// another one from being asked.
    fn want_log(&mut self, contact: &Contact, device: Option<&DeviceId>, claimed: u64) {
        let asked = device.copied().or_else(|| contact.devices().next());
        if let Some(device) = asked.filter(|_| contact.standing == Standing::Accepted) {
            let line = self.links.line(&device);
            if line.log_asked.is_none_or(|asked| asked < claimed) {
                line.log_wanted = line.log_wanted.max(Some(claimed));
                self.links.mark_dirty(contact.account);
            }
        }
    }

    /// A device of a contact asks for what follows a head of our log.
    pub(super) fn log_wanted(&mut self, contact: &Contact, device: &DeviceId, head: &LogHead) {
        if contact.standing == Standing::Accepted {
            self.links.line(device).log_owed = Some(*head);
            self.links.mark_dirty(contact.account);
        }
    }

    /// What is to be said to a device about logs now: a question, an answer, or both.
    pub(super) fn log_talk(
        &mut self,
        step: &Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
    ) -> Vec<Body> {
        let line = self.links.line(device);
        let wanted = core::mem::take(&mut line.log_wanted);
        let owed = line.log_owed.take();
        line.log_asked = line.log_asked.max(wanted);
        let head = contact.log.as_ref().map(AccountLog::head).filter(|_| wanted.is_some());
        let own = owed.and_then(|head| Some((self.own(step, &contact.own)?, head)));
        let part = own.and_then(|(own, head)| match own.log.entries_after(&head) {
            Some(entries) if entries.is_empty() => None,
            Some(entries) => Some(LogPart { entries, follows: true }),
            None => Some(LogPart { entries: own.log.carried(), follows: false }),
        });
        head.map(Body::LogWant).into_iter().chain(part.map(Body::Log)).collect()
    }

    /// A part of a contact's log came: as an answer to our question, or because it is news.
    pub(super) fn log_part(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
        device: &DeviceId,
        part: &LogPart,
        is_answer: bool,
    ) {
        let Some(mut contact) = step.tx.copy(&CONTACTS, account.as_bytes()) else { return };
        if is_answer && self.links.line(device).log_asked.take().is_none() {
            return;
        }
        if part.follows {
            if contact.is_ourselves() && self.is_primary() {
                return;
            }
            let before = contact.clone();
            let learnt = contact.follow(part.entries.clone());
            let head = contact.log.as_ref().map_or(0, |log| log.head().seq);
            self.learnt(step, &before, &contact, (learnt, head));
        } else {
            let Ok(log) = AccountLog::verify(contact.account, part.entries.clone()) else { return };
            let is_hole = contact.log.as_ref().is_some_and(|pinned| pinned.relate(&log) == Relation::Gap);
            if is_hole && is_answer {
                // Whose log it is doesn't keep what is between: only a person can decide.
                contact.doubt(log);
                self.notice(step, &contact, Notice::LogIncomplete);
            } else if !self.learn_log(step, &mut contact, log) {
                return;
            }
        }
        step.tx.put(&CONTACTS, CONTACTS.key(account.as_bytes()), contact);
        self.links.mark_dirty(*account);
    }

    /// A contact tells of another device of its account: a session with it is opened now, while its prekeys are new.
    pub(super) fn device_hinted(&mut self, step: &mut Step<'_, '_>, account: &AccountId, hint: &DeviceHint) {
        let Some(mut contact) = step.tx.copy(&CONTACTS, account.as_bytes()) else { return };
        if contact.standing != Standing::Accepted || contact.is_held() {
            return;
        }
        let Ok(bundle) = VerifiedBundle::verify(&hint.bundle, account, step.now) else { return };
        let device = bundle.device();
        if hint.reach.device() != device || contact.this_device == Some(device) {
            return;
        }
        if !self.learn_log(step, &mut contact, bundle.log().clone()) || !contact.has_device(&device) {
            return;
        }
        contact.learn_reach(hint.reach.clone());
        step.tx.put(&CONTACTS, CONTACTS.key(account.as_bytes()), contact.clone());
        if contact.is_ourselves() {
            self.sibling_told(step, &device, hint);
        }
        if step.tx.row(&PEERS, device.as_bytes()).is_none_or(|peer| peer.active.is_none()) {
            self.bundles.insert(device, bundle);
            self.open_session(step, &contact, &device);
        }
        self.links.mark_dirty(*account);
        self.retry_later(step, *account);
    }
}

const _: () = assert!(limits::LOG_KEPT_MAX + 1_024 < 16_382, "what a log keeps fits one content");
