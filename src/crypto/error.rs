//! The single error of every failed cryptographic check.

/// A check failed: a tag, a signature, a key or a length. Deliberately without detail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cryptographic check failed")]
pub struct CryptoError;
