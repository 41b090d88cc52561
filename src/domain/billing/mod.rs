//! Charging: signed events, and what they entitle to as a pure function of them and the time.
//!
//! ```text
//! recorded      one event that its author signed
//! history       all events of one subscription, in whatever order they came
//! entitlement   what a history entitles to at a moment
//! calendar      where paid periods begin and end
//! book          the issuer's side: grants, invoices, receipts
//! subscriber    the subscriber's side: subscribing, cancelling
//! export        a receipt as a file, and its verification without a node
//! ```

pub mod book;
pub mod calendar;
pub mod entitlement;
pub mod export;
pub mod history;
pub mod recorded;
pub mod subscriber;

#[cfg(test)]
pub(in crate::domain) mod fixture;
