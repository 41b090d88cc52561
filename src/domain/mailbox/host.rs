//! What a mailbox does with a request.

use std::collections::BTreeSet;

use rand_core::CryptoRng;
use serde_bytes::ByteBuf;

use crate::base::id::{ReadId, SendId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::crypto::ed25519;
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::domain::billing::notes::CreditNotes;
use crate::domain::mailbox::admission::Admission;
use crate::domain::mailbox::askers::{Asker, Askers};
use crate::domain::mailbox::queue::{
    Kind, MAIL, Mail, PREKEYS, QUEUES, Queue, SEEN, SENDS, count, drop_mail, drop_queue, drop_stale_pairs,
    seen_key, totals,
};
use crate::store::table::Rows;
use crate::store::tx::Tx;
use crate::wire::boxes::Ticket;
use crate::wire::mail::{Channel, Command, NewKind, NewQueue, Request, read_id, ticket_pass, writer_key};
use crate::wire::mail_word::{Answer, MailRefusal, Marks};
use crate::wire::origin::Origin;

/// Bytes of frames in one answer.
const ANSWER_BYTES: usize = mail_limits::MAIL_MESSAGE_MAX - 2_048;

/// What the operator of a mailbox allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Whose queues are taken in.
    pub admission: Admission,
    /// Queues of all together.
    pub queues: u64,
    /// Bytes of mail of all together.
    pub bytes: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            admission: Admission::Open,
            queues: mail_limits::QUEUES_HOSTED,
            bytes: mail_limits::MAIL_BYTES_HOSTED,
        }
    }
}

/// A mailbox at one moment, towards one channel.
pub struct Host<'a, 's> {
    /// The open transaction.
    pub tx: &'a Tx<'s>,
    /// When.
    pub now: Time,
    /// On which channel.
    pub channel: Channel<'a>,
    /// What the operator allows.
    pub rules: &'a Rules,
    /// Where whoever asks is.
    pub origin: &'a Origin,
    /// The number of the last request of the channel whose work counted: no work counts twice.
    pub counted: u64,
    /// The queues whose reader the channel has proven to be, so that it needs no more proof.
    pub proven: &'a BTreeSet<ReadId>,
    /// What our own books say was taken back of the receipt that is shown, where we sell the plan ourselves.
    pub notes: Option<&'a CreditNotes>,
}

/// What came of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// The answer; it may leave only once what was staged is durable.
    pub answer: Answer,
    /// A queue that the channel is to be told about from now on.
    pub subscribed: Option<ReadId>,
    /// A queue that something came into.
    pub ready: Option<ReadId>,
    /// A queue that changed, so that its deadline must be looked at.
    pub changed: Option<ReadId>,
    /// Whether the request's work counted.
    pub worked: bool,
}

impl Host<'_, '_> {
    /// Carries a request out.
    pub fn handle(
        &self,
        request: &Request,
        command: Command,
        askers: &mut Askers,
        rng: &mut dyn CryptoRng,
    ) -> Done {
        let id = ReadId::new(request.queue);
        let (answer, subscribed, ready, changed, worked) = (Answer::Done, None, None, None, false);
        let mut done = Done { answer, subscribed, ready, changed, worked };
        let result = match command {
            Command::New(queue) => {
                done.changed = Some(read_id(&queue.read_key));
                self.make(request, queue, rng)
            }
            Command::Send { frame, ticket } => self.keep(request, frame, ticket.as_ref(), &mut done),
            Command::GetPrekeys { ticket } => self.hand_out(request, ticket.as_ref(), askers, &mut done),
            read => match self.reader(request, &read, &id) {
                Some(queue) => {
                    self.touch(&id, &queue);
                    if matches!(read, Command::Subscribe) {
                        done.subscribed = Some(id);
                    }
                    self.read(&id, queue, read)
                }
                None => Err(MailRefusal::No),
            },
        };
        done.answer = result.unwrap_or_else(Answer::Refused);
        done
    }

