//! Notes of the desk on a conversation, which are never sent.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::desk_limits as limits;
use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::domain::business::desk::{self, Change, DESK};
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

/// Notes by the account under which the customer was known first, in the order in which they were written.
pub const NOTES: Table<Note> = Table::new(TableId::DeskNotes, 1);

/// A note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// When it was written.
    pub at: Time,
    /// Who wrote it; may be empty.
    pub by: String,
    /// What.
    pub text: String,
}

/// Adds a note; false where there are too many.
pub fn add(tx: &Tx<'_>, thread: &AccountId, note: Note) -> bool {
    // A conversation with a note is one that the desk keeps.
    drop(desk::change(tx, thread, &Change::default(), note.at));
    let key = DESK.key(thread.as_bytes());
    let number = tx.with(&DESK, &key, |case| case.notes).unwrap_or(0);
    if number >= limits::NOTES_MAX {
        return false;
    }
    tx.edit(&DESK, &key, |case| case.notes += 1);
    tx.put(&NOTES, NOTES.key_at(thread.as_bytes(), number), note);
    true
}

/// At most `limit` notes from a number on, oldest first, each with its number.
pub fn list(rows: &impl Rows, thread: &AccountId, from: u64, limit: usize) -> Vec<(u64, Note)> {
    let found = rows.scan(&NOTES, &NOTES.of(thread.as_bytes()).from(from).limit(limit));
    let numbered = |(key, note): (crate::store::key::Key, Arc<Note>)| {
        Some((key.position()?, Arc::unwrap_or_clone(note)))
    };
    found.into_iter().filter_map(numbered).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::NOTHING;

    #[test]
    fn notes_stay_in_their_order_and_are_so_many_at_most() {
        let (tx, thread) = (Tx::new(&NOTHING), AccountId::new([1; 32]));
        let note = |text: u64| Note { at: Time::from_millis(text), by: "Bia".into(), text: text.to_string() };
        for number in 0..limits::NOTES_MAX {
            assert!(add(&tx, &thread, note(number)));
        }
        assert!(!add(&tx, &thread, note(limits::NOTES_MAX)));
        assert_eq!(list(&tx, &thread, 3, 2), [(3, note(3)), (4, note(4))]);
        assert_eq!(desk::get(&tx, &thread).unwrap().notes, limits::NOTES_MAX);
    }
}
