//! Cryptographic primitives behind types that can't be misused, and every label in one place.

pub mod aead;
pub mod chunks;
pub mod ed25519;
pub mod hash;
pub mod jws;
pub mod kdf;
pub mod kem;
pub mod password;
pub mod secret;
pub mod x25519;

mod error;
#[cfg(test)]
pub(crate) mod golden;
mod multiples;
#[cfg(test)]
mod published;
#[cfg(test)]
mod strictness;
#[cfg(test)]
mod vectors;

/// The one error of every failed cryptographic check: it tells an attacker nothing.
pub use error::CryptoError;
