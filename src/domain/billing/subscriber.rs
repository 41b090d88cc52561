//! The subscriber's side: the events that a subscriber signs.

use rand_core::CryptoRng;

use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::domain::billing::history::History;
use crate::domain::billing::recorded::Recorded;
use crate::domain::identity::device::DeviceKeys;
use crate::wire::billing::{CancelIntent, CancelWhen, Event, Evidence, Subscribe};
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::{Plan, PlanError};
use crate::wire::rail::Rail;

/// Signs the wish to subscribe to a plan of `issuer`. `subject` is the account that this business knows the
/// subscriber by, and `keys` are this device's keys for it.
pub fn subscribe(
    keys: &DeviceKeys,
    subject: AccountId,
    issuer: AccountId,
    plan: Plan,
    rng: &mut dyn CryptoRng,
    now: Time,
) -> Result<Recorded, PlanError> {
    plan.check()?;
    let mut nonce = [0; 16];
    rng.fill_bytes(&mut nonce);
    Ok(Recorded::sign(keys, Event::Subscribe(Subscribe { issuer, subject, plan, nonce, issued_at: now })))
}

/// Signs a cancellation. It takes effect without the issuer's consent, and isn't taken back: whoever wants to
/// come back subscribes again.
pub fn cancel(history: &History, keys: &DeviceKeys, when: CancelWhen, now: Time) -> Recorded {
    let request = history.request();
    Recorded::sign(
        keys,
        Event::Cancel(CancelIntent {
            issuer: request.issuer,
            subject: request.subject,
            subscription: history.subscription(),
            when,
            issued_at: now,
        }),
    )
}

/// Signs the word that an invoice was paid by a rail, with proof where the rail has one: of Lightning the preimage,
/// of others the payment's own reference.
pub fn evidence(
    history: &History,
    keys: &DeviceKeys,
    invoice: InvoiceKey,
    rail: Rail,
    proof: Vec<u8>,
    now: Time,
) -> Recorded {
    let parties = history.parties();
    Recorded::sign(keys, Event::Evidence(Evidence { parties, invoice, rail, proof, issued_at: now }))
}
