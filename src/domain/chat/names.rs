//! Where a message lies that is named by its id, and what came for those that aren't here yet.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::base::id::{AccountId, MessageId};
use crate::base::said_limits;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::domain::chat::changes::{Made, Named};
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

/// Names of messages, under a hash of the contact and the time that the sender gave them: those of one time lie in one row,
/// so that a stream of messages writes few rows. Those for which there is no room in it have rows of their own.
pub const NAMES: Table<Vec<Name>> = Table::new(TableId::Names, 2);
/// Changes of messages that aren't here, by contact, each at a hash of whose the message is and its id.
pub const EARLY: Table<Early> = Table::new(TableId::EarlyChanges, 1);

/// A message that can be named, and its position.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Name {
    named: Named,
    position: u64,
}

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
    let name = Name { named, position };
    let together = together(with, named.id);
    let placed = tx.edit(&NAMES, &together, |names| {
        let known = names.iter().any(|name| name.named == named);
        let has_room = names.len() < said_limits::NAMES_TOGETHER_MAX;
        if !known && has_room {
            names.push(name.clone());
        }
        known || has_room
    });
    match placed {
        None => tx.put(&NAMES, together, vec![name]),
        Some(true) => {}
        Some(false) => {
            let alone = alone(with, named);
            if tx.with(&NAMES, &alone, |_| ()).is_none() {
                tx.put(&NAMES, alone, vec![name]);
            }
        }
    }
}

/// Where a message lies.
pub fn position(rows: &impl Rows, with: &AccountId, named: Named) -> Option<u64> {
    let among = |names: &[Name]| names.iter().find(|name| name.named == named).map(|name| name.position);
    let together = rows.get(&NAMES, &together(with, named.id))?;
    let found = among(&together);
    // Only where that row is full there may be another one to look into: most messages that are looked for are new.
    if found.is_some() || together.len() < said_limits::NAMES_TOGETHER_MAX {
        return found;
    }
    among(&rows.get(&NAMES, &alone(with, named))?)
}

/// The conversation with a contact is erased: all names of the time of this one go.
pub fn forget(tx: &Tx<'_>, with: &AccountId, id: MessageId) {
    let together = together(with, id);
    match tx.with(&NAMES, &together, Vec::len) {
        None => {}
        Some(names) if names < said_limits::NAMES_TOGETHER_MAX => tx.delete(&NAMES, together),
        Some(_) => {
            let rows = tx.scan(&NAMES, &NAMES.of(&together.id));
            rows.into_iter().for_each(|(key, _)| tx.delete(&NAMES, key));
        }
    }
}

/// Keeps a change until its message is here; where there is room for no other message, only beside what is known of it.
/// Whether it is the first one for that message, and kept.
pub(super) fn keep(tx: &Tx<'_>, with: &AccountId, made: Made, is_full: bool, now: Time) -> bool {
    let key = early(with, made.target());
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
    let key = early(with, named);
    let made = tx.with(&EARLY, &key, |early| early.made.clone())?;
    tx.delete(&EARLY, key);
    Some(made)
}

/// The row of the names that were given at one time.
fn together(with: &AccountId, id: MessageId) -> Key {
    NAMES.key(&sha256(&[with.as_bytes(), &id.millis().to_be_bytes()]))
}

/// The row of one name that has no room there.
fn alone(with: &AccountId, named: Named) -> Key {
    Key { order: SmallVec::from_slice(&order(with, named)), ..together(with, named.id) }
}

fn early(with: &AccountId, named: Named) -> Key {
    Key::under(EARLY.id(), with.as_bytes(), &order(with, named))
}

/// Where a row stands among others of its id. Of the disk this part can be read, so it isn't the id, which the
/// other side's disk has too.
fn order(with: &AccountId, named: Named) -> [u8; 16] {
    let hash = sha256(&[with.as_bytes(), &[named.side as u8], named.id.as_bytes()]);
    let mut order = [0; 16];
    order.copy_from_slice(&hash[..16]);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chat::changes::Side;
    use crate::store::memory::Memory;

    const ANA: AccountId = AccountId::new([1; 32]);
    const BENTO: AccountId = AccountId::new([2; 32]);

    fn named(side: Side, number: usize, millis: u64) -> Named {
        let mut random = [0; MessageId::RANDOM_LEN];
        random[..8].copy_from_slice(&number.to_be_bytes());
        Named { side, id: MessageId::fresh(Time::from_millis(millis), random) }
    }

    #[test]
    fn names_of_one_time_share_a_row_and_the_rest_have_their_own() {
        const COUNT: usize = said_limits::NAMES_TOGETHER_MAX + 20;
        let memory = Memory::default();
        let tx = Tx::new(&memory);
        for number in 0..COUNT {
            put(&tx, &ANA, named(Side::Ours, number, 7), number as u64);
            put(&tx, &ANA, named(Side::Ours, number, 7), 9_999);
        }
        put(&tx, &ANA, named(Side::Theirs, 0, 8), 5_000);
        put(&tx, &BENTO, named(Side::Ours, 0, 7), 6_000);
        for number in 0..COUNT {
            let at = position(&tx, &ANA, named(Side::Ours, number, 7));
            assert_eq!(at, Some(number as u64), "where another one has the id, that one keeps it");
        }
        assert_eq!(position(&tx, &ANA, named(Side::Theirs, 0, 8)), Some(5_000));
        assert_eq!(position(&tx, &BENTO, named(Side::Ours, 0, 7)), Some(6_000));
        for absent in [named(Side::Theirs, 0, 7), named(Side::Ours, COUNT, 7), named(Side::Theirs, 0, 9)] {
            assert_eq!(position(&tx, &ANA, absent), None);
        }
        assert_eq!(tx.scan(&NAMES, &NAMES.all()).len(), 1 + 20 + 2);
        forget(&tx, &ANA, named(Side::Ours, 3, 7).id);
        forget(&tx, &ANA, named(Side::Ours, 4, 7).id);
        assert_eq!(tx.scan(&NAMES, &NAMES.all()).len(), 2);
        forget(&tx, &ANA, named(Side::Theirs, 0, 8).id);
        assert_eq!(position(&tx, &BENTO, named(Side::Ours, 0, 7)), Some(6_000));
    }
}
