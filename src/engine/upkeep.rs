//! What falls due, and what is done when the node starts or its addresses change.

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::own::ACCOUNTS;
use crate::domain::session::rows::PEERS;
use crate::engine::forwarding::FORWARDED;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::prekeys::is_stale;
use crate::store::table::Rows;
use crate::wire::peer::PeerKey;

impl Engine {
    /// The node has started: soft state is made anew from the store, and what waited is tried at once.
    pub(super) fn started(&mut self, step: &mut Step<'_, '_>, peer: Option<PeerKey>) {
        self.online = peer.is_some();
        self.peer = peer;
        self.ensure_account(step);
        self.came_back(step);
        self.refresh_own(step);
        self.begin_desk(step);
        let contacts = step.tx.scan(&CONTACTS, &CONTACTS.all());
        self.contacts = contacts.len();
        self.requests =
            contacts.iter().filter(|(_, contact)| contact.standing == Standing::Requested).count();
        for (_, contact) in contacts {
            self.owe_lost_acks(step, &contact);
            self.note_if_blocked(&contact);
            if self.agenda.due(&Job::Deliver(contact.account)).is_some() {
                self.links.mark_dirty(contact.account);
            }
        }
        for (_, own) in step.tx.scan(&ACCOUNTS, &ACCOUNTS.all()) {
            if own.log.successor().is_some() {
                continue;
            }
            let due = own.prekeys_made.plus(limits::PREKEY_ROTATION);
            let due = if is_stale(&own, step.now) { step.now } else { due };
            self.agenda.set_by(step.tx, Job::Prekeys(own.log.account()), due);
        }
        self.mail_started(step);
        self.files_started(step);
        if self.online {
            self.keep_again(step);
            self.places_again(step);
        }
    }

    /// The addresses under which we can be reached are others now: whoever must know is told.
    pub(super) fn listening(&mut self, step: &mut Step<'_, '_>, addresses: Vec<String>) {
        if addresses == self.addresses {
            return;
        }
        self.addresses = addresses;
        self.find_mailboxes_again(step);
        if self.agenda.due(&Job::Succeed).is_some() && self.is_primary() {
            self.agenda.set_by(step.tx, Job::Succeed, step.now);
        }
        if self.is_business() {
            if step.tx.with(&OWN_PROFILE, &OWN_PROFILE.key(OWN_PROFILE_ID), |_| ()).is_some() {
                self.agenda.set_by(step.tx, Job::Publish, step.now.plus(limits::SETTLE_PAUSE));
            }
        } else if !self.addresses.is_empty() {
            self.greet_contacts(step);
        }
    }

    /// There is a directory to publish in: what couldn't be published before is tried at once.
    pub(super) fn bootstrapped(&mut self, step: &Step<'_, '_>, peers: usize) {
        let published = step.tx.with(&OWN_PROFILE, &OWN_PROFILE.key(OWN_PROFILE_ID), |_| ()).is_some();
        if peers > 0 {
            // What was said to nobody is said again.
            for (key, _) in step.tx.scan(&FORWARDED, &FORWARDED.all()) {
                let former = AccountId::from_slice(&key.id);
                former.into_iter().for_each(|former| self.forward_soon(step, former));
            }
        }
        if peers > 0 && published && self.attempts.remove(&self.account).is_some() {
            self.agenda.set(step.tx, Job::Publish, step.now);
        }
    }

    /// A person isn't listed anywhere: its node tells its contacts itself where it is.
    fn greet_contacts(&mut self, step: &Step<'_, '_>) {
        let mut contacts: Vec<_> =
            step.tx.scan(&CONTACTS, &CONTACTS.all()).into_iter().map(|(_, c)| c).collect();
        contacts.retain(|contact| contact.standing == Standing::Accepted);
        contacts.sort_by_key(|contact| core::cmp::Reverse(contact.added_at));
        for contact in contacts.into_iter().take(limits::GREETED_MAX) {
            self.greet(step, &contact);
        }
    }

    /// The contact's devices are to be told where we are.
    pub(super) fn greet(&mut self, step: &Step<'_, '_>, contact: &Contact) {
        contact.devices().for_each(|device| self.greet_device(step, contact, &device));
    }

    /// The same for one device; one without a session learns it from the first flight.
    pub(super) fn greet_device(&mut self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) {
        if step.tx.row(&PEERS, device.as_bytes()).is_some_and(|peer| peer.active.is_some()) {
            self.links.line(device).greeting_due = true;
            self.links.mark_dirty(contact.account);
        }
    }

    /// Does what is due.
    pub(super) fn upkeep(&mut self, step: &mut Step<'_, '_>) {
        self.lookups_due(step);
        self.mailboxes_overdue(step);
        for job in self.agenda.take_due(step.tx, step.now) {
            match job {
                Job::Deliver(contact) => {
                    self.seek_again(step, &contact);
                    self.links.mark_dirty(contact);
                    self.retry_later(step, contact);
                }
                Job::Expire(contact) => self.expire(step, &contact),
                Job::Gap(contact, device) => self.gap(step, &contact, &device),
                Job::Prekeys(own) => {
                    let renewed = self.prekeys_due(step, &own);
                    if renewed && own == self.account {
                        self.tell_own_hint(step);
                        self.prekeys_to_mailboxes(step);
                    }
                    if renewed && own == self.account && self.is_business() && self.online {
                        self.publish(step, None);
                    }
                }
                Job::Publish => self.publish(step, None),
                Job::Renew(subscription) => self.renew(step, &subscription),
                Job::Sweep => self.sweep(step),
                Job::Mailboxes => self.look_into_mailboxes(step),
                Job::MailQueue(queue) => self.watch_queue(step, queue),
                Job::Forward(former) => self.forward(step, former),
                Job::Succeed => self.tell_successions(step),
                Job::Quiet => self.quiet_over(step),
                Job::Shown(subscription) => self.show_newest(step, &subscription),
                Job::Fetch => self.fetch_some(step),
                Job::FileEnds(file) => self.file_ends(step, &file),
            }
        }
    }
}
