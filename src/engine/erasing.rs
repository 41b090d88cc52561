//! What is kept of a contact goes, at their wish or ours; what was charged stays.

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::said_limits;
use crate::base::time::Time;
use crate::domain::billing::entitlement::stand;
use crate::domain::billing::standing::Standing as Charged;
use crate::domain::business::desk;
use crate::domain::business::note::NOTES;
use crate::domain::business::seat::SEATS;
use crate::domain::chat::conversation::{self, CONVERSATIONS};
use crate::domain::chat::delivery::DELIVERY;
use crate::domain::chat::incoming::{HELD, INCOMING, MISSING};
use crate::domain::chat::names::{self, EARLY};
use crate::domain::chat::outbox::OUTBOX;
use crate::domain::chat::timeline::PAGES;
use crate::domain::chat::void;
use crate::domain::consent::dealings::DEALINGS;
use crate::domain::consent::ledger::CONSENTS;
use crate::domain::consent::report::REPORTS;
use crate::domain::consent::waiting::WAITING;
use crate::domain::consent::window::{OPENINGS, WINDOWS};
use crate::domain::directory::found::FOUND;
use crate::domain::identity::address;
use crate::domain::identity::contact::{CONTACTS, Contact, FORMER_DEVICES, Standing};
use crate::domain::identity::moved::{self, MOVED, SUPERSEDED};
use crate::domain::mailbox::boxes::{BOXES, PUBLISHED};
use crate::domain::mailbox::owner::{self, FOR_CONTACT, OWN_QUEUES, Purpose};
use crate::domain::session::rows::PEERS;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::commerce::{history, subscriptions_with};
use crate::engine::machine::{Engine, Job, NOBODY, Step};
use crate::engine::outbound::drop_session;
use crate::engine::people::short_name;
use crate::store::snapshot::Scan;
use crate::store::table::{Row, Rows as _, Table};

impl Engine {
    /// Erases a contact with all that was said and agreed, but for subscriptions, invoices and receipts: bookkeeping laws
    /// want those. While there is a subscription, there is something to be done for it, and nothing goes.
    pub(super) fn erase(&mut self, step: &mut Step<'_, '_>, account: &AccountId) -> Result<Outcome, Refusal> {
        let contact = moved::contact(step.tx, account).filter(|contact| !contact.is_ourselves());
        let contact = contact.ok_or_else(|| Refusal::NotAContact(address::encode(account)))?;
        let subscriptions = subscriptions_with(step.tx, &contact.account);
        let runs = subscriptions
            .iter()
            .filter_map(|row| history(step.tx, &row.id))
            .any(|history| stand(&history, &Charged::of(&history), step.now).state.has_access());
        if runs {
            return Err(Refusal::Billing(format!(
                "there is a subscription between {} and this node: cancel it first (`sigillo cancel`), and erase when it is \
                 over",
                contact.name
            )));
        }
        let kept = subscriptions.len() as u64;
        let entries = step.tx.row(&CONVERSATIONS, contact.thread.as_bytes()).map_or(0, |row| row.entries);
        let former = step.tx.row(&FORMER_DEVICES, contact.thread.as_bytes()).unwrap_or_default();
        let devices: Vec<DeviceId> = contact.devices().chain(former.iter().copied()).collect();
        self.files_erased(step, &contact);
        devices.iter().for_each(|device| self.erase_device(step, &contact, device));
        self.erase_person(step, &contact, kept > 0);
        for job in [Job::Deliver(contact.account), Job::Expire(contact.account)] {
            self.agenda.clear(step.tx, &job);
        }
        self.attempts.remove(&contact.account);
        drop(core::mem::take(&mut self.mail.keys));
        self.lookups.bundles.remove(&contact.account);
        self.requests -= usize::from(contact.standing == Standing::Requested && self.requests > 0);
        let key = CONTACTS.key(contact.account.as_bytes());
        if kept > 0 {
            let mut stub = Contact::new(contact.account, contact.own, Standing::Accepted, contact.added_at);
            (stub.thread, stub.former) = (contact.thread, contact.former);
            (stub.name, stub.business) = (short_name(&contact.account), contact.business);
            // By their log it is proven what they signed.
            stub.log.clone_from(&contact.log);
            step.tx.put(&CONTACTS, key, stub);
        } else {
            step.tx.delete(&CONTACTS, key);
            self.contacts = self.contacts.saturating_sub(1);
        }
        // Whoever comes again must not take what is said then for what was said before.
        conversation::start_afresh(step.tx, step.now);
        Ok(Outcome::Erased { address: address::encode(&contact.account), entries, subscriptions: kept })
    }

