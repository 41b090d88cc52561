//! X25519 (RFC 7748), contributory exchanges only.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::crypto::CryptoError;
use crate::crypto::secret::Secret;

/// Bytes of a public key.
pub const PUBLIC_LEN: usize = 32;

/// A private key with its public key; wiped when dropped, never printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyPair {
    secret: Secret<32>,
    public: [u8; PUBLIC_LEN],
}

impl KeyPair {
    /// A fresh random key pair.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self::from_secret(Secret::random(rng))
    }

    /// The key pair of 32 secret bytes, clamped when used (RFC 7748, section 5).
    pub fn from_secret(secret: Secret<32>) -> Self {
        let public = PublicKey::from(&StaticSecret::from(*secret.expose())).to_bytes();
        Self { secret, public }
    }

    /// The public key.
    pub const fn public(&self) -> &[u8; PUBLIC_LEN] {
        &self.public
    }

    /// The shared secret with `their` key; an error where it is all zeros (RFC 7748, section 6.1), because
    /// then the other side contributed nothing.
    pub fn exchange(&self, their: &[u8; PUBLIC_LEN]) -> Result<Secret<32>, CryptoError> {
        let shared = StaticSecret::from(*self.secret.expose()).diffie_hellman(&PublicKey::from(*their));
        if shared.was_contributory() { Ok(Secret::new(shared.to_bytes())) } else { Err(CryptoError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kdf::tests::hex;

    #[test]
    fn rfc_7748_section_6_1_holds() {
        let alice = KeyPair::from_secret(
            Secret::from_slice(&hex("77076d0a7318a57d3c16c17251b26645df4c2f2bc4b6e8e1c4c4a0d8b0b5b3f2"))
                .unwrap(),
        );
        let bob = KeyPair::from_secret(Secret::new([9; 32]));
        assert_eq!(alice.exchange(bob.public()).unwrap(), bob.exchange(alice.public()).unwrap());
    }

    #[test]
    fn a_key_of_low_order_is_refused() {
        let key = KeyPair::from_secret(Secret::new([5; 32]));
        assert_eq!(key.exchange(&[0; 32]), Err(CryptoError));
        let mut one = [0; 32];
        one[0] = 1;
        assert_eq!(key.exchange(&one), Err(CryptoError));
    }
}
