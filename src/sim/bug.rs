//! What can be wrong with a simulated node on purpose: one bug for each rule of the oracle, set by tests only.

/// A bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// The disk calls safe what a power cut takes away.
    LyingDisk,
    /// The random source gives the same again and again, so that nonces repeat.
    FrozenRandom,
    /// Nobody tells the engine that time has passed.
    NoTicks,
    /// The next frame that comes in is never handed to the engine, and taken all the same.
    Swallows,
}
