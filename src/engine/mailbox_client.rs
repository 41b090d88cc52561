//! Asking mailboxes: channels opened when they are needed, requests proven on them, answers led on.

use std::collections::BTreeSet;

use crate::base::id::ReadId;
use crate::base::limits;
use crate::base::mail_limits;
use crate::domain::chat::outbox::OUTBOX;
use crate::domain::mailbox::boxes;
use crate::domain::mailbox::owner::{self, OWN_QUEUES};
use crate::engine::effects::Effect;
use crate::engine::machine::{Engine, Step};
use crate::engine::mail_keys::MailKeys;
use crate::engine::mailbox_state::{Client, Errand, Op, Standing, Working};
use crate::store::table::Rows;
use crate::wire::boxes::PairBox;
use crate::wire::channel::{ChannelEvent, ChannelId, ChannelOrder};
use crate::wire::envelope::Envelope;
use crate::wire::mail::{Channel, Command, Request, masked};
use crate::wire::mail_word::{Answer, MailRefusal, Word};
use crate::wire::origin::Origin;
use crate::wire::peer::{PeerAddress, PeerKey};

impl Engine {
    /// Something happened on a channel, ours or a reader's.
    pub(super) fn channel_event(&mut self, step: &mut Step<'_, '_>, event: ChannelEvent) {
        match event {
            ChannelEvent::Up { channel, peer, from, ours: false } => {
                self.hosted_up(step, channel, Origin::of(from, &peer));
            }
            ChannelEvent::Up { channel, peer, ours: true, .. } => {
                let client = self.mail.clients.get_mut(&peer);
                match client.filter(|client| client.standing == Standing::Opening) {
                    Some(client) => {
                        client.standing = Standing::Greeting(channel);
                        self.mail.channels.insert(channel, peer);
                    }
                    None => self.effects.push(Effect::Channel(ChannelOrder::Close(channel))),
                }
            }
            ChannelEvent::Unreachable(peer) => {
                let opening = |client: &Client| client.standing == Standing::Opening;
                if self.mail.clients.get(&peer).is_some_and(opening) {
                    self.mailbox_down(step, &peer);
                }
            }
            ChannelEvent::Heard { channel, message } => match self.mail.channels.get(&channel).cloned() {
                Some(peer) => self.mailbox_heard(step, channel, &peer, &message),
                None => self.hosted_heard(step, channel, &message),
            },
            ChannelEvent::Down(channel) => match self.mail.channels.get(&channel).cloned() {
                Some(peer) => self.mailbox_down(step, &peer),
                None => self.hosted_down(channel),
            },
        }
    }

    /// Asks a mailbox for something, once there is a channel to it.
    pub(super) fn ask_mailbox(&mut self, step: &mut Step<'_, '_>, at: &PeerAddress, op: Op) {
        self.ask_with(step, at, Errand { op, work: 0, rounds: 0 });
    }

    fn ask_with(&mut self, step: &mut Step<'_, '_>, at: &PeerAddress, errand: Errand) {
        let peer = at.peer().clone();
        if !self.online || self.peer.as_ref() == Some(&peer) {
            return self.errand_failed(step, errand.op);
        }
        let client = self.mail.clients.entry(peer.clone()).or_insert_with(|| Client::new(at.clone()));
        if client.waiting.len() + client.toil.len() >= mail_limits::MAIL_WAITING_MAX {
            self.counters.over_limit += 1;
            return;
        }
        client.at = at.clone();
        client.waiting.push_back(errand);
        if client.standing == Standing::Down {
            client.standing = Standing::Opening;
            client.set_due(step.now, true);
            self.effects.push(Effect::Channel(ChannelOrder::Open(at.clone())));
        }
        self.ask_more(step, &peer);
    }

    /// Sends requests as long as there is room for answers.
    fn ask_more(&mut self, step: &Step<'_, '_>, peer: &PeerKey) {
        let stays = owner::mailbox(step.tx, peer).is_some();
        loop {
            let Some(client) = self.mail.clients.get_mut(peer) else { return };
            let Standing::Up(channel, nonce) = client.standing else { return };
            client.set_due(step.now, stays);
            if client.asked.len() + usize::from(client.working.is_some()) >= mail_limits::MAIL_WINDOW {
                return;
            }
            let Some(errand) = client.waiting.pop_front() else { return };
            if errand.work > 0 && client.working.is_some() {
                client.toil.push_back(errand);
                continue;
            }
            client.number += 1;
            // What it was about is gone meanwhile: there is nothing to ask.
            let asking = Asking {
                channel: Channel { mailbox: peer, nonce: &nonce },
                proven: &client.subscribed,
                keys: &mut self.mail.keys,
            };
            let Some(request) = request(step, asking, client.number, &errand.op) else { continue };
            if errand.work > 0 {
                let puzzle = request.puzzle(&Channel { mailbox: peer, nonce: &nonce }, errand.work);
                let query = self.next_query();
                if let Some(client) = self.mail.clients.get_mut(peer) {
                    client.working = Some(Box::new(Working { query, errand, request }));
                }
                self.effects.push(Effect::Work { query, puzzle });
                continue;
            }
            client.asked.insert(client.number, errand);
            let message = request.encode();
            self.effects.push(Effect::Channel(ChannelOrder::Say { channel, message }));
        }
    }

