//! Finding businesses: their signed profiles in the DHT and the index that leads to them.
//!
//! ```text
//! profile     what a profile is, and when one is believed
//! published   ours: numbered, signed, published anew
//! found       theirs: the newest valid one, never under the floor
//! hosted      what a node of the DHT keeps for others
//! term        what a profile is found under, and where that lies
//! entry       signed index entries, and what a node keeps of them
//! listing     whether a business pays an operator to be listed
//! search      a query, the term it is asked under, and what matches it
//! ```

pub mod candidate;
pub mod entry;
pub mod found;
pub mod hosted;
pub mod listing;
pub mod profile;
pub mod published;
pub mod search;
pub mod succession;
pub mod term;

#[cfg(test)]
mod fixture;
