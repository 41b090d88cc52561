//! Pure queries about the front desk: its conversations, and notes on them.

use serde::Serialize;

use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::domain::business::desk::{self, Case, Filter, Status};
use crate::domain::business::note;
use crate::domain::business::seat::SEATS;
use crate::domain::chat::conversation::CONVERSATIONS;
use crate::domain::chat::timeline;
use crate::domain::identity::address;
use crate::domain::identity::moved;
use crate::engine::view::{self, EntryView};
use crate::store::table::Rows;

/// A conversation as the desk keeps it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct CaseView {
    /// The customer's address.
    pub address: String,
    /// What they are called here.
    pub name: String,
    /// Whether somebody has to do something.
    pub status: Status,
    /// In alphabetical order.
    pub labels: Vec<String>,
    /// Who looks after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned: Option<String>,
    /// Since when it has its status.
    pub since: Time,
    /// Whether the bot keeps out of it, because a person looks after it.
    pub person: bool,
    /// Notes on it.
    pub notes: u64,
    /// Entries of the customer's that nobody saw yet.
    pub unread: u64,
    /// When the last entry was filed.
    pub last_at: Time,
    /// The last entry.
    pub last: Option<EntryView>,
}

/// A note on a conversation.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct NoteView {
    /// Its number, from 0.
    pub number: u64,
    /// When it was written.
    pub at: Time,
    /// Who wrote it; may be empty.
    pub by: String,
    /// What.
    pub text: String,
}

/// A part of the desk's list, and after which place it goes on.
pub fn cases(
    rows: &impl Rows,
    filter: &Filter,
    (after, limit, latest): (Option<u64>, usize, bool),
    now: Time,
) -> (Vec<CaseView>, Option<u64>) {
    let page = desk::list(rows, filter, after, limit, latest);
    (page.cases.iter().filter_map(|case| case_view(rows, case, now)).collect(), page.next)
}

/// One conversation, if the desk keeps it.
pub fn case(rows: &impl Rows, with: &AccountId, now: Time) -> Option<CaseView> {
    let contact = moved::contact(rows, with)?;
    case_view(rows, &*desk::get(rows, &contact.thread)?, now)
}

/// Notes on a conversation from a number on, oldest first.
pub fn notes(rows: &impl Rows, with: &AccountId, from: u64, limit: usize) -> Vec<NoteView> {
    let Some(contact) = moved::contact(rows, with) else { return Vec::new() };
    let notes = note::list(rows, &contact.thread, from, limit).into_iter();
    notes.map(|(number, note)| NoteView { number, at: note.at, by: note.by, text: note.text }).collect()
}

fn case_view(rows: &impl Rows, case: &Case, now: Time) -> Option<CaseView> {
    let contact = moved::contact(rows, &case.thread)?;
    let row = rows.row(&CONVERSATIONS, case.thread.as_bytes());
    let last = timeline::before(rows, &case.thread, u64::MAX, 1).pop();
    let seat = rows.row(&SEATS, case.thread.as_bytes());
    Some(CaseView {
        address: address::encode(&contact.account),
        name: contact.name.clone(),
        status: case.status,
        labels: case.labels.clone(),
        assigned: Some(case.agent.clone()).filter(|agent| !agent.is_empty()),
        since: case.since,
        person: seat.is_some_and(|seat| seat.has_person(now)),
        notes: case.notes,
        unread: row.as_ref().map_or(0, |row| row.unread),
        last_at: row.map_or(Time::EPOCH, |row| row.last_at),
        last: last.map(|last| view::entry(rows, &contact, &last)),
    })
}
