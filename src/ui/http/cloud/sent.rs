//! What is kept of a message that was sent, for the statuses that tell how far it got.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::cloud_limits as limits;
use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::consent::Topic;

/// By the account under which the contact was known first, and the message's place.
const SENT: Table<Sent> = Table::new(TableId::CloudSent, 1);

/// What is kept of one message; nothing of those of which all is as usual.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sent {
    /// When it was sent.
    pub(super) at: Time,
    /// What its sender wants back with each status.
    pub(super) opaque: Option<String>,
    /// The category of its template.
    pub(super) category: Option<Topic>,
}

impl Sent {
    /// Whether there is something to keep.
    pub(super) const fn is_usual(&self) -> bool {
        self.opaque.is_none() && self.category.is_none()
    }

    /// What a status says of the price: there is none.
    pub(super) fn pricing(&self) -> Value {
        let category = self.category.map_or("service", Topic::name);
        json!({ "billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": category })
    }
}

/// Keeps it, and forgets what is too old or too much in the same conversation.
pub(super) fn keep(tx: &Tx<'_>, thread: &AccountId, position: u64, sent: Sent) {
    let now = sent.at;
    let oldest = position.saturating_sub(limits::SENT_MAX as u64);
    for (key, row) in tx.scan(&SENT, &SENT.of(thread.as_bytes()).limit(limits::SENT_SWEEP)) {
        let is_over = key.position().is_some_and(|at| at < oldest) || row.at.plus(limits::SENT_LIFE) < now;
        if is_over {
            tx.delete(&SENT, key);
        }
    }
    tx.put(&SENT, SENT.key_at(thread.as_bytes(), position), sent);
}

/// Forgets all of one conversation.
pub(super) fn forget(tx: &Tx<'_>, thread: &AccountId) {
    for (key, _) in tx.scan(&SENT, &SENT.of(thread.as_bytes())) {
        tx.delete(&SENT, key);
    }
}

/// What is kept of the message at this place.
pub(super) fn of(rows: &impl Rows, thread: &AccountId, position: u64) -> Sent {
    let kept = rows.get(&SENT, &SENT.key_at(thread.as_bytes(), position));
    kept.map(|kept| Sent::clone(&kept)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::NOTHING;

    const NOW: Time = Time::from_millis(1_800_000_000_000);
    const CUSTOMER: AccountId = AccountId::new([1; 32]);

    #[test]
    fn what_is_kept_stays_within_bounds() {
        let tx = Tx::new(&NOTHING);
        let sent = |at| Sent { at, opaque: Some("x".into()), category: Some(Topic::Utility) };
        let kept = || tx.scan(&SENT, &SENT.of(CUSTOMER.as_bytes())).len();
        for position in 0..limits::SENT_MAX as u64 + 50 {
            keep(&tx, &CUSTOMER, position, sent(NOW));
        }
        assert!(kept() <= limits::SENT_MAX + 1, "{}", kept());
        let later = NOW.plus(limits::SENT_LIFE).plus(core::time::Duration::from_secs(1));
        keep(&tx, &CUSTOMER, 5_000, sent(later));
        assert_eq!(kept(), limits::SENT_MAX + 1 - limits::SENT_SWEEP + 1);
        assert_eq!(of(&tx, &CUSTOMER, 5_000), sent(later));
        assert_eq!(of(&tx, &CUSTOMER, 7_000), Sent::default());
        let free = json!({
            "billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "utility",
        });
        assert_eq!(sent(NOW).pricing(), free);
        forget(&tx, &CUSTOMER);
        assert_eq!(kept(), 0);
    }

    #[test]
    fn a_row_keeps_its_encoding() {
        let sent =
            Sent { at: Time::from_millis(1), opaque: Some("x".into()), category: Some(Topic::Marketing) };
        assert_eq!(SENT.encode(&sent).unwrap(), [1, 1, 1, 1, b'x', 1, 3]);
    }
}
