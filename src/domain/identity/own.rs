//! Our own accounts: the one that the world knows, and one towards each business.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, RouteId};
use crate::base::time::Time;
use crate::domain::identity::log::AccountLog;
use crate::store::key::TableId;
use crate::store::table::Table;

/// Our accounts by their id.
pub const ACCOUNTS: Table<OwnAccount> = Table::new(TableId::Accounts, 2);

/// One account of ours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnAccount {
    /// Its devices.
    pub log: AccountLog,
    /// The business that knows us by it; none for the account that the world knows.
    pub subject_of: Option<AccountId>,
    /// Where first flights for it arrive.
    pub inbox: RouteId,
    /// The set of prekeys that bundles are made of now.
    pub prekeys: u32,
    /// Since when.
    pub prekeys_made: Time,
}
