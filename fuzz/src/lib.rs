//! What the fuzz targets do with their bytes: each function is one target, and asserts more than that nothing panics.
//!
//! `docs/testing.md` tells how they are run and what each of them holds. Nothing here is shipped.

mod asked;
pub mod bytes;
pub mod charging;
pub mod engine;
pub mod flight;
pub mod mail;
pub mod memory;
pub mod people;
pub mod rows;
pub mod samples;
pub mod session;
mod sold;
pub mod text;
pub mod way;
pub mod wire;
