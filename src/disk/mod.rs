//! The disk: a sealed, crash-proof store, with a write-ahead journal in front of sled.
//!
//! A batch is committed when the journal's record of it is synced. Reads see staged rows (the engine only),
//! then durable rows that sled doesn't hold yet, then sled. A background thread brings durable rows into
//! sled, coalesced, and a checkpoint lets old journal segments go. `database` is the way in.

pub mod backup_file;
pub mod blobs;
pub mod copy;
pub mod database;
pub mod error;
pub mod files;
pub mod home;
pub mod medium;
pub mod options;
pub mod sealed;
pub mod view;

mod applier;
mod doubt;
mod journal;
mod manifest;
mod overlay;
mod record;
mod segment;
mod shared;
#[cfg(test)]
mod tests;
mod tree;
mod vault;
mod writer;
