//! Entries of an account log, as they are signed.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::ed25519;
use crate::wire::decode::{Malformed, array, list, message, required, time};
use crate::wire::schema;
use crate::wire::signed::Signed;

/// What a device's signing key may sign, as a sum of flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Purposes(u32);

impl Purposes {
    /// Messages and prekeys.
    pub const MESSAGE: Self = Self(1);
    /// Profiles and index entries.
    pub const PROFILE: Self = Self(2);
    /// Receipts and the other events of charging.
    pub const RECEIPT: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    /// Whether every flag of `wanted` is among these.
    pub const fn allow(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

/// A device's certificate: its public keys and what they may sign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Device {
    /// The Ed25519 signing key, which is its id.
    pub id: DeviceId,
    /// The X25519 key.
    pub exchange: [u8; 32],
    /// What the signing key may sign.
    pub purposes: Purposes,
}

/// What an entry of an account log does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogOperation {
    /// The device speaks for the account from here on.
    AddDevice(Device),
    /// The device no longer does.
    RevokeDevice(DeviceId),
}

/// One entry of an account log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogEntry {
    /// Whose log it is.
    pub account: AccountId,
    /// 0 for the first entry, then one more each.
    pub seq: u64,
    /// The hash of the former entry; zeros in the first.
    pub previous: Digest,
    /// When it was made.
    pub at: Time,
    /// What it does.
    pub operation: LogOperation,
}

impl LogEntry {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        use schema::log_entry::Operation;
        let operation = match &self.operation {
            LogOperation::AddDevice(device) => Operation::AddDevice(schema::Device {
                signing: device.id.as_bytes().to_vec(),
                exchange: device.exchange.to_vec(),
                purposes: device.purposes.0,
            }),
            LogOperation::RevokeDevice(id) => Operation::RevokeDevice(id.as_bytes().to_vec()),
        };
        schema::LogEntry {
            account: self.account.as_bytes().to_vec(),
            seq: self.seq,
            previous: self.previous.as_bytes().to_vec(),
            at: self.at.as_millis(),
            operation: Some(operation),
        }
        .encode_to_vec()
    }

    /// Parses a verified payload. An operation that isn't known is an error: it might be a revocation.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        use schema::log_entry::Operation;
        let entry: schema::LogEntry = message(payload, limits::LOG_ENTRY_MAX)?;
        let operation = match required(entry.operation)? {
            Operation::AddDevice(device) => LogOperation::AddDevice(decode_device(&device)?),
            Operation::RevokeDevice(id) => LogOperation::RevokeDevice(DeviceId::new(array(&id)?)),
        };
        Ok(Self {
            account: AccountId::new(array(&entry.account)?),
            seq: entry.seq,
            previous: Digest::new(array(&entry.previous)?),
            at: time(entry.at),
            operation,
        })
    }
}

/// Where an account log stands: sent inside every message, so that two views of one log can't stay apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogHead {
    /// The last entry's number.
    pub seq: u64,
    /// The last entry's hash.
    pub hash: Digest,
}

impl LogHead {
    pub(crate) fn to_schema(self) -> schema::LogHead {
        schema::LogHead { seq: self.seq, hash: self.hash.as_bytes().to_vec() }
    }

    pub(crate) fn from_schema(head: &schema::LogHead) -> Result<Self, Malformed> {
        Ok(Self { seq: head.seq, hash: Digest::new(array(&head.hash)?) })
    }
}

/// The signed entries of a log in the wire's form.
pub(crate) fn log_to_schema(entries: &[Signed]) -> Vec<schema::Signed> {
    entries.iter().map(Signed::to_schema).collect()
}

/// The signed entries of a log, bounded in number and size, not yet verified.
pub(crate) fn log_from_schema(entries: Vec<schema::Signed>) -> Result<Vec<Signed>, Malformed> {
    list(entries, limits::LOG_ENTRIES_MAX, |entry| Signed::from_schema(entry, limits::LOG_ENTRY_MAX))
}

fn decode_device(device: &schema::Device) -> Result<Device, Malformed> {
    let signing = array(&device.signing)?;
    if !ed25519::is_public_key(&signing) {
        return Err(Malformed("a weak signing key"));
    }
    if device.purposes == 0 || device.purposes > Purposes::ALL.0 {
        return Err(Malformed("unknown purposes"));
    }
    Ok(Device {
        id: DeviceId::new(signing),
        exchange: array(&device.exchange)?,
        purposes: Purposes(device.purposes),
    })
}
