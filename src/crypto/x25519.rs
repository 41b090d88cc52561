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
        let pair = |secret: &str| KeyPair::from_secret(Secret::from_slice(&hex(secret)).unwrap());
        let alice = pair("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let bob = pair("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        let public = |pair: &KeyPair| pair.public().to_vec();
        assert_eq!(public(&alice), hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
        assert_eq!(public(&bob), hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
        let shared = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
        assert_eq!(alice.exchange(bob.public()).unwrap().expose().to_vec(), shared);
        assert_eq!(bob.exchange(alice.public()).unwrap().expose().to_vec(), shared);
    }

    #[test]
    fn a_key_of_low_order_is_refused() {
        let key = KeyPair::from_secret(Secret::new([5; 32]));
        assert_eq!(key.exchange(&[0; 32]), Err(CryptoError));
        // The points of small order and their unreduced encodings, as far as 32 bytes hold them.
        let (mut one, mut prime) = ([0; 32], [0xFF; 32]);
        one[0] = 1;
        (prime[0], prime[31]) = (0xED, 0x7F);
        let before = core::array::from_fn(|index| if index == 0 { 0xEC } else { prime[index] });
        let after = core::array::from_fn(|index| if index == 0 { 0xEE } else { prime[index] });
        let eighth = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        let other = "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157";
        let of_order_eight = [eighth, other].map(|text| hex(text).try_into().unwrap());
        for low in [one, prime, before, after].into_iter().chain(of_order_eight) {
            assert_eq!(key.exchange(&low), Err(CryptoError));
        }
    }
}
