//! What the engine wants done, held back until what it decided on is stored.

use core::time::Duration;

use crate::engine::command::{Outcome, Refusal};
use crate::engine::event::Event;
use crate::engine::file_order::FileOrder;
use crate::engine::input::{QueryId, Ticket};
use crate::store::tx::{Batch, Committed};
use crate::wire::channel::ChannelOrder;
use crate::wire::peer::{LinkId, PeerAddress, PeerKey};
use crate::wire::work::Puzzle;

/// One thing to be done by a driver.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Answers a command.
    Reply {
        /// Which command.
        ticket: Ticket,
        /// The answer.
        result: Result<Outcome, Refusal>,
    },
    /// Tells the screens.
    Show(Event),
    /// Opens a link to a peer; the answer is a link or that there is none.
    Connect(PeerAddress),
    /// Sends frames on a link, in this order.
    Send {
        /// The link.
        link: LinkId,
        /// The frames.
        frames: Vec<Vec<u8>>,
    },
    /// Says that all frames of an incoming link with a number below `upto` are stored or of no use.
    Take {
        /// The link.
        link: LinkId,
        /// The first number that isn't taken.
        upto: u64,
    },
    /// Says that a frame can't be used here: the sender's session is unknown.
    Refuse {
        /// The link.
        link: LinkId,
        /// The frame's number.
        number: u64,
    },
    /// Stores a record in the DHT.
    PutRecord {
        /// Names the answer.
        query: QueryId,
        /// The key.
        key: [u8; 32],
        /// The record.
        value: Vec<u8>,
        /// Its remaining life.
        expires_in: Duration,
    },
    /// Reads a record from the DHT.
    GetRecord {
        /// Names the answer.
        query: QueryId,
        /// The key.
        key: [u8; 32],
    },
    /// Asks for the peers closest to a key.
    ClosestPeers {
        /// Names the answer.
        query: QueryId,
        /// The key.
        key: [u8; 32],
    },
    /// Keeps a record for others.
    Keep {
        /// The key.
        key: [u8; 32],
        /// The record.
        value: Vec<u8>,
        /// Its remaining life.
        expires_in: Duration,
    },
    /// Keeps a place with the relay for a peer, for so long.
    KeepPlace {
        /// For whom.
        peer: PeerKey,
        /// For how long.
        life: Duration,
    },
    /// Asks a peer something.
    Ask {
        /// Names the answer.
        query: QueryId,
        /// Whom.
        peer: PeerAddress,
        /// What.
        body: Vec<u8>,
    },
    /// Answers a peer.
    Answer {
        /// Which question.
        ask: u64,
        /// The answer.
        body: Vec<u8>,
    },
    /// Solves a puzzle, which takes a while, and says so by [`crate::engine::input::Input::Worked`].
    Work {
        /// Names the answer.
        query: QueryId,
        /// What is searched for.
        puzzle: Puzzle,
    },
    /// Something about channels to or from mailboxes.
    Channel(ChannelOrder),
    /// Something about the bytes of files.
    File(FileOrder),
}

/// What a group of inputs led to: rows to be stored, and effects that wait for them.
#[derive(Debug)]
pub struct Effects {
    /// To be stored, all or none.
    pub batch: Batch,
    /// To be done after that.
    pub held: Held,
}

/// Effects that may not leave before their batch is stored.
#[derive(Debug)]
pub struct Held {
    number: u64,
    effects: Vec<Effect>,
}

impl Effects {
    pub(crate) const fn new(batch: Batch, effects: Vec<Effect>) -> Self {
        let number = batch.number();
        Self { batch, held: Held { number, effects } }
    }
}

impl Held {
    /// The effects, for the proof that their batch is stored. Another batch's proof gives nothing back.
    pub fn release(self, committed: &Committed) -> Vec<Effect> {
        if committed.number() == self.number { self.effects } else { Vec::new() }
    }

    /// The events among them, to be stored in the same batch; nothing of them may be shown yet.
    pub fn shown(&self) -> impl Iterator<Item = &Event> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Show(event) => Some(event),
            _ => None,
        })
    }

    /// The number of the batch that the effects wait for.
    pub const fn number(&self) -> u64 {
        self.number
    }
}
