//! How far a webhook was told of messages to one contact that they got: so that it is told each status once.

use serde::{Deserialize, Serialize};

use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::ui::http::cloud::alias::Alias;

/// By the webhook, and the contact's number. Once for each webhook and contact that it was told of.
const TOLD: Table<Told> = Table::new(TableId::CloudTold, 1);

/// The sequence numbers up to which everything of ours was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in crate::ui::http) struct Told {
    pub(super) sent: u64,
    pub(super) delivered: u64,
    pub(super) read: u64,
}

/// A mark that holds once what it speaks of was brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::ui::http) struct Mark {
    with: Alias,
    told: Told,
}

impl Mark {
    pub(super) const fn new(with: Alias, told: Told) -> Self {
        Self { with, told }
    }

    /// To be written when everything before was brought.
    pub(in crate::ui::http) fn put(self, tx: &Tx<'_>, webhook: &[u8]) {
        tx.put(&TOLD, TOLD.key_at(webhook, self.with.number()), self.told);
    }
}

/// How far a webhook was told.
pub(super) fn of(rows: &impl Rows, webhook: &[u8], with: Alias) -> Told {
    rows.get(&TOLD, &TOLD.key_at(webhook, with.number())).map(|told| *told).unwrap_or_default()
}

/// A contact is gone.
pub(in crate::ui::http::cloud) fn forget_one(tx: &Tx<'_>, webhook: &[u8], with: Alias) {
    tx.delete(&TOLD, TOLD.key_at(webhook, with.number()));
}

/// A webhook is gone.
pub(in crate::ui::http) fn forget(tx: &Tx<'_>, webhook: &[u8]) {
    for (key, _) in tx.scan(&TOLD, &TOLD.of(webhook)) {
        tx.delete(&TOLD, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::NOTHING;

    #[test]
    fn each_webhook_has_marks_of_its_own_which_go_with_it() {
        let tx = Tx::new(&NOTHING);
        let with = Alias::new(999_000_000_000_007).unwrap();
        let told = Told { sent: 3, delivered: 2, read: 1 };
        Mark::new(with, told).put(&tx, b"one");
        assert_eq!((of(&tx, b"one", with), of(&tx, b"two", with)), (told, Told::default()));
        forget_one(&tx, b"one", with);
        assert_eq!(of(&tx, b"one", with), Told::default());
        Mark::new(with, told).put(&tx, b"one");
        forget(&tx, b"one");
        assert_eq!(of(&tx, b"one", with), Told::default());
    }

    #[test]
    fn a_row_keeps_its_encoding() {
        assert_eq!(TOLD.encode(&Told { sent: 3, delivered: 2, read: 1 }).unwrap(), [1, 3, 2, 1]);
    }
}
