//! What can be wrong with a simulated node on purpose, for a test to see that the oracle finds it.

/// A bug; beside these, see [`crate::sim::disk::Disk::lies`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// The random source gives the same again and again, so that nonces repeat.
    FrozenRandom,
    /// No frame leaves.
    Mute,
}
