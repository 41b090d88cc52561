//! Pure queries about our own devices.

use serde::Serialize;

use crate::base::id::{AccountId, DeviceId};
use crate::domain::identity::contact::CONTACTS;
use crate::domain::identity::own::ACCOUNTS;
use crate::domain::identity::sibling::TRANSFERS;
use crate::store::table::Rows;

/// One device of ours.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct DeviceView {
    /// Its id.
    pub id: DeviceId,
    /// Whether it is this one.
    pub this_device: bool,
    /// Where it can be reached, as far as it has told.
    pub addresses: Vec<String>,
    /// Whether it is still being given contacts and history.
    pub catching_up: bool,
}

/// The devices that speak for our account, in the order in which they were let in.
pub fn devices(rows: &impl Rows, account: &AccountId) -> Vec<DeviceView> {
    let Some(own) = rows.row(&ACCOUNTS, account.as_bytes()) else { return Vec::new() };
    // An account that never had a second device has no row about its devices.
    let ourselves = rows.row(&CONTACTS, account.as_bytes());
    let view = |id: DeviceId| DeviceView {
        id,
        this_device: ourselves.as_ref().is_none_or(|ourselves| ourselves.this_device == Some(id)),
        addresses: ourselves
            .as_ref()
            .and_then(|ourselves| ourselves.reach_of(&id))
            .map(|reach| reach.addresses().to_vec())
            .unwrap_or_default(),
        catching_up: rows.row(&TRANSFERS, id.as_bytes()).is_some(),
    };
    own.log.devices().map(|device| view(device.id)).collect()
}

/// The devices whose id begins so.
pub fn fitting(rows: &impl Rows, account: &AccountId, text: &str) -> Vec<DeviceId> {
    let folded = text.to_lowercase();
    let all = devices(rows, account).into_iter().map(|device| device.id);
    all.filter(|id| folded.len() >= PREFIX_LEAST && id.to_string().starts_with(&folded)).collect()
}

/// Fewer characters name no device.
const PREFIX_LEAST: usize = 4;
