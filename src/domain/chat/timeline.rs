//! A conversation's timeline: entries that never move, kept on pages so that a row holds many.

use core::time::Duration;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, Digest, MessageId};
use crate::base::limits;
use crate::base::said_limits;
use crate::base::time::Time;
use crate::domain::chat::changes::{Changes, Edited, Made, Mark, Named, Side};
use crate::store::key::{Key, TableId};
use crate::store::snapshot::Scan;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::consent::Decline;
use crate::wire::said::change::Change;
use crate::wire::said::message::Said;

/// Pages by contact, at the position of their first entry.
pub const PAGES: Table<Page> = Table::new(TableId::Timeline, 2);

/// A run of entries.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Page {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Roughly how many bytes they take.
    bytes: usize,
}

/// One line of a conversation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, from 0; never another's.
    pub position: u64,
    /// When it was filed here.
    pub at: Time,
    /// When it was sent, by the sender's clock.
    pub sent_at: Time,
    /// The message's id.
    pub id: MessageId,
    /// Who said it.
    pub from: From,
    /// What was said, as it stands now.
    pub body: Body,
    /// Why it was never delivered, if it's given up.
    pub failed: Option<Cause>,
    /// The message that it answers.
    pub reply: Option<Named>,
    /// What was changed of it.
    pub changes: Changes,
    /// Why the last change that we made of it was never delivered, if it's given up.
    pub unchanged: Option<Cause>,
}

/// Who said it, and under which of their sequence numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum From {
    /// This node.
    Us {
        /// Our sequence number.
        seq: u64,
    },
    /// The contact.
    Them {
        /// Which of their devices.
        device: DeviceId,
        /// Its sequence number.
        seq: u64,
    },
    /// Another device of ours.
    Own {
        /// Which one.
        device: DeviceId,
        /// Its sequence number.
        seq: u64,
    },
}

/// What was said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Body {
    /// A message.
    Said(Said),
    /// A message that its author took back.
    Deleted {
        /// When, by the author's clock.
        at: Time,
    },
    /// An event of charging, by what it is and its id.
    Billing {
        /// Which event.
        kind: u32,
        /// SHA-256 of its signed payload.
        id: Digest,
        /// In a few words.
        summary: String,
    },
    /// A message that the sender counted and that never came.
    Missing,
    /// Something that happened to the conversation itself.
    Notice(Notice),
}

/// Something that happened to a conversation itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The session had to be made anew.
    SessionRemade,
    /// The contact's identity was restored from its recovery phrase.
    IdentityRestored,
    /// Two logs of the contact contradict each other.
    LogsContradict,
    /// Entries of the contact's log are missing, and nobody keeps them.
    LogIncomplete,
    /// The contact has one more device.
    DeviceAdded,
    /// A device of the contact no longer speaks for it.
    DeviceRevoked,
    /// The contact's identity key, and with it its address, is another, by the word of both keys.
    IdentityRotated,
}

/// Why a message was given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Not delivered within [`limits::MESSAGE_LIFE`].
    Expired,
    /// The person blocked the contact before it was delivered.
    Blocked,
    /// The recipient's node dropped it, as it did for the causes that follow; see [`Decline::OutsideWindow`].
    OutsideWindow,
    /// See [`Decline::NoConsent`].
    NoConsent,
    /// See [`Decline::OverCap`].
    OverCap,
    /// See [`Decline::QuietHours`].
    QuietHours,
    /// See [`Decline::TooLate`].
    TooLate,
}

impl Cause {
    /// Whether the recipient's node dropped it: another device of theirs may have taken it all the same.
    pub const fn is_drop(self) -> bool {
        match self {
            Self::Expired | Self::Blocked => false,
            Self::OutsideWindow | Self::NoConsent | Self::OverCap | Self::QuietHours | Self::TooLate => true,
        }
    }
}

impl core::convert::From<Decline> for Cause {
    fn from(decline: Decline) -> Self {
        match decline {
            Decline::OutsideWindow => Self::OutsideWindow,
            Decline::NoConsent => Self::NoConsent,
            Decline::OverCap => Self::OverCap,
            Decline::QuietHours => Self::QuietHours,
            Decline::TooLate => Self::TooLate,
        }
    }
}

/// What is to be filed; its position follows from where the conversation stands.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// When it was sent, by the sender's clock.
    pub sent_at: Time,
    /// The message's id.
    pub id: MessageId,
    /// Who said it.
    pub from: From,
    /// What was said.
    pub body: Body,
    /// The message that it answers.
    pub reply: Option<Named>,
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// The message is another now.
    Changed,
    /// Another change holds in its place, or the message was taken back.
    Old,
    /// It came too late after the message, or the message is none that is changed so.
    Refused,
}

