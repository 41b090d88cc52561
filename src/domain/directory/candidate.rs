//! What may lie under an account's keys: its profile, or the statement that another account took its place.

use crate::base::id::{AccountId, Digest};
use crate::base::time::Time;
use crate::domain::directory::profile::{ProfileError, VerifiedProfile};
use crate::domain::directory::succession::VerifiedSuccession;
use crate::domain::identity::log::AccountLog;

/// Something that was verified and may count more than what is known.
pub trait Candidate {
    /// Its number.
    fn seq(&self) -> u64;
    /// The digest of its payload.
    fn digest(&self) -> Digest;
    /// The log of the account that it is about.
    fn log(&self) -> &AccountLog;
    /// The record.
    fn bytes(&self) -> &[u8];
}

/// One of the two, verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verified {
    /// What a business says of itself.
    Profile(Box<VerifiedProfile>),
    /// Who took its place.
    Succession(Box<VerifiedSuccession>),
}

impl Verified {
    /// Verifies a record of either kind from anywhere.
    ///
    /// # Errors
    /// Why it isn't believed; of what is neither, why it is no profile.
    pub fn verify(bytes: &[u8], now: Time) -> Result<Self, ProfileError> {
        match VerifiedProfile::verify(bytes, now) {
            Err(ProfileError::Malformed(malformed)) => match VerifiedSuccession::verify(bytes, now) {
                Err(ProfileError::Malformed(_)) => Err(ProfileError::Malformed(malformed)),
                result => result.map(|one| Self::Succession(Box::new(one))),
            },
            result => result.map(|one| Self::Profile(Box::new(one))),
        }
    }

    /// The account under whose keys it lies.
    pub fn account(&self) -> AccountId {
        match self {
            Self::Profile(profile) => profile.account(),
            Self::Succession(succession) => succession.account(),
        }
    }

    /// Until when it counts.
    pub fn expires(&self) -> Time {
        match self {
            Self::Profile(profile) => profile.profile().expires,
            Self::Succession(succession) => succession.expires(),
        }
    }

    fn candidate(&self) -> &dyn Candidate {
        match self {
            Self::Profile(profile) => &**profile,
            Self::Succession(succession) => &**succession,
        }
    }
}

impl Candidate for Verified {
    fn seq(&self) -> u64 {
        self.candidate().seq()
    }

    fn digest(&self) -> Digest {
        self.candidate().digest()
    }

    fn log(&self) -> &AccountLog {
        self.candidate().log()
    }

    fn bytes(&self) -> &[u8] {
        self.candidate().bytes()
    }
}

impl Candidate for VerifiedProfile {
    fn seq(&self) -> u64 {
        self.profile().seq
    }

    fn digest(&self) -> Digest {
        Self::digest(self)
    }

    fn log(&self) -> &AccountLog {
        Self::log(self)
    }

    fn bytes(&self) -> &[u8] {
        Self::bytes(self)
    }
}

impl Candidate for VerifiedSuccession {
    fn seq(&self) -> u64 {
        Self::seq(self)
    }

    fn digest(&self) -> Digest {
        Self::digest(self)
    }

    fn log(&self) -> &AccountLog {
        Self::log(self)
    }

    fn bytes(&self) -> &[u8] {
        Self::bytes(self)
    }
}
