//! Where a conversation stands: how many entries, the next sequence number, what is unread.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, MessageId};
use crate::base::limits;
use crate::base::said_limits;
use crate::base::time::Time;
use crate::domain::chat::changes::{Made, Named, Side};
use crate::domain::chat::names;
use crate::domain::chat::timeline::{self, Entry, From, NewEntry, Taken};
use crate::domain::chat::void;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

/// Conversations by contact.
pub const CONVERSATIONS: Table<Conversation> = Table::new(TableId::Conversations, 3);

/// Where the conversation with one contact stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// With whom.
    pub with: AccountId,
    /// Entries so far: the position of the next one.
    pub entries: u64,
    /// Where the last page of the timeline begins.
    page: u64,
    /// The first so many positions are for what another device of ours knows; they stay empty where it doesn't tell.
    pub reserved: u64,
    /// The last sequence number that we used.
    pub sent_seq: u64,
    /// Everything before this position was seen.
    pub read: u64,
    /// Entries of theirs from there on.
    pub unread: u64,
    /// When the last entry was filed.
    pub last_at: Time,
    /// Messages that aren't here and that something is known of already.
    early: u32,
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Changed {
    /// The message at this position is another now.
    At(u64),
    /// Its message isn't here: it is kept until that comes.
    Waits,
    /// Another change holds in its place, or the message was taken back.
    Old,
    /// It isn't to be.
    Refused,
}

impl Conversation {
    const fn new(with: AccountId) -> Self {
        let never = Time::EPOCH;
        Self {
            with,
            entries: 0,
            page: 0,
            reserved: 0,
            sent_seq: 0,
            read: 0,
            unread: 0,
            last_at: never,
            early: 0,
        }
    }
}

/// The last number that a new conversation takes for used, where one was erased, or the store is a copy of an earlier one:
/// whoever it is with may have heard of those up to there.
const AFRESH: Table<u64> = Table::new(TableId::Afresh, 1);
const AFRESH_ID: &[u8] = b"numbers";

/// A conversation is forgotten, or may be: new ones begin above all numbers that were used in it.
pub fn start_afresh(tx: &Tx<'_>, now: Time) {
    let last = tx.copy(&AFRESH, AFRESH_ID).unwrap_or(0);
    tx.put(&AFRESH, AFRESH.key(AFRESH_ID), void::fresh(last, now) - 1);
}

/// Changes the conversation's row, which is made where there is none.
pub fn edit<R>(tx: &Tx<'_>, with: &AccountId, change: impl FnOnce(&mut Conversation) -> R) -> Option<R> {
    let key = CONVERSATIONS.key(with.as_bytes());
    if tx.with(&CONVERSATIONS, &key, |_| ()).is_none() {
        let mut row = Conversation::new(*with);
        if let Some(last) = tx.copy(&AFRESH, AFRESH_ID) {
            void::begin(tx, with.as_bytes(), last);
            row.sent_seq = last;
        }
        tx.put(&CONVERSATIONS, key.clone(), row);
    }
    tx.edit(&CONVERSATIONS, &key, change)
}

/// Keeps the first `entries` positions of a conversation that has no entry yet free for what another device of ours
/// knows of it.
pub fn reserve(tx: &Tx<'_>, with: &AccountId, entries: u64) {
    edit(tx, with, |row| {
        if row.entries == 0 {
            (row.entries, row.page, row.read, row.reserved) = (entries, entries, entries, entries);
        }
    });
}

/// Before which position places are kept free for the history, and before which for what comes while this device is being
/// linked.
pub fn places(rows: &impl Rows, with: &AccountId) -> (u64, u64) {
    let end = rows.row(&CONVERSATIONS, with.as_bytes()).map_or(0, |row| row.reserved);
    (end.saturating_sub(limits::LINKING_ENTRIES_MAX), end)
}

/// The next sequence number for a content of ours that must arrive.
pub fn next_seq(tx: &Tx<'_>, with: &AccountId) -> u64 {
    let taken = edit(tx, with, |conversation| {
        conversation.sent_seq += 1;
        conversation.sent_seq
    });
    taken.unwrap_or(1)
}

/// The numbers behind the last one that we used are void: they may have been used in another life of this store.
pub fn pass_over(tx: &Tx<'_>, with: &AccountId, now: Time) {
    if let Some(last) = edit(tx, with, |conversation| conversation.sent_seq) {
        let last = void::add(tx, with.as_bytes(), last, now);
        edit(tx, with, |conversation| conversation.sent_seq = last);
    }
}

/// An entry of theirs, the last one so far, was seen on another device of ours before it came here.
pub fn seen(tx: &Tx<'_>, with: &AccountId, position: u64) {
    edit(tx, with, |row| {
        row.unread = row.unread.saturating_sub(1);
        if row.unread == 0 {
            row.read = position + 1;
        }
    });
}

/// What was shown of theirs at a position as missing has come and is nothing for the eye: its entry goes.
pub fn take_back(tx: &Tx<'_>, with: &AccountId, position: u64) {
    timeline::remove(tx, with, position);
    edit(tx, with, |row| row.unread = row.unread.saturating_sub(u64::from(position >= row.read)));
}

