//! What whoever shows a receipt signs afresh, so that a copy of it proves nothing for somebody else.

use prost::Message as _;

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::time::Time;
use crate::wire::decode::{Malformed, array, line, message, time};
use crate::wire::schema;

const VERSION: u32 = 1;

/// A receipt shown by its subject, in answer to a challenge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presentation {
    /// The receipt's id.
    pub receipt: Digest,
    /// What the verifier asked to be signed: a line of 1 to [`charging::REASON_MAX`] bytes.
    pub challenge: String,
    /// When it was signed.
    pub issued_at: Time,
}

impl Presentation {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        schema::Presentation {
            version: VERSION,
            receipt: self.receipt.as_bytes().to_vec(),
            challenge: self.challenge.clone(),
            issued_at: self.issued_at.as_millis(),
        }
        .encode_to_vec()
    }

    /// Parses a verified payload, in its only encoding.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let shown: schema::Presentation = message(payload, charging::EVENT_MAX)?;
        let presentation = Self {
            receipt: Digest::new(array(&shown.receipt)?),
            challenge: line(shown.challenge, charging::REASON_MAX)?,
            issued_at: time(shown.issued_at),
        };
        let known = shown.version == VERSION && !presentation.challenge.is_empty();
        if known && presentation.encode() == payload {
            Ok(presentation)
        } else {
            Err(Malformed("not canonical"))
        }
    }
}
