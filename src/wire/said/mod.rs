//! What is said: one file for each kind of message, and for each change of one.

pub mod card;
pub mod change;
pub mod choice;
pub mod edit;
pub mod location;
pub mod menu;
pub mod message;
pub mod reaction;
pub mod target;
pub mod unknown;