/// Files an entry at `position`, which is one more than the last. `page` is the position at which the last page
/// begins; returns the position at which it begins now.
pub fn append(tx: &Tx<'_>, with: &AccountId, page: u64, position: u64, entry: Entry) -> u64 {
    let size = entry.size();
    let key = PAGES.key_at(with.as_bytes(), page);
    let room = tx.with(&PAGES, &key, |page| page.has_room(size));
    if room == Some(true) {
        tx.edit(&PAGES, &key, |page| page.push(entry, size));
        return page;
    }
    let mut fresh = Page::default();
    fresh.push(entry, size);
    tx.put(&PAGES, PAGES.key_at(with.as_bytes(), position), fresh);
    position
}

/// Changes the entry at `position`, if there is one. A page that is too full then is cut: the second part says where
/// the page begins and where the last one begins that was made of it.
pub fn edit<R>(
    tx: &Tx<'_>,
    with: &AccountId,
    position: u64,
    change: impl FnOnce(&mut Entry) -> R,
) -> Option<(R, Option<(u64, u64)>)> {
    let key = page_of(tx, with, position)?;
    let (result, is_full) = tx.edit(&PAGES, &key, |page| {
        let entry = page.entries.iter_mut().find(|entry| entry.position == position)?;
        let before = entry.size();
        let result = change(entry);
        page.bytes = (page.bytes + entry.size()).saturating_sub(before);
        Some((result, page.bytes > limits::PAGE_BYTES_MAX && page.entries.len() > 1))
    })??;
    let cut = if is_full { cut(tx, with, key) } else { None };
    Some((result, cut))
}

/// Puts a page's entries on as many pages as it takes.
fn cut(tx: &Tx<'_>, with: &AccountId, key: Key) -> Option<(u64, u64)> {
    let begins = key.position()?;
    let whole = tx.get(&PAGES, &key).map(Arc::unwrap_or_clone)?;
    let (mut last, mut page) = (begins, Page::default());
    for entry in whole.entries {
        let size = entry.size();
        if !page.entries.is_empty() && !page.has_room(size) {
            let next = entry.position;
            tx.put(&PAGES, PAGES.key_at(with.as_bytes(), last), core::mem::take(&mut page));
            last = next;
        }
        page.push(entry, size);
    }
    tx.put(&PAGES, PAGES.key_at(with.as_bytes(), last), page);
    Some((begins, last))
}

/// Takes the entry at `position` away, if there is one. The others stay where they are.
pub fn remove(tx: &Tx<'_>, with: &AccountId, position: u64) {
    if let Some(key) = page_of(tx, with, position) {
        tx.edit(&PAGES, &key, |page| page.entries.retain(|entry| entry.position != position));
    }
}

/// Puts entries of another device of ours at their places, which were kept free. Nothing that is there is touched.
pub fn fill(tx: &Tx<'_>, with: &AccountId, entries: Vec<Entry>) {
    let mut page = Page::default();
    for entry in entries {
        let size = entry.size();
        if !page.has_room(size) {
            put_page(tx, with, core::mem::take(&mut page));
        }
        page.push(entry, size);
    }
    put_page(tx, with, page);
}

fn put_page(tx: &Tx<'_>, with: &AccountId, page: Page) {
    let Some(first) = page.entries.first() else { return };
    let key = PAGES.key_at(with.as_bytes(), first.position);
    if tx.with(&PAGES, &key, |_| ()).is_none() {
        tx.put(&PAGES, key, page);
    }
}

/// At most `limit` entries before `position`, oldest first.
pub fn before(rows: &impl Rows, with: &AccountId, position: u64, limit: usize) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut edge = position;
    while found.len() < limit && edge > 0 {
        let Some((key, page)) = last_page(rows, with, edge) else { break };
        let earlier = page.entries.iter().rev().filter(|entry| entry.position < position);
        found.extend(earlier.take(limit - found.len()).cloned());
        match key.position() {
            Some(first) if first < edge => edge = first,
            _ => break,
        }
    }
    found.reverse();
    found
}

/// At most `limit` entries from `position` on, oldest first.
pub fn since(rows: &impl Rows, with: &AccountId, position: u64, limit: usize) -> Vec<Entry> {
    let first =
        last_page(rows, with, position.saturating_add(1)).and_then(|(key, _)| key.position()).unwrap_or(0);
    let pages = 1 + limit.div_ceil(PAGE_ENTRIES_LEAST);
    let pages = rows.scan(&PAGES, &PAGES.of(with.as_bytes()).from(first).limit(pages));
    let entries = pages.iter().flat_map(|(_, page)| &page.entries);
    entries.filter(|entry| entry.position >= position).take(limit).cloned().collect()
}

