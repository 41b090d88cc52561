//! Channels between nodes and mailboxes in the world, and mailboxes that don't do what they should.

use std::collections::BTreeMap;

use crate::wire::channel::ChannelId;
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

/// An open channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Open {
    /// Who opened it.
    pub(super) reader: usize,
    /// To whom.
    pub(super) mailbox: usize,
    /// How long a message is under way, in milliseconds; always the same, so that none overtakes another one.
    pub(super) delay: u64,
}

/// All channels of a world.
#[derive(Debug, Default)]
pub struct Channels {
    open: BTreeMap<ChannelId, Open>,
    last: u64,
    /// What each mailbox does wrong.
    pub malice: BTreeMap<usize, Malice>,
    /// Every message that a mailbox was sent, unless the world is watched: by whom, to whom, what.
    pub said: Vec<(usize, usize, Vec<u8>)>,
}

impl Channels {
    /// Opens a channel.
    pub(super) fn open(&mut self, open: Open) -> ChannelId {
        self.last += 1;
        let channel = ChannelId::new(self.last);
        self.open.insert(channel, open);
        channel
    }

    /// An open channel.
    pub(super) fn get(&self, channel: ChannelId) -> Option<Open> {
        self.open.get(&channel).copied()
    }

    /// Ends a channel.
    pub(super) fn close(&mut self, channel: ChannelId) -> Option<Open> {
        self.open.remove(&channel)
    }

    /// The open channels of which this is true.
    pub(super) fn those(&self, which: impl Fn(&Open) -> bool) -> Vec<ChannelId> {
        self.open.iter().filter(|(_, open)| which(open)).map(|(channel, _)| *channel).collect()
    }

    /// What becomes of a mailbox's word by its malice.
    pub(super) fn distorted(&self, mailbox: usize, message: Vec<u8>) -> Vec<u8> {
        let (Some(malice), Ok(Word::Answer { number, answer })) =
            (self.malice.get(&mailbox), Word::decode(&message))
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
}
