//! How the world carries what nodes and mailboxes say to each other, and what becomes of it at a mailbox that is none to trust.

use crate::engine::input::Input;
use crate::sim::bug::Bug;
use crate::sim::carry::{LINK_UP, prefix_of};
use crate::sim::mail::{Asked, Deposit, Open, body};
use crate::sim::world::{Seen, World};
use crate::store::table::Reader;
use crate::wire::channel::{ChannelEvent, ChannelId, ChannelOrder};
use crate::wire::mail::{Command, Request};
use crate::wire::mail_word::{Answer, Word};
use crate::wire::peer::PeerKey;

impl World {
    /// Carries an order about channels to mailboxes out.
    pub(super) fn channel(&mut self, from: usize, order: ChannelOrder) {
        match order {
            ChannelOrder::Open(at) => self.open_channel(from, at.peer()),
            ChannelOrder::Say { channel, message } => self.say_on(from, channel, message),
            ChannelOrder::Close(channel) => self.break_channel(channel),
        }
    }

    fn open_channel(&mut self, from: usize, peer: &PeerKey) {
        let to = self.find(peer).filter(|to| self.peers[*to].on && !self.network.apart(from, *to));
        let Some(mailbox) = to else {
            *self.vain.entry((from, peer.clone())).or_default() += 1;
            let wait = LINK_UP + self.network.some_notice(&mut self.rng) / 4;
            return self.later(from, wait, Input::Channel(ChannelEvent::Unreachable(peer.clone())));
        };
        let delay = self.network.some_delay(&mut self.rng);
        let channel = self.mail.open(Open { reader: from, mailbox, delay });
        for (end, peer, ours) in [(mailbox, from, false), (from, mailbox, true)] {
            let (peer, from) = (self.peers[peer].key.clone(), prefix_of(peer));
            let wait = delay.max(LINK_UP);
            self.later(end, wait, Input::Channel(ChannelEvent::Up { channel, peer, from, ours }));
        }
    }

    fn say_on(&mut self, from: usize, channel: ChannelId, message: Vec<u8>) {
        let Some(open) = self.mail.get(channel) else { return };
        let rough = self.peers[open.reader].rough || self.peers[open.mailbox].rough;
        if rough && self.rng.chance(self.faults.broken) {
            self.count("channels broken");
            return self.break_channel(channel);
        }
        let (to, message) = if from == open.reader {
            if !self.watched {
                self.mail.said.push((from, open.mailbox, message.clone()));
            }
            let Some(message) = self.asked_of(channel, open, message) else { return };
            (open.mailbox, message)
        } else {
            (open.reader, self.told_by(channel, open, message))
        };
        self.later(to, open.delay, Input::Channel(ChannelEvent::Heard { channel, message }));
    }

    /// A request as it comes to the mailbox; none where it answers without doing anything.
    fn asked_of(&mut self, channel: ChannelId, open: Open, message: Vec<u8>) -> Option<Vec<u8>> {
        let Ok((request, command)) = Request::decode(&message) else { return Some(message) };
        let bug = self.peers[open.reader].bug;
        let ignored = match &command {
            Command::Send { .. } if bug == Some(Bug::Mute) => return None,
            Command::Send { frame, .. } => {
                if !self.nonces.leaves(body(frame)) {
                    let from = open.reader;
                    self.seen
                        .push(Seen::Wrong(format!("node {from} sealed two texts under one key and nonce")));
                }
                let forgets = self.mail.forgets(open.mailbox, &mut self.rng);
                if forgets {
                    self.count("deposits forgotten");
                    self.mail.note_kept(open.mailbox, &Deposit::new(request.queue, frame));
                }
                forgets || bug == Some(Bug::Credulous)
            }
            Command::Ack { upto } => {
                let batch = self.mail.lets_go(channel, request.queue, *upto);
                if batch.is_some_and(|batch| !self.peers[open.reader].disk.is_safe(batch)) {
                    self.seen.push(Seen::Wrong(format!(
                        "node {} lets go at mailbox {} what its own disk doesn't have",
                        open.reader, open.mailbox
                    )));
                }
                bug == Some(Bug::Hoarder)
            }
            _ => false,
        };
        if ignored {
            let message = Word::Answer { number: request.number, answer: Answer::Done }.encode();
            let heard = ChannelEvent::Heard { channel, message };
            self.later(open.reader, 2 * open.delay, Input::Channel(heard));
            return None;
        }
        self.mail.ask(channel, request.number, request.queue, &command);
        Some(message)
    }

    /// A mailbox's word as it leaves it: it must be true, unless the mailbox is none to trust.
    fn told_by(&mut self, channel: ChannelId, open: Open, message: Vec<u8>) -> Vec<u8> {
        let Ok(Word::Answer { number, answer }) = Word::decode(&message) else { return message };
        match (self.mail.answered(channel, number), answer) {
            (Some(Asked::Keep(deposit)), Answer::Done) => {
                let mailbox = open.mailbox;
                let safe = self.peers[mailbox].disk.safe();
                let is_kept = deposit.is_kept(&Reader::new(&safe));
                drop(safe);
                if is_kept {
                    self.mail.note_kept(mailbox, &deposit);
                } else {
                    self.seen.push(Seen::Wrong(format!(
                        "mailbox {mailbox} says that it keeps what its disk doesn't have"
                    )));
                }
                message
            }
            (Some(Asked::Give { queue, after }), Answer::Frames(frames)) => {
                if self.mail.malice.contains_key(&open.mailbox) {
                    self.count("answers of bad mailboxes");
                }
                let answer = self.mail.distorted(open.mailbox, (queue, after), frames, &mut self.rng);
                self.mail.gives(channel, number, queue, &answer);
                Word::Answer { number, answer }.encode()
            }
            _ => message,
        }
    }

    /// Ends a channel; both sides hear of it, later than of whatever was said there.
    pub(super) fn break_channel(&mut self, channel: ChannelId) {
        let Some(Open { reader, mailbox, delay }) = self.mail.close(channel) else { return };
        for end in [reader, mailbox] {
            let wait = delay.max(LINK_UP) + self.network.some_notice(&mut self.rng);
            self.later(end, wait, Input::Channel(ChannelEvent::Down(channel)));
        }
    }
}
