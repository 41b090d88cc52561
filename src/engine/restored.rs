//! A store that was brought back from a backup: what it must not do again, and what it says anew.
//!
//! What happened since the backup was made isn't known here, but it happened: contacts have messages that this store
//! never sent, sessions went on, numbers were used. So nothing is sealed in a session of before, no number is used that
//! may have been, and what this node said to a few alone it says again.

use crate::base::id::DeviceId;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::chat::conversation::{self, CONVERSATIONS};
use crate::domain::chat::incoming;
use crate::domain::chat::outbox::{Deposit, OUTBOX};
use crate::domain::chat::void;
use crate::domain::identity::contact::{CONTACTS, Standing};
use crate::domain::identity::own::ACCOUNTS;
use crate::domain::identity::sibling::SIBLINGS;
use crate::domain::mailbox::owner::{self, FOR_CONTACT, MAILBOXES, Mailbox, OWN_QUEUES, OwnQueue, Purpose};
use crate::domain::mailbox::queue::QUEUES;
use crate::domain::session::rows::{ONE_TIME, PEERS, POOLS};
use crate::engine::machine::{Engine, Step};
use crate::engine::reconcile;
use crate::store::key::{Key, TableId};
use crate::store::snapshot::Fault;
use crate::store::table::{Rows as _, Table};

/// When the backup was made whose copy this store is; none once the node has taken note.
const RESTORED: Table<Time> = Table::new(TableId::Restored, 1);
const ID: &[u8] = b"restored";

/// The row that whoever makes a store of a backup leaves for the node, and its key.
///
/// # Errors
/// Where the row can't be written.
pub fn mark(made: Time) -> Result<(Key, Vec<u8>), Fault> {
    Ok((RESTORED.key(ID), RESTORED.encode(&made)?))
}

impl Engine {
    /// Takes note, once, that the store is a copy of an earlier one.
    pub(super) fn came_back(&mut self, step: &mut Step<'_, '_>) {
        if step.tx.row(&RESTORED, ID).is_none() {
            return;
        }
        step.tx.delete(&RESTORED, RESTORED.key(ID));
        self.end_sessions(step);
        self.pass_over_numbers(step);
        Self::files_left_behind(step);
        if !self.is_business() {
            self.call_on_contacts(step);
        }
        for (_, own) in step.tx.scan(&ACCOUNTS, &ACCOUNTS.all()) {
            let account = own.log.account();
            for (key, _) in step.tx.scan(&ONE_TIME, &ONE_TIME.of(account.as_bytes())) {
                step.tx.delete(&ONE_TIME, key);
            }
            step.tx.edit(&POOLS, &POOLS.key(account.as_bytes()), |pool| pool.settle(u32::MAX));
            if own.log.successor().is_none() {
                self.new_prekeys(step, &account);
            }
        }
        self.replace_inboxes(step);
        // Contacts may have been told of other queues since, which nobody reads any more.
        for (key, _) in step.tx.scan(&FOR_CONTACT, &FOR_CONTACT.all()) {
            step.tx.edit(&FOR_CONTACT, &key, |row| (row.told, row.told_at) = (Vec::new(), None));
        }
        if self.is_primary() && self.is_known(step) {
            reconcile::came_back(step);
        }
    }

    /// Whether somebody may know entries of our log that this store doesn't. A business is known to whoever looks.
    fn is_known(&self, step: &Step<'_, '_>) -> bool {
        let contacts = step.tx.scan(&CONTACTS, &CONTACTS.all());
        self.is_business() || contacts.iter().any(|(_, contact)| self.is_main(&contact.own))
    }

    /// Mailboxes hand out pairs of one-time prekeys whose halves aren't here: whoever uses one can't be understood. So the
    /// inboxes there are looked into once more and then go, with all of those, and others take their place.
    fn replace_inboxes(&self, step: &mut Step<'_, '_>) {
        // At the first look their mail is fetched; at the one after it they are over.
        let since = step.now.plus(mail_limits::MAIL_POLL).minus(mail_limits::QUEUES_ROTATION);
        for (key, queue) in step.tx.scan(&OWN_QUEUES, &OWN_QUEUES.all()) {
            if matches!(queue.purpose, Purpose::Inbox { .. }) {
                step.tx.edit(&OWN_QUEUES, &key, |row| row.replaced = Some(since));
            }
        }
        for mailbox in owner::standing(step.tx) {
            let peer = mailbox.at.peer().clone();
            let purpose = Purpose::Inbox { own: self.account, gate: Secret::random(step.rng) };
            let (inbox, queue) = OwnQueue::new(peer.clone(), purpose, step.now, step.rng);
            step.tx.put(&OWN_QUEUES, OWN_QUEUES.key(inbox.as_bytes()), queue);
            step.tx.put(&MAILBOXES, MAILBOXES.key(peer.as_bytes()), Mailbox { inbox, ..mailbox });
        }
    }

    /// Sessions of before only receive. What was sealed in them and isn't acknowledged is sealed anew, as the same content.
    fn end_sessions(&mut self, step: &Step<'_, '_>) {
        for (key, _) in step.tx.scan(&PEERS, &PEERS.all()) {
            if let Some(device) = DeviceId::from_slice(&key.id) {
                self.retire_session(step, &device);
            }
        }
        for (key, row) in step.tx.scan(&OUTBOX, &OUTBOX.all()) {
            if key.position() == Some(0) {
                step.tx.delete(&OUTBOX, key);
            } else if row.frame.is_some() {
                step.tx.edit(&OUTBOX, &key, |row| (row.frame, row.deposit) = (None, Deposit::default()));
            }
        }
    }

    /// Whoever went on in sessions that this store doesn't know can't be heard in them, nor make others: people's devices are
    /// asked for prekeys by the route of a session. So each device is owed an acknowledgement, which makes a new one. (A
    /// business is found by its profile.)
    fn call_on_contacts(&self, step: &Step<'_, '_>) {
        for (_, contact) in step.tx.scan(&CONTACTS, &CONTACTS.all()) {
            for device in contact.devices().filter(|_| contact.standing == Standing::Accepted) {
                incoming::edit(step.tx, &device, |row| row.told = incoming::UNHEARD);
            }
        }
    }

    /// What comes next has numbers that can't have been used since.
    fn pass_over_numbers(&self, step: &Step<'_, '_>) {
        conversation::start_afresh(step.tx, step.now);
        for (_, row) in step.tx.scan(&CONVERSATIONS, &CONVERSATIONS.all()) {
            conversation::pass_over(step.tx, &row.with, step.now);
        }
        for (key, row) in step.tx.scan(&SIBLINGS, &SIBLINGS.all()) {
            let last = void::add(step.tx, &key.id, row.sent, step.now);
            step.tx.edit(&SIBLINGS, &key, |row| row.sent = last);
        }
        // Readers of queues that we keep go on behind the last number that they saw.
        for (key, _) in step.tx.scan(&QUEUES, &QUEUES.all()) {
            step.tx.edit(&QUEUES, &key, |queue| queue.next = void::fresh(queue.next, step.now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_keeps_its_encoding() {
        let (key, row) = mark(Time::from_millis(300)).unwrap();
        assert_eq!((key.table as u8, &*key.id, row), (101, ID, vec![1, 172, 2]));
    }
}
