//! What is still to arrive at each device: the content, and once it was sealed the very frame.

use serde::{Deserialize, Serialize};

use crate::base::id::SessionId;
use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::Table;

/// Unsettled contents by recipient, at their sequence number. The recipient is a device, or an account none of
/// whose devices is known yet. A device's row at 0 is the first flight of its newest session.
pub const OUTBOX: Table<Unsettled> = Table::new(TableId::Outbox, 1);

/// A content that the recipient hasn't acknowledged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unsettled {
    /// The content in the clear (the disk seals the row), to be sealed again should the session be lost.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
    /// The frame, sealed once: every retry in its session sends these bytes.
    pub frame: Option<Sealed>,
    /// Its entry in the timeline, if it has one.
    pub position: Option<u64>,
    /// Given up at this time.
    pub expires: Time,
}

/// A frame that left, or may have left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sealed {
    /// In which session it was sealed.
    pub session: SessionId,
    /// The route id and what only the recipient can open.
    #[serde(with = "serde_bytes")]
    pub frame: Vec<u8>,
}
