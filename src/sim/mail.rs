//! Channels between nodes and mailboxes in the world, what was said on them, and mailboxes that don't do what they should.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::id::{RouteId, SendId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::crypto::hash::sha256;
use crate::domain::mailbox::queue::{MAIL, SEEN, SENDS};
use crate::sim::random::Random;
use crate::store::table::Rows;
use crate::wire::channel::ChannelId;
use crate::wire::mail::Command;
use crate::wire::mail_word::{Answer, Word};

/// Frames of each queue that a mailbox that replays remembers.
const REMEMBERED: usize = 16;
/// Bytes of frames in one answer of a mailbox that says more than it should.
const ANSWER_BYTES: usize = mail_limits::MAIL_MESSAGE_MAX - 4_096;

/// What a mailbox does wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Malice {
    /// It says that it keeps what it forgets, and that nothing is there.
    Forgets,
    /// It keeps half of what it says that it keeps, and gives half of what is there.
    Drops,
    /// It gives every frame twice, and those of former days again.
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

/// What was asked of a mailbox and not answered yet, as far as somebody looks at the answer.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// To keep a frame.
    Keep(Deposit),
    /// To give what is in a queue behind a number.
    Give { queue: [u8; 16], after: u64 },
}

/// A frame that is brought to a mailbox.
#[derive(Clone, Debug)]
pub(super) struct Deposit {
    queue: SendId,
    /// The hash of all of it.
    frame: [u8; 32],
    /// The hash of what is the same in every queue: all but the hidden route.
    pub(super) body: [u8; 32],
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
    asked: BTreeMap<(ChannelId, u64), Asked>,
    /// Frames under way to a reader, by the number of the request: of which queue, and the number of the last one.
    giving: BTreeMap<(ChannelId, u64), ([u8; 16], u64)>,
    /// What a reader has taken on a channel, by queue and last number: in which batch of its disk.
    taken: BTreeMap<(ChannelId, [u8; 16], u64), u64>,
    /// Which mailboxes have said of a frame that they keep it, by the hash of what is the same in every queue.
    kept: BTreeMap<[u8; 32], BTreeSet<usize>>,
    /// What was given lately, by mailbox and queue.
    given: BTreeMap<(usize, [u8; 16]), VecDeque<Vec<u8>>>,
    /// How often a mailbox said that it keeps something.
    pub words: u64,
}

impl Deposit {
    /// A frame for the queue with this send id.
    pub(super) fn new(queue: [u8; 16], frame: &[u8]) -> Self {
        Self { queue: SendId::new(queue), frame: sha256(&[frame]), body: sha256(&[body(frame)]) }
    }

    /// Whether a mailbox with these rows has it.
    pub(super) fn is_kept(&self, rows: &impl Rows) -> bool {
        let Some(queue) = rows.row(&SENDS, self.queue.as_bytes()) else { return false };
        let seen = [queue.as_bytes().as_slice(), &self.frame].concat();
        let is_it = |frame: &[u8]| sha256(&[frame]) == self.frame;
        rows.row(&SEEN, &seen).is_some()
            && rows.scan(&MAIL, &MAIL.of(queue.as_bytes())).iter().rev().any(|(_, mail)| is_it(&mail.frame))
    }
}

