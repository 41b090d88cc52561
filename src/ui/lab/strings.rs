//! What a laboratory pulls at a node: its clock, and whom it is parted from.

use serde::{Deserialize, Serialize};

use crate::node::laboratory::Laboratory;

/// How a node's strings are to be, whole: also the lines that a node in a process of its own reads from its stdin.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Strings {
    /// Milliseconds that its clock is ahead of the machine's.
    pub(in crate::ui) ahead: i64,
    /// Peer ids that it is parted from.
    pub(in crate::ui) barred: Vec<String>,
}

impl Strings {
    /// Pulls at them.
    pub(in crate::ui) fn pull(&self, laboratory: &Laboratory) {
        laboratory.set_clock(self.ahead);
        laboratory.bar(&self.barred);
    }
}
