//! The directory is told which account took the place of a former one of ours, for as long as that is said.

use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::directory::profile::dht_keys;
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::domain::directory::succession::VerifiedSuccession;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::own::ACCOUNTS;
use crate::engine::effects::Effect;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::pending::Question;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};

/// Former accounts of ours that lead to the one in their place, by the account.
pub const FORWARDED: Table<Forwarded> = Table::new(TableId::Successions, 1);

/// What is said of a former account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Forwarded {
    /// Until when it is said.
    pub until: Time,
    /// The number of the last statement; 0 before the first.
    pub seq: u64,
}

impl Engine {
    /// A business's account was put in the place of `former`, under which customers may look for it: the directory is
    /// told, of this one and of those before it.
    pub(super) fn forward_from(&mut self, step: &Step<'_, '_>, former: AccountId) {
        if !self.is_business() || step.tx.row(&OWN_PROFILE, OWN_PROFILE_ID).is_none() {
            return;
        }
        let until = step.now.plus(limits::SUCCESSION_LIFE);
        step.tx.put(&FORWARDED, FORWARDED.key(former.as_bytes()), Forwarded { until, seq: 0 });
        for (key, _) in step.tx.scan(&FORWARDED, &FORWARDED.all()) {
            if let Some(account) = AccountId::from_slice(&key.id) {
                self.agenda.set(step.tx, Job::Forward(account), step.now);
            }
        }
    }

    /// There is a directory: what is due was perhaps said to nobody.
    pub(super) fn forward_soon(&mut self, step: &Step<'_, '_>, former: AccountId) {
        let retries = |due: Time| due.since(step.now) <= limits::RETRY_LAST;
        if self.agenda.due(&Job::Forward(former)).is_some_and(retries) {
            self.agenda.set_by(step.tx, Job::Forward(former), step.now);
        }
    }

    /// Says once more who stands where a former account stood, or no longer.
    pub(super) fn forward(&mut self, step: &Step<'_, '_>, former: AccountId) {
        let key = FORWARDED.key(former.as_bytes());
        let Some(known) = step.tx.copy(&FORWARDED, former.as_bytes()) else { return };
        if known.until <= step.now {
            return step.tx.delete(&FORWARDED, key);
        }
        let keys = self.device_keys(&former);
        let record = VerifiedSuccession::sign(&keys, &line(step, former), known.seq, step.now);
        let record = record.and_then(|record| VerifiedSuccession::verify(&record, step.now).ok());
        let Some(record) = record.filter(|_| self.online) else {
            return self.agenda.set(step.tx, Job::Forward(former), step.now.plus(limits::RETRY_LAST));
        };
        step.tx.put(&FORWARDED, key, Forwarded { seq: record.seq(), ..known });
        self.agenda.set(step.tx, Job::Forward(former), step.now.plus(limits::REPUBLISH_AFTER));
        let expires_in = record.expires().since(step.now);
        for key in dht_keys(&former) {
            let value = record.bytes().to_vec();
            // The business may be the only node of a directory.
            self.effects.push(Effect::Keep { key, value: value.clone(), expires_in });
            let question = Question::SuccessionPut { former };
            self.ask_network(question, |query| Effect::PutRecord { query, key, value, expires_in });
        }
    }

    /// A statement was put, or not: one that reached nobody is tried again soon.
    pub(super) fn succession_put(&mut self, step: &Step<'_, '_>, former: AccountId, peers_asked: u32) {
        if peers_asked == 0 && step.tx.row(&FORWARDED, former.as_bytes()).is_some() {
            self.agenda.set_by(step.tx, Job::Forward(former), step.now.plus(limits::RETRY_LAST));
        }
    }
}

/// The ended logs from `former` on, as many as a statement has.
fn line(step: &Step<'_, '_>, former: AccountId) -> Vec<AccountLog> {
    let mut logs = Vec::new();
    let mut next = Some(former);
    while logs.len() < limits::FORMER_MAX
        && let Some(own) = next.and_then(|account| step.tx.row(&ACCOUNTS, account.as_bytes()))
    {
        next = own.log.successor();
        logs.extend(next.map(|_| own.log.clone()));
    }
    logs
}
