//! What the first device of an identity works with every day: everything but the key that signs the account's log.

use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::identity::account::{Seed, SubjectRoot};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::wire::account::Purposes;
use crate::wire::signed::Signed;

/// The identity of a first device, without its key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Primary {
    /// The account that the world knows.
    pub account: AccountId,
    /// What a person's accounts towards businesses follow from; a business has none.
    pub subjects: Option<SubjectRoot>,
    /// The entry that opens the account's log with this device, until the store has it; none for an account that takes
    /// another's place.
    pub opening: Option<Signed>,
    /// Whether another device of this identity may have said something before: it was brought back from its phrase.
    pub restored: bool,
}

impl Primary {
    /// Of an identity that this device, with the secret `device`, is to be the first or the only one of from `now` on.
    pub fn begin(seed: &Seed, device: &Secret<32>, kind: AccountKind, now: Time) -> Self {
        let (key, heir) = (seed.account(), Self::heir(seed, kind));
        let member = DeviceKeys::derive(device, &heir.account).member(&heir.account, Purposes::ALL);
        Self { opening: AccountLog::begin(&key, member, now).entries().pop(), ..heir }
    }

    /// Of an identity that takes the place of this device's.
    pub fn heir(seed: &Seed, kind: AccountKind) -> Self {
        let subjects = (kind == AccountKind::Person).then(|| seed.subjects());
        Self { account: seed.account().id(), subjects, opening: None, restored: false }
    }

    /// The log as it begins.
    ///
    /// # Errors
    /// Where the account takes another's place, or the entry isn't its own.
    pub fn log(&self) -> Result<AccountLog, LogError> {
        AccountLog::verify(self.account, self.opening.clone().into_iter().collect())
    }

    /// That of `all` which `account` names; the first one where no account is known yet. While an identity is put in the
    /// place of another, a keystore has both.
    pub fn in_force(all: impl IntoIterator<Item = Self>, account: Option<AccountId>) -> Option<Self> {
        let mut all = all.into_iter();
        match account {
            Some(account) => all.find(|primary| primary.account == account),
            None => all.next(),
        }
    }
}
