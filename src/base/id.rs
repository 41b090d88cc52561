//! Ids as types, so that one can't be taken for another.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::base::time::Time;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "full", derive(schemars::JsonSchema), schemars(with = "String"))]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Wraps the bytes.
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes, if there are exactly as many as this id has.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// Reads the lower- or upper-case hexadecimal form.
            pub fn from_hex(text: &str) -> Option<Self> {
                let mut bytes = [0; $len];
                decode_hex(text, &mut bytes)?;
                Some(Self(bytes))
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            /// Lower-case hexadecimal, whole.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            /// The first four bytes: enough to tell ids apart in a trace.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), ":"))?;
                self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_bytes(&self.0) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    Self::from_hex(&text).ok_or_else(|| D::Error::custom(concat!("not a ", stringify!($name))))
                } else {
                    let bytes = <&[u8]>::deserialize(deserializer)?;
                    Self::from_slice(bytes).ok_or_else(|| D::Error::custom(concat!("not a ", stringify!($name))))
                }
            }
        }
    };
}

id! {
    /// An account: its Ed25519 identity key (AIK). The address is this in bech32m.
    AccountId, 32
}
id! {
    /// A device of an account: its Ed25519 device signing key (DSK).
    DeviceId, 32
}
id! {
    /// A message, named by its sender: ten random bytes, then when, in milliseconds of the sender's clock; the same in every
    /// session and retry. Nothing may be concluded from the time: it makes rows of one time lie together, no more.
    MessageId, 16
}
id! {
    /// A session between two devices, derived by the handshake.
    SessionId, 32
}
id! {
    /// What a frame begins with: the recipient's random inbox id, or the pair id of one session and direction.
    RouteId, 16
}
id! {
    /// An invite's secret, which lets its bearer be a contact without asking.
    ContactToken, 16
}
id! {
    /// Who hands a device's one-time prekeys out in its place. The device itself has none.
    PrekeySource, 32
}
id! {
    /// A queue at a mailbox, as its reader names it.
    ReadId, 16
}
id! {
    /// A queue at a mailbox, as whoever deposits names it. Nothing but the mailbox ties it to the [`ReadId`].
    SendId, 16
}
id! {
    /// SHA-256 of something signed.
    Digest, 32
}
id! {
    /// A file: a hash over what its message says of it. Whoever knows it may fetch the file.
    FileId, 32
}

impl MessageId {
    /// Random bytes of a new one.
    pub const RANDOM_LEN: usize = 10;

    /// A new one.
    pub fn fresh(now: Time, random: [u8; Self::RANDOM_LEN]) -> Self {
        let mut bytes = [0; Self::LEN];
        bytes[..Self::RANDOM_LEN].copy_from_slice(&random);
        bytes[Self::RANDOM_LEN..].copy_from_slice(&now.as_millis().to_be_bytes()[2..]);
        Self(bytes)
    }

    /// The time that its sender gave it, or whatever else stands in its place.
    pub fn millis(&self) -> u64 {
        self.0[Self::RANDOM_LEN..].iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte))
    }
}

fn decode_hex(text: &str, into: &mut [u8]) -> Option<()> {
    if text.len() != into.len() * 2 {
        return None;
    }
    for (byte, pair) in into.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_ends_with_its_time_and_has_one_whatever_it_holds() {
        let id = MessageId::fresh(Time::from_millis(0x0190_0000_1234), [7; 10]);
        assert_eq!(id.to_string(), "07070707070707070707019000001234");
        assert_eq!(id.millis(), 0x0190_0000_1234);
        assert_eq!(MessageId::new([0xFF; 16]).millis(), (1 << 48) - 1);
        assert_eq!(MessageId::fresh(Time::from_millis(u64::MAX), [0xFF; 10]), MessageId::new([0xFF; 16]));
    }

    #[test]
    fn hex_reads_back_and_other_lengths_are_refused() {
        let id = MessageId::new([0xA5; 16]);
        assert_eq!(MessageId::from_hex(&id.to_string()), Some(id));
        assert_eq!(MessageId::from_hex("a5"), None);
        assert_eq!(MessageId::from_hex(&"zz".repeat(16)), None);
        assert_eq!(MessageId::from_slice(&[0; 15]), None);
    }
}
