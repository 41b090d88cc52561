//! Texts that wait for the end of quiet hours.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId};
use crate::domain::consent::dealings;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::content::Content;

/// What waits, by the account under which its sender was known first, in the order in which it came.
pub const WAITING: Table<Waiting> = Table::new(TableId::Waiting, 1);

/// A content that waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// Under which account its sender was known first.
    pub thread: AccountId,
    /// The device that sent it.
    pub device: DeviceId,
    /// The content in the clear; the disk seals the row.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
}

/// How much of a sender waits.
pub fn count(rows: &impl Rows, thread: &AccountId) -> usize {
    rows.scan(&WAITING, &WAITING.of(thread.as_bytes())).len()
}

/// The lowest number of a device's contents that wait.
pub fn first_of(rows: &impl Rows, thread: &AccountId, device: &DeviceId) -> Option<u64> {
    let rows = rows.scan(&WAITING, &WAITING.of(thread.as_bytes()));
    let of_device = rows.iter().filter(|(_, row)| row.device == *device);
    of_device.filter_map(|(_, row)| Content::decode(&row.content).ok()).map(|content| content.seq).min()
}

/// Lets a content wait.
pub fn put(tx: &Tx<'_>, thread: &AccountId, device: DeviceId, content: Vec<u8>) {
    let place = dealings::next_waiting(tx, thread);
    tx.put(&WAITING, WAITING.key_at(thread.as_bytes(), place), Waiting { thread: *thread, device, content });
}

/// Takes everything that waits, each sender's in its order.
pub fn take(tx: &Tx<'_>) -> Vec<Waiting> {
    let rows = tx.scan(&WAITING, &WAITING.all());
    let take = |(key, row): (_, std::sync::Arc<Waiting>)| {
        tx.delete(&WAITING, key);
        std::sync::Arc::unwrap_or_clone(row)
    };
    rows.into_iter().map(take).collect()
}
