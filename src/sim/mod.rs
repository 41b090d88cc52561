//! A seeded world that drives the engine without sockets, disks or clocks: the same seed, the same story.
//!
//! Time is a number, the network loses, repeats and delays, and a crash forgets what was not synced.

pub mod disk;
pub mod mail;
pub mod peer;
pub mod random;
pub mod world;

#[cfg(test)]
mod device_tests;
#[cfg(test)]
mod mail_tests;
#[cfg(test)]
mod tests;
