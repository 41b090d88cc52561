//! The node: the engine driven by a real clock, a real disk and a real network.

pub mod backup;
pub mod clock;
pub mod config;
pub mod driver;
pub mod event_log;
pub mod files;
pub mod handle;
pub mod identity;
pub mod laboratory;
pub mod light;
pub mod mailbox;
pub mod open_files;
pub mod raw_peer;

mod outlet;
mod pool;
mod ports;
mod relays;
mod translate;
mod wait;
mod worker;
