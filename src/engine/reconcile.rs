//! An identity that was brought back finds out what it had said before; until then it says nothing that could contradict that.

use serde::{Deserialize, Serialize};

use crate::base::time::Time;
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::address;
use crate::domain::identity::contact::CONTACTS;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::domain::identity::own::ACCOUNTS;
use crate::domain::identity::relation::Relation;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::input::Ticket;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::pending::{Fetched, Want};
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::wire::account::LogOperation;
use crate::wire::invite::Invite;

/// How it stands with what was said before; no row where nothing was brought back.
const RECONCILE: Table<Reconcile> = Table::new(TableId::Reconcile, 1);
const RECONCILE_ID: &[u8] = b"reconcile";

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Reconcile {
    /// The identity was restored from its phrase: nothing is known, and nothing was looked for yet.
    Open,
    /// The profile of this number was found, then.
    Found(u64, Time),
    /// Nothing was found, and its owner says that there is nothing.
    Forced(Time),
    /// Others told the log whose last entry has this number, then.
    Heard(u64, Time),
    /// The store is a copy of an earlier one: what was said since isn't known, and wasn't looked for yet.
    Behind,
}

/// Whether this identity may publish, issue events of charging and change its log now: it was never brought back, or
/// knows what it said before.
pub fn may_issue(rows: &impl Rows) -> bool {
    !matches!(rows.copy(&RECONCILE, RECONCILE_ID), Some(Reconcile::Open | Reconcile::Behind))
}

/// The same, as a refusal.
pub(super) fn must_be(rows: &impl Rows) -> Result<(), Refusal> {
    if may_issue(rows) { Ok(()) } else { Err(Refusal::Unreconciled) }
}

/// The store is new, and its identity was restored from its phrase.
pub(super) fn begin(step: &Step<'_, '_>) {
    settle(step, Reconcile::Open);
}

/// The store is a copy of an earlier one.
pub(super) fn came_back(step: &Step<'_, '_>) {
    settle(step, Reconcile::Behind);
}

/// Others told what they have of our log.
pub(super) fn heard(step: &Step<'_, '_>, seq: u64) {
    settle(step, Reconcile::Heard(seq, step.now));
}

fn settle(step: &Step<'_, '_>, how: Reconcile) {
    step.tx.put(&RECONCILE, RECONCILE.key(RECONCILE_ID), how);
}

impl Engine {
    /// Looks for what was said before: a business for the profile that it published, a person for its log, with `from` or
    /// whomever the store knows.
    pub(super) fn reconcile(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, from: Option<&Invite>) {
        if may_issue(step.tx) {
            return self.reply(ticket, Ok(Outcome::Done));
        }
        if !self.is_business() {
            return self.ask_for_log(step, ticket, from);
        }
        match self.signing_key() {
            _ if from.is_some() => self.reply(ticket, Err(Refusal::NotAPerson)),
            Err(refusal) => self.reply(ticket, Err(refusal)),
            Ok(key) => {
                let account = self.account;
                self.fetch(step, account, Want::Reconcile(ticket, Box::new(key)));
            }
        }
    }

    /// A person who was restored has told nobody of their log yet, and doesn't before they have asked what it was.
    pub(super) fn must_have_asked(&self, step: &Step<'_, '_>) -> Result<(), Refusal> {
        let is_mute = !self.is_business() && step.tx.copy(&RECONCILE, RECONCILE_ID) == Some(Reconcile::Open);
        if is_mute { Err(Refusal::Unreconciled) } else { Ok(()) }
    }

    /// What was published before is known as far as it can be.
    pub(super) fn reconciled(
        &mut self,
        step: &mut Step<'_, '_>,
        fetched: &Fetched,
        ticket: Ticket,
        key: &AccountKey,
    ) {
        let Some(found) = &fetched.profile else {
            let nobody = fetched.peers == 0;
            let refusal = if nobody { Refusal::NoPeers } else { Refusal::NothingFound };
            return self.reply(ticket, Err(refusal));
        };
        if let Err(refusal) = self.go_on_from(step, key, found.log()) {
            return self.reply(ticket, Err(refusal));
        }
        let seq = found.profile().seq;
        settle(step, Reconcile::Found(seq, step.now));
        self.publish_now(step);
        self.reply(ticket, Ok(Outcome::Reconciled { seq }));
    }

