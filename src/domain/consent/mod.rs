//! Consent: what businesses may write to a person, decided by the person's own node.
//!
//! ```text
//! ledger      signed consents, given and taken back, kept by both sides
//! window      which messages of a person may still be answered
//! dealings    what came of a contact so far: texts that count for caps, what was dropped, how often a stranger knocked
//! quiet       the hours in which a person isn't to be disturbed
//! waiting     texts that wait for their end
//! policy      allow, ask, wait or drop
//! report      signed statements about others
//! export      all that was signed between two, as a file, and its verification without a node
//! ```

pub mod dealings;
pub mod export;
pub mod ledger;
pub mod policy;
pub mod quiet;
pub mod report;
pub mod waiting;
pub mod window;

#[cfg(test)]
mod golden;
