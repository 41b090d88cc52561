//! What the devices of one account tell each other.

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::limits;
use crate::base::time::Time;
use crate::wire::account::{log_from_schema, log_to_schema};
use crate::wire::decode::{Malformed, array, countable, line, list, text, time};
use crate::wire::reach::Reach;
use crate::wire::schema;
use crate::wire::signed::Signed;

/// What another device of the account has said to a contact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnCopy {
    /// The contact.
    pub to: AccountId,
    /// The message's id.
    pub id: MessageId,
    /// By that device's clock.
    pub sent_at: Time,
    /// The number that it gave the message.
    pub seq: u64,
    /// What was said.
    pub text: String,
}

/// A contact as another device of the account knows it. The log isn't verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownContact {
    /// Their account.
    pub account: AccountId,
    /// What they are called.
    pub name: String,
    /// Whether the person chose the name.
    pub named_here: bool,
    /// How they stand.
    pub standing: KnownStanding,
    /// Their account log as it is carried; empty where it isn't known.
    pub log: Vec<Signed>,
    /// Where their devices can be reached.
    pub reach: Vec<Reach>,
    /// Since when they are known.
    pub added_at: Time,
    /// The key that a person compared, and when; where it isn't the account, since when it is another.
    pub verified: Option<(AccountId, Time)>,
    /// Entries of the conversation so far.
    pub entries: u64,
}

/// How a contact stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum KnownStanding {
    /// They may write.
    Accepted = 0,
    /// They wait to be admitted.
    Requested = 1,
    /// They aren't heard.
    Blocked = 2,
}

/// A part of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryPage {
    /// With whom.
    pub with: AccountId,
    /// At most [`limits::HISTORY_PAGE_MAX`], positions ascending.
    pub entries: Vec<HistoryEntry>,
}

/// One line of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryEntry {
    /// Its place.
    pub position: u64,
    /// When it was filed.
    pub at: Time,
    /// When it was sent, by the sender's clock.
    pub sent_at: Time,
    /// The message's id.
    pub id: MessageId,
    /// The device that said it.
    pub device: DeviceId,
    /// Whether that is one of ours.
    pub ours: bool,
    /// The number that it gave the message.
    pub seq: u64,
    /// What was said; none where it never came.
    pub text: Option<String>,
}

impl OwnCopy {
    pub(crate) fn to_schema(&self) -> schema::OwnCopy {
        schema::OwnCopy {
            to: self.to.as_bytes().to_vec(),
            id: self.id.as_bytes().to_vec(),
            sent_at: self.sent_at.as_millis(),
            seq: self.seq,
            text: self.text.clone(),
        }
    }

    pub(crate) fn from_schema(copy: schema::OwnCopy) -> Result<Self, Malformed> {
        Ok(Self {
            to: AccountId::new(array(&copy.to)?),
            id: MessageId::new(array(&copy.id)?),
            sent_at: time(copy.sent_at),
            seq: countable(copy.seq)?,
            text: text(copy.text, limits::TEXT_MAX)?,
        })
    }
}

impl KnownContact {
    pub(crate) fn to_schema(&self) -> schema::KnownContact {
        let (key, at) = self.verified.unzip();
        schema::KnownContact {
            account: self.account.as_bytes().to_vec(),
            name: self.name.clone(),
            named_here: self.named_here,
            standing: self.standing as u32,
            log: log_to_schema(&self.log),
            reach: self.reach.iter().map(Reach::to_schema).collect(),
            added_at: self.added_at.as_millis(),
            verified: key.map(|key| key.as_bytes().to_vec()).unwrap_or_default(),
            verified_at: at.map(Time::as_millis).unwrap_or_default(),
            entries: self.entries,
        }
    }

    pub(crate) fn from_schema(contact: schema::KnownContact) -> Result<Self, Malformed> {
        let key = match contact.verified.as_slice() {
            [] => None,
            key => Some(AccountId::new(array(key)?)),
        };
        Ok(Self {
            account: AccountId::new(array(&contact.account)?),
            name: line(contact.name, limits::NAME_MAX)?,
            named_here: contact.named_here,
            standing: match contact.standing {
                0 => KnownStanding::Accepted,
                1 => KnownStanding::Requested,
                2 => KnownStanding::Blocked,
                _ => return Err(Malformed("an unknown standing")),
            },
            log: log_from_schema(contact.log)?,
            reach: list(contact.reach, limits::DEVICES_MAX, Reach::from_schema)?,
            added_at: time(contact.added_at),
            verified: key.map(|key| (key, time(contact.verified_at))),
            entries: countable(contact.entries)?,
        })
    }
}

impl HistoryPage {
    pub(crate) fn to_schema(&self) -> schema::HistoryPage {
        schema::HistoryPage {
            with: self.with.as_bytes().to_vec(),
            entries: self.entries.iter().map(HistoryEntry::to_schema).collect(),
        }
    }

    pub(crate) fn from_schema(page: schema::HistoryPage) -> Result<Self, Malformed> {
        let entries = list(page.entries, limits::HISTORY_PAGE_MAX, HistoryEntry::from_schema)?;
        if !entries.is_sorted_by(|one, other| one.position < other.position) {
            return Err(Malformed("positions out of order"));
        }
        Ok(Self { with: AccountId::new(array(&page.with)?), entries })
    }
}

impl HistoryEntry {
    fn to_schema(&self) -> schema::HistoryEntry {
        schema::HistoryEntry {
            position: self.position,
            at: self.at.as_millis(),
            sent_at: self.sent_at.as_millis(),
            id: self.id.as_bytes().to_vec(),
            device: self.device.as_bytes().to_vec(),
            ours: self.ours,
            seq: self.seq,
            text: self.text.clone().unwrap_or_default(),
        }
    }

    fn from_schema(entry: schema::HistoryEntry) -> Result<Self, Malformed> {
        let said = !entry.text.is_empty();
        Ok(Self {
            position: countable(entry.position)?,
            at: time(entry.at),
            sent_at: time(entry.sent_at),
            id: MessageId::new(array(&entry.id)?),
            device: DeviceId::new(array(&entry.device)?),
            ours: entry.ours,
            seq: countable(entry.seq)?,
            text: said.then(|| text(entry.text, limits::TEXT_MAX)).transpose()?,
        })
    }
}
