//! What a node's conversations show.

use crate::base::id::AccountId;
use crate::domain::chat::conversation::CONVERSATIONS;
use crate::engine::view::{self, EntryView};
use crate::store::table::Rows;

/// One line that a screen shows.
pub(super) struct Shown {
    /// In the conversation with whom.
    pub(super) with: AccountId,
    pub(super) entry: EntryView,
}

/// Everything that the screens of a node show, conversation after conversation, in its order.
pub(super) fn shown(rows: &impl Rows) -> Vec<Shown> {
    let all = rows.scan(&CONVERSATIONS, &CONVERSATIONS.all());
    let of = |with: AccountId| {
        let entries = view::history(rows, &with, None, usize::MAX).into_iter();
        entries.map(move |entry| Shown { with, entry })
    };
    all.into_iter().flat_map(|(_, row)| of(row.with)).collect()
}