    /// What a mailbox asked to be worked for is done: the request goes out, unless its channel is gone.
    pub(super) fn mailbox_worked(&mut self, step: &Step<'_, '_>, peer: &PeerKey, work: u64) {
        let Some(client) = self.mail.clients.get_mut(peer) else { return };
        let (Standing::Up(channel, _), Some(working)) = (client.standing, client.working.take()) else {
            return;
        };
        let Working { errand, mut request, .. } = *working;
        request.work = work;
        client.asked.insert(request.number, errand);
        client.toil.pop_front().into_iter().for_each(|next| client.waiting.push_front(next));
        let message = request.encode();
        self.effects.push(Effect::Channel(ChannelOrder::Say { channel, message }));
        self.ask_more(step, peer);
    }

    fn mailbox_heard(&mut self, step: &mut Step<'_, '_>, channel: ChannelId, peer: &PeerKey, message: &[u8]) {
        let Some(client) = self.mail.clients.get_mut(peer) else { return };
        match Word::decode(message) {
            Ok(Word::Hello(nonce)) if client.standing == Standing::Greeting(channel) => {
                client.standing = Standing::Up(channel, nonce);
                self.mail.lost.remove(peer);
            }
            Ok(Word::Answer { number, answer }) => {
                let Some(errand) = client.asked.remove(&number) else { return };
                let at = client.at.clone();
                self.errand_answered(step, &at, errand, answer);
            }
            Ok(Word::Ready(queue)) => {
                let is_ours =
                    step.tx.row(&OWN_QUEUES, queue.as_bytes()).is_some_and(|row| row.mailbox == *peer);
                let at = client.at.clone();
                if is_ours {
                    self.fetch_queue(step, &at, queue);
                }
            }
            Ok(Word::Hello(_)) | Err(_) => {
                self.counters.malformed += 1;
                self.mailbox_down(step, peer);
                return self.effects.push(Effect::Channel(ChannelOrder::Close(channel)));
            }
        }
        self.ask_more(step, peer);
    }

    fn errand_answered(&mut self, step: &mut Step<'_, '_>, at: &PeerAddress, errand: Errand, answer: Answer) {
        if let Some(work) = price(&errand, &answer) {
            let rounds = errand.rounds + 1;
            return self.ask_with(step, at, Errand { work, rounds, ..errand });
        }
        match (errand.op, answer) {
            (Op::Deposit { contact, device, seq, to }, Answer::Done) => {
                self.deposited(step, &contact, &device, seq, to);
            }
            (Op::Say { item, .. }, Answer::Done) => self.said(step, item),
            (Op::GetPrekeys { contact, .. }, Answer::Prekeys { bundle, one_time, .. }) => {
                self.mailed_prekeys(step, &contact, at.peer(), &bundle, &one_time);
            }
            (op @ (Op::Deposit { .. } | Op::Say { .. } | Op::GetPrekeys { .. }), _) => {
                self.errand_failed(step, op);
            }
            (op, answer) => self.own_answered(step, at, op, answer),
        }
    }

    /// A mailbox couldn't be asked, or won't: whoever waits for it goes on without.
    pub(super) fn errand_failed(&mut self, step: &mut Step<'_, '_>, op: Op) {
        match op {
            Op::GetPrekeys { contact, .. } => self.no_mailed_prekeys(step, contact),
            Op::Deposit { contact, .. } => self.retry_later(step, contact),
            Op::Say { item, .. } => self.unsaid(item),
            Op::New(queue) => self.queue_not_made(step, &queue),
            _ => {}
        }
    }

    /// The channel to a mailbox is gone, or there is none to be had.
    fn mailbox_down(&mut self, step: &mut Step<'_, '_>, peer: &PeerKey) {
        let Some(client) = self.mail.clients.get_mut(peer) else { return };
        if let Some(channel) = client.channel() {
            self.mail.channels.remove(&channel);
        }
        let errands = client.drain();
        self.mailbox_lost(step, peer);
        errands.into_iter().for_each(|errand| self.errand_failed(step, errand.op));
        let idle = |client: &mut Client| client.standing == Standing::Down && client.is_idle();
        if self.mail.clients.get_mut(peer).is_some_and(idle) {
            self.mail.clients.remove(peer);
        }
    }

