//! ChaCha20-Poly1305 (RFC 8439) for bodies and XChaCha20-Poly1305 where nonces are random.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};

use crate::crypto::CryptoError;
use crate::crypto::secret::Secret;

/// Bytes that a seal adds: the Poly1305 tag.
pub const TAG_LEN: usize = 16;
/// Bytes of a ChaCha20-Poly1305 nonce. Never random: each key here seals once or counts.
pub const NONCE_LEN: usize = 12;
/// Bytes of an XChaCha20-Poly1305 nonce: long enough to be random.
pub const XNONCE_LEN: usize = 24;

/// Encrypts `buffer` in place and appends the tag (RFC 8439). One key and nonce must never seal two texts.
pub fn seal(
    key: &Secret<32>,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    ChaCha20Poly1305::new(key.expose().into())
        .encrypt_in_place(nonce.into(), aad, buffer)
        .map_err(|_| CryptoError)
}

/// Checks the tag at the end of `buffer` and decrypts in place; on an error the buffer's content is worthless.
pub fn open(
    key: &Secret<32>,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    ChaCha20Poly1305::new(key.expose().into())
        .decrypt_in_place(nonce.into(), aad, buffer)
        .map_err(|_| CryptoError)
}

/// As [`seal`], with XChaCha20-Poly1305 and a nonce long enough to be random.
pub fn seal_random(
    key: &Secret<32>,
    nonce: &[u8; XNONCE_LEN],
    aad: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    XChaCha20Poly1305::new(key.expose().into())
        .encrypt_in_place(nonce.into(), aad, buffer)
        .map_err(|_| CryptoError)
}

/// As [`open`], with XChaCha20-Poly1305.
pub fn open_random(
    key: &Secret<32>,
    nonce: &[u8; XNONCE_LEN],
    aad: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    XChaCha20Poly1305::new(key.expose().into())
        .decrypt_in_place(nonce.into(), aad, buffer)
        .map_err(|_| CryptoError)
}
