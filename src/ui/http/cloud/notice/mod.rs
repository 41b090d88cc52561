//! What webhooks of this surface are told: what happens, in the form of that API.
//!
//! ```text
//! render    from one event of the log to what is sent for it
//! envelope  what stands around whatever is told
//! inbound   what a contact said
//! status    how far what was said to them got
//! told      how far a webhook was told that already
//! field     of what a receiver can be told
//! shapes    all of it, byte for byte
//! ```

pub(in crate::ui::http) mod field;
pub(in crate::ui::http) mod render;
pub(in crate::ui::http) mod told;

mod envelope;
mod inbound;
mod status;

#[cfg(test)]
mod shapes;
