//! Keys and logs for tests.

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::identity::account::{AccountKey, Seed};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::wire::account::{Device, LogOperation, Member, Purposes};

pub(super) const NOW: Time = Time::from_millis(1_700_000_000_000);

pub(super) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(super) fn later(millis: u64) -> Time {
    Time::from_millis(NOW.as_millis() + millis)
}

pub(super) fn key(byte: u8) -> AccountKey {
    Seed::from_secret(Secret::new([byte; 32])).account()
}

/// The keys of a device, as one that is linked makes them.
pub(super) fn keys(byte: u8) -> DeviceKeys {
    DeviceKeys::derive(&Secret::new([byte; 32]), &AccountId::new([0; 32]))
}

pub(super) fn device(byte: u8) -> Device {
    keys(byte).certificate(Purposes::ALL)
}

/// The same, which agreed to be the account's of `key`.
pub(super) fn member(key: &AccountKey, byte: u8) -> Member {
    keys(byte).member(&key.id(), Purposes::ALL)
}

/// Adds a device that agreed to be the account's of key 1.
pub(super) fn add(byte: u8) -> LogOperation {
    LogOperation::AddDevice(member(&key(1), byte))
}

pub(super) fn revoke(byte: u8) -> LogOperation {
    LogOperation::RevokeDevice(device(byte).id)
}

/// The account of key 1 with devices 0 and up.
pub(super) fn log_of(devices: u8) -> (AccountKey, AccountLog) {
    let key = key(1);
    let mut log = AccountLog::begin(&key, member(&key, 0), NOW);
    (1..devices).for_each(|byte| log.append(&key, add(byte), NOW).unwrap());
    (key, log)
}
