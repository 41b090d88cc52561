//! A restored business looks for what it had said before; until then it publishes and issues nothing.

use serde::{Deserialize, Serialize};

use crate::base::time::Time;
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::own::ACCOUNTS;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::input::Ticket;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::pending::{Fetched, Want};
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::wire::account::LogOperation;

/// How it stands with what was said before a restore; no row where nothing was restored.
const RECONCILE: Table<Reconcile> = Table::new(TableId::Reconcile, 1);
const RECONCILE_ID: &[u8] = b"reconcile";

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Reconcile {
    /// Not looked for yet.
    Open,
    /// The profile of this number was found, then.
    Found(u64, Time),
    /// Nothing was found, and the business says that there is nothing.
    Forced(Time),
}

/// Whether this business may publish and issue events of charging now: it was never restored, or knows what it said
/// before.
pub fn may_issue(rows: &impl Rows) -> bool {
    rows.copy(&RECONCILE, RECONCILE_ID) != Some(Reconcile::Open)
}

/// The same, as a refusal.
pub(super) fn must_be(rows: &impl Rows) -> Result<(), Refusal> {
    if may_issue(rows) { Ok(()) } else { Err(Refusal::Unreconciled) }
}

/// The store is new, and its business was restored.
pub(super) fn begin(step: &Step<'_, '_>) {
    settle(step, Reconcile::Open);
}

fn settle(step: &Step<'_, '_>, how: Reconcile) {
    step.tx.put(&RECONCILE, RECONCILE.key(RECONCILE_ID), how);
}

impl Engine {
    /// Looks for the profile that this business published before it was restored.
    pub(super) fn reconcile(&mut self, step: &mut Step<'_, '_>, ticket: Ticket) {
        if may_issue(step.tx) {
            return self.reply(ticket, Ok(Outcome::Done));
        }
        match self.signing_key() {
            Err(refusal) => self.reply(ticket, Err(refusal)),
            Ok(key) => {
                let account = self.account;
                self.fetch(step, account, Want::Reconcile(ticket, Box::new(key)));
            }
        }
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
        self.go_on_from(step, key, found.log());
        let seq = found.profile().seq;
        settle(step, Reconcile::Found(seq, step.now));
        self.publish_now(step);
        self.reply(ticket, Ok(Outcome::Reconciled { seq }));
    }

    /// The business says that there is nothing to go on from, or that it was looked for in vain.
    pub(super) fn reconcile_by_force(&mut self, step: &Step<'_, '_>) -> Result<Outcome, Refusal> {
        if !may_issue(step.tx) {
            settle(step, Reconcile::Forced(step.now));
            self.publish_now(step);
        }
        Ok(Outcome::Done)
    }

    fn publish_now(&mut self, step: &Step<'_, '_>) {
        if step.tx.with(&OWN_PROFILE, &OWN_PROFILE.key(OWN_PROFILE_ID), |_| ()).is_some() {
            self.agenda.set(step.tx, Job::Publish, step.now);
        }
    }

    /// A restored business goes on from the log that it published before, as long as it told nobody of a new one: its
    /// customers then still have what proves the receipts that they were given.
    fn go_on_from(&mut self, step: &mut Step<'_, '_>, key: &AccountKey, found: &AccountLog) {
        let Some(own) = self.own(step, &self.account) else { return };
        let is_fresh = own.log.entries().len() == 1 && self.contacts == 0;
        if !is_fresh || found.successor().is_some() || own.log.generation() <= found.head().seq {
            return;
        }
        let mut log = found.clone();
        let device = own.log.state().members.first().cloned();
        let opened = device.map(|device| log.append(key, LogOperation::Open(device, Vec::new()), step.now));
        if opened == Some(Ok(())) {
            step.tx.edit(&ACCOUNTS, &ACCOUNTS.key(self.account.as_bytes()), |own| own.log = log);
            self.refresh_own(step);
        }
    }
}