    /// Devices of a contact are gone: what is kept of them goes with the contact, or when too many others are gone since.
    pub(super) fn remember_former(&mut self, step: &Step<'_, '_>, contact: &Contact, gone: &[DeviceId]) {
        if gone.is_empty() || contact.is_ourselves() {
            return;
        }
        let thread = contact.thread.as_bytes();
        let mut former = step.tx.copy(&FORMER_DEVICES, thread).unwrap_or_default();
        former.retain(|device| !gone.contains(device));
        former.extend(gone);
        let beyond = former.len().saturating_sub(said_limits::FORMER_DEVICES_MAX);
        for device in former.drain(..beyond).filter(|device| !contact.devices().any(|now| now == *device)) {
            self.erase_device(step, contact, &device);
        }
        step.tx.put(&FORMER_DEVICES, FORMER_DEVICES.key(thread), former);
    }

    /// Sessions with a device, what waits for it and what came of it.
    fn erase_device(&mut self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) {
        if let Some(peer) = step.tx.row(&PEERS, device.as_bytes()) {
            peer.active.iter().chain(&peer.archived).for_each(|id| drop_session(step, id));
        }
        let id = device.as_bytes();
        step.tx.delete(&PEERS, PEERS.key(id));
        step.tx.delete(&INCOMING, INCOMING.key(id));
        step.tx.delete(&DELIVERY, DELIVERY.key(id));
        void::forget(step.tx, id);
        all(step, &OUTBOX, &OUTBOX.of(id));
        all(step, &HELD, &HELD.of(id));
        all(step, &MISSING, &MISSING.of(id));
        self.agenda.clear(step.tx, &Job::Gap(contact.account, *device));
        self.bundles.remove(device);
        self.links.forget(device);
    }

    /// What was said, agreed and known, whatever their devices.
    fn erase_person(&self, step: &Step<'_, '_>, contact: &Contact, charged: bool) {
        let (thread, account) = (contact.thread.as_bytes(), contact.account.as_bytes());
        for (key, page) in step.tx.scan(&PAGES, &PAGES.of(thread)) {
            page.entries.iter().for_each(|entry| names::forget(step.tx, &contact.thread, entry.id));
            step.tx.delete(&PAGES, key);
        }
        all(step, &EARLY, &EARLY.of(thread));
        desk::forget(step.tx, &contact.thread);
        all(step, &NOTES, &NOTES.of(thread));
        step.tx.delete(&SEATS, SEATS.key(thread));
        all(step, &CONSENTS, &CONSENTS.of(thread));
        all(step, &OPENINGS, &OPENINGS.of(thread));
        all(step, &WAITING, &WAITING.of(thread));
        all(step, &REPORTS, &REPORTS.of(thread));
        all(step, &OUTBOX, &OUTBOX.of(account));
        step.tx.delete(&WINDOWS, WINDOWS.key(thread));
        step.tx.delete(&DEALINGS, DEALINGS.key(thread));
        step.tx.delete(&FORMER_DEVICES, FORMER_DEVICES.key(thread));
        step.tx.delete(&CONVERSATIONS, CONVERSATIONS.key(thread));
        void::forget(step.tx, thread);
        step.tx.delete(&BOXES, BOXES.key(account));
        step.tx.delete(&PUBLISHED, PUBLISHED.key(account));
        step.tx.delete(&FOUND, FOUND.key(account));
        for (id, queue, _) in owner::queues_for(step.tx, &contact.account) {
            // The mailbox lets go of it when it is next looked into; whom it was for isn't kept until then.
            let Purpose::Pair { writer, mask, .. } = queue.purpose else { continue };
            step.tx.edit(&OWN_QUEUES, &OWN_QUEUES.key(id.as_bytes()), |row| {
                (row.replaced, row.purpose) =
                    (Some(Time::EPOCH), Purpose::Pair { contact: NOBODY, writer, mask });
            });
        }
        step.tx.delete(&FOR_CONTACT, FOR_CONTACT.key(account));
        if charged {
            // By these it is proven what was signed for their accounts.
            return;
        }
        all(step, &SUPERSEDED, &SUPERSEDED.of(account));
        let mut former = contact.former;
        for _ in 0..limits::CONTACTS_MAX {
            let Some(moved) = former.and_then(|former| step.tx.row(&MOVED, former.as_bytes())) else {
                return;
            };
            let key = MOVED.key(moved.log.account().as_bytes());
            former = moved.former;
            all(step, &SUPERSEDED, &SUPERSEDED.of(moved.log.account().as_bytes()));
            step.tx.delete(&MOVED, key);
        }
    }
}

fn all<T: Row>(step: &Step<'_, '_>, table: &Table<T>, scan: &Scan) {
    step.tx.scan(table, scan).into_iter().for_each(|(key, _)| step.tx.delete(table, key));
}
