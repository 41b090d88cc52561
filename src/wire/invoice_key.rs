//! The key of an invoice.

use core::fmt;
use core::str::FromStr;

use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::wire::decode::{Malformed, array};

/// What an invoice is known by: 20 characters of `A-Z2-7` from 100 random bits, which fit the reference fields
/// of the common rails.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceKey([u8; Self::LEN]);

impl InvoiceKey {
    /// Characters.
    pub const LEN: usize = 20;

    /// A fresh key.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut key = [0; Self::LEN];
        rng.fill_bytes(&mut key);
        // 32 divides 256, so that the lowest five bits of a uniform byte are uniform.
        Self(key.map(|byte| ALPHABET[usize::from(byte & 31)]))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for InvoiceKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let key: [u8; Self::LEN] = array(text.as_bytes())?;
        let known = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
        if key.iter().all(known) { Ok(Self(key)) } else { Err(Malformed("not an invoice key")) }
    }
}

impl fmt::Display for InvoiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for InvoiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for InvoiceKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for InvoiceKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
