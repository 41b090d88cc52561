//! What the devices of one account tell each other.

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::limits;
use crate::base::time::Time;
use crate::wire::account::{log_from_schema, log_to_schema};
use crate::wire::decode::{Malformed, array, countable, line, list, time};
use crate::wire::reach::Reach;
use crate::wire::said::edit::revision;
use crate::wire::said::message::{Piece, Said};
use crate::wire::said::reaction::is_emoji;
use crate::wire::said::target::Target;
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
    /// What was said or changed.
    pub piece: Piece,
    /// Whose word it is, where the sending device passes it on.
    pub passed: Option<Passed>,
}

/// Who said what is passed on to a device that its sender didn't know yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passed {
    /// The device.
    pub device: DeviceId,
    /// Whether that is one of the contact's.
    pub theirs: bool,
    /// The place that it has where it came; 0 for a change.
    pub position: u64,
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
    /// What the ended logs of their former accounts carry, oldest first.
    pub former: Vec<Signed>,
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
    /// What was said, as it stands now.
    pub said: Told,
    /// Its last edit.
    pub edit: Option<Revised>,
    /// The reaction of our own person.
    pub our_reaction: Option<Felt>,
    /// The reaction of the contact.
    pub their_reaction: Option<Felt>,
}

/// What is told of something that was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// The thing itself, and what it answers.
    Said(Said, Option<Target>),
    /// It was taken back, then.
    Deleted(Time),
    /// It never came.
    Missing,
}

/// The last edit of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Revised {
    /// Its number among them.
    pub revision: u32,
    /// The content that brought it.
    pub by: MessageId,
    /// When it was sent.
    pub at: Time,
}

/// A reaction that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Felt {
    /// Empty where it was taken back.
    pub emoji: String,
    /// Its number among those of its person.
    pub revision: u32,
    /// The content that brought it.
    pub by: MessageId,
}

/// What a person saw on another device of the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnRead {
    /// The contact.
    pub with: AccountId,
    /// Everything up to these numbers of its devices; at most [`limits::DEVICES_MAX`].
    pub upto: Vec<(DeviceId, u64)>,
}

impl OwnRead {
    pub(crate) fn to_schema(&self) -> schema::OwnRead {
        let upto = self.upto.iter();
        let upto =
            upto.map(|(device, seq)| schema::ReadUpto { device: device.as_bytes().to_vec(), seq: *seq });
        schema::OwnRead { with: self.with.as_bytes().to_vec(), upto: upto.collect() }
    }

    pub(crate) fn from_schema(read: schema::OwnRead) -> Result<Self, Malformed> {
        let upto = list(read.upto, limits::DEVICES_MAX, |one| {
            Ok((DeviceId::new(array(&one.device)?), countable(one.seq)?))
        })?;
        Ok(Self { with: AccountId::new(array(&read.with)?), upto })
    }
}

impl OwnCopy {
    pub(crate) fn to_schema(&self) -> schema::OwnCopy {
        schema::OwnCopy {
            to: self.to.as_bytes().to_vec(),
            id: self.id.as_bytes().to_vec(),
            sent_at: self.sent_at.as_millis(),
            seq: self.seq,
            said: self.piece.encode(),
            passed: self.passed.map(|passed| schema::Passed {
                device: passed.device.as_bytes().to_vec(),
                theirs: passed.theirs,
                position: passed.position,
            }),
        }
    }

    pub(crate) fn from_schema(copy: schema::OwnCopy) -> Result<Self, Malformed> {
        Ok(Self {
            to: AccountId::new(array(&copy.to)?),
            id: MessageId::new(array(&copy.id)?),
            sent_at: time(copy.sent_at),
            seq: countable(copy.seq)?,
            piece: Piece::decode(&copy.said)?,
            passed: copy.passed.map(Passed::from_schema).transpose()?,
        })
    }
}

