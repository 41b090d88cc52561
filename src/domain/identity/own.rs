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
    /// What the keys of this device are derived for: the account, or on a linked device what its offer was made with.
    /// They stay when another account takes its place.
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

/// The logs of an account of ours and of those whose place it took, oldest first.
pub fn logs(rows: &impl Rows, account: &AccountId) -> Vec<AccountLog> {
    let mut logs = Vec::new();
    let mut next = Some(*account);
    while let Some(own) = next.and_then(|account| rows.row(&ACCOUNTS, account.as_bytes())) {
        logs.push(own.log.clone());
        next = own.former.filter(|_| logs.len() <= limits::FORMER_MAX);
    }
    logs.reverse();
    logs
}

/// What the ended logs carry of the accounts whose place `account` took, oldest first; the latest
/// [`limits::FORMER_MAX`] of them.
pub fn statement(rows: &impl Rows, account: &AccountId) -> Vec<Signed> {
    let mut logs = logs(rows, account);
    logs.pop();
    let over = logs.len().saturating_sub(limits::FORMER_MAX);
    logs[over..].iter().flat_map(AccountLog::carried).collect()
}

/// More rotations than a person makes.
const GENERATIONS_MAX: usize = 1_000;
