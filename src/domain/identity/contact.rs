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
use crate::wire::signed::Signed;

/// All contacts, by their account.
pub const CONTACTS: Table<Contact> = Table::new(TableId::Contacts, 5);

/// Devices that spoke for a contact and don't any more, the latest last, by the contact's thread: by these it is found what
/// is kept of them. At most [`crate::base::said_limits::FORMER_DEVICES_MAX`].
pub const FORMER_DEVICES: Table<Vec<DeviceId>> = Table::new(TableId::FormerDevices, 1);

/// How a contact stands with the person or business of this node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
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
    /// The account of ours that they know; one that another took the place of, until they are told.
    pub own: AccountId,
    /// The account of ours that they knew before.
    pub knew: Option<AccountId>,
    /// The account under which they were known first: what was said with them is kept under it.
    pub thread: AccountId,
    /// What they call themselves, or what the person calls them.
    pub name: String,
    /// Whether the person chose the name, so that the contact can't change it.
    pub named_here: bool,
    /// Whether they are a business.
    pub business: bool,
    /// Whether they say themselves that they are one: they are held to the rules for one, and no more is believed.
    pub says_business: bool,
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
    /// A log of theirs that is further on, where nobody keeps what is between: a person has to accept it.
    pub unproven: Option<AccountLog>,
    /// What they were told of our own devices.
    pub told: Told,
    /// This very device, where the account is our own: the contact is our other devices then.
    pub this_device: Option<DeviceId>,
}

/// What a contact was told of our account.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// The number of our log's head then; 0 before anything was.
    pub head: u64,
    /// Those of our other devices that it was given prekeys of.
    pub devices: Vec<DeviceId>,
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
            knew: None,
            thread: account,
            name: String::new(),
            named_here: false,
            business: false,
            says_business: false,
            standing,
            log: None,
            inbox: None,
            token: None,
            reach: Vec::new(),
            added_at: now,
            verification: Verification::Unverified,
            former: None,
            forked_at: None,
            unproven: None,
            told: Told { head: 0, devices: Vec::new() },
            this_device: None,
        }
    }

    /// The devices that speak for them, as far as is known; never this one.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> + '_ {
        let devices = self.log.iter().flat_map(|log| log.devices().map(|device| device.id));
        devices.filter(|device| Some(*device) != self.this_device)
    }

    /// Whether these are the other devices of our own account.
    pub const fn is_ourselves(&self) -> bool {
        self.this_device.is_some()
    }

    /// Whether they are held to the rules for businesses, where we are a person.
    pub const fn is_held_to_rules(&self) -> bool {
        self.business || self.says_business
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
        let known = self.log.as_ref().is_none_or(|log| log.devices().any(|one| one.id == reach.device()));
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
        let generation = self.log.as_ref().map(AccountLog::generation);
        let (log, learnt) = match self.log.as_ref().map(|pinned| pinned.relate(&log)) {
            None => (log, Learnt::Pinned),
            // Who goes on from a log in a new generation was restored as well.
            Some(Relation::Extends(log)) if Some(log.generation()) != generation => {
                self.forget_told();
                (log, Learnt::Replaced)
            }
            Some(Relation::Extends(log)) => (log, Learnt::Pinned),
            Some(Relation::Supersedes(log)) => {
                self.forget_told();
                (log, Learnt::Replaced)
            }
            Some(Relation::Same | Relation::Behind) => return Learnt::Nothing,
            Some(Relation::Gap) => return Learnt::Gap,
            Some(Relation::Fork | Relation::Stranger) => {
                self.forked_at = self.forked_at.or(Some(now));
                return Learnt::Refused;
            }
        };
        self.pin(log);
        learnt
    }

    /// Pins what the contact's own device says to follow the pinned head. Entries that don't follow prove nothing.
    pub fn follow(&mut self, entries: Vec<Signed>) -> Learnt {
        let Some(pinned) = &self.log else { return Learnt::Nothing };
        if entries.is_empty() {
            return Learnt::Nothing;
        }
        let Ok(log) = pinned.followed_by(entries) else { return Learnt::Nothing };
        let restored = log.generation() != pinned.generation();
        if restored {
            self.forget_told();
        }
        self.pin(log);
        if restored { Learnt::Replaced } else { Learnt::Pinned }
    }

    /// The contact's own device doesn't keep what is between the pinned head and this log: a person has to decide.
    pub fn doubt(&mut self, log: AccountLog) {
        self.unproven = Some(log);
    }

    /// Who was restored from the phrase has lost what it was told of our devices.
    fn forget_told(&mut self) {
        self.told = Told::default();
    }

    fn pin(&mut self, log: AccountLog) {
        self.reach.retain(|reach| log.devices().any(|device| device.id == reach.device()));
        self.unproven = None;
        self.log = Some(log);
    }

    /// Compares what a message of theirs claims about their log with the pinned one, where there is one.
    pub fn weigh(&self, claim: &LogHead) -> Option<Claim> {
        Some(self.log.as_ref()?.weigh(claim))
    }

    /// Their log was contradicted; the first time is kept.
    pub fn mark_fork(&mut self, now: Time) {
        self.forked_at = self.forked_at.or(Some(now));
    }

    /// A person compared the safety number, or accepts the key as it is, and with it the log that couldn't be proven.
    pub fn mark_verified(&mut self, now: Time) {
        if let Some(log) = self.unproven.take() {
            self.pin(log);
        }
        self.verification = Verification::Verified { key: self.account, at: now };
    }

    /// Whether nothing may go out until a person decides: the key that was compared is another now, or their log has
    /// a hole that nobody can fill.
    pub const fn is_held(&self) -> bool {
        self.verification.needs_decision() || self.unproven.is_some()
    }
}
