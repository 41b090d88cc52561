//! Ed25519 signatures (RFC 8032), strictly verified, always under a domain label.

use ed25519_dalek::Signer as _;
use serde::{Deserialize, Serialize};

use crate::crypto::CryptoError;
use crate::crypto::kdf::Label;
use crate::crypto::multiples::Multiples;
use crate::crypto::secret::Secret;

/// Bytes of a public key.
pub const PUBLIC_LEN: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// A signature, not verified yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Signature([[u8; SIGNATURE_LEN / 2]; 2]);

impl Signature {
    /// A signature of its bytes.
    pub fn new(bytes: [u8; SIGNATURE_LEN]) -> Self {
        let (mut nonce, mut scalar) = ([0; SIGNATURE_LEN / 2], [0; SIGNATURE_LEN / 2]);
        nonce.copy_from_slice(&bytes[..SIGNATURE_LEN / 2]);
        scalar.copy_from_slice(&bytes[SIGNATURE_LEN / 2..]);
        Self([nonce, scalar])
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; SIGNATURE_LEN] {
        self.0.as_flattened().first_chunk().unwrap_or(&[0; SIGNATURE_LEN])
    }
}

/// A signing key; wiped when dropped, never printed.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &Secret<32>) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed.expose()))
    }

    /// The public key.
    pub fn public(&self) -> [u8; PUBLIC_LEN] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs the label and the payload.
    pub fn sign(&self, label: Label, payload: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.sign_bytes(&label.with(&[payload]))
    }

    /// Signs bytes that begin with an encoded label.
    pub(super) fn sign_bytes(&self, bytes: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.0.sign(bytes).to_bytes()
    }
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("[signing key]")
    }
}

/// Whether the bytes are a public key that may be trusted to mean one signer: canonical and of full order.
pub fn is_public_key(bytes: &[u8; PUBLIC_LEN]) -> bool {
    parse(bytes).is_ok()
}

/// Verifies strictly: canonical encodings only, no key or nonce point of small order.
pub fn verify(
    public: &[u8; PUBLIC_LEN],
    label: Label,
    payload: &[u8],
    signature: &[u8; SIGNATURE_LEN],
) -> Result<(), CryptoError> {
    verify_bytes(public, &label.with(&[payload]), signature)
}

/// A public key that was parsed once, for whoever verifies many signatures by it. Each is verified by itself and as
/// strictly as by [`verify`]: only the parsing is shared, and, once [`PublicKey::prepare`] was asked for, a table of the
/// key's multiples.
#[derive(Clone, Debug)]
pub struct PublicKey {
    key: ed25519_dalek::VerifyingKey,
    multiples: Option<Box<Multiples>>,
}

impl PublicKey {
    /// Parses a key, by the same rules as [`is_public_key`].
    pub fn parse(bytes: &[u8; PUBLIC_LEN]) -> Result<Self, CryptoError> {
        Ok(Self { key: parse(bytes)?, multiples: None })
    }

    /// Makes the table, 120 KiB, which verifies faster from then on. It costs as much as some hundred verifications.
    pub fn prepare(&mut self) {
        self.multiples.get_or_insert_with(|| Box::new(Multiples::of(&self.key)));
    }

    /// As [`verify`].
    pub fn verify(
        &self,
        label: Label,
        payload: &[u8],
        signature: &[u8; SIGNATURE_LEN],
    ) -> Result<(), CryptoError> {
        self.verify_bytes(&label.with(&[payload]), signature)
    }

    /// The same over bytes that begin with an encoded label.
    pub(super) fn verify_bytes(
        &self,
        bytes: &[u8],
        signature: &[u8; SIGNATURE_LEN],
    ) -> Result<(), CryptoError> {
        if let Some(multiples) = &self.multiples {
            return multiples.verify(bytes, signature);
        }
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.key.verify_strict(bytes, &signature).map_err(|_| CryptoError)
    }
}

/// As [`verify`], over bytes that begin with an encoded label.
pub(super) fn verify_bytes(
    public: &[u8; PUBLIC_LEN],
    bytes: &[u8],
    signature: &[u8; SIGNATURE_LEN],
) -> Result<(), CryptoError> {
    PublicKey::parse(public)?.verify_bytes(bytes, signature)
}

fn parse(bytes: &[u8; PUBLIC_LEN]) -> Result<ed25519_dalek::VerifyingKey, CryptoError> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| CryptoError)?;
    // Decompression accepts a y that isn't reduced; only the canonical encoding may name an account. (So it does a sign of
    // x = 0, but of these two points the order is small.)
    if key.is_weak() || !is_reduced(bytes) { Err(CryptoError) } else { Ok(key) }
}

/// Whether the y of an encoded point, all but its highest bit, is below p = 2^255 - 19 (RFC 8032, section 5.1.3).
fn is_reduced(bytes: &[u8; PUBLIC_LEN]) -> bool {
    let [low, middle @ .., high] = bytes;
    *low < 0xed || middle.iter().any(|byte| *byte != 0xff) || high & 0x7f != 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kdf::label;

    #[test]
    fn a_signature_holds_for_its_key_label_and_payload_only() {
        let key = SigningKey::from_seed(&Secret::new([1; 32]));
        let signature = key.sign(label::PROFILE, b"payload");
        assert!(verify(&key.public(), label::PROFILE, b"payload", &signature).is_ok());
        assert!(verify(&key.public(), label::RECEIPT, b"payload", &signature).is_err());
        assert!(verify(&key.public(), label::PROFILE, b"other", &signature).is_err());
        let other = SigningKey::from_seed(&Secret::new([2; 32]));
        assert!(verify(&other.public(), label::PROFILE, b"payload", &signature).is_err());
    }

    #[test]
    fn a_signing_key_never_prints() {
        let key = SigningKey::from_seed(&Secret::new([1; 32]));
        assert_eq!(format!("{key:?}"), "[signing key]");
    }

    #[test]
    fn weak_and_non_canonical_keys_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(!is_public_key(&identity), "the neutral element");
        assert!(!is_public_key(&[0; 32]), "a point of order four");
        // y = p + 3 encodes the same point as y = 3.
        let mut unreduced = [0xFF; 32];
        unreduced[0] = 0xF0;
        unreduced[31] = 0x7F;
        assert!(!is_public_key(&unreduced));
    }

    #[test]
    fn a_key_is_taken_exactly_where_it_is_what_its_point_is_encoded_as() {
        // Around 0, and around p and 2^255: with all that encodes the same y twice, and both signs of x.
        let low = (0..=255).map(|first| (first, 0x00, 0x00));
        let high = (0..=255).map(|first| (first, 0xff, 0x7f));
        let mut taken = 0;
        for (first, middle, last) in low.chain(high) {
            for sign in [0x00, 0x80] {
                let mut bytes = [middle; 32];
                (bytes[0], bytes[31]) = (first, last | sign);
                let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes);
                let is_its_own =
                    key.is_ok_and(|key| !key.is_weak() && key.to_edwards().compress().to_bytes() == bytes);
                assert_eq!(is_public_key(&bytes), is_its_own, "{bytes:02x?}");
                taken += usize::from(is_its_own);
            }
        }
        assert!((400..600).contains(&taken), "half of all are points: {taken}");
    }
}
