//! What a mailbox does and doesn't do, and the bytes of it.

mod admission;
mod fixtures;
mod golden;
mod host;