    /// Mailboxes that should have answered, and channels that nobody needs any more.
    pub(super) fn mailboxes_overdue(&mut self, step: &mut Step<'_, '_>) {
        for peer in self.mail.overdue(step.now) {
            let Some(client) = self.mail.clients.get(&peer) else { continue };
            let (channel, is_idle) = (client.channel(), client.is_idle());
            if is_idle {
                self.mail.clients.remove(&peer);
                channel.map(|channel| self.mail.channels.remove(&channel));
            } else {
                self.mailbox_down(step, &peer);
            }
            if let Some(channel) = channel {
                self.effects.push(Effect::Channel(ChannelOrder::Close(channel)));
            }
        }
    }
}

/// On which channel something is asked.
struct Asking<'a> {
    channel: Channel<'a>,
    /// The queues that it has proven to be read by us.
    proven: &'a BTreeSet<ReadId>,
    /// The keys of queues that were computed before.
    keys: &'a mut MailKeys,
}

/// The request of an errand; none where what it is about is gone.
fn request(step: &Step<'_, '_>, asking: Asking<'_>, number: u64, op: &Op) -> Option<Request> {
    let Asking { channel, proven, keys } = asking;
    let channel = &channel;
    let mut signed = |id: &ReadId, command: &Command| {
        let queue = step.tx.row(&OWN_QUEUES, id.as_bytes())?;
        Some(Request::signed(number, channel, keys.reader(id, &queue), command))
    };
    let mut read = |id: &ReadId, command: &Command| {
        let bare = || Some(Request::bare(number, *id.as_bytes(), command));
        if proven.contains(id) { bare() } else { signed(id, command) }
    };
    Some(match op {
        Op::New(id) => {
            let queue = step.tx.row(&OWN_QUEUES, id.as_bytes())?;
            let wanted = queue.wanted(&owner::mailbox(step.tx, channel.mailbox)?);
            Request::signed(number, channel, keys.reader(id, &queue), &Command::New(wanted))
        }
        Op::Subscribe(id) => read(id, &Command::Subscribe)?,
        Op::Get { queue, after, .. } => read(queue, &Command::Get { after: *after })?,
        Op::Ack { queue, upto } => read(queue, &Command::Ack { upto: *upto })?,
        Op::Delete(id) => signed(id, &Command::Delete)?,
        Op::PutPrekeys { queue, bundle, one_time } => {
            read(queue, &Command::PutPrekeys { bundle: bundle.clone(), one_time: one_time.clone() })?
        }
        Op::Deposit { contact, device, seq, to } => {
            let row = step.tx.get(&OUTBOX, &OUTBOX.key_at(device.as_bytes(), *seq))?;
            let frame = &row.frame.as_ref()?.frame;
            let known = boxes::of(step.tx, contact);
            if *seq == 0 {
                let body = Envelope::parse(frame).ok()?.body.to_vec();
                let ticket = known.inbox(to)?.ticket;
                Request::bare(number, *to.as_bytes(), &Command::Send { frame: body, ticket })
            } else {
                deposit(number, channel, known.pair(to)?, keys, frame)?
            }
        }
        Op::Say { contact, to, frame, .. } => {
            deposit(number, channel, boxes::of(step.tx, contact).pair(to)?, keys, frame)?
        }
        Op::GetPrekeys { contact, to } => {
            let ticket = boxes::of(step.tx, contact).inbox(to)?.ticket;
            Request::bare(number, *to.as_bytes(), &Command::GetPrekeys { ticket })
        }
    })
}

/// Bits of work that an answer asks for, where it is worth doing. Only few things are ever worked for, each time for more
/// than before and not often: a mailbox that asks without end would only keep us busy.
fn price(errand: &Errand, answer: &Answer) -> Option<u32> {
    let bits = match (&errand.op, answer) {
        (Op::New(_) | Op::Deposit { seq: 0, .. }, Answer::Refused(MailRefusal::Work(bits))) => *bits,
        (Op::GetPrekeys { .. }, Answer::Prekeys { one_time, work, .. }) if one_time.is_empty() => *work,
        _ => return None,
    };
    let more = (errand.work + 1..=mail_limits::WORK_MOST).contains(&bits);
    (more && errand.rounds < limits::WORK_ROUNDS).then_some(bits)
}

/// The request to keep a sealed frame in a pair queue: the same bytes, with their route hidden.
fn deposit(
    number: u64,
    channel: &Channel<'_>,
    pair: &PairBox,
    keys: &mut MailKeys,
    frame: &[u8],
) -> Option<Request> {
    let envelope = Envelope::parse(frame).ok()?;
    let route = masked(envelope.route.as_bytes(), &pair.mask, envelope.body);
    let frame = [route.as_slice(), envelope.body].concat();
    let key = keys.writer(pair)?;
    Some(Request::written(number, channel, &pair.send, key, &Command::Send { frame, ticket: None }))
}
