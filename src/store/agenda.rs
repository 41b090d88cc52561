//! The agenda: every deadline is a row, so that timers survive a crash for nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

/// One deadline: what is to be done, and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Deadline {
    due: Time,
    job: Vec<u8>,
}

const AGENDA: Table<Deadline> = Table::new(TableId::Agenda, 1);

/// The deadlines of all jobs, soonest first. A job has at most one deadline: setting it again moves it.
///
/// The rows are the truth; this index over them is made anew when a node starts.
#[derive(Debug, Default)]
pub struct Agenda<J> {
    by_due: BTreeSet<(Time, J)>,
    by_job: BTreeMap<J, Time>,
}

impl<J: Ord + Clone + Serialize + DeserializeOwned> Agenda<J> {
    /// Reads all deadlines.
    pub fn load(rows: &impl Rows) -> Self {
        let mut agenda = Self { by_due: BTreeSet::new(), by_job: BTreeMap::new() };
        for (_, deadline) in rows.scan(&AGENDA, &AGENDA.all()) {
            if let Ok(job) = postcard::from_bytes::<J>(&deadline.job) {
                agenda.index(job, deadline.due);
            }
        }
        agenda
    }

    /// The soonest deadline.
    pub fn next(&self) -> Option<Time> {
        self.by_due.first().map(|(due, _)| *due)
    }

    /// When `job` is due, if it is on the agenda.
    pub fn due(&self, job: &J) -> Option<Time> {
        self.by_job.get(job).copied()
    }

    /// Sets the deadline of `job`, or moves it.
    pub fn set(&mut self, tx: &Tx<'_>, job: J, due: Time) {
        if self.due(&job) == Some(due) {
            return;
        }
        let id = encoded(&job);
        tx.put(&AGENDA, AGENDA.key(&id), Deadline { due, job: id.clone() });
        self.index(job, due);
    }

    /// Sets the deadline of `job` unless one that is sooner stands already.
    pub fn set_by(&mut self, tx: &Tx<'_>, job: J, due: Time) {
        if self.due(&job).is_none_or(|standing| due < standing) {
            self.set(tx, job, due);
        }
    }

    /// Takes `job` off the agenda.
    pub fn clear(&mut self, tx: &Tx<'_>, job: &J) {
        if let Some(due) = self.by_job.remove(job) {
            self.by_due.remove(&(due, job.clone()));
            tx.delete(&AGENDA, AGENDA.key(&encoded(job)));
        }
    }

    /// Takes the jobs that are due off the agenda, soonest first.
    pub fn take_due(&mut self, tx: &Tx<'_>, now: Time) -> Vec<J> {
        let due: Vec<J> =
            self.by_due.iter().take_while(|(due, _)| *due <= now).map(|(_, job)| job.clone()).collect();
        due.iter().for_each(|job| self.clear(tx, job));
        due
    }

    fn index(&mut self, job: J, due: Time) {
        if let Some(before) = self.by_job.insert(job.clone(), due) {
            self.by_due.remove(&(before, job.clone()));
        }
        self.by_due.insert((due, job));
    }
}

/// A job as bytes. Jobs are small enums of ids, which postcard always writes.
fn encoded<J: Serialize>(job: &J) -> Vec<u8> {
    postcard::to_stdvec(job).unwrap_or_default()
}