/// Files an entry at the end, and returns it as it stands there.
pub fn file(tx: &Tx<'_>, with: &AccountId, entry: NewEntry, now: Time) -> Entry {
    let theirs = matches!(entry.from, From::Them { .. });
    let (page, position) = edit(tx, with, |row| (row.page, row.entries)).unwrap_or_default();
    let mut entry = entry.at(position, now);
    named(tx, with, &mut entry, now);
    let page = timeline::append(tx, with, page, position, entry.clone());
    edit(tx, with, |row| {
        row.page = page;
        row.entries = position + 1;
        row.last_at = now;
        row.unread += u64::from(theirs);
    });
    entry
}

/// What was shown at a position as missing has come: it takes that place. Returns how it stands there.
pub fn replace(tx: &Tx<'_>, with: &AccountId, position: u64, entry: NewEntry, now: Time) -> Option<Entry> {
    let at = timeline::since(tx, with, position, 1).pop().filter(|entry| entry.position == position)?.at;
    let mut entry = Entry { at, ..entry.at(position, now) };
    named(tx, with, &mut entry, now);
    amend(tx, with, position, |place| *place = entry.clone())?;
    Some(entry)
}

/// Puts entries of another device of ours at their places, which were kept free. Nothing that is there is touched.
pub fn fill(tx: &Tx<'_>, with: &AccountId, mut entries: Vec<Entry>, now: Time) {
    for entry in &mut entries {
        named(tx, with, entry, now);
    }
    timeline::fill(tx, with, entries);
}

/// Takes a change in, or keeps it until its message is here.
pub fn change(tx: &Tx<'_>, with: &AccountId, made: &Made, now: Time) -> Changed {
    let Some(position) = names::position(tx, with, made.target()) else {
        let early = tx.with(&CONVERSATIONS, &CONVERSATIONS.key(with.as_bytes()), |row| row.early);
        // What is kept already stays: to look for the oldest would be work for every change that somebody sends.
        let is_full = early.unwrap_or(0) as usize >= said_limits::EARLY_MAX;
        if names::keep(tx, with, made.clone(), is_full, now) {
            edit(tx, with, |row| row.early += 1);
        }
        return Changed::Waits;
    };
    match amend(tx, with, position, |entry| entry.take(made, now)) {
        Some(Taken::Changed) => Changed::At(position),
        Some(Taken::Old) => Changed::Old,
        Some(Taken::Refused) | None => Changed::Refused,
    }
}

/// Changes the entry at a position, if there is one, however much it grows.
pub fn amend<R>(
    tx: &Tx<'_>,
    with: &AccountId,
    position: u64,
    change: impl FnOnce(&mut Entry) -> R,
) -> Option<R> {
    let (result, cut) = timeline::edit(tx, with, position, change)?;
    if let Some((begins, last)) = cut {
        edit(tx, with, |row| row.page = if row.page == begins { last } else { row.page });
    }
    Some(result)
}

/// The message that is named, as it stands.
pub fn find(rows: &impl Rows, with: &AccountId, named: Named) -> Option<Entry> {
    let position = names::position(rows, with, named)?;
    timeline::since(rows, with, position, 1).pop().filter(|entry| entry.name() == Some(named))
}

/// The messages whose ids begin with these hexadecimal digits, latest first: two are enough to know that they are too
/// few. What is further back than [`said_limits::LOOK_BACK`] is found by its whole id.
pub fn fitting(rows: &impl Rows, with: &AccountId, beginning: &str) -> Vec<Entry> {
    let beginning = beginning.to_ascii_lowercase();
    if let Some(id) = MessageId::from_hex(&beginning) {
        let both = [Side::Ours, Side::Theirs].into_iter();
        return both.filter_map(|side| find(rows, with, Named { side, id })).collect();
    }
    let (mut edge, mut left, mut found) = (u64::MAX, said_limits::LOOK_BACK, Vec::new());
    while found.len() < 2 && left > 0 {
        let page = timeline::before(rows, with, edge, left.min(LOOK_PAGE));
        let Some(first) = page.first() else { break };
        (edge, left) = (first.position, left - page.len());
        let fits = |entry: &Entry| entry.name().is_some() && entry.id.to_string().starts_with(&beginning);
        found.extend(page.into_iter().rev().filter(fits));
    }
    found.truncate(2);
    found
}

const LOOK_PAGE: usize = 256;

/// A message has its place: it can be named, and takes what came for it before.
fn named(tx: &Tx<'_>, with: &AccountId, entry: &mut Entry, now: Time) {
    let Some(name) = entry.name() else { return };
    names::put(tx, with, name, entry.position);
    let key = CONVERSATIONS.key(with.as_bytes());
    if tx.with(&CONVERSATIONS, &key, |row| row.early).unwrap_or(0) == 0 {
        return;
    }
    if let Some(made) = names::take(tx, with, name) {
        for made in &made {
            entry.take(made, now);
        }
        edit(tx, with, |row| row.early = row.early.saturating_sub(1));
    }
}
