//! A contact whose identity key changed: taken over only by the word of the old key, accepted by the new one.

use crate::base::time::Time;
use crate::domain::identity::contact::Contact;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::relation::Relation;

/// The contact under its new account, to take the place of its old row; its new address is that account's.
///
/// `old` is the log of the account that the contact is pinned by, ended by a rotation; `new` is the successor's own.
/// Name, standing and time go over; inbox, token, reach and sessions belonged to the old account's devices. A
/// contact whose key a person had compared needs that person's decision again. Everything else that claims to be
/// an old contact under another key is a new contact.
///
/// # Errors
/// See [`SuccessionError`]; the contact stays as it is.
pub fn succeed(
    contact: &Contact,
    old: &AccountLog,
    new: AccountLog,
    now: Time,
) -> Result<Contact, SuccessionError> {
    if let Some(pinned) = &contact.log {
        match pinned.relate(old) {
            Relation::Same | Relation::Extends(_) | Relation::Supersedes(_) => {}
            _ => return Err(SuccessionError::Pinned),
        }
    }
    if old.account() != contact.account || old.successor() != Some(new.account()) {
        return Err(SuccessionError::Statement);
    }
    if new.successor().is_some() {
        return Err(SuccessionError::Over);
    }
    let fresh = Contact::new(new.account(), contact.own, contact.standing, now);
    Ok(Contact {
        name: contact.name.clone(),
        named_here: contact.named_here,
        business: contact.business,
        added_at: contact.added_at,
        former: Some(contact.account),
        verification: contact.verification.after_change(now),
        log: Some(new),
        ..fresh
    })
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
