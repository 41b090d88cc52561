//! Mailboxes: frames kept for people whose node is off, by a node that learns nothing but queue, size and time.
//!
//! ```text
//! queue      a queue that is kept for others, and the rows that belong to it
//! host       what a mailbox does with a request
//! admission  whose queues it takes in
//! owner      our own mailboxes, and our queues at them
//! boxes      where our contacts want what they can't be handed
//! ```

pub mod admission;
pub mod askers;
pub mod boxes;
pub mod host;
pub mod owner;
pub mod queue;

#[cfg(test)]
mod tests;
