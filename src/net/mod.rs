//! The network: carries bytes between peers, and knows nothing of accounts.
//!
//! One task (`task`) owns the libp2p swarm. The rest of the node sends it [`message::Command`]s and hears
//! [`message::Event`]s, both through bounded channels. An envelope stream (`link`) runs in a task of its own, so
//! frames go from the connection to the listener's channel without a stop: a full channel stops the reading,
//! and the transport's windows then stop the sender.

pub mod config;
pub mod handle;
pub mod light;
pub mod message;
pub mod meter;
pub mod place;
pub mod traffic;

mod ask;
mod asks;
mod behaviour;
mod codec;
mod convert;
mod dht;
mod dialback;
mod dials;
mod events;
mod file;
mod files;
mod guests;
mod handler;
mod hearing;
mod join;
mod link;
mod links;
mod mail;
mod nat;
mod origin;
mod outside;
mod paths;
mod prefixes;
mod protocol;
mod queries;
mod reach;
mod records;
mod relays;
mod sieve;
mod spot;
mod streams;
mod task;
#[cfg(test)]
mod tests;
mod transport;
mod wake;