    /// The owner says that there is nothing to go on from, or that it was looked for in vain. Whoever knew more entries of
    /// the log than a copy has must not see others under their numbers: a new generation is above them all.
    pub(super) fn reconcile_by_force(&mut self, step: &mut Step<'_, '_>) -> Result<Outcome, Refusal> {
        if may_issue(step.tx) {
            return Ok(Outcome::Done);
        }
        if step.tx.copy(&RECONCILE, RECONCILE_ID) == Some(Reconcile::Behind) {
            let key = self.signing_key()?;
            let own = self.own(step, &self.account).ok_or(Refusal::Stopping)?;
            let mut log = own.log.clone();
            self.open_again(&mut log, &own.log, &key, step.now)?;
            // The other devices said that they are this account's: they are so still.
            let us = self.device_keys(&self.account.clone()).id();
            for member in own.log.state().members.iter().filter(|member| member.device.id != us) {
                let added = log.append(&key, LogOperation::AddDevice(member.clone()), step.now);
                added.map_err(|error| Refusal::Identity(error.to_string()))?;
            }
            self.own_log_grown(step, log);
        }
        settle(step, Reconcile::Forced(step.now));
        self.publish_now(step);
        Ok(Outcome::Done)
    }

    fn publish_now(&mut self, step: &Step<'_, '_>) {
        if step.tx.with(&OWN_PROFILE, &OWN_PROFILE.key(OWN_PROFILE_ID), |_| ()).is_some() {
            self.agenda.set(step.tx, Job::Publish, step.now);
        }
    }

    /// Goes on from the log that others have of this identity: takes what follows ours, and opens a generation behind what
    /// ours contradicts, so that no number is used for two entries that somebody knows.
    ///
    /// # Errors
    /// Where another account took this one's place, or another device this one's.
    pub(super) fn go_on_from(
        &mut self,
        step: &mut Step<'_, '_>,
        key: &AccountKey,
        found: &AccountLog,
    ) -> Result<(), Refusal> {
        if let Some(successor) = found.successor() {
            let successor = address::encode(&successor);
            return Err(Refusal::Identity(format!(
                "this identity is over: {successor} took its place; bring that one back, from its own recovery phrase"
            )));
        }
        let own = self.own(step, &self.account).ok_or(Refusal::Stopping)?;
        let us = self.device_keys(&self.account.clone()).id();
        let head = own.log.head();
        let is_known = found.hash_at(head.seq) == Some(head.hash);
        let mut log = found.clone();
        if !is_known && self.is_untold(step, &own.log) {
            self.open_again(&mut log, &own.log, key, step.now)?;
            step.tx.edit(&ACCOUNTS, &ACCOUNTS.key(self.account.as_bytes()), |own| own.log = log);
            self.refresh_own(step);
            return Ok(());
        }
        match own.log.relate(found) {
            Relation::Same | Relation::Behind => return Ok(()),
            Relation::Extends(whole) if whole.devices().any(|device| device.id == us) => log = whole,
            Relation::Extends(_) | Relation::Supersedes(_) => {
                return Err(Refusal::Identity(
                    "this identity was brought back on another device since, and this one isn't its any more: restore it \
                     from the recovery phrase"
                        .into(),
                ));
            }
            Relation::Gap | Relation::Fork | Relation::Stranger => {
                self.open_again(&mut log, &own.log, key, step.now)?;
            }
        }
        self.own_log_grown(step, log);
        Ok(())
    }

    /// Whether nobody can have heard of the log of a restored identity yet.
    fn is_untold(&self, step: &Step<'_, '_>, log: &AccountLog) -> bool {
        step.tx.copy(&RECONCILE, RECONCILE_ID) == Some(Reconcile::Open)
            && log.entries().len() == 1
            && !step.tx.scan(&CONTACTS, &CONTACTS.all()).iter().any(|(_, contact)| self.is_main(&contact.own))
    }

    /// Opens a generation with this device behind the entries of `log`; `own` has its certificate.
    fn open_again(
        &mut self,
        log: &mut AccountLog,
        own: &AccountLog,
        key: &AccountKey,
        now: Time,
    ) -> Result<(), Refusal> {
        let us = self.device_keys(&self.account.clone()).id();
        let state = own.state();
        let member = state.members.iter().find(|member| member.device.id == us).cloned();
        let opened = member
            .ok_or(LogError::Consent)
            .and_then(|member| log.append(key, LogOperation::Open(member, state.line.clone()), now));
        opened.map_err(|error| Refusal::Identity(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_keep_their_encoding() {
        let then = Time::from_millis(300);
        let rows = [
            (Reconcile::Open, &[1, 0][..]),
            (Reconcile::Found(5, then), &[1, 1, 5, 172, 2]),
            (Reconcile::Forced(then), &[1, 2, 172, 2]),
            (Reconcile::Heard(5, then), &[1, 3, 5, 172, 2]),
            (Reconcile::Behind, &[1, 4]),
        ];
        for (row, bytes) in rows {
            assert_eq!(RECONCILE.encode(&row).unwrap(), bytes, "{row:?}");
        }
    }
}
