//! Channels between nodes and mailboxes in the world, and mailboxes that don't do what they should.

use std::collections::BTreeMap;

use crate::engine::input::Input;
use crate::sim::world::World;
use crate::wire::channel::{ChannelEvent, ChannelId, ChannelOrder};
use crate::wire::mail_word::{Answer, Word};

/// What a mailbox does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malice {
    /// It says that it keeps what it forgets, and that nothing is there.
    Forgets,
    /// It gives every frame twice, with other numbers.
    Replays,
    /// It changes a byte of every frame.
    Alters,
}

/// All channels of a world.
#[derive(Debug, Default)]
pub struct Channels {
    /// Who opened each, and to whom.
    open: BTreeMap<ChannelId, (usize, usize)>,
    last: u64,
    /// What each mailbox does wrong.
    pub malice: BTreeMap<usize, Malice>,
    /// Every message that a mailbox was sent: by whom, to whom, what.
    pub said: Vec<(usize, usize, Vec<u8>)>,
}

impl World {
    pub(super) fn channel_order(&mut self, from: usize, order: ChannelOrder) {
        match order {
            ChannelOrder::Open(at) => {
                let to = self.find(at.peer()).filter(|to| self.is_reachable(*to) && *to != from);
                let Some(to) = to else {
                    let event = ChannelEvent::Unreachable(at.peer().clone());
                    return self.later(from, 3, Input::Channel(event));
                };
                self.mail.last += 1;
                let channel = ChannelId::new(self.mail.last);
                self.mail.open.insert(channel, (from, to));
                let (reader, mailbox) = (self.peers[from].key.clone(), self.peers[to].key.clone());
                self.later(to, 2, Input::Channel(ChannelEvent::Up { channel, peer: reader, ours: false }));
                self.later(from, 1, Input::Channel(ChannelEvent::Up { channel, peer: mailbox, ours: true }));
            }
            ChannelOrder::Say { channel, message } => {
                let Some((reader, mailbox)) = self.mail.open.get(&channel).copied() else { return };
                let (to, message) = if from == reader {
                    self.mail.said.push((from, mailbox, message.clone()));
                    (mailbox, message)
                } else {
                    (reader, self.distorted(mailbox, message))
                };
                self.later(to, 3, Input::Channel(ChannelEvent::Heard { channel, message }));
            }
            ChannelOrder::Close(channel) => self.close_channel(channel),
        }
    }

    /// The channels of a node are gone.
    pub(super) fn close_channels(&mut self, peer: usize) {
        let of =
            |(id, ends): (&ChannelId, &(usize, usize))| (ends.0 == peer || ends.1 == peer).then_some(*id);
        let gone: Vec<ChannelId> = self.mail.open.iter().filter_map(of).collect();
        gone.into_iter().for_each(|channel| self.close_channel(channel));
    }

    fn close_channel(&mut self, channel: ChannelId) {
        if let Some((reader, mailbox)) = self.mail.open.remove(&channel) {
            for end in [reader, mailbox] {
                self.later(end, 4, Input::Channel(ChannelEvent::Down(channel)));
            }
        }
    }

    /// What becomes of a mailbox's word by its malice.
    fn distorted(&self, mailbox: usize, message: Vec<u8>) -> Vec<u8> {
        let (Some(malice), Ok(Word::Answer { number, answer })) =
            (self.mail.malice.get(&mailbox), Word::decode(&message))
        else {
            return message;
        };
        let answer = match (malice, answer) {
            (Malice::Forgets, Answer::Frames(_)) => Answer::Frames(Vec::new()),
            (Malice::Replays, Answer::Frames(frames)) => {
                let twice = frames
                    .into_iter()
                    .flat_map(|(number, frame)| [(2 * number, frame.clone()), (2 * number + 1, frame)]);
                Answer::Frames(twice.take(crate::base::limits::MAIL_FRAMES_MAX).collect())
            }
            (Malice::Alters, Answer::Frames(mut frames)) => {
                frames.iter_mut().for_each(|(_, frame)| frame[40] ^= 1);
                Answer::Frames(frames)
            }
            (_, answer) => answer,
        };
        Word::Answer { number, answer }.encode()
    }

    /// Switches a node off, as its owner does: nothing more is decided there, and nothing reaches it.
    pub fn switch_off(&mut self, peer: usize) {
        self.cut_off(peer);
        self.off.insert(peer);
    }

    /// Switches it on again, over what its disk kept.
    pub fn switch_on(&mut self, peer: usize) {
        self.off.remove(&peer);
        self.crash(peer);
    }

    /// A node's disk is lost, all of it; the node goes on with an empty one.
    pub fn lose_disk(&mut self, peer: usize) {
        self.peers[peer].disk = crate::sim::disk::Disk::default();
        self.crash(peer);
    }
}