    /// The queue, if the request is its reader's: by its signature, or by an earlier one on the same channel, which is
    /// authenticated from end to end. What takes the whole queue away is always signed.
    fn reader(&self, request: &Request, command: &Command, id: &ReadId) -> Option<Queue> {
        let queue = self.tx.copy(&QUEUES, id.as_bytes())?;
        let is_proven =
            request.proof.is_empty() && !matches!(command, Command::Delete) && self.proven.contains(id);
        (is_proven || request.is_signed(&self.channel, &queue.read_key)).then_some(queue)
    }

    fn touch(&self, id: &ReadId, queue: &Queue) {
        if self.now.since(queue.touched) >= mail_limits::QUEUE_TOUCH {
            self.tx.edit(&QUEUES, &QUEUES.key(id.as_bytes()), |queue| queue.touched = self.now);
        }
    }

    fn read(&self, id: &ReadId, mut queue: Queue, command: Command) -> Result<Answer, MailRefusal> {
        match command {
            Command::Get { after } => return Ok(Answer::Frames(self.frames(id, after))),
            Command::Ack { upto } => {
                let until = upto.saturating_add(1);
                for (key, _) in self.tx.scan(&MAIL, &MAIL.of(id.as_bytes()).until(until)) {
                    drop_mail(self.tx, id, &mut queue, key.position().unwrap_or_default());
                }
                self.tx.put(&QUEUES, QUEUES.key(id.as_bytes()), Queue { touched: self.now, ..queue.clone() });
            }
            Command::Delete => {
                drop_queue(self.tx, id, queue);
                return Ok(Answer::Done);
            }
            Command::PutPrekeys { bundle, one_time } => {
                return self.take_prekeys(id, queue, bundle, &one_time);
            }
            _ => self.drop_stale_pairs(id, &mut queue),
        }
        Ok(marks(&queue))
    }

    fn drop_stale_pairs(&self, id: &ReadId, queue: &mut Queue) {
        let before = queue.pairs;
        drop_stale_pairs(self.tx, id, queue, self.now);
        if queue.pairs != before {
            let pairs = queue.pairs;
            self.tx.edit(&QUEUES, &QUEUES.key(id.as_bytes()), |row| row.pairs = pairs);
        }
    }

    fn frames(&self, id: &ReadId, after: u64) -> Vec<(u64, Vec<u8>)> {
        let scan = MAIL.of(id.as_bytes()).from(after.saturating_add(1)).limit(mail_limits::MAIL_FRAMES_MAX);
        let mut frames: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut bytes = 0;
        for (key, mail) in self.tx.scan(&MAIL, &scan) {
            bytes += mail.frame.len() + 32;
            if bytes > ANSWER_BYTES && !frames.is_empty() {
                break;
            }
            frames.push((key.position().unwrap_or_default(), mail.frame.clone()));
        }
        frames
    }

    fn make(
        &self,
        request: &Request,
        wanted: NewQueue,
        rng: &mut dyn CryptoRng,
    ) -> Result<Answer, MailRefusal> {
        let id = read_id(&wanted.read_key);
        let good = id == ReadId::new(request.queue)
            && ed25519::is_public_key(&wanted.read_key)
            && request.is_signed(&self.channel, &wanted.read_key);
        if !good {
            return Err(MailRefusal::No);
        }
        if let Some(mut queue) = self.tx.copy(&QUEUES, id.as_bytes()) {
            // Asked again: a lost answer, or a payment that was due.
            if queue.paid.is_some_and(|paid| paid <= self.now.plus(mail_limits::PAIR_MAIL_LIFE)) {
                let worked = self.worked(request);
                queue.paid = self.rules.admission.admit(self.tx, (&wanted, self.notes), worked, self.now)?;
            }
            queue.touched = self.now;
            let answer = made(&queue);
            self.tx.put(&QUEUES, QUEUES.key(id.as_bytes()), queue);
            return Ok(answer);
        }
        if totals(self.tx).queues >= self.rules.queues {
            return Err(MailRefusal::Full);
        }
        let worked = self.worked(request);
        let paid = self.rules.admission.admit(self.tx, (&wanted, self.notes), worked, self.now)?;
        let mut send = [0; SendId::LEN];
        rng.fill_bytes(&mut send);
        let send = SendId::new(send);
        let kind = match wanted.kind {
            NewKind::Inbox { gate } => Kind::Inbox { gate },
            NewKind::Pair { writer } => {
                let ours = KeyPair::random(rng);
                let key = writer_key(&ours, &writer, &send).ok_or(MailRefusal::No)?;
                Kind::Pair { writer: key, public: *ours.public() }
            }
        };
        let queue = Queue {
            read_key: wanted.read_key,
            send,
            kind,
            touched: self.now,
            paid,
            next: 1,
            waiting: 0,
            open: 0,
            bytes: 0,
            pairs: 0,
            pair_next: 1,
        };
        let answer = made(&queue);
        self.tx.put(&SENDS, SENDS.key(send.as_bytes()), id);
        self.tx.put(&QUEUES, QUEUES.key(id.as_bytes()), queue);
        count(self.tx, |totals| totals.queues += 1);
        Ok(answer)
    }

