//! The epochs of the post-quantum ratchet: who offers a key, who answers, and when the secret enters the root.

use core::fmt::Debug;

use rand_core::CryptoRng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::base::time::Time;
use crate::domain::session::quantum::{PostQuantum, Slot, Tick, Unfit};

/// What the parts of a state can do.
pub(super) trait Part: Clone + Eq + Debug + Serialize + DeserializeOwned {}

impl<T: Clone + Eq + Debug + Serialize + DeserializeOwned> Part for T {}

/// What the epochs compute with. The node uses whole ML-KEM-768 keys; a model can plug in symbols.
///
/// `authenticator` is a secret that both sides chain over the epochs; `epoch` is the one that is being agreed.
pub(super) trait Suite: Sized {
    /// What a private key is kept as.
    type Seed: Part;
    /// A key or a ciphertext, with the proof that it comes from the other side.
    type Payload: Part;
    /// What a payload is remembered by.
    type Fingerprint: Part;
    /// What proves payloads of one epoch.
    type Authenticator: Part;
    /// What enters the root.
    type Secret: Part;

    /// A fresh private key.
    fn seed(rng: &mut dyn CryptoRng) -> Self::Seed;

    /// The public key of a seed, proven: always the same payload for the same arguments.
    fn offer(authenticator: &Self::Authenticator, epoch: u32, seed: &Self::Seed) -> Self::Payload;

    /// Whether an offer is well formed and proven.
    fn is_offer(authenticator: &Self::Authenticator, epoch: u32, offer: &Self::Payload) -> bool;

    /// Answers an offer that [`Suite::is_offer`] found good.
    fn answer(
        authenticator: &Self::Authenticator,
        epoch: u32,
        offer: &Self::Payload,
        rng: &mut dyn CryptoRng,
    ) -> Option<(Self::Payload, Agreed<Self>)>;

    /// What a proven answer to the offer of `seed` agrees on.
    fn accept(
        authenticator: &Self::Authenticator,
        epoch: u32,
        seed: &Self::Seed,
        answer: &Self::Payload,
    ) -> Option<Agreed<Self>>;

    /// What a payload is remembered by.
    fn fingerprint(payload: &Self::Payload) -> Self::Fingerprint;
}

/// What both sides know once an offer is answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Agreed<S: Suite> {
    /// The authenticator of the new epoch.
    pub(super) authenticator: S::Authenticator,
    /// The new epoch's secret.
    pub(super) secret: S::Secret,
}

/// One side of the epochs of a session.
///
/// The initiator offers the keys of odd epochs and the responder those of even ones, so two sides never begin one
/// epoch at once. An offer is answered; whoever has the answer begins the epoch with its next root step, and the
/// other side, which made the secret, follows. So no step ever needs a secret that the other side may lack.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Epochs<S: Suite> {
    current: u32,
    authenticator: S::Authenticator,
    /// The exchange that leads to the epoch after the current one.
    exchange: Exchange<S>,
    /// What the other side said in the exchanges that led here, newest first, at most [`limits::EPOCHS_BACK`].
    past: Vec<S::Fingerprint>,
}

/// An exchange, from the side that it is our turn to take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
enum Exchange<S: Suite> {
    /// We offer.
    Offering(Offering<S>),
    /// We answer.
    Answering(Answering<S>),
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
enum Offering<S: Suite> {
    /// Not due yet: since when the epoch stands, and at how many messages.
    Waiting { since: Time, messages: u64 },
    /// Offered from the message of this sequence on.
    Offered { seed: S::Seed, from: u32 },
    /// Answered. The secret enters with our next root step.
    Answered { agreed: Agreed<S>, answer: S::Fingerprint },
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
enum Answering<S: Suite> {
    /// No offer yet.
    Listening,
    /// An offer came. It is answered when something is sent: no secret lies here sooner than it must.
    Heard { offer: S::Payload },
    /// Answered from the message of this sequence on. The answer itself is kept until it has arrived.
    Answered { agreed: Agreed<S>, offer: S::Fingerprint, answer: Option<S::Payload>, from: u32 },
}

/// What a slot changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change<S: Suite> {
    /// An offer to be answered.
    Heard(S::Payload),
    /// An answer to our offer.
    Answered(Agreed<S>, S::Fingerprint),
    /// Our answer has arrived.
    Arrived,
}

impl<S: Suite> Epochs<S> {
    /// The beginning of a session, at the handshake's epoch.
    pub(super) const fn new(initiator: bool, authenticator: S::Authenticator, now: Time) -> Self {
        let exchange = if initiator {
            Exchange::Offering(Offering::Waiting { since: now, messages: 0 })
        } else {
            Exchange::Answering(Answering::Listening)
        };
        Self { current: 0, authenticator, exchange, past: Vec::new() }
    }

