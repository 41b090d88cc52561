//! Addresses: an account's key as text that people can copy, with a checksum.

use bech32::{Bech32m, Hrp};
use serde::{Serialize, Serializer};

use crate::base::id::AccountId;
use crate::crypto::ed25519;

/// What every address begins with, before the separator `1`.
pub const PREFIX: &str = "sig";
/// What every address begins with: the prefix and the separator.
pub const BEGINNING: &str = "sig1";
/// The version byte of today's addresses: an Ed25519 account identity key follows.
pub const VERSION: u8 = 1;

/// The address of an account: bech32m (BIP 350) over the version byte and the key.
pub fn encode(account: &AccountId) -> String {
    let mut data = vec![VERSION];
    data.extend_from_slice(account.as_bytes());
    let prefix = Hrp::parse_unchecked(PREFIX);
    #[expect(clippy::expect_used, reason = "33 bytes are far below the longest bech32m string")]
    bech32::encode::<Bech32m>(prefix, &data).expect("33 bytes fit")
}

/// An account that is shown as its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address(pub AccountId);

impl core::fmt::Display for Address {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The account of an address.
pub fn decode(text: &str) -> Result<AccountId, AddressError> {
    let text = text.trim();
    if !text.to_ascii_lowercase().starts_with("sig1") {
        return Err(AddressError::Prefix);
    }
    let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32m>(text);
    let data: Vec<u8> = checked.map_err(|_| AddressError::Checksum)?.byte_iter().collect();
    match data.split_first() {
        Some((&VERSION, key)) => {
            let account = AccountId::from_slice(key).ok_or(AddressError::Key)?;
            if ed25519::is_public_key(account.as_bytes()) { Ok(account) } else { Err(AddressError::Key) }
        }
        _ => Err(AddressError::Version),
    }
}

/// Why a text isn't an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// It begins with something else.
    #[error("an address begins with `sig1`")]
    Prefix,
    /// A character is wrong, missing or too much.
    #[error("the address is mistyped or cut off: its checksum doesn't hold")]
    Checksum,
    /// A later kind of address.
    #[error("the address is of a later version: update sigillo")]
    Version,
    /// The checksum holds, but there is no usable key in it.
    #[error("the address holds no usable key")]
    Key,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;
    use crate::domain::identity::account::Seed;

    #[test]
    fn an_address_reads_back_in_either_case() {
        let account = Seed::from_secret(Secret::new([3; 32])).account().id();
        let text = encode(&account);
        assert!(text.starts_with("sig1") && text.len() == 63, "{text}");
        assert_eq!(decode(&text), Ok(account));
        assert_eq!(decode(&text.to_uppercase()), Ok(account));
    }

    #[test]
    fn every_single_mistake_is_noticed() {
        let text = encode(&Seed::from_secret(Secret::new([3; 32])).account().id());
        for position in 4..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[position] = if wrong[position] == b'q' { b'p' } else { b'q' };
            assert_eq!(decode(&String::from_utf8(wrong).unwrap()), Err(AddressError::Checksum));
            assert!(decode(&text[..position]).is_err());
        }
        assert_eq!(decode("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"), Err(AddressError::Prefix));
    }

    #[test]
    fn a_weak_key_is_no_address() {
        assert_eq!(decode(&encode(&AccountId::new([0; 32]))), Err(AddressError::Key));
    }
}
