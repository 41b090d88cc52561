//! Where a message lies that is named by its id, and what came for those that aren't here yet.

use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::domain::chat::changes::{Made, Named};
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

/// Positions of messages by contact, each at a hash of whose it is and its id.
pub const NAMES: Table<u64> = Table::new(TableId::Names, 1);
/// Changes of messages that aren't here, in the same order.
pub const EARLY: Table<Early> = Table::new(TableId::EarlyChanges, 1);

/// What is known of a message that isn't here: of each side and kind the change that holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Early {
    /// Since when something is known.
    since: Time,
    /// At most two reactions, an edit and a deletion.
    made: Vec<Made>,
}

/// A message has its place. Where another one of its side has its id already, that one keeps it.
pub fn put(tx: &Tx<'_>, with: &AccountId, named: Named, position: u64) {
    let key = key(&NAMES, with, named);
    if tx.with(&NAMES, &key, |_| ()).is_none() {
        tx.put(&NAMES, key, position);
    }
}

/// Where a message lies.
pub fn position(rows: &impl Rows, with: &AccountId, named: Named) -> Option<u64> {
    rows.get(&NAMES, &key(&NAMES, with, named)).map(|position| *position)
}

/// Keeps a change until its message is here; where there is room for no other message, only beside what is known of it.
/// Whether it is the first one for that message, and kept.
pub(super) fn keep(tx: &Tx<'_>, with: &AccountId, made: Made, is_full: bool, now: Time) -> bool {
    let key = key(&EARLY, with, made.target());
    let known = tx.edit(&EARLY, &key, |early| match early.made.iter_mut().find(|one| one.rivals(&made)) {
        Some(rival) if rival.rank() < made.rank() => *rival = made.clone(),
        Some(_) => {}
        None => early.made.push(made.clone()),
    });
    let first = known.is_none() && !is_full;
    if first {
        tx.put(&EARLY, key, Early { since: now, made: vec![made] });
    }
    first
}

/// Takes what was kept for a message.
pub(super) fn take(tx: &Tx<'_>, with: &AccountId, named: Named) -> Option<Vec<Made>> {
    let key = key(&EARLY, with, named);
    let made = tx.with(&EARLY, &key, |early| early.made.clone())?;
    tx.delete(&EARLY, key);
    Some(made)
}

fn key<T: crate::store::table::Row>(table: &Table<T>, with: &AccountId, named: Named) -> Key {
    Key::under(table.id(), with.as_bytes(), &order(with, named))
}

/// Where its row stands among those of the contact. Of the disk this part can be read, so it isn't the id, which the
/// other side's disk has too.
fn order(with: &AccountId, named: Named) -> [u8; 16] {
    let hash = sha256(&[with.as_bytes(), &[named.side as u8], named.id.as_bytes()]);
    let mut order = [0; 16];
    order.copy_from_slice(&hash[..16]);
    order
}
