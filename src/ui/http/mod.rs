//! The local API: routes over a node, for its own person's programs.
//!
//! ```text
//! router     all routes, and what holds for each
//! api        what every route works with
//! error      `{"error":{"code","message"}}` and the fitting status
//! extract    bodies and queries, parsed at the border
//! who        from a name, an address or the beginning of one to an account
//! socket     the Unix socket that a running node serves the routes on
//! reached    how contacts are reached
//! own, doctor, contacts, messages, conversations, events, directory, plans, billing, consents    the routes
//! ```

pub mod api;
pub mod error;
pub mod router;
#[cfg(unix)]
pub mod socket;

mod billing;
mod consents;
mod contacts;
mod conversations;
mod devices;
mod directory;
mod doctor;
mod events;
mod extract;
mod identity;
mod mailboxes;
mod messages;
mod own;
mod plans;
mod reached;
mod who;