    /// A slot, not an empty one, of the exchange that is under way.
    fn heed_present(&self, slot: Slot<S::Payload>) -> Result<Option<Change<S>>, Unfit> {
        let next = self.current.checked_add(1).ok_or(Unfit)?;
        match (&self.exchange, slot) {
            (Exchange::Answering(Answering::Listening), Slot::Offer(offer)) => {
                let good = S::is_offer(&self.authenticator, next, &offer);
                good.then_some(Some(Change::Heard(offer))).ok_or(Unfit)
            }
            (Exchange::Answering(Answering::Heard { offer: known }), Slot::Offer(offer)) => {
                same(&offer, known)
            }
            (Exchange::Answering(Answering::Answered { offer: known, .. }), Slot::Offer(offer)) => {
                same(&S::fingerprint(&offer), known)
            }
            (Exchange::Answering(Answering::Answered { answer, .. }), Slot::Received) => {
                Ok(answer.as_ref().map(|_| Change::Arrived))
            }
            (Exchange::Offering(Offering::Offered { seed, .. }), Slot::Answer(answer)) => {
                let agreed = S::accept(&self.authenticator, next, seed, &answer).ok_or(Unfit)?;
                Ok(Some(Change::Answered(agreed, S::fingerprint(&answer))))
            }
            (Exchange::Offering(Offering::Answered { answer: known, .. }), Slot::Answer(answer)) => {
                same(&S::fingerprint(&answer), known)
            }
            _ => Err(Unfit),
        }
    }

    /// A slot, not an empty one, of an exchange that is over, `back` epochs before the one under way: only what was said then.
    fn heed_past(&self, back: u32, slot: &Slot<S::Payload>) -> Result<Option<Change<S>>, Unfit> {
        let known = (back as usize).checked_sub(1).and_then(|index| self.past.get(index)).ok_or(Unfit)?;
        // The turns alternate.
        let we_offered = matches!(self.exchange, Exchange::Offering(_)) == back.is_multiple_of(2);
        match slot {
            Slot::Offer(payload) if !we_offered => same(&S::fingerprint(payload), known),
            Slot::Answer(payload) if we_offered => same(&S::fingerprint(payload), known),
            Slot::Received if !we_offered => Ok(None),
            _ => Err(Unfit),
        }
    }
}

impl<S: Suite> PostQuantum for Epochs<S> {
    type Payload = S::Payload;
    type Secret = S::Secret;
    type Change = Change<S>;

    fn epoch(&self) -> u32 {
        self.current
    }

    fn step(&mut self, tick: Tick) -> Option<S::Secret> {
        let Exchange::Offering(Offering::Answered { agreed, .. }) = &self.exchange else { return None };
        let secret = agreed.secret.clone();
        self.enter(tick);
        Some(secret)
    }

    fn follow(&self, epoch: u32) -> Result<Option<S::Secret>, Unfit> {
        match (epoch.checked_sub(self.current), &self.exchange) {
            (Some(0), _) => Ok(None),
            (Some(1), Exchange::Answering(Answering::Answered { agreed, .. })) => {
                Ok(Some(agreed.secret.clone()))
            }
            _ => Err(Unfit),
        }
    }