impl Passed {
    fn from_schema(passed: schema::Passed) -> Result<Self, Malformed> {
        Ok(Self {
            device: DeviceId::new(array(&passed.device)?),
            theirs: passed.theirs,
            position: countable(passed.position)?,
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
            former: log_to_schema(&self.former),
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
            former: log_from_schema(contact.former)?,
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
            said: match &self.said {
                Told::Said(said, reply) => Piece::Said(said.clone(), *reply).encode(),
                Told::Deleted(_) | Told::Missing => Vec::new(),
            },
            deleted_at: if let Told::Deleted(at) = self.said { at.as_millis().max(1) } else { 0 },
            edit: self.edit.map(|edit| schema::Revised {
                revision: edit.revision,
                by: edit.by.as_bytes().to_vec(),
                at: edit.at.as_millis(),
            }),
            our_reaction: self.our_reaction.as_ref().map(Felt::to_schema),
            their_reaction: self.their_reaction.as_ref().map(Felt::to_schema),
        }
    }

    fn from_schema(entry: schema::HistoryEntry) -> Result<Self, Malformed> {
        let said = match (entry.said.as_slice(), entry.deleted_at) {
            ([], 0) => Told::Missing,
            ([], at) => Told::Deleted(time(at)),
            (said, 0) => match Piece::decode(said)? {
                Piece::Said(said, reply) => Told::Said(said, reply),
                Piece::Change(_) => return Err(Malformed("a change is no line")),
            },
            _ => return Err(Malformed("taken back, and there")),
        };
        Ok(Self {
            position: countable(entry.position)?,
            at: time(entry.at),
            sent_at: time(entry.sent_at),
            id: MessageId::new(array(&entry.id)?),
            device: DeviceId::new(array(&entry.device)?),
            ours: entry.ours,
            seq: countable(entry.seq)?,
            said,
            edit: entry.edit.map(Revised::from_schema).transpose()?,
            our_reaction: entry.our_reaction.map(Felt::from_schema).transpose()?,
            their_reaction: entry.their_reaction.map(Felt::from_schema).transpose()?,
        })
    }
}

impl Revised {
    fn from_schema(edit: schema::Revised) -> Result<Self, Malformed> {
        Ok(Self {
            revision: revision(edit.revision)?,
            by: MessageId::new(array(&edit.by)?),
            at: time(edit.at),
        })
    }
}

impl Felt {
    fn to_schema(&self) -> schema::Felt {
        schema::Felt { emoji: self.emoji.clone(), revision: self.revision, by: self.by.as_bytes().to_vec() }
    }

