//! The way in from our mailboxes: what waits is fetched, led to the way in, and let go once it is stored.

use crate::base::id::{AccountId, ReadId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::crypto::secret::Secret;
use crate::domain::mailbox::owner::{self, Made, Mailbox, OWN_QUEUES, Purpose, Trouble};
use crate::domain::session::one_time::HandedOut;
use crate::domain::session::pool::Pool;
use crate::domain::session::prekeys::{self, Local};
use crate::domain::session::rows::{ONE_TIME, POOLS, PREKEYS, ROUTES, Route};
use crate::engine::inbound::Fate;
use crate::engine::machine::{Engine, Step};
use crate::engine::mailbox_state::Op;
use crate::engine::prekeys::free_id;
use crate::store::table::Rows;
use crate::wire::envelope::Envelope;
use crate::wire::mail::masked;
use crate::wire::mail_word::{Answer, MailRefusal};
use crate::wire::peer::PeerAddress;

impl Engine {
    /// A mailbox of ours answered.
    pub(super) fn own_answered(&mut self, step: &mut Step<'_, '_>, at: &PeerAddress, op: Op, answer: Answer) {
        self.note_heard(step, at, &answer);
        match (op, answer) {
            (Op::New(id), Answer::Made { send, key }) => self.queue_made(step, &id, Made { send, key }),
            (Op::New(id), _) => self.queue_not_made(step, &id),
            (Op::Delete(id), _) => {
                self.mail.emptied.remove(&id);
                step.tx.delete(&OWN_QUEUES, OWN_QUEUES.key(id.as_bytes()));
            }
            (Op::Subscribe(queue), Answer::Marks(marks)) => {
                // A mailbox knows no more of them on one channel.
                let known = self.mail.clients.get_mut(at.peer());
                if let Some(client) =
                    known.filter(|client| client.subscribed.len() < mail_limits::MAIL_SUBSCRIPTIONS_MAX)
                {
                    client.subscribed.insert(queue);
                }
                if marks.waiting > 0 {
                    self.fetch_queue(step, at, queue);
                } else {
                    self.queue_emptied(step, queue);
                }
                let mailbox = owner::mailbox(step.tx, at.peer()).filter(|mailbox| mailbox.inbox == queue);
                if let Some(mailbox) = mailbox.filter(|_| marks.one_time < u64::from(limits::ONE_TIME_LOW)) {
                    let room = limits::ONE_TIME_POOL - marks.one_time as u32;
                    self.put_prekeys(step, &mailbox, room);
                }
            }
            (Op::Get { queue, after, left }, Answer::Frames(frames)) => {
                self.mail_fetched(step, at, &queue, after, left, frames);
            }
            (Op::Subscribe(id) | Op::Get { queue: id, .. }, Answer::Refused(MailRefusal::No)) => {
                self.queue_lost(step, at, &id);
            }
            _ => {}
        }
    }

    /// Asks for what waits in a queue of ours, unless that is being asked for.
    pub(super) fn fetch_queue(&mut self, step: &mut Step<'_, '_>, at: &PeerAddress, queue: ReadId) {
        if !self.mail.is_asked(|op| matches!(op, Op::Get { queue: of, .. } if *of == queue)) {
            let left = mail_limits::INBOX_MESSAGES_MAX;
            self.ask_mailbox(step, at, Op::Get { queue, after: 0, left });
        }
    }

    fn note_heard(&mut self, step: &Step<'_, '_>, at: &PeerAddress, answer: &Answer) {
        let trouble = match answer {
            Answer::Refused(MailRefusal::Unpaid { issuer, plan }) => {
                self.mail.unpaid.insert(at.peer().clone(), (*issuer, plan.clone()));
                Some(Trouble::NotAdmitted)
            }
            Answer::Refused(MailRefusal::NotAdmitted | MailRefusal::Work(_)) => Some(Trouble::NotAdmitted),
            Answer::Refused(MailRefusal::Full) => Some(Trouble::Full),
            Answer::Refused(MailRefusal::No) => Some(Trouble::Lost),
            _ => None,
        };
        let Some(mailbox) = owner::mailbox(step.tx, at.peer()) else { return };
        let stale = mailbox.heard.is_none_or(|heard| step.now.since(heard) >= mail_limits::MAIL_POLL);
        if stale || mailbox.trouble != trouble {
            let heard = Some(step.now);
            owner::edit(step.tx, at.peer(), |row| (row.heard, row.trouble) = (heard, trouble));
        }
    }

    /// A mailbox doesn't know a queue that it made: it is made anew, and whoever deposits there is told.
    fn queue_lost(&mut self, step: &mut Step<'_, '_>, at: &PeerAddress, id: &ReadId) {
        let key = OWN_QUEUES.key(id.as_bytes());
        match step.tx.get(&OWN_QUEUES, &key) {
            Some(queue) if queue.replaced.is_some() => step.tx.delete(&OWN_QUEUES, key),
            Some(_) => {
                step.tx.edit(&OWN_QUEUES, &key, |row| row.made = None);
                self.ask_mailbox(step, at, Op::New(*id));
            }
            None => {}
        }
    }

    /// Nothing waits in a queue that isn't here already.
    fn queue_emptied(&mut self, step: &Step<'_, '_>, id: ReadId) {
        let key = OWN_QUEUES.key(id.as_bytes());
        if step.tx.with(&OWN_QUEUES, &key, |queue| queue.replaced.is_some()) == Some(true) {
            self.mail.emptied.insert(id);
        }
    }

    /// Frames came. They are let go at the mailbox only after what they led to is stored: the request to do so is
    /// held back like every effect.
    fn mail_fetched(
        &mut self,
        step: &mut Step<'_, '_>,
        at: &PeerAddress,
        id: &ReadId,
        after: u64,
        left: u32,
        frames: Vec<(u64, Vec<u8>)>,
    ) {
        let mut last = after;
        let count = u32::try_from(frames.len()).unwrap_or(u32::MAX);
        for (number, frame) in frames {
            // A mailbox that counts backwards would keep us busy for ever.
            if number <= last {
                self.counters.malformed += 1;
                return;
            }
            last = number;
            // A frame may say that the contact is another account, and the queue is that one's from there on.
            let Some(queue) = step.tx.row(&OWN_QUEUES, id.as_bytes()) else { return };
            match &queue.purpose {
                Purpose::Inbox { own, .. } => {
                    self.first_flight(step, own, None, &frame);
                }
                Purpose::Pair { contact, mask, .. } => self.mailed_frame(step, contact, mask, &frame),
            }
        }
        if count > 0 {
            self.ask_mailbox(step, at, Op::Ack { queue: *id, upto: last });
            if left > count {
                self.ask_mailbox(step, at, Op::Get { queue: *id, after: last, left: left - count });
            }
        } else {
            self.queue_emptied(step, *id);
        }
    }

    /// A frame of a contact. What the mailbox changed leads to no route, and is dropped.
    fn mailed_frame(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &AccountId,
        mask: &Secret<32>,
        frame: &[u8],
    ) {
        let Ok(envelope) = Envelope::parse(frame) else {
            self.counters.malformed += 1;
            return;
        };
        let route = masked(envelope.route.as_bytes(), mask, envelope.body);
        match step.tx.row(&ROUTES, &route).as_deref() {
            Some(Route::Pair { contact: of, device, session, .. }) if of == contact => {
                let fate = self.session_frame(step, of, *device, session, envelope.body);
                if matches!(fate, Fate::Refused) {
                    self.heal(step, device);
                }
            }
            _ => self.counters.unknown_route += 1,
        }
    }

    /// Our prekeys changed: every mailbox hands out the new ones.
    pub(super) fn prekeys_to_mailboxes(&mut self, step: &mut Step<'_, '_>) {
        for mailbox in owner::standing(step.tx) {
            self.put_prekeys(step, &mailbox, 0);
        }
    }

    /// Gives a mailbox our bundle, and so many pairs of one-time prekeys that nobody else hands out.
    pub(super) fn put_prekeys(&mut self, step: &mut Step<'_, '_>, mailbox: &Mailbox, pairs: u32) {
        let own = self.account;
        let is_made =
            step.tx.row(&OWN_QUEUES, mailbox.inbox.as_bytes()).is_some_and(|queue| queue.made.is_some());
        let putting = |op: &Op| matches!(op, Op::PutPrekeys { queue, .. } if *queue == mailbox.inbox);
        let Some(account) = self.own(step, &own).filter(|_| is_made && !self.mail.is_asked(putting)) else {
            return;
        };
        let keys = self.device_keys(&own);
        let set = step.tx.get(&PREKEYS, &PREKEYS.key_at(own.as_bytes(), u64::from(account.prekeys)));
        let Some(set) = set else { return };
        let local = Local { log: &account.log, device: &keys };
        let mut bundle = prekeys::bundle(&local, &set, account.inbox, step.now);
        let mut left = pairs as usize;
        loop {
            let count = left.min(mail_limits::MAIL_PAIRS_MAX);
            let mut one_time = Vec::new();
            for _ in 0..count {
                let Some(id) = free_id(step, &own) else { break };
                let source = owner::source(mailbox.at.peer());
                let (pair, published) = HandedOut::make_for(source, &local, id, step.now, step.rng);
                step.tx.put(&ONE_TIME, ONE_TIME.key_at(own.as_bytes(), u64::from(id)), pair);
                one_time.extend(published);
            }
            let mut pool = step.tx.copy(&POOLS, own.as_bytes()).unwrap_or_else(|| Pool::full(step.now));
            pool.lend(count as u32);
            step.tx.put(&POOLS, POOLS.key(own.as_bytes()), pool);
            let bundle = core::mem::take(&mut bundle);
            self.ask_mailbox(step, &mailbox.at, Op::PutPrekeys { queue: mailbox.inbox, bundle, one_time });
            left -= count;
            if left == 0 {
                return;
            }
        }
    }
}
