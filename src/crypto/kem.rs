//! ML-KEM-768 (FIPS 203), private keys as 64-byte seeds only.

use ml_kem::{Decapsulate as _, KeyExport as _, ml_kem_768};
use rand_core::CryptoRng;

use crate::crypto::CryptoError;
use crate::crypto::secret::Secret;

/// Bytes of an encapsulation (public) key.
pub const PUBLIC_LEN: usize = 1184;
/// Bytes of a ciphertext.
pub const CIPHERTEXT_LEN: usize = 1088;
/// Bytes of the seed that a private key is kept as. The expanded form is never imported.
pub const SEED_LEN: usize = 64;

/// A decapsulation (private) key, expanded from its seed.
pub struct PrivateKey(ml_kem_768::DecapsulationKey);

impl PrivateKey {
    /// The key of a 64-byte seed `d || z` (FIPS 203, section 7.1).
    pub fn from_seed(seed: &Secret<SEED_LEN>) -> Self {
        Self(ml_kem_768::DecapsulationKey::from_seed((*seed.expose()).into()))
    }

    /// The encapsulation key.
    pub fn public(&self) -> Vec<u8> {
        self.0.encapsulation_key().to_bytes().to_vec()
    }

    /// The shared secret. A forged ciphertext gives a secret nobody knows, not an error (FIPS 203, section
    /// 6.3): what is sealed under it decides.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<Secret<32>, CryptoError> {
        let shared = self.0.decapsulate_slice(ciphertext).map_err(|_| CryptoError)?;
        Secret::from_slice(&shared).ok_or(CryptoError)
    }
}

impl core::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("[ML-KEM private key]")
    }
}

/// Whether the bytes pass the encapsulation key check (FIPS 203, section 7.2).
pub fn is_public_key(public: &[u8]) -> bool {
    parse(public).is_ok()
}

/// A fresh shared secret and the ciphertext that carries it to the holder of `public`.
pub fn encapsulate(public: &[u8], rng: &mut dyn CryptoRng) -> Result<(Vec<u8>, Secret<32>), CryptoError> {
    let entropy = Secret::<32>::random(rng);
    let (ciphertext, shared) = parse(public)?.encapsulate_deterministic(&(*entropy.expose()).into());
    Ok((ciphertext.to_vec(), Secret::from_slice(&shared).ok_or(CryptoError)?))
}

fn parse(public: &[u8]) -> Result<ml_kem_768::EncapsulationKey, CryptoError> {
    let key = public.try_into().map_err(|_| CryptoError)?;
    ml_kem_768::EncapsulationKey::new(key).map_err(|_| CryptoError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_never_prints() {
        let key = PrivateKey::from_seed(&Secret::new([1; SEED_LEN]));
        assert_eq!(format!("{key:?}"), "[ML-KEM private key]");
    }
}
