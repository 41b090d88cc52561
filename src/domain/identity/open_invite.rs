//! Invites that we made and nobody has accepted yet.

use serde::{Deserialize, Serialize};

use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::Table;

/// Open invites by their token.
pub const INVITES: Table<OpenInvite> = Table::new(TableId::Invites, 1);

/// An invite that one person can still accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenInvite {
    /// Nobody can accept it from then on.
    pub expires: Time,
}
