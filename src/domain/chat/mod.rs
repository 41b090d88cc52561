//! Conversations: what was said, in which order, and how far it got.

pub mod changes;
pub mod conversation;
pub mod delivery;
pub mod incoming;
pub mod names;
pub mod outbox;
mod runs;
pub mod timeline;
pub mod void;

#[cfg(test)]
mod tests;
