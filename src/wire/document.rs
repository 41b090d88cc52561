//! Something signed as part of a document that people keep: payload and signature in hexadecimal.

use serde::{Deserialize, Serialize};

use crate::wire::binary;
use crate::wire::decode::Malformed;
use crate::wire::schema;
use crate::wire::signed::Signed;

/// A payload and its signature, neither checked yet. In JSON both are lower-case hexadecimal, so that any
/// Ed25519 library can verify them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDocument {
    /// The payload exactly as it was signed.
    #[serde(with = "binary")]
    pub payload: Vec<u8>,
    /// The Ed25519 signature over the label and the payload.
    #[serde(with = "binary")]
    pub signature: Vec<u8>,
}

impl SignedDocument {
    /// Writes something signed.
    pub fn new(signed: &Signed) -> Self {
        let schema::Signed { payload, signature } = signed.to_schema();
        Self { payload, signature }
    }

    /// Reads it back, with a payload of at most `max` bytes and a signature of the right length.
    pub fn signed(&self, max: usize) -> Result<Signed, Malformed> {
        let signed = schema::Signed { payload: self.payload.clone(), signature: self.signature.clone() };
        Signed::from_schema(signed, max)
    }
}
