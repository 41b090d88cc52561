//! Charging: signed events, and what they entitle to as a pure function of them and the time.
//!
//! ```text
//! recorded      one event that its author signed
//! history       all events of one subscription, in whatever order they came
//! standing      what counts of them: terms in force, receipts, what was given back
//! entitlement   what a history entitles to at a moment
//! calendar      where paid periods begin and end
//! periods       which period a payment is for
//! proration     what a change of plans in the middle of a period costs
//! rail/         what banks and wallets read
//! book          the issuer's side: grants and invoices
//! payment       the issuer's side: receipts for what was paid
//! credit        the issuer's side: money given back, receipts taken back
//! agreement     changes of plan and price, and pauses, which both sides sign
//! subscriber    the subscriber's side: subscribing, cancelling, evidence
//! dunning       when a renewal is asked for, and asked for again
//! jws           a receipt's second signature, which any JOSE library verifies
//! export        a receipt as a file, and its verification without a node
//! notes         credit notes as a file, for whoever verifies a receipt
//! shown         a receipt shown by its subject
//! carrier       the texts that a receipt travels in
//! logs          the account logs that events are verified by
//! audit         an issuer's events replayed, and the first break
//! ledger_file   these events as lines of JSON, with a signed end
//! ```

pub mod agreement;
pub mod audit;
pub mod book;
pub mod calendar;
pub mod carrier;
pub mod credit;
pub mod dunning;
pub mod entitlement;
pub mod export;
pub mod history;
pub mod jws;
pub mod ledger_file;
pub mod logs;
pub mod notes;
pub mod payment;
pub mod proration;
pub mod rail;
pub mod recorded;
pub mod shown;
pub mod standing;
pub mod subscriber;

mod periods;

#[cfg(test)]
pub(in crate::domain) mod fixture;
