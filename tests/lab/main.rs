//! Scenarios of the laboratory, run for real by the binary.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod page;
mod runs;
mod shipped;
