//! Receive chains: what is expected on them, what was skipped, and what was used already.

use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::session::chain::{ChainKeys, MessageSecret};

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// A day since the epoch: fine enough for the age of skipped keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct Day(u32);

impl Day {
    pub(super) fn of(now: Time) -> Self {
        Self(u32::try_from(now.as_secs() / DAY_SECONDS).unwrap_or(u32::MAX))
    }

    fn is_too_old(self, today: Self) -> bool {
        u64::from(today.0.saturating_sub(self.0)) > limits::SKIPPED_KEY_LIFE.as_secs() / DAY_SECONDS
    }
}

/// Why a chain has no key for a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    /// It was used.
    Used,
    /// It was forgotten, lies beyond the chain's end or too far ahead.
    Unknown,
}

/// One chain of the other side's messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Chain {
    header_key: Secret<32>,
    /// The epoch that the chain began in.
    epoch: u32,
    keys: ChainKeys,
    /// The number that `keys` stand at.
    next: u32,
    /// How many messages the chain has, once the other side has begun another one.
    end: Option<End>,
    /// Below this number, keys of messages that never came may have been dropped.
    forgotten: u32,
    /// Keys of messages below `next` that haven't come, by number.
    skipped: Vec<Skipped>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct End {
    number: u32,
    day: Day,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Skipped {
    number: u32,
    day: Day,
    secret: MessageSecret,
}

/// How a chain changes when a message's key is taken from it.
#[derive(Debug)]
pub(super) enum Taken {
    /// A skipped key is used up.
    Late(u32),
    /// The chain moves on.
    Ahead { keys: ChainKeys, next: u32, forgotten: u32, skipped: Vec<(u32, MessageSecret)> },
}

impl Chain {
    pub(super) const fn new(header_key: Secret<32>, epoch: u32, keys: ChainKeys) -> Self {
        Self { header_key, epoch, keys, next: 0, end: None, forgotten: 0, skipped: Vec::new() }
    }

    pub(super) const fn header_key(&self) -> &Secret<32> {
        &self.header_key
    }

    /// The epoch that the chain began in.
    pub(super) const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The number of the first message that nothing has been derived for.
    pub(super) const fn next(&self) -> u32 {
        self.next
    }

    /// The secret of message `number`, and how the chain is to change once the message has opened.
    pub(super) fn take(&self, number: u32, today: Day) -> Result<(MessageSecret, Taken), Missing> {
        if number < self.next {
            return self.take_skipped(number, today);
        }
        let beyond = self.end.is_some_and(|end| number >= end.number);
        if beyond || number - self.next > limits::CHAIN_FORWARD_MAX || number == u32::MAX {
            return Err(Missing::Unknown);
        }
        // No more than fit are derived; the oldest of a long gap are forgotten.
        let kept = number.saturating_sub(limits::SKIPPED_KEYS_MAX as u32).max(self.next);
        let forgotten = if kept > self.next { kept } else { self.forgotten };
        let mut keys = self.keys.clone();
        for _ in self.next..kept {
            keys = keys.skip();
        }
        let mut skipped = Vec::with_capacity((number - kept) as usize);
        for late in kept..number {
            let (secret, after) = keys.next();
            skipped.push((late, secret));
            keys = after;
        }
        let (secret, keys) = keys.next();
        Ok((secret, Taken::Ahead { keys, next: number + 1, forgotten, skipped }))
    }

    fn take_skipped(&self, number: u32, today: Day) -> Result<(MessageSecret, Taken), Missing> {
        match self.skipped.binary_search_by_key(&number, |skipped| skipped.number) {
            Ok(index) if !self.skipped[index].day.is_too_old(today) => {
                Ok((self.skipped[index].secret.clone(), Taken::Late(number)))
            }
            Ok(_) => Err(Missing::Unknown),
            Err(_) if number < self.forgotten => Err(Missing::Unknown),
            Err(_) => Err(Missing::Used),
        }
    }

    /// Makes a change that [`Chain::take`] on this chain returned.
    pub(super) fn apply(&mut self, taken: Taken, today: Day) {
        match taken {
            Taken::Late(number) => self.skipped.retain(|skipped| skipped.number != number),
            Taken::Ahead { keys, next, forgotten, skipped } => {
                self.keys = keys;
                self.next = next;
                self.forgotten = forgotten;
                let skipped = skipped.into_iter();
                self.skipped.extend(skipped.map(|(number, secret)| Skipped { number, day: today, secret }));
            }
        }
    }

    /// Whether every message of the chain has come, none of its keys forgotten.
    fn is_spent(&self) -> bool {
        self.is_finished() && self.forgotten == 0
    }

    fn is_finished(&self) -> bool {
        self.skipped.is_empty() && self.end.is_some_and(|end| self.next >= end.number)
    }

    fn forget_old(&mut self, today: Day) {
        let forgotten = &mut self.forgotten;
        self.skipped.retain(|skipped| {
            let keep = !skipped.day.is_too_old(today);
            if !keep {
                *forgotten = (*forgotten).max(skipped.number + 1);
            }
            keep
        });
    }

    fn forget_first(&mut self, count: usize) {
        let count = count.min(self.skipped.len());
        if let Some(last) = self.skipped.drain(..count).next_back() {
            self.forgotten = self.forgotten.max(last.number + 1);
        }
    }
}

/// The receive chains of a session, newest first, and the header keys of those that are finished.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Receiver {
    chains: Vec<Chain>,
    spent: Vec<Secret<32>>,
}

