//! A seeded world that drives the engine without sockets, disks or clocks: the same seed, the same story.
//!
//! Time is a number, the network loses, repeats and delays, and a crash forgets what was not synced.

pub mod bounds;
pub mod bug;
pub mod disk;
pub mod files;
pub mod mail;
pub mod nonces;
pub mod oracle;
pub mod peer;
pub mod random;
pub mod routing;
pub mod run;
pub mod verdict;
pub mod workload;
pub mod world;

mod altered;
mod carry;
mod courier;
mod dht;
mod fate;
mod hosts;
mod life;
mod network;
mod porter;
mod record;
mod script;
mod shopkeeper;
mod town;
mod whims;

#[cfg(test)]
mod billing_tests;
#[cfg(test)]
mod consent_tests;
#[cfg(test)]
mod desk_tests;
#[cfg(test)]
mod device_model_tests;
#[cfg(test)]
mod device_tests;
#[cfg(test)]
mod directory_tests;
#[cfg(test)]
mod erasing_tests;
#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod linking_tests;
#[cfg(test)]
mod mail_backup_tests;
#[cfg(test)]
mod mail_device_tests;
#[cfg(test)]
mod mail_tests;
#[cfg(test)]
mod operator_tests;
#[cfg(test)]
mod reach_tests;
#[cfg(test)]
mod rotation_tests;
#[cfg(test)]
mod said_tests;
#[cfg(test)]
mod tests;
