//! sigillo is a peer-to-peer, end-to-end-encrypted messaging node for people and businesses.
//!
//! The house has seven floors, and a room imports only from below (see `ARCHITECTURE.md`):
//!
//! ```text
//! 7  main.rs
//! 6  ui
//! 5  node | sim
//! 4  engine
//! 3  net | domain | disk
//! 2  wire | store
//! 1  base | crypto
//! ```
//!
//! The pure floors build with `--no-default-features`; `net`, `disk`, `node` and `ui` stand behind the
//! feature `full`, which is on by default.

pub mod base;
pub mod crypto;
#[cfg(feature = "full")]
pub mod disk;
pub mod domain;
pub mod engine;
#[cfg(feature = "full")]
pub mod net;
#[cfg(feature = "full")]
pub mod node;
pub mod sim;
pub mod store;
#[cfg(feature = "full")]
pub mod ui;
pub mod wire;