    /// The queue that a deposit or a question names.
    fn named(&self, request: &Request) -> Option<(ReadId, Queue)> {
        let id = *self.tx.row(&SENDS, SendId::new(request.queue).as_bytes())?;
        Some((id, self.tx.copy(&QUEUES, id.as_bytes())?))
    }

    fn keep(
        &self,
        request: &Request,
        frame: Vec<u8>,
        ticket: Option<&Ticket>,
        done: &mut Done,
    ) -> Result<Answer, MailRefusal> {
        let (id, mut queue) = self.named(request).ok_or(MailRefusal::No)?;
        let ticket = match &queue.kind {
            Kind::Pair { writer, .. } if !request.is_written(&self.channel, writer) => {
                return Err(MailRefusal::No);
            }
            Kind::Pair { .. } => None,
            Kind::Inbox { .. } if frame.len() != limits::FIRST_FLIGHT_LEN => return Err(MailRefusal::No),
            Kind::Inbox { gate } => match self.ticket(gate, ticket) {
                Some(ticket) => Some(ticket),
                None if self.has_worked(request, queue.work(), done) => None,
                None => return Err(MailRefusal::Work(queue.work())),
            },
        };
        let seen = seen_key(&id, &frame);
        if self.tx.with(&SEEN, &seen, |()| ()).is_some() {
            return Ok(Answer::Done);
        }
        if !self.has_room(&id, &queue, frame.len() as u64, ticket) {
            return Err(MailRefusal::Full);
        }
        let number = queue.next;
        queue.next += 1;
        queue.waiting += 1;
        queue.open += u32::from(ticket.is_none());
        queue.bytes += frame.len() as u64;
        let bytes = frame.len() as u64;
        self.tx.put(&SEEN, seen, ());
        self.tx.put(&MAIL, MAIL.key_at(id.as_bytes(), number), Mail { frame, at: self.now, ticket });
        self.tx.put(&QUEUES, QUEUES.key(id.as_bytes()), queue);
        count(self.tx, |totals| {
            totals.messages += 1;
            totals.bytes += bytes;
        });
        (done.ready, done.changed) = (Some(id), Some(id));
        Ok(Answer::Done)
    }

    /// Nothing that is there ever goes for what comes.
    fn has_room(&self, id: &ReadId, queue: &Queue, bytes: u64, ticket: Option<[u8; 8]>) -> bool {
        let (messages, most) = queue.quota();
        let room = queue.waiting < messages
            && queue.bytes + bytes <= most
            && totals(self.tx).bytes + bytes <= self.rules.bytes;
        let is_inbox = matches!(queue.kind, Kind::Inbox { .. });
        match ticket {
            _ if !room => false,
            // The last fifth is for those that were let in.
            None if is_inbox => queue.open < messages - messages / mail_limits::INBOX_RESERVE,
            None => true,
            Some(ticket) => {
                let waiting = self.tx.scan(&MAIL, &MAIL.of(id.as_bytes()));
                let of_it = waiting.iter().filter(|(_, mail)| mail.ticket == Some(ticket)).count();
                of_it < mail_limits::TICKET_FLIGHTS_MAX as usize
            }
        }
    }

    /// The id of a ticket that lets its bearer into an inbox with this gate.
    fn ticket(&self, gate: &Secret<32>, ticket: Option<&Ticket>) -> Option<[u8; 8]> {
        let holds = |ticket: &&Ticket| {
            ticket.expires > self.now
                && ticket_pass(gate, ticket.expires.as_secs(), &ticket.id) == ticket.pass
        };
        ticket.filter(holds).map(|ticket| ticket.id)
    }

