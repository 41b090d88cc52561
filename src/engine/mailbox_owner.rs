//! Our mailboxes and our queues at them: taken on, told to contacts, replaced in time, left without a loss.

use crate::base::id::{AccountId, DeviceId, ReadId, SendId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::identity::address;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::own::{ACCOUNTS, OwnAccount};
use crate::domain::mailbox::owner::{
    self, FOR_CONTACT, MAILBOXES, Made, Mailbox, OWN_QUEUES, OwnQueue, Purpose, Trouble,
};
use crate::domain::session::rows::PEERS;
use crate::engine::command::{NewMailbox, Outcome, Refusal};
use crate::engine::input::Ticket;
use crate::engine::machine::{Engine, Job, NOBODY, Step};
use crate::engine::mailbox_state::Op;
use crate::engine::saying::Place;
use crate::store::table::Rows;
use crate::wire::account::LogOperation;
use crate::wire::boxes::Queues;
use crate::wire::content::Body;
use crate::wire::peer::PeerKey;

impl Engine {
    /// Takes a mailbox on. It answers once the mailbox has, or at once without a network.
    pub(super) fn add_mailbox(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, wanted: NewMailbox) {
        let peer = wanted.at.peer().clone();
        let known = owner::mailbox(step.tx, &peer);
        let full = known.is_none() && owner::standing(step.tx).len() >= limits::MAILBOXES_MAX;
        if self.peer.as_ref() == Some(&peer) {
            return self.reply(ticket, Err(Refusal::Mailbox("a node can't be its own mailbox".into())));
        }
        if full {
            return self.reply(ticket, Err(Refusal::TooMany("mailboxes: remove one first")));
        }
        self.take_on(step, wanted);
        if self.online {
            self.mail.adding.insert(peer, ticket);
        } else {
            self.reply(ticket, Ok(Outcome::Done));
        }
    }

    /// Keeps a mailbox and asks for our inbox there.
    pub(super) fn take_on(&mut self, step: &mut Step<'_, '_>, wanted: NewMailbox) {
        let NewMailbox { at, token, receipt } = wanted;
        let peer = at.peer().clone();
        let gate = Secret::random(step.rng);
        let (inbox, queue) =
            OwnQueue::new(peer.clone(), Purpose::Inbox { own: self.account, gate }, step.now, step.rng);
        let (heard, trouble, leaving) = (None, None, None);
        let mailbox = match owner::mailbox(step.tx, &peer) {
            Some(known) => Mailbox { at, token, receipt, leaving, trouble, ..known },
            None => Mailbox { at, token, receipt, added: step.now, leaving, inbox, heard, trouble },
        };
        // What is read already stays; a queue that was given up when we left is made anew.
        let stands =
            step.tx.row(&OWN_QUEUES, mailbox.inbox.as_bytes()).is_some_and(|row| row.replaced.is_none());
        let mailbox = if stands {
            mailbox
        } else {
            step.tx.put(&OWN_QUEUES, OWN_QUEUES.key(inbox.as_bytes()), queue);
            Mailbox { inbox, ..mailbox }
        };
        let (at, inbox) = (mailbox.at.clone(), mailbox.inbox);
        step.tx.put(&MAILBOXES, MAILBOXES.key(peer.as_bytes()), mailbox);
        self.ask_mailbox(step, &at, Op::New(inbox));
        self.agenda.set_by(step.tx, Job::Mailboxes, step.now.plus(mail_limits::MAIL_POLL));
        self.mailboxes_changed(step);
    }

    /// Leaves a mailbox: contacts are told of the others, and what still comes there is fetched for
    /// [`mail_limits::QUEUES_ROTATION`].
    pub(super) fn remove_mailbox(
        &mut self,
        step: &mut Step<'_, '_>,
        peer: &PeerKey,
    ) -> Result<Outcome, Refusal> {
        let known = owner::mailbox(step.tx, peer).filter(|mailbox| mailbox.leaving.is_none());
        let mailbox = known.ok_or(Refusal::NoSuchMailbox)?;
        owner::edit(step.tx, peer, |row| row.leaving = Some(step.now));
        let now = step.now;
        for (key, queue) in step.tx.scan(&OWN_QUEUES, &OWN_QUEUES.all()) {
            if queue.mailbox == *peer && queue.replaced.is_none() {
                step.tx.edit(&OWN_QUEUES, &key, |row| row.replaced = Some(now));
            }
        }
        self.mailboxes_changed(step);
        self.offer_to_all(step);
        self.ask_mailbox(step, &mailbox.at, Op::Subscribe(mailbox.inbox));
        Ok(Outcome::Done)
    }

    /// Our mailboxes are others now: the log says so if it can, and a business's profile does.
    fn mailboxes_changed(&mut self, step: &Step<'_, '_>) {
        self.name_mailboxes(step);
        self.publish_soon(step);
    }

    /// Our account's log says which peers keep mail for us: as soon as its key is there. Contacts are told at once, and
    /// not by the log.
    pub(super) fn name_mailboxes(&mut self, step: &Step<'_, '_>) {
        let (Some(key), Some(own)) = (self.key.clone(), self.own(step, &self.account)) else { return };
        let peers: Vec<PeerKey> =
            owner::standing(step.tx).into_iter().map(|mailbox| mailbox.at.peer().clone()).collect();
        if own.log.state().mailboxes == peers {
            return;
        }
        let mut own = OwnAccount::clone(&own);
        if own.log.append(&key, LogOperation::SetMailboxes(peers), step.now).is_ok() {
            self.head = own.log.head().seq;
            step.tx.put(&ACCOUNTS, ACCOUNTS.key(self.account.as_bytes()), own);
            // A profile holds by the log's head.
            self.publish_soon(step);
        }
    }

    /// The node has started: everything is looked at.
    pub(super) fn mail_started(&mut self, step: &mut Step<'_, '_>) {
        if self.online && !owner::mailboxes(step.tx).is_empty() {
            self.look_into_mailboxes(step);
        }
    }

    /// Looks into our mailboxes, or only into those that couldn't be reached, if it isn't time for the others: into the queues
    /// that they don't tell us about, and now and then into every one. Makes those that are missing, replaces those that are
    /// old, drops those that are over.
    pub(super) fn look_into_mailboxes(&mut self, step: &mut Step<'_, '_>) {
        let mailboxes = owner::mailboxes(step.tx);
        if mailboxes.is_empty() {
            return;
        }
        let now = step.now;
        let polls = self.mail.polls(now);
        let checks = polls && self.mail.checks(now);
        let looks_at_all = polls && self.mail.looks_at_all(now);
        self.mail.lost.retain(|lost, _| mailboxes.iter().any(|mailbox| mailbox.at.peer() == lost));
        let over = |since: Time| now.since(since) >= mail_limits::QUEUES_ROTATION;
        let (mut unread, mut all_told) = (vec![false; mailboxes.len()], true);
        for (key, queue) in step.tx.scan(&OWN_QUEUES, &OWN_QUEUES.all()) {
            let Some(id) = ReadId::from_slice(&key.id) else { continue };
            let at =
                mailboxes.iter().zip(&mut unread).find(|(mailbox, _)| *mailbox.at.peer() == queue.mailbox);
            let Some((mailbox, unread)) = at else {
                step.tx.delete(&OWN_QUEUES, key);
                continue;
            };
            *unread = true;
            all_told &= !self.mail.lost.contains_key(&queue.mailbox);
            if !polls && !self.mail.is_tried_again(&queue.mailbox, now) {
                continue;
            }
            match (queue.made, queue.replaced) {
                (_, Some(since)) if over(since) && self.may_go(&id, &queue) => {
                    self.ask_mailbox(step, &mailbox.at, Op::Delete(id));
                }
                (Some(_), _) => {
                    let is_pair = matches!(queue.purpose, Purpose::Pair { .. });
                    if is_pair && queue.replaced.is_none() && over(queue.since) {
                        step.tx.edit(&OWN_QUEUES, &key, |row| row.replaced = Some(step.now));
                    }
                    // The inbox is asked for more often: the answer says too that the mailbox is there, and how many of
                    // our prekeys it has left.
                    let is_checked = checks && mailbox.inbox == id;
                    let told = !is_checked && self.mail.is_told_of(mailbox.at.peer(), &id);
                    all_told &= told || is_checked;
                    if looks_at_all || !told {
                        self.ask_mailbox(step, &mailbox.at, Op::Subscribe(id));
                    }
                }
                (None, Some(_)) => step.tx.delete(&OWN_QUEUES, key),
                (None, None) => {
                    all_told = false;
                    self.ask_mailbox(step, &mailbox.at, Op::New(id));
                }
            }
        }
        for (mailbox, unread) in mailboxes.into_iter().zip(unread) {
            // What it has is read first; where it isn't there any more, nothing in it outlives this.
            let lost = |since: Time| now.since(since) >= 2 * mail_limits::QUEUES_ROTATION;
            if mailbox.leaving.is_some_and(|since| over(since) && !unread || lost(since)) {
                step.tx.delete(&MAILBOXES, MAILBOXES.key(mailbox.at.peer().as_bytes()));
            }
        }
        if checks {
            self.offer_to_all(step);
        }
        self.agenda.set(step.tx, Job::Mailboxes, self.mail.looked_into(now, all_told));
    }

    /// Whether a queue that another one took the place of holds nothing that should be read: perhaps the node was off since.
    fn may_go(&self, id: &ReadId, queue: &OwnQueue) -> bool {
        let is_nobodys = matches!(queue.purpose, Purpose::Pair { contact: NOBODY, .. });
        queue.made.is_none() || is_nobodys || self.mail.emptied.contains(id)
    }

    fn offer_to_all(&mut self, step: &mut Step<'_, '_>) {
        let standing = owner::standing(step.tx);
        for (_, contact) in step.tx.scan(&CONTACTS, &CONTACTS.all()) {
            let knows_account = contact.own == self.account;
            if !owner::is_told_all(step.tx, &standing, &contact.account, knows_account) {
                self.offer_queues(step, &contact);
            }
        }
    }

    /// Whether a first flight to a contact waits for queues, so that it can say where to answer.
    pub(super) fn awaits_queues(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        to: &DeviceId,
    ) -> bool {
        let fresh = step.tx.row(&PEERS, to.as_bytes()).is_none_or(|peer| peer.active.is_none());
        fresh && !contact.is_ourselves() && self.bundles.contains_key(to) && self.ensure_queues(step, contact)
    }

    /// Whether a contact is to have queues of ours. Our other devices have them together, as one contact.
    fn wants_queues(&self, contact: &Contact) -> bool {
        let has_devices = !contact.is_ourselves() || !self.siblings.is_empty();
        contact.standing == Standing::Accepted && has_devices && self.online
    }

    /// Asks for a queue for the contact at every mailbox that has none; whether an answer is still to come.
    fn ensure_queues(&mut self, step: &mut Step<'_, '_>, contact: &Contact) -> bool {
        if !self.wants_queues(contact) {
            return false;
        }
        let mut queues = owner::queues_for(step.tx, &contact.account);
        let mut lacking = owner::standing(step.tx);
        lacking.retain(|mailbox| queues.iter().all(|(_, queue, _)| queue.mailbox != *mailbox.at.peer()));
        for mailbox in &lacking {
            let (writer, mask) = (Secret::random(step.rng), Secret::random(step.rng));
            let purpose = Purpose::Pair { contact: contact.account, writer, mask };
            let (id, queue) = OwnQueue::new(mailbox.at.peer().clone(), purpose, step.now, step.rng);
            step.tx.put(&OWN_QUEUES, OWN_QUEUES.key(id.as_bytes()), queue);
            let mut row = step.tx.copy(&FOR_CONTACT, contact.account.as_bytes()).unwrap_or_default();
            row.queues.retain(|old| {
                step.tx.row(&OWN_QUEUES, old.as_bytes()).is_some_and(|queue| queue.replaced.is_none())
            });
            row.queues.push(id);
            step.tx.put(&FOR_CONTACT, FOR_CONTACT.key(contact.account.as_bytes()), row);
            self.ask_mailbox(step, &mailbox.at, Op::New(id));
        }
        if !lacking.is_empty() {
            queues = owner::queues_for(step.tx, &contact.account);
        }
        let unmade: Vec<ReadId> =
            queues.iter().filter(|(_, queue, _)| queue.made.is_none()).map(|(id, ..)| *id).collect();
        self.mail.is_asked(|op| matches!(op, Op::New(id) if unmade.contains(id)))
    }

    /// Tells a contact where to deposit, once every mailbox has answered, if that is news.
    pub(super) fn offer_queues(&mut self, step: &mut Step<'_, '_>, contact: &Contact) {
        if !self.wants_queues(contact) || contact.is_held() || self.ensure_queues(step, contact) {
            return;
        }
        let Some(mut row) = step.tx.copy(&FOR_CONTACT, contact.account.as_bytes()) else { return };
        let queues = self.queues_told(step, contact, mail_limits::MAIL_ADDRESSES_MAX);
        let pairs = queues.pairs.iter().map(|pair| pair.send);
        let sends: Vec<SendId> = pairs.chain(queues.inboxes.iter().map(|inbox| inbox.send)).collect();
        if sends == row.told {
            return;
        }
        let is_queued = if contact.is_ourselves() {
            self.tell_siblings(step, &Body::Queues(queues));
            true
        } else {
            self.queue(step, contact, (Body::Queues(queues), None, None), Place::None).is_ok()
        };
        if is_queued {
            (row.told, row.told_at) = (sends, Some(step.now));
            step.tx.put(&FOR_CONTACT, FOR_CONTACT.key(contact.account.as_bytes()), row);
        }
    }

    /// Tells our other devices the same.
    pub(super) fn offer_queues_to_own(&mut self, step: &mut Step<'_, '_>) {
        if let Some(ourselves) = step.tx.row(&CONTACTS, self.account.as_bytes()) {
            self.offer_again(step, &ourselves);
        }
    }

    /// The same once more, whatever the contact was told: it has a device that wasn't.
    pub(super) fn offer_again(&mut self, step: &mut Step<'_, '_>, contact: &Contact) {
        step.tx.edit(&FOR_CONTACT, &FOR_CONTACT.key(contact.account.as_bytes()), |row| row.told.clear());
        self.offer_queues(step, contact);
    }

    /// Where a contact deposits for this device.
    pub(super) fn queues_told(&self, step: &mut Step<'_, '_>, contact: &Contact, addresses: usize) -> Queues {
        let knows_account = contact.own == self.account;
        owner::told_to(step.tx, &contact.account, knows_account, addresses, step.now, step.rng)
    }

    /// A mailbox has made a queue of ours, or has it.
    pub(super) fn queue_made(&mut self, step: &mut Step<'_, '_>, id: &ReadId, made: Made) {
        let key = OWN_QUEUES.key(id.as_bytes());
        let Some(queue) = step.tx.get(&OWN_QUEUES, &key) else { return };
        step.tx.edit(&OWN_QUEUES, &key, |row| row.made = Some(made));
        if queue.made != Some(made) && matches!(queue.purpose, Purpose::Inbox { .. }) {
            self.publish_soon(step);
        }
        let Some(mailbox) = owner::mailbox(step.tx, &queue.mailbox) else { return };
        self.ask_mailbox(step, &mailbox.at, Op::Subscribe(*id));
        match &queue.purpose {
            Purpose::Inbox { .. } => {
                if let Some(ticket) = self.mail.adding.remove(&queue.mailbox) {
                    self.reply(ticket, Ok(Outcome::Done));
                }
                self.put_prekeys(step, &mailbox, limits::ONE_TIME_POOL);
                self.offer_to_all(step);
            }
            Purpose::Pair { contact, .. } => self.queues_settled(step, contact),
        }
    }

    /// A mailbox didn't make a queue: the contact is told of the others, and it is tried again later.
    pub(super) fn queue_not_made(&mut self, step: &mut Step<'_, '_>, id: &ReadId) {
        let Some(queue) = step.tx.row(&OWN_QUEUES, id.as_bytes()) else { return };
        match &queue.purpose {
            Purpose::Pair { contact, .. } => self.queues_settled(step, contact),
            Purpose::Inbox { .. } => self.mailbox_refused(step, &queue.mailbox),
        }
    }

    fn queues_settled(&mut self, step: &mut Step<'_, '_>, contact: &AccountId) {
        if let Some(contact) = step.tx.row(&CONTACTS, contact.as_bytes()) {
            self.offer_queues(step, &contact);
            self.links.mark_dirty(contact.account);
        }
    }

    /// Whoever wanted a mailbox that doesn't take us, or can't be reached, is told; it isn't kept.
    fn mailbox_refused(&mut self, step: &mut Step<'_, '_>, peer: &PeerKey) {
        let Some(ticket) = self.mail.adding.remove(peer) else { return };
        let trouble = owner::mailbox(step.tx, peer).and_then(|mailbox| mailbox.trouble);
        let unpaid = self.mail.unpaid.remove(peer);
        let pay = unpaid.map(|(issuer, plan)| {
            let issuer = address::encode(&issuer);
            format!(
                "the mailbox wants a receipt of the plan {plan} of {issuer}: `sigillo subscribe {issuer} {plan}`, then \
                 `--receipt`"
            )
        });
        let words = match trouble {
            Some(Trouble::NotAdmitted) if pay.is_some() => pay.as_deref().unwrap_or_default(),
            Some(Trouble::NotAdmitted) => {
                "the mailbox doesn't take this node in: it wants a token (`--token`), or a receipt of its plan (`--receipt`)"
            }
            Some(Trouble::Full) => "the mailbox is full: choose another one",
            _ => {
                "the mailbox can't be reached, or is none: check its address, and that it runs with `[mailbox] serve = true`"
            }
        };
        step.tx.delete(&MAILBOXES, MAILBOXES.key(peer.as_bytes()));
        for (key, queue) in step.tx.scan(&OWN_QUEUES, &OWN_QUEUES.all()) {
            if queue.mailbox == *peer {
                step.tx.delete(&OWN_QUEUES, key);
            }
        }
        self.mailboxes_changed(step);
        self.reply(ticket, Err(Refusal::Mailbox(words.into())));
    }

    /// A mailbox of ours can't be reached: it is tried again soon, and then less and less often.
    pub(super) fn mailbox_lost(&mut self, step: &Step<'_, '_>, peer: &PeerKey) {
        let Some(mailbox) = owner::mailbox(step.tx, peer) else { return };
        if mailbox.trouble != Some(Trouble::Unreachable) {
            owner::edit(step.tx, peer, |row| row.trouble = Some(Trouble::Unreachable));
        }
        let due = self.mail.lose(peer, step.now);
        self.agenda.set_by(step.tx, Job::Mailboxes, due);
    }

    /// The network is another one: mailboxes that couldn't be reached are tried again at once.
    pub(super) fn find_mailboxes_again(&mut self, step: &Step<'_, '_>) {
        if let Some(due) = self.mail.find_again(step.now) {
            self.agenda.set_by(step.tx, Job::Mailboxes, due);
        }
    }
}
