//! What sigillo is about, one room a subject.
//!
//! A domain room decides and returns; it never sends.

pub mod billing;
pub mod business;
pub mod chat;
pub mod consent;
pub mod directory;
pub mod files;
pub mod identity;
pub mod mailbox;
pub mod session;
