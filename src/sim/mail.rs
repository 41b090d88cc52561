//! Channels between nodes and mailboxes in the world, and mailboxes that don't do what they should.

use std::collections::BTreeMap;

use crate::engine::input::Input;
use crate::wire::channel::{ChannelEvent, ChannelId, ChannelOrder};
use crate::wire::mail_word::{Answer, Word};
use crate::wire::peer::PeerKey;

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

/// What comes of an order: to whom, after how many milliseconds, what.
pub type Coming = (usize, u64, Input);

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

impl Channels {
    /// Carries an order of the node `from` out. `keys` are the nodes' names, of those that can be reached.
    pub fn order(&mut self, from: usize, order: ChannelOrder, keys: &[(usize, PeerKey)]) -> Vec<Coming> {
        match order {
            ChannelOrder::Open(at) => {
                let to = keys.iter().find(|(index, key)| key == at.peer() && *index != from);
                let reader = keys.iter().find(|(index, _)| *index == from);
                let (Some((to, mailbox)), Some((_, reader))) = (to, reader) else {
                    let event = ChannelEvent::Unreachable(at.peer().clone());
                    return vec![(from, 3, Input::Channel(event))];
                };
                self.last += 1;
                let channel = ChannelId::new(self.last);
                self.open.insert(channel, (from, *to));
                let up = |peer: &PeerKey, ours| {
                    Input::Channel(ChannelEvent::Up { channel, peer: peer.clone(), ours })
                };
                vec![(*to, 2, up(reader, false)), (from, 1, up(mailbox, true))]
            }
            ChannelOrder::Say { channel, message } => {
                let Some((reader, mailbox)) = self.open.get(&channel).copied() else { return Vec::new() };
                let (to, message) = if from == reader {
                    self.said.push((from, mailbox, message.clone()));
                    (mailbox, message)
                } else {
                    (reader, self.distorted(mailbox, message))
                };
                vec![(to, 3, Input::Channel(ChannelEvent::Heard { channel, message }))]
            }
            ChannelOrder::Close(channel) => self.close(channel),
        }
    }

    /// The channels of a node are gone.
    pub fn close_all(&mut self, peer: usize) -> Vec<Coming> {
        let of =
            |(id, ends): (&ChannelId, &(usize, usize))| (ends.0 == peer || ends.1 == peer).then_some(*id);
        let gone: Vec<ChannelId> = self.open.iter().filter_map(of).collect();
        gone.into_iter().flat_map(|channel| self.close(channel)).collect()
    }

    fn close(&mut self, channel: ChannelId) -> Vec<Coming> {
        let ends = self.open.remove(&channel).map(|(reader, mailbox)| [reader, mailbox]);
        let down = |end| (end, 4, Input::Channel(ChannelEvent::Down(channel)));
        ends.into_iter().flatten().map(down).collect()
    }

    /// What becomes of a mailbox's word by its malice.
    fn distorted(&self, mailbox: usize, message: Vec<u8>) -> Vec<u8> {
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
