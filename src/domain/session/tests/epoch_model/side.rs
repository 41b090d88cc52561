//! One side of a session, as far as it decides when the root steps and what enters it, with mistakes to be seeded.

use serde::{Deserialize, Serialize};

use super::symbols::{Authenticator, Fresh, Payload, Symbols, term};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::session::epoch::{Change, Epochs};
use crate::domain::session::quantum::{PostQuantum, Slot, Tick, Unfit};

/// A mistake that a checker has to find.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Mistake {
    /// The answerer begins the epoch too, as soon as it has answered.
    AnswererBegins,
    /// Each answer that goes out again is made anew.
    AnswersAnew,
    /// An epoch is counted twice as it begins.
    CountsTwice,
    /// A message leaves before the state that it was made from is safe.
    LeavesBeforeCommit,
    /// An offer that was heard already is refused.
    RefusesRepeats,
    /// What was sent once isn't sent again.
    SaysItOnce,
    /// Nobody looks at proofs.
    ProofsUnread,
}

/// A message under way, as far as it concerns the epochs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub(super) struct Message {
    /// The root step that began its chain, from 1.
    chain: u32,
    epoch: u32,
    kind: u8,
    payload: Option<Payload>,
    /// The root after that step. Only the checker looks at it.
    root: u64,
}

/// Why an honest message wasn't understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(super) enum Misunderstood {
    StepsDontAlternate,
    EpochUnfit,
    SlotUnfit,
    RootsDiffer,
}

/// One side: the real epochs, around them as much of the Double Ratchet as decides when its root steps.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Side {
    epochs: Epochs<Symbols>,
    mistake: Option<Mistake>,
    /// For [`Mistake::AnswersAnew`]: how things stood before the first answer.
    unanswered: Option<Epochs<Symbols>>,
    root: u64,
    steps: u32,
    /// Whether the next message begins a chain, and the step that the present one began with.
    turns: bool,
    chain: u32,
    sequence: u32,
    /// Epochs that it entered, one after the other, each with its secret.
    pub(super) entered: Vec<(u32, u64)>,
}

impl Message {
    pub(super) fn slot(&self) -> Slot<Payload> {
        match (self.kind, self.payload.clone()) {
            (1, Some(payload)) => Slot::Offer(payload),
            (2, Some(payload)) => Slot::Answer(payload),
            (3, None) => Slot::Received,
            _ => Slot::Empty,
        }
    }

    pub(super) fn payload(&self) -> Option<&Payload> {
        self.payload.as_ref()
    }

    pub(super) fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl Side {
    pub(super) fn new(initiator: bool, mistake: Option<Mistake>) -> Self {
        let authenticator = Authenticator::new(mistake == Some(Mistake::ProofsUnread));
        Self {
            epochs: Epochs::new(initiator, authenticator, Time::EPOCH),
            mistake,
            unanswered: None,
            root: 0,
            steps: 1,
            turns: !initiator,
            chain: u32::from(initiator),
            sequence: 0,
            entered: Vec::new(),
        }
    }

    /// Whether it has another root than the sender of the message had, after the step that began its chain.
    pub(super) fn differs(&self, message: &Message) -> bool {
        self.steps == message.chain && self.root != message.root
    }

    pub(super) fn epoch(&self) -> u32 {
        let epoch = self.epochs.epoch();
        if self.mistake == Some(Mistake::CountsTwice) { epoch * 2 } else { epoch }
    }

    fn tick(&self) -> Tick {
        // Always due: pacing is not what is looked at here.
        let now = Time::EPOCH.plus(limits::EPOCH_LIFE);
        Tick { now, messages: u64::from(self.sequence), sequence: self.sequence }
    }

    /// Seals a message, as [`crate::domain::session::ratchet::Session::seal`] does.
    pub(super) fn seal(&mut self, rng: &mut Fresh) -> Message {
        let tick = self.tick();
        let first = core::mem::take(&mut self.turns);
        if first {
            let secret = self.step(tick);
            self.root = stepped(self.root, secret);
            self.steps += 1;
            self.chain = self.steps;
            self.note(secret);
        }
        let slot = self.ride(tick, first, rng);
        self.sequence += 1;
        let (kind, payload) = match slot {
            Slot::Empty => (0, None),
            Slot::Offer(payload) => (1, Some(payload)),
            Slot::Answer(payload) => (2, Some(payload)),
            Slot::Received => (3, None),
        };
        Message { chain: self.chain, epoch: self.epochs.epoch(), kind, payload, root: self.root }
    }

    /// Opens a message into a new state, which the caller installs.
    pub(super) fn open(&self, message: &Message) -> Result<Self, Misunderstood> {
        let mut next = self.clone();
        // The ratchet has forgotten such chains.
        if message.epoch + limits::EPOCHS_BACK < self.epochs.epoch() {
            return Ok(next);
        }
        let begins = message.chain > self.steps;
        if begins {
            if message.chain != self.steps + 1 {
                return Err(Misunderstood::StepsDontAlternate);
            }
            let secret = self.epochs.follow(message.epoch).map_err(|_| Misunderstood::EpochUnfit)?;
            next.root = stepped(self.root, secret);
            next.steps = message.chain;
            next.turns = true;
            if secret.is_some() {
                // Long ago, so that the next exchange is due at once.
                next.epochs.enter(Tick { now: Time::EPOCH, ..self.tick() });
                next.note(secret);
            }
        }
        let heard = self.heed(message.epoch, message.slot()).map_err(|_| Misunderstood::SlotUnfit)?;
        heard.into_iter().for_each(|change| next.epochs.install(change));
        Ok(next)
    }

    /// What a slot would change.
    pub(super) fn heed(&self, epoch: u32, slot: Slot<Payload>) -> Result<Option<Change<Symbols>>, Unfit> {
        let is_offer = matches!(slot, Slot::Offer(_));
        let change = self.epochs.heed(epoch, slot)?;
        let repeats = is_offer && change.is_none();
        if repeats && self.mistake == Some(Mistake::RefusesRepeats) { Err(Unfit) } else { Ok(change) }
    }

    fn step(&mut self, tick: Tick) -> Option<u64> {
        let begins = self.epochs.step(tick);
        if begins.is_some() || self.mistake != Some(Mistake::AnswererBegins) {
            return begins;
        }
        let early = self.epochs.follow(self.epochs.epoch() + 1).ok().flatten();
        if early.is_some() {
            self.epochs.enter(tick);
        }
        early
    }

    fn ride(&mut self, tick: Tick, first: bool, rng: &mut Fresh) -> Slot<Payload> {
        let before = self.epochs.clone();
        let slot = self.epochs.ride(tick, first, rng);
        let is_new = self.epochs != before;
        match (&slot, self.mistake) {
            (Slot::Offer(_) | Slot::Answer(_), Some(Mistake::SaysItOnce)) if !is_new => Slot::Empty,
            (Slot::Answer(_), Some(Mistake::AnswersAnew)) => match self.unanswered.clone() {
                Some(unanswered) if !is_new => {
                    self.epochs = unanswered;
                    self.epochs.ride(tick, first, rng)
                }
                _ => {
                    self.unanswered = Some(before);
                    slot
                }
            },
            _ => slot,
        }
    }

    fn note(&mut self, secret: Option<u64>) {
        let epoch = self.epoch();
        self.entered.extend(secret.map(|secret| (epoch, secret)));
    }
}

fn stepped(root: u64, secret: Option<u64>) -> u64 {
    secret.map_or(term(&[root]), |secret| term(&[root, secret]))
}
