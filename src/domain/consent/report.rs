//! Signed statements about others, kept where they were made.

use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::{AccountId, DeviceId};
use crate::crypto::kdf::label;
use crate::domain::identity::device::DeviceKeys;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::report::Report;
use crate::wire::signed::Signed;

/// Reports by the account under which the contact was known first, in the order in which they were made.
pub const REPORTS: Table<Filed> = Table::new(TableId::Reports, 1);

/// A report of ours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Filed {
    /// The device that signed.
    pub signer: DeviceId,
    /// The payload, a [`Report`], and the signature.
    pub signed: Signed,
}

impl Filed {
    /// Signs a report with the keys of a device that speaks for the reporter's account.
    pub fn sign(keys: &DeviceKeys, report: &Report) -> Self {
        Self { signer: keys.id(), signed: Signed::new(keys.signing(), label::REPORT, report.encode()) }
    }
}

/// Keeps a report; beyond [`consent_limits::REPORTS_MAX`] about one contact the oldest goes.
pub fn file(tx: &Tx<'_>, thread: &AccountId, filed: Filed) {
    let rows = tx.scan(&REPORTS, &REPORTS.of(thread.as_bytes()));
    let next = rows.last().and_then(|(key, _)| key.position()).map_or(0, |last| last + 1);
    let over = (rows.len() + 1).saturating_sub(consent_limits::REPORTS_MAX);
    rows.into_iter().take(over).for_each(|(key, _)| tx.delete(&REPORTS, key));
    tx.put(&REPORTS, REPORTS.key_at(thread.as_bytes(), next), filed);
}

/// The reports about a contact, oldest first.
pub fn all(rows: &impl Rows, thread: &AccountId) -> Vec<Filed> {
    let rows = rows.scan(&REPORTS, &REPORTS.of(thread.as_bytes()));
    rows.into_iter().map(|(_, filed)| Filed::clone(&filed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::ledger::tests::{BUSINESS, NOW, Person};
    use crate::store::memory::NOTHING;
    use crate::wire::report::Reason;

    #[test]
    fn the_last_reports_are_kept() {
        let (ana, tx) = (Person::new(2), Tx::new(&NOTHING));
        for number in 0..20 {
            let report = Report {
                reporter: ana.key.id(),
                about: BUSINESS,
                reason: Reason::Spam,
                note: number.to_string(),
                issued: NOW,
            };
            file(&tx, &BUSINESS, Filed::sign(&ana.keys, &report));
        }
        let kept = all(&tx, &BUSINESS);
        let notes: Vec<_> =
            kept.iter().map(|filed| Report::decode(filed.signed.unverified()).unwrap().note).collect();
        assert_eq!(notes, (12..20).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!(kept.len(), consent_limits::REPORTS_MAX);
    }
}
