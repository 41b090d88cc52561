//! Which device might sign for an account, and when.

use crate::base::id::DeviceId;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::identity::log::AccountLog;
use crate::wire::account::{LogEntry, LogOperation, Purposes};

/// Whether the device might sign for the log's account, for one of these purposes, at the moment `at`: added by then
/// (clocks may differ by [`limits::BILLING_CLOCK_SKEW`]), and not revoked before it.
pub fn could_sign(log: &AccountLog, device: DeviceId, purposes: Purposes, at: Time) -> bool {
    let mut added = false;
    let entries = log.entries();
    for (place, entry) in entries.iter().enumerate() {
        let Ok(entry) = LogEntry::decode(entry.unverified()) else { return false };
        match entry.operation {
            LogOperation::Open(known, _) | LogOperation::AddDevice(known) if known.device.id == device => {
                added |=
                    known.device.purposes.allow(purposes) && entry.at <= at.plus(limits::BILLING_CLOCK_SKEW);
            }
            LogOperation::RevokeDevice(id) if id == device => added &= at < entry.at,
            // Every other device's word ends here.
            LogOperation::Open(..) | LogOperation::RotateIdentity(_) => added &= at < entry.at,
            // What came before isn't known: from then on the identity key's word counts that the device is one of the
            // account's. For an earlier time it says nothing: the device may have been added the moment before.
            LogOperation::Snapshot { state, .. } if place == 0 => {
                let listed = state.members.iter().find(|known| known.device.id == device);
                added = listed.is_some_and(|known| known.device.purposes.allow(purposes))
                    && entry.at <= at.plus(limits::BILLING_CLOCK_SKEW);
            }
            _ => {}
        }
    }
    added
}
