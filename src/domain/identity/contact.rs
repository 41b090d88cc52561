//! Contacts: identities that this node knows, pinned by their key.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, ContactToken, DeviceId, RouteId};
use crate::base::time::Time;
use crate::domain::identity::log::AccountLog;
use crate::store::key::TableId;
use crate::store::table::Table;
use crate::wire::reach::Reach;

/// All contacts, by their account.
pub const CONTACTS: Table<Contact> = Table::new(TableId::Contacts, 1);

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
        }
    }

    /// The devices that speak for them, as far as is known.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> + '_ {
        self.log.iter().flat_map(|log| log.devices().iter().map(|device| device.id))
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

    /// Pins a log, or one that supersedes the pinned; what is known of devices that it no longer names is forgotten.
    /// `false` where it tells another story.
    pub fn learn_log(&mut self, log: AccountLog) -> bool {
        match &self.log {
            Some(pinned) if pinned.extends(&log) => true,
            Some(pinned) if !log.supersedes(pinned) => false,
            _ => {
                self.reach.retain(|reach| log.devices().iter().any(|device| device.id == reach.device()));
                self.log = Some(log);
                true
            }
        }
    }
}
