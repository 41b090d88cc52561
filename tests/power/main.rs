//! Power cuts and disk errors at every storage call of whatever a node does: the real engine over the real disk.
//!
//! `layer` is the disk that fails, `trio` the three nodes, `around` what is between them, `store` and `yardstick` the stores that are compared; `cuts` and
//! `failures` are the tests.
#![cfg(all(unix, feature = "full"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod around;
mod cuts;
mod failures;
mod file;
mod layer;
mod memory;
mod store;
mod trial;
mod trio;
mod yardstick;
