//! A table of a public key's multiples, with which each of its signatures is verified faster and exactly as strictly.

use curve25519_dalek::edwards::{EdwardsBasepointTableRadix64, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{BasepointTable, IsIdentity as _};
use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH};
use sha2::{Digest as _, Sha512};

use crate::crypto::CryptoError;

/// The table of a key that may be trusted to mean one signer: canonical, and of no small order.
#[derive(Clone)]
pub(super) struct Multiples {
    public: [u8; PUBLIC_KEY_LENGTH],
    /// Of the key's negative.
    negative: EdwardsBasepointTableRadix64,
}

impl Multiples {
    /// The table of a key that was parsed strictly.
    pub(super) fn of(key: &ed25519_dalek::VerifyingKey) -> Self {
        Self { public: key.to_bytes(), negative: BasepointTable::create(&-key.to_edwards()) }
    }

    /// Verifies one signature by itself (RFC 8032, section 5.1.7, without the cofactor): the scalar is reduced, the nonce
    /// point is of no small order, and its encoding is, byte for byte, that of the point that the equation gives. So it is
    /// the only encoding of that point, as a strict verification asks.
    pub(super) fn verify(&self, bytes: &[u8], signature: &[u8; SIGNATURE_LENGTH]) -> Result<(), CryptoError> {
        let (nonce, scalar) = signature.split_at(SIGNATURE_LENGTH / 2);
        let scalar: [u8; SIGNATURE_LENGTH / 2] = scalar.try_into().map_err(|_| CryptoError)?;
        let scalar: Option<Scalar> = Scalar::from_canonical_bytes(scalar).into();
        let scalar = scalar.ok_or(CryptoError)?;
        let challenge = Sha512::new().chain_update(nonce).chain_update(self.public).chain_update(bytes);
        let challenge = Scalar::from_bytes_mod_order_wide(&challenge.finalize().into());
        let point = EdwardsPoint::mul_base(&scalar) + self.negative.mul_base(&challenge);
        let holds = point.compress().as_bytes() == nonce && !point.mul_by_cofactor().is_identity();
        if holds { Ok(()) } else { Err(CryptoError) }
    }
}

impl core::fmt::Debug for Multiples {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("[multiples of a public key]")
    }
}
