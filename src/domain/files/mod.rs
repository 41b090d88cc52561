//! Files that were sent or came: what is known of each, and which messages speak of it.
//!
//! The bytes are none of this room's business: the disk keeps them, sealed, under the file's id.

pub mod kept;
pub mod rules;

#[cfg(test)]
mod tests;
