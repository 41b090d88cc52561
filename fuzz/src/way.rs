//! One direction of a session in plain sets: which of the frames sent may open at the other side, and to what.

use std::collections::BTreeSet;

use sigillo::base::limits::{EPOCHS_BACK, RECEIVE_CHAINS_MAX, SPENT_CHAINS_MAX};
use sigillo::domain::session::ratchet::OpenError;

/// A frame that was sealed, and where it stands in its sender's chains.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The frame.
    pub frame: Vec<u8>,
    /// What was sealed.
    pub content: Vec<u8>,
    chain: usize,
    number: usize,
}

/// One direction.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// Everything that was sealed, oldest first.
    pub sent: Vec<Sent>,
    /// The sender begins a chain with its next message.
    turns: bool,
    /// How many messages each chain of the sender has.
    lengths: Vec<usize>,
    /// The epoch that each of them began in.
    epochs: Vec<u32>,
    /// Chains that the receiver keeps, newest first, with the numbers that have opened.
    kept: Vec<(usize, BTreeSet<usize>)>,
    /// Chains whose every message has opened, newest first.
    spent: Vec<usize>,
}

impl Way {
    /// From the side that opened the session: its first frame came with the flight.
    pub fn of_initiator() -> Self {
        Self { lengths: vec![1], epochs: vec![0], kept: vec![(0, BTreeSet::from([0]))], ..Self::default() }
    }

    /// From the side that was written to: its first message begins a chain.
    pub fn of_responder() -> Self {
        Self { turns: true, ..Self::default() }
    }

    /// Notes that a frame was sealed by a side that is in this epoch.
    pub fn seal(&mut self, frame: Vec<u8>, content: Vec<u8>, epoch: u32) {
        if core::mem::take(&mut self.turns) {
            self.lengths.push(0);
            self.epochs.push(epoch);
        }
        let chain = self.lengths.len() - 1;
        self.sent.push(Sent { frame, content, chain, number: self.lengths[chain] });
        self.lengths[chain] += 1;
    }

    /// What must come of frame number `index` at the other side, as long as no key grows too old.
    pub fn expect(&self, index: usize) -> Result<&[u8], OpenError> {
        let Sent { content, chain, number, .. } = &self.sent[index];
        if self.spent.contains(chain) {
            return Err(OpenError::Duplicate);
        }
        let newest = self.kept.first().map(|(chain, _)| *chain);
        match self.kept.iter().find(|(kept, _)| kept == chain) {
            Some((_, opened)) if opened.contains(number) => Err(OpenError::Duplicate),
            None if newest.is_some_and(|newest| *chain < newest) => Err(OpenError::Refused),
            _ => Ok(content),
        }
    }

    /// Notes that frame number `index` has opened; true where it began a chain, which the way back answers.
    pub fn open(&mut self, index: usize) -> bool {
        let (chain, number) = (self.sent[index].chain, self.sent[index].number);
        let begins = !self.kept.iter().any(|(kept, _)| *kept == chain);
        if begins {
            self.kept.insert(0, (chain, BTreeSet::new()));
        }
        if let Some((_, opened)) = self.kept.iter_mut().find(|(kept, _)| *kept == chain) {
            opened.insert(number);
        }
        let newest = self.kept[0].0;
        let (lengths, spent) = (&self.lengths, &mut self.spent);
        self.kept.retain(|(chain, opened)| {
            let finished = *chain != newest && opened.len() == lengths[*chain];
            if finished {
                spent.insert(0, *chain);
            }
            !finished
        });
        self.kept.truncate(RECEIVE_CHAINS_MAX);
        self.spent.truncate(SPENT_CHAINS_MAX);
        begins
    }

    /// Notes that the receiver is in this epoch: chains that began too many epochs ago are over.
    pub fn forget(&mut self, epoch: u32) {
        let epochs = &self.epochs;
        self.kept.retain(|(chain, _)| epochs[*chain] + EPOCHS_BACK >= epoch);
    }

    /// The other side has opened the first message of a chain of this side's peer: this side turns.
    pub fn turn(&mut self) {
        self.turns = true;
    }
}
