//! Sessions between two devices: prekeys, the handshake and the ratchet.
//!
//! `prekeys` publishes, `pqxdh` opens a session with a first flight, `ratchet` seals and opens its frames, and
//! `sessions` decides which of several sessions is used. The ratchet's post-quantum half is `quantum`, what is asked of
//! it, `epoch`, the states of the two sides, and `whole_key`, the cryptography of one exchange. Everything is computed from what is handed in; a
//! frame is opened into an [`ratchet::Advance`] that changes nothing until it is installed.

pub mod challenge;
pub mod error;
pub mod one_time;
pub mod pool;
pub mod pqxdh;
pub mod prekeys;
pub mod ratchet;
pub mod rows;
pub mod sessions;

mod chain;
mod epoch;
mod header;
mod padding;
mod quantum;
mod receive;
mod seal;
#[cfg(test)]
mod tests;
mod whole_key;
