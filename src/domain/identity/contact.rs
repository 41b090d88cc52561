//! Contacts: identities that this node knows, pinned by their key.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, ContactToken, DeviceId, RouteId};
use crate::base::time::Time;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::relation::{Claim, Relation};
use crate::domain::identity::verification::Verification;
use crate::store::key::TableId;
use crate::store::table::Table;
use crate::wire::account::{LogHead, Purposes};
use crate::wire::reach::Reach;

/// All contacts, by their account.
pub const CONTACTS: Table<Contact> = Table::new(TableId::Contacts, 2);

/// How a contact stands with the person or business of this node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// They may write, and see what arrived.
    Accepted,
    /// A stranger who wrote; they learn nothing until the person accepts them.
    Requested,
    /// Whatever they send is dropped.
    Blocked,
}

/// One pinned identity.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contact {
    /// Their account. A changed key is another contact.
    pub account: AccountId,
    /// The account of ours that they know.
    pub own: AccountId,
    /// What they call themselves, or what the person calls them.
    pub name: String,
    /// Whether the person chose the name, so that the contact can't change it.
    pub named_here: bool,
    /// Whether they are a business.
    pub business: bool,
    /// How they stand.
    pub standing: Standing,
    /// Their devices, once seen; from then on only a log that extends this one is believed.
    pub log: Option<AccountLog>,
    /// Where a first flight goes.
    pub inbox: Option<RouteId>,
    /// What lets us in there.
    pub token: Option<ContactToken>,
    /// Where their devices can be reached.
    pub reach: Vec<Reach>,
    /// Since when we know them.
    pub added_at: Time,
    /// Whether a person compared their key.
    pub verification: Verification,
    /// The account that they had before this one took its place.
    pub former: Option<AccountId>,
    /// Since when two logs of theirs contradict each other.
    pub forked_at: Option<Time>,
}

/// What came of a log that a contact was said to have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Learnt {
    /// It is what is known, or older.
    Nothing,
    /// It goes on from what was known, or is the first that is known.
    Pinned,
    /// It takes the place of what was known: the identity was restored, or is over.
    Replaced,
    /// What is between isn't in it: to be fetched.
    Gap,
    /// It contradicts what is known, or is somebody else's. Nothing changed but the mark.
    Refused,
}

impl Learnt {
    /// Whether what came with the log may be believed as far as the pinned log allows it.
    pub const fn is_believed(self) -> bool {
        matches!(self, Self::Nothing | Self::Pinned | Self::Replaced)
    }
}

impl Contact {
    /// A contact that nothing is known of but the account.
    pub const fn new(account: AccountId, own: AccountId, standing: Standing, now: Time) -> Self {
        Self {
            account,
            own,
            name: String::new(),
            named_here: false,
            business: false,
            standing,
            log: None,
            inbox: None,
            token: None,
            reach: Vec::new(),
            added_at: now,
            verification: Verification::Unverified,
            former: None,
            forked_at: None,
        }
    }

    /// The devices that speak for them, as far as is known.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> + '_ {
        self.log.iter().flat_map(|log| log.devices().iter().map(|device| device.id))
    }

    /// Whether the device speaks for them now, with messages among its purposes.
    pub fn has_device(&self, device: &DeviceId) -> bool {
        self.log.as_ref().is_some_and(|log| log.device(device, Purposes::MESSAGE).is_some())
    }

    /// Where one device can be reached.
    pub fn reach_of(&self, device: &DeviceId) -> Option<&Reach> {
        self.reach.iter().find(|reach| reach.device() == *device)
    }

    /// Learns where a device is; the newest word wins.
    pub fn learn_reach(&mut self, reach: Reach) {
        let known =
            self.log.as_ref().is_none_or(|log| log.devices().iter().any(|one| one.id == reach.device()));
        if known {
            self.reach.retain(|old| old.device() != reach.device());
            self.reach.push(reach);
        }
    }

    /// Pins a log that goes on from the pinned one or supersedes it; what is known of devices that it no longer names
    /// is forgotten.
    pub fn learn_log(&mut self, log: AccountLog, now: Time) -> Learnt {
        if log.account() != self.account {
            return Learnt::Refused;
        }
        let (log, learnt) = match self.log.as_ref().map(|pinned| pinned.relate(&log)) {
            None => (log, Learnt::Pinned),
            Some(Relation::Extends(log)) => (log, Learnt::Pinned),
            Some(Relation::Supersedes(log)) => (log, Learnt::Replaced),
            Some(Relation::Same | Relation::Behind) => return Learnt::Nothing,
            Some(Relation::Gap) => return Learnt::Gap,
            Some(Relation::Fork | Relation::Stranger) => {
                self.forked_at = self.forked_at.or(Some(now));
                return Learnt::Refused;
            }
        };
        self.reach.retain(|reach| log.devices().iter().any(|device| device.id == reach.device()));
        self.log = Some(log);
        learnt
    }

    /// Compares what a message of theirs claims about their log with the pinned one, where there is one.
    pub fn weigh(&self, claim: &LogHead) -> Option<Claim> {
        Some(self.log.as_ref()?.weigh(claim))
    }

    /// Their log was contradicted; the first time is kept.
    pub fn mark_fork(&mut self, now: Time) {
        self.forked_at = self.forked_at.or(Some(now));
    }

    /// A person compared the safety number, or accepts the key as it is.
    pub fn mark_verified(&mut self, now: Time) {
        self.verification = Verification::Verified { key: self.account, at: now };
    }

    /// Whether nothing may go out until a person decides: the key that was compared is another now.
    pub const fn is_held(&self) -> bool {
        self.verification.needs_decision()
    }
}
