//! Whether a person compared a contact's safety number, and what a changed key means then.

use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::time::Time;

/// What a person knows about a contact's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Verification {
    /// Nobody compared it. The key is the one of the invite, the profile or the first message.
    #[default]
    Unverified,
    /// A person compared the safety number of this key.
    Verified {
        /// The identity key that was compared.
        key: AccountId,
        /// When.
        at: Time,
    },
    /// A person had compared another key. What comes is marked and nothing goes out until a person decides.
    Changed {
        /// The identity key that was compared.
        verified: AccountId,
        /// Since when it is another.
        at: Time,
    },
}

impl Verification {
    /// The same once the contact's key is another, by the word of both keys.
    #[must_use]
    pub const fn after_change(self, now: Time) -> Self {
        match self {
            Self::Verified { key, .. } => Self::Changed { verified: key, at: now },
            kept => kept,
        }
    }

    /// Whether the key was another already at this time, and still waits for a person's decision.
    pub fn is_changed_by(&self, time: Time) -> bool {
        matches!(self, Self::Changed { at, .. } if *at <= time)
    }

    /// Whether a person has to decide before anything goes out, and what comes is to be marked.
    pub const fn needs_decision(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }
}
