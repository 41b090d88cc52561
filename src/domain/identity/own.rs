//! Our own accounts: the one that the world knows, one towards each business, and those whose place they took.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, RouteId};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::identity::log::AccountLog;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::wire::signed::Signed;

/// Our accounts by their id.
pub const ACCOUNTS: Table<OwnAccount> = Table::new(TableId::Accounts, 3);

/// One account of ours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnAccount {
    /// Its devices.
    pub log: AccountLog,
    /// The business that knows us by it; none for the account that the world knows.
    pub subject_of: Option<AccountId>,
    /// The account whose place it took.
    pub former: Option<AccountId>,
    /// The account that the keys of this device are derived for: they stay when another account takes its place.
    pub keys_of: AccountId,
    /// Where first flights for it arrive.
    pub inbox: RouteId,
    /// The set of prekeys that bundles are made of now.
    pub prekeys: u32,
    /// Since when.
    pub prekeys_made: Time,
}

/// The account of ours that stands where `account` stood: itself, unless another took its place.
pub fn current(rows: &impl Rows, account: &AccountId) -> AccountId {
    let mut current = *account;
    // Bounded, whatever the store says.
    for _ in 0..GENERATIONS_MAX {
        match rows.row(&ACCOUNTS, current.as_bytes()).and_then(|own| own.log.successor()) {
            Some(successor) => current = successor,
            None => break,
        }
    }
    current
}

/// What the ended logs carry of the accounts whose place `account` took, oldest first; the latest
/// [`limits::FORMER_MAX`] of them.
pub fn statement(rows: &impl Rows, account: &AccountId) -> Vec<Signed> {
    let mut logs = Vec::new();
    let mut next = rows.row(&ACCOUNTS, account.as_bytes()).and_then(|own| own.former);
    while let Some(own) = next.and_then(|former| rows.row(&ACCOUNTS, former.as_bytes())) {
        logs.push(own.log.carried());
        next = own.former.filter(|_| logs.len() < limits::FORMER_MAX);
    }
    logs.into_iter().rev().flatten().collect()
}

/// More rotations than a person makes.
const GENERATIONS_MAX: usize = 1_000;
