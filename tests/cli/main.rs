//! The command line, as scripts and people use it: the real binary, real homes, real nodes on loopback.
#![cfg(all(unix, feature = "full"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as it must be")]

mod api;
mod charging;
mod cloud;
mod cloud_flows;
mod cloud_kinds;
mod cloud_sales;
mod consent;
mod custody;
mod desk;
mod devices;
mod events;
mod forms;
mod harness;
mod identity;
mod lab;
mod load;
mod mailbox;
mod market;
mod messages;
mod orders;
mod reach;
mod receiver;
mod repeated;
mod runs;
mod service;
mod setup;
mod talk;
mod tcp;
mod tokens;
mod verify;
mod webhooks;
