//! Account logs: the hash-chained, signed list of an account's devices.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::domain::identity::account::AccountKey;
use crate::wire::account::{Device, LogEntry, LogHead, LogOperation, Purposes};
use crate::wire::signed::Signed;

/// An account's log, every entry of it verified.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountLog {
    account: AccountId,
    entries: Vec<Signed>,
    head: LogHead,
    devices: Vec<Device>,
}

impl AccountLog {
    /// Opens the log of an account with its first device.
    pub fn begin(key: &AccountKey, device: Device, now: Time) -> Self {
        let entry = LogEntry {
            account: key.id(),
            seq: 0,
            previous: Digest::new([0; 32]),
            at: now,
            operation: LogOperation::AddDevice(device.clone()),
        };
        let signed = Signed::new(key.signing(), label::LOG_ENTRY, entry.encode());
        let head = LogHead { seq: 0, hash: entry_hash(&signed) };
        Self { account: key.id(), entries: vec![signed], head, devices: vec![device] }
    }

    /// Adds a device or revokes one.
    pub fn append(&mut self, key: &AccountKey, operation: LogOperation, now: Time) -> Result<(), LogError> {
        let mut next = self.clone();
        let entry = LogEntry {
            account: self.account,
            seq: self.head.seq + 1,
            previous: self.head.hash,
            at: now,
            operation,
        };
        let signed = Signed::new(key.signing(), label::LOG_ENTRY, entry.encode());
        next.admit(signed)?;
        *self = next;
        Ok(())
    }

    /// Verifies a whole log: every signature, the chain, and that each operation makes sense.
    pub fn verify(account: AccountId, entries: Vec<Signed>) -> Result<Self, LogError> {
        let empty = LogHead { seq: 0, hash: Digest::new([0; 32]) };
        let mut log = Self { account, entries: Vec::new(), head: empty, devices: Vec::new() };
        entries.into_iter().try_for_each(|entry| log.admit(entry))?;
        if log.entries.is_empty() { Err(LogError::Empty) } else { Ok(log) }
    }

    /// Whose log it is.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Where it stands.
    pub const fn head(&self) -> LogHead {
        self.head
    }

    /// The devices that speak for the account now.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// The device, if it may sign for `purpose` now.
    pub fn device(&self, id: &DeviceId, purpose: Purposes) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == *id && device.purposes.allow(purpose))
    }

    /// The signed entries, oldest first.
    pub fn entries(&self) -> &[Signed] {
        &self.entries
    }

    /// When it was begun, by its first entry.
    pub fn began(&self) -> Time {
        let first = self.entries.first().and_then(|entry| LogEntry::decode(entry.unverified()).ok());
        first.map_or(Time::EPOCH, |entry| entry.at)
    }

    /// Whether this log is to be believed in the place of `older`: it goes on from it, or it was begun anew after
    /// it. Only the identity key begins a log, and a restored identity has nothing but that key.
    pub fn supersedes(&self, older: &Self) -> bool {
        self.extends(older) || (self.account == older.account && self.began() > older.began())
    }

    /// Whether this log goes on from `older` (or is the same), rather than telling another story.
    pub fn extends(&self, older: &Self) -> bool {
        self.account == older.account && self.entries.starts_with(&older.entries)
    }

    fn admit(&mut self, signed: Signed) -> Result<(), LogError> {
        if self.entries.len() >= limits::LOG_ENTRIES_MAX {
            return Err(LogError::Full);
        }
        let payload =
            signed.verify(self.account.as_bytes(), label::LOG_ENTRY).map_err(|_| LogError::Signature)?;
        let entry = LogEntry::decode(payload).map_err(|_| LogError::Entry)?;
        let seq = self.entries.len() as u64;
        let chained = entry.seq == seq && (seq == 0 || entry.previous == self.head.hash);
        let rooted = seq > 0 || entry.previous == Digest::new([0; 32]);
        if entry.account != self.account || !chained || !rooted {
            return Err(LogError::Chain);
        }
        match entry.operation {
            LogOperation::AddDevice(device) => {
                if self.devices.len() >= limits::DEVICES_MAX {
                    return Err(LogError::Full);
                }
                if self.devices.iter().any(|known| known.id == device.id) {
                    return Err(LogError::Entry);
                }
                self.devices.push(device);
            }
            LogOperation::RevokeDevice(id) => {
                let before = self.devices.len();
                self.devices.retain(|device| device.id != id);
                if self.devices.len() == before {
                    return Err(LogError::Entry);
                }
            }
        }
        self.head = LogHead { seq, hash: entry_hash(&signed) };
        self.entries.push(signed);
        Ok(())
    }
}