/// What of a frame is the same in every queue, and on a link: all but the route, which a first flight hasn't.
pub(super) fn body(frame: &[u8]) -> &[u8] {
    if frame.len() == limits::FIRST_FLIGHT_LEN {
        frame
    } else {
        frame.get(RouteId::LEN..).unwrap_or_default()
    }
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
        self.asked.retain(|(of, _), _| *of != channel);
        self.giving.retain(|(of, _), _| *of != channel);
        self.taken.retain(|(of, ..), _| *of != channel);
        self.open.remove(&channel)
    }

    /// The open channels of which this is true.
    pub(super) fn those(&self, which: impl Fn(&Open) -> bool) -> Vec<ChannelId> {
        self.open.iter().filter(|(_, open)| which(open)).map(|(channel, _)| *channel).collect()
    }

    /// Remembers what was asked.
    pub(super) fn ask(&mut self, channel: ChannelId, number: u64, queue: [u8; 16], command: &Command) {
        let asked = match command {
            Command::Send { frame, .. } => Asked::Keep(Deposit::new(queue, frame)),
            Command::Get { after } => Asked::Give { queue, after: *after },
            _ => return,
        };
        self.asked.insert((channel, number), asked);
    }

    /// What was asked, now that it is answered.
    pub(super) fn answered(&mut self, channel: ChannelId, number: u64) -> Option<Asked> {
        self.asked.remove(&(channel, number))
    }

    /// Frames leave for a reader, in answer to this request.
    pub(super) fn gives(&mut self, channel: ChannelId, number: u64, queue: [u8; 16], answer: &Answer) {
        if let Answer::Frames(frames) = answer
            && let Some((last, _)) = frames.last()
        {
            self.giving.insert((channel, number), (queue, *last));
        }
    }

    /// Whether frames are under way on a channel, and this is its reader.
    pub(super) fn gives_to(&self, channel: ChannelId, peer: usize) -> bool {
        self.giving.range((channel, 0)..=(channel, u64::MAX)).next().is_some()
            && self.get(channel).is_some_and(|open| open.reader == peer)
    }

    /// The reader has heard an answer, and put what follows from it into this batch of its disk.
    pub(super) fn heard(&mut self, channel: ChannelId, message: &[u8], batch: u64) {
        if let Ok(Word::Answer { number, .. }) = Word::decode(message)
            && let Some((queue, last)) = self.giving.remove(&(channel, number))
        {
            // What is given twice is in the first batch.
            self.taken.entry((channel, queue, last)).or_insert(batch);
        }
    }

    /// The batch in which a reader has what it lets go now, where it was given that on this channel.
    pub(super) fn lets_go(&mut self, channel: ChannelId, queue: [u8; 16], upto: u64) -> Option<u64> {
        self.taken.remove(&(channel, queue, upto))
    }

    /// A mailbox has said that it keeps a frame.
    pub(super) fn note_kept(&mut self, mailbox: usize, deposit: &Deposit) {
        self.words += 1;
        self.kept.entry(deposit.body).or_default().insert(mailbox);
    }

    /// How many mailboxes have said so far that they keep a frame that left with a route.
    pub fn keepers(&self, frame: &[u8]) -> usize {
        self.kept.get(&sha256(&[frame.get(RouteId::LEN..).unwrap_or_default()])).map_or(0, BTreeSet::len)
    }

    /// Whether a mailbox forgets a frame at once that it says that it keeps.
    pub(super) fn forgets(&self, mailbox: usize, rng: &mut Random) -> bool {
        match self.malice.get(&mailbox) {
            Some(Malice::Forgets) => true,
            Some(Malice::Drops) => rng.chance(50),
            _ => false,
        }
    }

    /// What becomes of the frames that a mailbox gives, by its malice.
    pub(super) fn distorted(
        &mut self,
        mailbox: usize,
        (queue, after): ([u8; 16], u64),
        mut frames: Vec<(u64, Vec<u8>)>,
        rng: &mut Random,
    ) -> Answer {
        match self.malice.get(&mailbox) {
            Some(Malice::Forgets) => frames.clear(),
            Some(Malice::Drops) => frames.retain(|_| rng.chance(50)),
            Some(Malice::Alters) => frames.iter_mut().for_each(|(_, frame)| frame[40] ^= 1),
            Some(Malice::Replays) => {
                let old = self.given.get(&(mailbox, queue)).filter(|_| after == 0).into_iter().flatten();
                let again: Vec<Vec<u8>> = frames.iter().map(|(_, frame)| frame).chain(old).cloned().collect();
                let last = frames.last().map_or(after, |(number, _)| *number);
                frames.extend((last + 1..).zip(again));
                let mut bytes = 0;
                frames.retain(|(_, frame)| {
                    bytes += frame.len() + 32;
                    bytes <= ANSWER_BYTES
                });
                frames.truncate(mail_limits::MAIL_FRAMES_MAX);
            }
            None => {}
        }
        let given = self.given.entry((mailbox, queue)).or_default();
        for (_, frame) in &frames {
            if !given.contains(frame) {
                given.push_back(frame.clone());
            }
        }
        given.drain(..given.len().saturating_sub(REMEMBERED));
        Answer::Frames(frames)
    }
}
