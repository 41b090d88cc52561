//! What can be wrong with a simulated node on purpose, for a test to see that the oracle finds it.

/// A bug; beside these, see [`crate::sim::disk::Disk::lies`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// The random source gives the same again and again, so that nonces repeat.
    FrozenRandom,
    /// No frame leaves, for a link or for a mailbox.
    Mute,
    /// It takes for kept whatever it brings to mailboxes, which never get it.
    Credulous,
    /// It never lets go at its mailboxes what it has fetched there.
    Hoarder,
}
