//! The bytes of files: given to the node, fetched from others, given to others, read by their owner.
//!
//! What is to be done the engine decides; here it is done, each piece of work in a task of its own.

pub mod reading;
pub mod room;
pub mod upload;

pub(super) mod keeper;

mod fetch;
mod give;