    fn from_schema(felt: schema::Felt) -> Result<Self, Malformed> {
        if !felt.emoji.is_empty() && !is_emoji(&felt.emoji) {
            return Err(Malformed("a reaction is one emoji"));
        }
        Ok(Self {
            emoji: felt.emoji,
            revision: revision(felt.revision)?,
            by: MessageId::new(array(&felt.by)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::said::change::Change;

    fn contact() -> KnownContact {
        let address = "/ip4/203.0.113.5/tcp/4001".to_owned();
        KnownContact {
            account: AccountId::new([1; 32]),
            name: "Bento".into(),
            named_here: true,
            standing: KnownStanding::Blocked,
            log: Vec::new(),
            reach: Reach::new(DeviceId::new([2; 32]), vec![3; 38], vec![address]).into_iter().collect(),
            added_at: Time::from_millis(4),
            verified: Some((AccountId::new([5; 32]), Time::from_millis(6))),
            entries: 7,
            former: vec![crate::wire::signed::tests::signed()],
        }
    }

    fn entry(position: u64, text: Option<&str>) -> HistoryEntry {
        let said = |text: &str| Told::Said(Said::Text(text.to_owned()), None);
        HistoryEntry {
            position,
            at: Time::from_millis(2),
            sent_at: Time::from_millis(1),
            id: MessageId::new([8; 16]),
            device: DeviceId::new([9; 32]),
            ours: text.is_none(),
            seq: 3,
            said: text.map_or(Told::Missing, said),
            edit: None,
            our_reaction: None,
            their_reaction: None,
        }
    }

    fn deletion() -> Change {
        Change::Deletion(MessageId::new([6; 16]))
    }

    fn page(entries: Vec<HistoryEntry>) -> HistoryPage {
        HistoryPage { with: AccountId::new([1; 32]), entries }
    }

    #[test]
    fn what_own_devices_tell_each_other_reads_back() {
        let copy = OwnCopy {
            to: AccountId::new([1; 32]),
            id: MessageId::new([2; 16]),
            sent_at: Time::from_millis(3),
            seq: 4,
            piece: Piece::Said(Said::Text("olá".into()), None),
            passed: None,
        };
        assert_eq!(OwnCopy::from_schema(copy.to_schema()), Ok(copy.clone()));
        let passed = Some(Passed { device: DeviceId::new([5; 32]), theirs: true, position: 6 });
        let copy = OwnCopy { passed, ..copy };
        assert_eq!(OwnCopy::from_schema(copy.to_schema()), Ok(copy));
        let read = OwnRead { with: AccountId::new([1; 32]), upto: vec![(DeviceId::new([2; 32]), 7)] };
        assert_eq!(OwnRead::from_schema(read.to_schema()), Ok(read.clone()));
        let crowd = OwnRead { upto: vec![read.upto[0]; limits::DEVICES_MAX + 1], ..read };
        assert!(OwnRead::from_schema(crowd.to_schema()).is_err());
        for one in [contact(), KnownContact { verified: None, ..contact() }] {
            assert_eq!(KnownContact::from_schema(one.to_schema()), Ok(one));
        }
        let felt = Felt { emoji: "👍".into(), revision: 2, by: MessageId::new([3; 16]) };
        let revised = Revised { revision: 1, by: MessageId::new([4; 16]), at: Time::from_millis(5) };
        let changed = HistoryEntry {
            edit: Some(revised),
            our_reaction: Some(Felt { emoji: String::new(), ..felt.clone() }),
            their_reaction: Some(felt),
            ..entry(6, Some("tudo bem?"))
        };
        let deleted = HistoryEntry { said: Told::Deleted(Time::from_millis(7)), ..entry(7, None) };
        let told = page(vec![entry(1, Some("oi")), entry(5, None), changed, deleted]);
        assert_eq!(HistoryPage::from_schema(told.to_schema()), Ok(told));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        let mut standing = contact().to_schema();
        standing.standing = 3;
        let mut escape = contact().to_schema();
        escape.name = "a\u{1b}[0m".into();
        let mut far = contact().to_schema();
        far.entries = u64::MAX;
        let mut crowd = contact().to_schema();
        crowd.reach = vec![crowd.reach[0].clone(); limits::DEVICES_MAX + 1];
        let passed = |device: Vec<u8>, position| {
            let (passed, said) =
                (schema::Passed { device, theirs: true, position }, Piece::Change(deletion()).encode());
            let copy = schema::OwnCopy {
                to: vec![1; 32],
                id: vec![2; 16],
                sent_at: 3,
                seq: 4,
                said,
                passed: Some(passed),
            };
            OwnCopy::from_schema(copy)
        };
        assert!(passed(vec![5; 32], 6).is_ok());
        assert!(passed(vec![5; 31], 6).is_err() && passed(vec![5; 32], u64::MAX).is_err());
        for bad in [standing, escape, far, crowd] {
            assert!(KnownContact::from_schema(bad).is_err());
        }
        let many: Vec<_> = (0..=limits::HISTORY_PAGE_MAX as u64).map(|at| entry(at, Some("x"))).collect();
        let disordered = vec![entry(2, Some("x")), entry(2, Some("y"))];
        let long = "x".repeat(limits::TEXT_MAX + 1);
        for bad in [many, disordered, vec![entry(1, Some(&long))]] {
            assert!(HistoryPage::from_schema(page(bad).to_schema()).is_err());
        }
    }
}