    /// Bits of work that a request shows and that haven't counted yet.
    fn worked(&self, request: &Request) -> u32 {
        if request.number > self.counted { request.worked(&self.channel) } else { 0 }
    }

    fn has_worked(&self, request: &Request, bits: u32, done: &mut Done) -> bool {
        done.worked = self.worked(request) >= bits;
        done.worked
    }

    fn take_prekeys(
        &self,
        id: &ReadId,
        mut queue: Queue,
        bundle: Vec<u8>,
        one_time: &[Vec<u8>],
    ) -> Result<Answer, MailRefusal> {
        if !matches!(queue.kind, Kind::Inbox { .. }) {
            return Err(MailRefusal::No);
        }
        drop_stale_pairs(self.tx, id, &mut queue, self.now);
        if !bundle.is_empty() {
            self.tx.put(&PREKEYS, PREKEYS.key_at(id.as_bytes(), 0), vec![ByteBuf::from(bundle)]);
        }
        for pair in one_time.chunks_exact(2) {
            if queue.pairs >= limits::ONE_TIME_POOL {
                break;
            }
            let rows = pair.iter().cloned().map(ByteBuf::from).collect();
            self.tx.put(&PREKEYS, PREKEYS.key_at(id.as_bytes(), queue.pair_next), rows);
            queue.pairs += 1;
            queue.pair_next += 1;
        }
        let marks = marks(&queue);
        self.tx.put(&QUEUES, QUEUES.key(id.as_bytes()), queue);
        Ok(marks)
    }

    /// The bundle for whoever knows the inbox, and a pair for a ticket or for work. Where there is none, or too little was
    /// done for one, the bundle serves alone: nobody is kept from writing.
    fn hand_out(
        &self,
        request: &Request,
        ticket: Option<&Ticket>,
        askers: &mut Askers,
        done: &mut Done,
    ) -> Result<Answer, MailRefusal> {
        let (id, mut queue) = self.named(request).ok_or(MailRefusal::No)?;
        self.drop_stale_pairs(&id, &mut queue);
        let Kind::Inbox { gate } = &queue.kind else { return Err(MailRefusal::No) };
        let key = PREKEYS.key_at(id.as_bytes(), 0);
        let bundle = self.tx.with(&PREKEYS, &key, |rows| rows.first().cloned()).flatten();
        let bundle = bundle.ok_or(MailRefusal::No)?.into_vec();
        let asker = match self.ticket(gate, ticket) {
            Some(id) => Asker::Ticket(id),
            None => Asker::Anyone(self.origin.clone()),
        };
        let (one_time, work) = match askers.price(id, &asker, queue.pairs, self.now) {
            None => (Vec::new(), 0),
            Some(bits) if bits > 0 && !self.has_worked(request, bits, done) => (Vec::new(), bits),
            Some(_) => {
                askers.given(id, asker, self.now);
                (self.next_pair(&id, queue), 0)
            }
        };
        Ok(Answer::Prekeys { bundle, one_time, work })
    }

    fn next_pair(&self, id: &ReadId, mut queue: Queue) -> Vec<Vec<u8>> {
        let next = self.tx.scan(&PREKEYS, &PREKEYS.of(id.as_bytes()).from(1).limit(1)).pop();
        let Some((key, pair)) = next else { return Vec::new() };
        self.tx.delete(&PREKEYS, key);
        queue.pairs = queue.pairs.saturating_sub(1);
        self.tx.put(&QUEUES, QUEUES.key(id.as_bytes()), queue);
        pair.iter().cloned().map(ByteBuf::into_vec).collect()
    }
}

fn made(queue: &Queue) -> Answer {
    let key = match &queue.kind {
        Kind::Inbox { .. } => [0; 32],
        Kind::Pair { public, .. } => *public,
    };
    Answer::Made { send: queue.send, key }
}

fn marks(queue: &Queue) -> Answer {
    Answer::Marks(Marks {
        waiting: u64::from(queue.waiting),
        bytes: queue.bytes,
        one_time: u64::from(queue.pairs),
    })
}
