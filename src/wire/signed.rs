//! Something signed: the payload's bytes exactly as they were signed, verified before they are parsed.

use serde::{Deserialize, Serialize};

use crate::base::id::Digest;
use crate::crypto::CryptoError;
use crate::crypto::ed25519::{self, PublicKey, SigningKey};
use crate::crypto::hash::sha256;
use crate::crypto::kdf::Label;
use crate::wire::decode::{Malformed, array};
use crate::wire::schema;

/// A payload and its signature. Nothing can be read from it without [`Signed::verify`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Signed {
    #[serde(with = "serde_bytes")]
    payload: Vec<u8>,
    #[serde(with = "serde_bytes")]
    signature: Vec<u8>,
}

impl Signed {
    /// Signs the payload under a label.
    pub fn new(key: &SigningKey, label: Label, payload: Vec<u8>) -> Self {
        let signature = key.sign(label, &payload).to_vec();
        Self { payload, signature }
    }

    /// The payload, if `public` signed it under `label` (Ed25519, strict).
    pub fn verify(&self, public: &[u8; ed25519::PUBLIC_LEN], label: Label) -> Result<&[u8], CryptoError> {
        let signature = self.signature.as_slice().try_into().map_err(|_| CryptoError)?;
        ed25519::verify(public, label, &self.payload, signature)?;
        Ok(&self.payload)
    }

    /// As [`Signed::verify`], by a key that was parsed already.
    pub fn verify_by(&self, public: &PublicKey, label: Label) -> Result<&[u8], CryptoError> {
        let signature = self.signature.as_slice().try_into().map_err(|_| CryptoError)?;
        public.verify(label, &self.payload, signature)?;
        Ok(&self.payload)
    }

    /// The payload before any check, to find out whose key to verify it with. Trust nothing in it.
    pub fn unverified(&self) -> &[u8] {
        &self.payload
    }

    /// SHA-256 of the payload: the id of what is signed.
    pub fn digest(&self) -> Digest {
        Digest::new(sha256(&[&self.payload]))
    }

    /// Encoded length in bytes, give or take a few.
    pub fn size(&self) -> usize {
        self.payload.len() + self.signature.len() + 8
    }

    pub(crate) fn to_schema(&self) -> schema::Signed {
        schema::Signed { payload: self.payload.clone(), signature: self.signature.clone() }
    }

    pub(crate) fn from_schema(signed: schema::Signed, max: usize) -> Result<Self, Malformed> {
        let _: [u8; ed25519::SIGNATURE_LEN] = array(&signed.signature)?;
        if signed.payload.len() > max {
            return Err(Malformed("too large"));
        }
        Ok(Self { payload: signed.payload, signature: signed.signature })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::crypto::kdf::label;
    use crate::crypto::secret::Secret;

    /// Something signed, for the tests of what carries it.
    pub(crate) fn signed() -> Signed {
        Signed::new(&SigningKey::from_seed(&Secret::new([9; 32])), label::LOG_ENTRY, vec![7; 40])
    }

    #[test]
    fn another_label_or_key_verifies_nothing() {
        let (one, key) = (signed(), SigningKey::from_seed(&Secret::new([9; 32])).public());
        assert!(one.verify(&key, label::LOG_ENTRY).is_ok());
        assert!(one.verify(&key, label::PROFILE).is_err());
        assert!(one.verify(&[1; 32], label::LOG_ENTRY).is_err());
    }
}