    fn enter(&mut self, tick: Tick) {
        let waiting = Offering::Waiting { since: tick.now, messages: tick.messages };
        let (agreed, heard, next) = match &self.exchange {
            Exchange::Offering(Offering::Answered { agreed, answer }) => {
                (agreed, answer, Exchange::Answering(Answering::Listening))
            }
            Exchange::Answering(Answering::Answered { agreed, offer, .. }) => {
                (agreed, offer, Exchange::Offering(waiting))
            }
            _ => return,
        };
        self.authenticator = agreed.authenticator.clone();
        self.past.insert(0, heard.clone());
        self.past.truncate(limits::EPOCHS_BACK as usize);
        self.exchange = next;
        self.current += 1;
    }

    fn ride(&mut self, tick: Tick, first: bool, rng: &mut dyn CryptoRng) -> Slot<S::Payload> {
        let Some(next) = self.current.checked_add(1) else { return Slot::Empty };
        match &mut self.exchange {
            Exchange::Offering(offering) => match offering {
                Offering::Waiting { since, messages } if is_due(*since, *messages, tick) => {
                    let seed = S::seed(rng);
                    let offer = S::offer(&self.authenticator, next, &seed);
                    *offering = Offering::Offered { seed, from: tick.sequence };
                    Slot::Offer(offer)
                }
                Offering::Offered { seed, from } if is_repeated(*from, tick.sequence, first) => {
                    Slot::Offer(S::offer(&self.authenticator, next, seed))
                }
                Offering::Waiting { .. } | Offering::Offered { .. } => Slot::Empty,
                Offering::Answered { .. } => Slot::Received,
            },
            Exchange::Answering(answering) => match answering {
                Answering::Heard { offer } => {
                    let Some((answer, agreed)) = S::answer(&self.authenticator, next, offer, rng) else {
                        return Slot::Empty;
                    };
                    let offer = S::fingerprint(offer);
                    *answering = Answering::Answered {
                        agreed,
                        offer,
                        answer: Some(answer.clone()),
                        from: tick.sequence,
                    };
                    Slot::Answer(answer)
                }
                Answering::Answered { answer: Some(answer), from, .. }
                    if is_repeated(*from, tick.sequence, first) =>
                {
                    Slot::Answer(answer.clone())
                }
                Answering::Listening | Answering::Answered { .. } => Slot::Empty,
            },
        }
    }

    fn heed(&self, epoch: u32, slot: Slot<S::Payload>) -> Result<Option<Change<S>>, Unfit> {
        if slot == Slot::Empty {
            return Ok(None);
        }
        match self.current.checked_sub(epoch).ok_or(Unfit)? {
            0 => self.heed_present(slot),
            back => self.heed_past(back, &slot),
        }
    }

    fn install(&mut self, change: Change<S>) {
        match (change, &mut self.exchange) {
            (Change::Heard(offer), Exchange::Answering(answering)) => *answering = Answering::Heard { offer },
            (Change::Answered(agreed, answer), Exchange::Offering(offering)) => {
                *offering = Offering::Answered { agreed, answer };
            }
            (Change::Arrived, Exchange::Answering(Answering::Answered { answer, .. })) => *answer = None,
            _ => {}
        }
    }
}

/// Whether an epoch has stood long enough.
fn is_due(since: Time, messages: u64, tick: Tick) -> bool {
    tick.messages.saturating_sub(messages) >= limits::EPOCH_MESSAGES
        || tick.now.since(since) >= limits::EPOCH_LIFE
}

/// Whether a payload that went out first with the message `from` goes out again with the message `sequence`: with
/// the first message of each chain, because then the other side is there; else ever more rarely, because then
/// perhaps nobody answers for long.
const fn is_repeated(from: u32, sequence: u32, first: bool) -> bool {
    first || sequence.saturating_sub(from).is_power_of_two()
}

fn same<T: PartialEq, C>(said: &T, known: &T) -> Result<Option<C>, Unfit> {
    if said == known { Ok(None) } else { Err(Unfit) }
}
