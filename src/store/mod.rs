//! The store as the engine sees it: keys, typed tables, snapshots, one open transaction, the agenda.

pub mod agenda;
pub mod key;
pub mod snapshot;
pub mod table;
pub mod tx;

#[cfg(any(test, feature = "full"))]
pub(crate) mod memory;