fn entry_hash(entry: &Signed) -> Digest {
    Digest::new(sha256(&[&label::LOG_HASH.encoded(), entry.unverified()]))
}

/// Why a log isn't believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LogError {
    /// No entry.
    #[error("the account log is empty")]
    Empty,
    /// More entries or devices than allowed.
    #[error("the account log has too many entries or devices")]
    Full,
    /// A signature isn't the account's.
    #[error("the account log has an entry that the account didn't sign")]
    Signature,
    /// An entry doesn't follow from the one before.
    #[error("the account log's chain is broken")]
    Chain,
    /// An entry doesn't parse or makes no sense where it stands.
    #[error("the account log has an entry that makes no sense")]
    Entry,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;
    use crate::domain::identity::account::Seed;
    use crate::domain::identity::device::DeviceKeys;

    const NOW: Time = Time::from_millis(1_700_000_000_000);

    fn key(byte: u8) -> AccountKey {
        Seed::from_secret(Secret::new([byte; 32])).account()
    }

    fn device(key: &AccountKey, byte: u8) -> Device {
        DeviceKeys::derive(&Secret::new([byte; 32]), &key.id()).certificate(Purposes::ALL)
    }

    fn log_of(devices: u8) -> (AccountKey, AccountLog) {
        let key = key(1);
        let mut log = AccountLog::begin(&key, device(&key, 0), NOW);
        for byte in 1..devices {
            log.append(&key, LogOperation::AddDevice(device(&key, byte)), NOW).unwrap();
        }
        (key, log)
    }

    #[test]
    fn a_log_verifies_whole_and_names_its_devices() {
        let (key, mut log) = log_of(3);
        log.append(&key, LogOperation::RevokeDevice(device(&key, 1).id), NOW).unwrap();
        let read = AccountLog::verify(key.id(), log.entries().to_vec()).unwrap();
        assert_eq!(read, log);
        assert_eq!(read.devices().len(), 2);
        assert!(read.device(&device(&key, 1).id, Purposes::MESSAGE).is_none(), "revoked");
        assert!(read.device(&device(&key, 2).id, Purposes::RECEIPT).is_some());
    }

    #[test]
    fn a_log_with_an_entry_left_out_repeated_or_swapped_is_refused() {
        let (key, log) = log_of(3);
        let entries = log.entries();
        let pick = |order: &[usize]| {
            AccountLog::verify(key.id(), order.iter().map(|i| entries[*i].clone()).collect()).unwrap_err()
        };
        assert_eq!(pick(&[]), LogError::Empty);
        assert_eq!(pick(&[1, 2]), LogError::Chain);
        assert_eq!(pick(&[0, 2]), LogError::Chain);
        assert_eq!(pick(&[0, 0]), LogError::Chain);
        assert_eq!(pick(&[0, 2, 1]), LogError::Chain);
    }

    #[test]
    fn nobody_but_the_account_can_add_a_device() {
        let (_, mut log) = log_of(1);
        let thief = key(2);
        let added = log.append(&thief, LogOperation::AddDevice(device(&thief, 9)), NOW);
        assert_eq!(added, Err(LogError::Signature));
        assert_eq!(log.devices().len(), 1);
        assert_eq!(AccountLog::verify(thief.id(), log.entries().to_vec()), Err(LogError::Signature));
    }

    #[test]
    fn an_account_has_at_most_eight_devices_and_revokes_only_its_own() {
        let (key, mut log) = log_of(8);
        assert_eq!(log.append(&key, LogOperation::AddDevice(device(&key, 99)), NOW), Err(LogError::Full));
        assert_eq!(
            log.append(&key, LogOperation::RevokeDevice(device(&key, 99).id), NOW),
            Err(LogError::Entry)
        );
    }

    #[test]
    fn a_log_extends_only_its_own_past() {
        let (key, log) = log_of(3);
        let older = AccountLog::verify(key.id(), log.entries()[..2].to_vec()).unwrap();
        let mut fork = older.clone();
        fork.append(&key, LogOperation::AddDevice(device(&key, 42)), NOW).unwrap();
        assert!(log.extends(&older) && log.extends(&log) && !older.extends(&log));
        assert!(!fork.extends(&log) && fork.extends(&older));
    }
}