impl Receiver {
    /// The chains, newest first.
    pub(super) fn chains(&self) -> &[Chain] {
        &self.chains
    }

    /// The chain that the other side sends on now.
    pub(super) fn current(&self) -> Option<&Chain> {
        self.chains.first()
    }

    /// Header keys of chains whose every message was used.
    pub(super) fn spent(&self) -> &[Secret<32>] {
        &self.spent
    }

    /// Message keys that are kept for messages that are late.
    pub(super) fn skipped(&self) -> usize {
        self.chains.iter().map(|chain| chain.skipped.len()).sum()
    }

    /// Makes a change that [`Chain::take`] on the chain at `index` returned.
    pub(super) fn apply(&mut self, index: usize, taken: Taken, today: Day) {
        if let Some(chain) = self.chains.get_mut(index) {
            chain.apply(taken, today);
        }
        self.tidy(today);
    }

    /// Begins a new chain; the one before it has `previous` messages.
    pub(super) fn begin(&mut self, chain: Chain, previous: u32, today: Day) {
        if let Some(current) = self.chains.first_mut() {
            current.end = Some(End { number: previous, day: today });
        }
        self.chains.insert(0, chain);
        self.tidy(today);
    }

    /// Drops the chains that began before `epoch`.
    pub(super) fn forget_before(&mut self, epoch: u32) {
        self.chains.retain(|chain| chain.epoch >= epoch);
    }

    /// Drops what is finished, too old or too much.
    fn tidy(&mut self, today: Day) {
        self.chains
            .iter_mut()
            .filter(|chain| !chain.skipped.is_empty())
            .for_each(|chain| chain.forget_old(today));
        let spent = &mut self.spent;
        self.chains.retain(|chain| {
            if chain.is_spent() {
                spent.insert(0, chain.header_key.clone());
            }
            !chain.is_finished() && !chain.end.is_some_and(|end| end.day.is_too_old(today))
        });
        self.chains.truncate(limits::RECEIVE_CHAINS_MAX);
        self.spent.truncate(limits::SPENT_CHAINS_MAX);
        let mut excess = self.skipped().saturating_sub(limits::SKIPPED_KEYS_MAX);
        for chain in self.chains.iter_mut().rev() {
            let before = chain.skipped.len();
            chain.forget_first(excess);
            excess -= before - chain.skipped.len();
        }
    }
}
