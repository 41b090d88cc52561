//! What came of publishing the profile, for whoever looks after the node.

use crate::base::time::Time;

/// What came of the last publication since the node started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LastPublication {
    /// When it ended.
    pub at: Time,
    /// The profile's number.
    pub seq: u64,
    /// Peers that were asked to keep it.
    pub peers: u32,
    /// Keys under which others had it, when it was looked for afterwards.
    pub keys: u32,
    /// Index entries that others took.
    pub entries: u32,
    /// Until when it counts.
    pub expires: Time,
}

impl LastPublication {
    /// Whether it can be found.
    pub const fn is_out(&self) -> bool {
        self.peers > 0 && self.keys > 0
    }
}
