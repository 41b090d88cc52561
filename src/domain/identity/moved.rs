//! What contacts were before: accounts whose place another took, and logs that a restored identity superseded.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::limits;
use crate::domain::identity::contact::{CONTACTS, Contact};
use crate::domain::identity::log::AccountLog;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::signed::Signed;

/// Former accounts of contacts, by their id.
pub const MOVED: Table<Moved> = Table::new(TableId::Moved, 1);

/// Logs of contacts that were begun anew, by the account, at the number of their generation: what was signed by the
/// devices in them before is proven by nothing else.
pub const SUPERSEDED: Table<AccountLog> = Table::new(TableId::Superseded, 1);

/// A former account of a contact.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Moved {
    /// Its log as it was pinned, ended by the entry that names the successor.
    pub log: AccountLog,
    /// The account whose place it had taken itself.
    pub former: Option<AccountId>,
}

/// The account that stands where `account` stood, as far as is known.
pub fn current(rows: &impl Rows, account: &AccountId) -> AccountId {
    let mut current = *account;
    for _ in 0..MOVES_MAX {
        match rows.row(&MOVED, current.as_bytes()).and_then(|moved| moved.log.successor()) {
            Some(successor) => current = successor,
            None => break,
        }
    }
    current
}

/// The contact of this account, or of the one that took its place.
pub fn contact(rows: &impl Rows, account: &AccountId) -> Option<Arc<Contact>> {
    let known = rows.row(&CONTACTS, account.as_bytes());
    known.or_else(|| rows.row(&CONTACTS, current(rows, account).as_bytes()))
}

/// The ended logs of a contact's former accounts, oldest first; the latest [`limits::FORMER_MAX`].
pub fn line(rows: &impl Rows, contact: &Contact) -> Vec<AccountLog> {
    let mut logs = Vec::new();
    let mut next = contact.former;
    while let Some(moved) = next.and_then(|former| rows.row(&MOVED, former.as_bytes())) {
        logs.push(moved.log.clone());
        next = moved.former.filter(|_| logs.len() < limits::FORMER_MAX);
    }
    logs.reverse();
    logs
}

/// What these logs carry, as it is told.
pub fn statement(line: &[AccountLog]) -> Vec<Signed> {
    line.iter().flat_map(AccountLog::carried).collect()
}

/// Keeps the log that another one of the same account supersedes.
pub fn supersede(tx: &Tx<'_>, log: &AccountLog) {
    tx.put(&SUPERSEDED, SUPERSEDED.key_at(log.account().as_bytes(), log.generation()), log.clone());
}

/// The superseded logs of an account, oldest first.
pub fn superseded(rows: &impl Rows, account: &AccountId) -> Vec<AccountLog> {
    let rows = rows.scan(&SUPERSEDED, &SUPERSEDED.of(account.as_bytes()));
    rows.into_iter().map(|(_, log)| AccountLog::clone(&log)).collect()
}

/// Longer chains are made by nobody.
const MOVES_MAX: usize = 1_000;

/// The logs by which what a contact signed is verified: those of its former accounts, then its own.
pub fn logs(rows: &impl Rows, contact: &Contact) -> Vec<AccountLog> {
    line(rows, contact).into_iter().chain(contact.log.clone()).collect()
}
