//! Webhooks: what happens, brought to programs that listen elsewhere.
//!
//! ```text
//! hook     webhooks as they are kept, and how each does
//! line     which event is sent next: order, pauses, an end
//! post     one letter on its way: signed, over HTTP or HTTPS
//! deliver  a worker for each webhook
//! routes   made, shown, tried, removed; dead letters
//! ```

pub mod deliver;

pub(super) mod hook;
pub(super) mod post;
pub(super) mod routes;

mod line;
