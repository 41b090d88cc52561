//! A contact whose identity key changed: taken over only by the word of the old key, accepted by the new one.

use crate::base::id::AccountId;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::identity::contact::Contact;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::domain::identity::relation::Relation;
use crate::wire::account::LogEntry;
use crate::wire::signed::Signed;

/// The ended logs of a line of accounts, oldest first, as they are told: each verified, each but the last followed by
/// the log of the account that it names.
///
/// # Errors
/// [`SuccessionError::Statement`] where it is no such line of at most [`limits::FORMER_MAX`] logs.
pub fn line(statement: Vec<Signed>) -> Result<Vec<AccountLog>, SuccessionError> {
    let first = statement.first().and_then(|signed| LogEntry::decode(signed.unverified()).ok());
    let first = first.ok_or(SuccessionError::Statement)?.account;
    match successors(first, statement) {
        Ok(logs) if logs.len() <= limits::FORMER_MAX => Ok(logs),
        _ => Err(SuccessionError::Statement),
    }
}

/// The log of `account`, and behind it those of the accounts that took its place one after the other, of entries that
/// follow one another without a mark in between.
///
/// # Errors
/// Where one of the logs doesn't hold, or isn't that of the account which the one before names.
pub fn successors(account: AccountId, entries: Vec<Signed>) -> Result<Vec<AccountLog>, LogError> {
    let mut parts: Vec<(AccountId, Vec<Signed>)> = vec![(account, Vec::new())];
    for signed in entries {
        // Only to know where a log ends: what doesn't parse fails with the log that it stands in.
        let of = LogEntry::decode(signed.unverified()).map(|entry| entry.account).ok();
        let begins =
            of.filter(|of| parts.last().is_some_and(|(now, entries)| now != of && !entries.is_empty()));
        match (begins, parts.last_mut()) {
            (Some(next), _) => parts.push((next, vec![signed])),
            (None, Some((_, entries))) => entries.push(signed),
            (None, None) => {}
        }
    }
    let verify = |(account, entries)| AccountLog::verify(account, entries);
    let logs = parts.into_iter().map(verify).collect::<Result<Vec<_>, _>>()?;
    let named = logs.windows(2).all(|pair| pair[0].successor() == Some(pair[1].account()));
    if named { Ok(logs) } else { Err(LogError::Chain) }
}

/// The contact under its new account, to take the place of its old row; its new address is that account's.
///
/// `line` has the logs of the accounts from the one that the contact is pinned by (or an earlier one) to the last,
/// each ended by a rotation; `new` is the successor's own. Name, standing and time go over, what was said stays where
/// it is, and so do the sessions with devices that speak for the new account too: these are the same devices. A
/// contact whose key a person had compared needs that person's decision again. Everything else that claims to be
/// an old contact under another key is a new contact.
///
/// # Errors
/// See [`SuccessionError`]; the contact stays as it is.
pub fn succeed(
    contact: &Contact,
    line: &[AccountLog],
    new: AccountLog,
    now: Time,
) -> Result<Contact, SuccessionError> {
    let at = line.iter().position(|log| log.account() == contact.account);
    let (Some(old), Some(last)) = (at.map(|at| &line[at]), line.last()) else {
        return Err(SuccessionError::Pinned);
    };
    if let Some(pinned) = &contact.log {
        match pinned.relate(old) {
            Relation::Same | Relation::Extends(_) | Relation::Supersedes(_) => {}
            _ => return Err(SuccessionError::Pinned),
        }
    }
    let named = line.windows(2).all(|pair| pair[0].successor() == Some(pair[1].account()));
    if !named || last.successor() != Some(new.account()) {
        return Err(SuccessionError::Statement);
    }
    if new.successor().is_some() {
        return Err(SuccessionError::Over);
    }
    let fresh = Contact::new(new.account(), contact.own, contact.standing, now);
    let mut moved = Contact {
        knew: contact.knew,
        thread: contact.thread,
        name: contact.name.clone(),
        named_here: contact.named_here,
        business: contact.business,
        says_business: contact.says_business,
        inbox: contact.inbox,
        token: contact.token,
        reach: contact.reach.clone(),
        added_at: contact.added_at,
        former: Some(last.account()),
        verification: contact.verification.after_change(now),
        told: contact.told.clone(),
        this_device: contact.this_device,
        ..fresh
    };
    moved.learn_log(new, now);
    Ok(moved)
}

/// Why another account isn't taken for the contact.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SuccessionError {
    /// The old account's log isn't one that may follow the pinned one.
    #[error("the log that ends the old account contradicts the one that is known")]
    Pinned,
    /// The old key doesn't name this successor.
    #[error("the contact's key doesn't name this account as its successor")]
    Statement,
    /// The successor is over itself: the last of the line is to be offered.
    #[error("the successor has a successor itself")]
    Over,
}
