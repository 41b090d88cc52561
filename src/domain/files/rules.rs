//! What a node fetches by itself, and how much it keeps.

use crate::base::file_limits as limits;
use crate::base::kind::AccountKind;

/// What a node fetches by itself, and how much it keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Bytes of the largest file that is fetched without a person's word; 0 for none.
    pub fetched: u64,
    /// Bytes of all files on the disk, sealed.
    pub kept: u64,
}

impl Rules {
    /// What holds for a kind of account, unless its owner says otherwise.
    pub const fn of(kind: AccountKind) -> Self {
        match kind {
            AccountKind::Person => Self { fetched: limits::FETCHED_BY_PERSON, kept: limits::KEPT_BY_PERSON },
            AccountKind::Business => {
                Self { fetched: limits::FETCHED_BY_BUSINESS, kept: limits::KEPT_BY_BUSINESS }
            }
        }
    }
}