/// A page is opened only when the one before has no room for one more, so only a single huge entry leaves a page
/// with fewer than this.
const PAGE_ENTRIES_LEAST: usize = 1;

fn last_page(rows: &impl Rows, with: &AccountId, until: u64) -> Option<(Key, Arc<Page>)> {
    let scan: Scan = PAGES.of(with.as_bytes()).until(until).reversed().limit(1);
    rows.scan(&PAGES, &scan).pop()
}

fn page_of(rows: &impl Rows, with: &AccountId, position: u64) -> Option<Key> {
    last_page(rows, with, position.saturating_add(1)).map(|(key, _)| key)
}

impl NewEntry {
    /// The entry at its place.
    pub fn at(self, position: u64, now: Time) -> Entry {
        let Self { sent_at, id, from, body, reply } = self;
        let (failed, changes, unchanged) = (None, Changes::default(), None);
        Entry { position, at: now, sent_at, id, from, body, failed, reply, changes, unchanged }
    }
}

impl Page {
    fn has_room(&self, size: usize) -> bool {
        self.entries.len() < limits::PAGE_ENTRIES_MAX && self.bytes + size <= limits::PAGE_BYTES_MAX
    }

    fn push(&mut self, entry: Entry, size: usize) {
        self.bytes += size;
        self.entries.push(entry);
    }
}

impl From {
    /// Whose it is.
    pub const fn side(&self) -> Side {
        match self {
            Self::Us { .. } | Self::Own { .. } => Side::Ours,
            Self::Them { .. } => Side::Theirs,
        }
    }
}

impl Entry {
    /// By what others name it, where it is something that was said.
    pub const fn name(&self) -> Option<Named> {
        match self.body {
            Body::Said(_) | Body::Deleted { .. } => Some(Named { side: self.from.side(), id: self.id }),
            Body::Billing { .. } | Body::Missing | Body::Notice(_) => None,
        }
    }

    /// Takes a change in.
    pub fn take(&mut self, made: &Made, now: Time) -> Taken {
        let is_over = self.is_over(made, now);
        let Body::Said(said) = &mut self.body else {
            return if matches!(self.body, Body::Deleted { .. }) { Taken::Old } else { Taken::Refused };
        };
        match &made.change {
            Change::Reaction(reaction) => {
                let mark = self.changes.mark_of(made.by);
                if mark.as_ref().is_some_and(|mark| (mark.revision, mark.by) >= made.rank()) {
                    return Taken::Old;
                }
                let emoji = reaction.emoji.clone();
                *mark = Some(Mark { emoji, revision: reaction.revision, by: made.id });
            }
            Change::Edit(edit) => {
                let Said::Text(text) = said else { return Taken::Refused };
                if is_over {
                    return Taken::Refused;
                }
                if self.changes.edit.is_some_and(|edit| (edit.revision, edit.by) >= made.rank()) {
                    return Taken::Old;
                }
                text.clone_from(&edit.text);
                self.changes.edit = Some(Edited { revision: edit.revision, by: made.id, at: made.sent_at });
            }
            Change::Deletion(_) if is_over => return Taken::Refused,
            Change::Deletion(_) => {
                self.body = Body::Deleted { at: made.sent_at };
                (self.reply, self.changes) = (None, Changes::default());
            }
        }
        Taken::Changed
    }

    /// Whether it is too long ago for its author to change it: by the author's clock, which who was honest let run on,
    /// and in any case by ours.
    fn is_over(&self, made: &Made, now: Time) -> bool {
        let Some(life) = life(&made.change) else { return false };
        made.sent_at.since(self.sent_at) >= life + limits::CLOCK_SKEW
            || now.since(self.at) >= life + limits::MESSAGE_LIFE
    }

    fn size(&self) -> usize {
        const FIXED: usize = 160;
        let body = match &self.body {
            Body::Said(said) => said.size(),
            Body::Billing { summary, .. } => summary.len() + 40,
            Body::Deleted { .. } | Body::Missing | Body::Notice(_) => 0,
        };
        FIXED + body + self.changes.size()
    }
}

/// How long after a message was sent it can be changed so; for ever where there is none.
pub const fn life(change: &Change) -> Option<Duration> {
    match change {
        Change::Reaction(_) => None,
        Change::Edit(_) => Some(said_limits::EDIT_LIFE),
        Change::Deletion(_) => Some(said_limits::DELETION_LIFE),
    }
}
