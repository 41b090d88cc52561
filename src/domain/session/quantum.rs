//! What the Double Ratchet asks of its post-quantum half.

use rand_core::CryptoRng;

use crate::base::time::Time;

/// When something happens in a session, in the measures that pace an exchange of keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    /// The clock.
    pub(super) now: Time,
    /// Messages sealed and opened in the session before this one.
    pub(super) messages: u64,
    /// The sequence of the message that is being sealed.
    pub(super) sequence: u32,
}

/// What a frame's header carries for the post-quantum half, beside the epoch of its chain.
///
/// A slot always speaks of the epoch that follows that of the chain it comes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Slot<P> {
    /// Nothing.
    Empty,
    /// The key that the next epoch's secret is to be encapsulated to, from the side whose turn it is to offer.
    Offer(P),
    /// The ciphertext that answers it.
    Answer(P),
    /// The answer has arrived: it needs no repeating.
    Received,
}

/// The other side said what doesn't fit the state here. Deliberately without detail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unfit;

/// A post-quantum ratchet: it agrees on one secret after the other, and says at which root step each enters.
///
/// Root steps alternate between the sides, so both see them in one order. Nothing here blocks: where no new
/// secret is agreed, the epoch stays what it is. [`crate::domain::session::epoch::Epochs`] sends whole keys; a
/// ratchet that sends them in chunks can take its place.
pub(super) trait PostQuantum {
    /// What a slot carries.
    type Payload;
    /// What enters the root.
    type Secret;
    /// What a slot changes, once the frame around it has opened.
    type Change;

    /// The epoch whose secret entered the root last; 0 is the handshake's.
    fn epoch(&self) -> u32;

    /// We step the root to send: the secret that enters, if this step begins an epoch.
    fn step(&mut self, tick: Tick) -> Option<Self::Secret>;

    /// The other side has stepped the root into `epoch`: the secret that enters, if that is the next epoch.
    /// Nothing changes until [`PostQuantum::enter`].
    fn follow(&self, epoch: u32) -> Result<Option<Self::Secret>, Unfit>;

    /// Makes the change that [`PostQuantum::follow`] foretold for the next epoch.
    fn enter(&mut self, tick: Tick);

    /// What the message that is being sealed carries; `first` is whether it begins a chain.
    fn ride(&mut self, tick: Tick, first: bool, rng: &mut dyn CryptoRng) -> Slot<Self::Payload>;

    /// What a slot would change that came on a chain of `epoch`. Nothing changes until
    /// [`PostQuantum::install`].
    fn heed(&self, epoch: u32, slot: Slot<Self::Payload>) -> Result<Option<Self::Change>, Unfit>;

    /// Makes a change that [`PostQuantum::heed`] returned for this very state.
    fn install(&mut self, change: Self::Change);
}
