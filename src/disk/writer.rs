//! The journal's thread: it gathers waiting batches, makes them durable with one sync, and says so.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use crate::base::limits;
use crate::disk::journal::Journal;
use crate::disk::record::{self, Row};
use crate::disk::shared::{Begun, Shared};
use crate::disk::tree;
use crate::store::snapshot::Fault;
use crate::store::tx::{Committed, Uncommitted};

/// What is called once a batch is durable, or never will be.
pub type Done = Box<dyn FnOnce(Result<Committed, Fault>) + Send>;

/// What the journal's thread is asked to do.
pub(in crate::disk) enum Job {
    Commit(Pending),
    /// Begin a new segment and answer its number.
    Roll(SyncSender<u64>),
    Stop,
}

/// A staged batch on its way. However it ends, its promise is answered exactly once.
pub(in crate::disk) struct Pending {
    rows: Vec<Row>,
    size: usize,
    promise: Option<(Uncommitted, Done)>,
}

impl Pending {
    pub(in crate::disk) fn new(rows: Vec<Row>, uncommitted: Uncommitted, done: Done) -> Self {
        Self { size: record::size(&rows), rows, promise: Some((uncommitted, done)) }
    }

    /// Bytes that the batch adds to a record.
    pub(in crate::disk) const fn size(&self) -> usize {
        self.size
    }

    /// The rows.
    pub(in crate::disk) fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn succeed(mut self) {
        if let Some((uncommitted, done)) = self.promise.take() {
            done(Ok(uncommitted.durable()));
        }
    }

    pub(in crate::disk) fn fail(mut self, fault: Fault) {
        if let Some((_, done)) = self.promise.take() {
            done(Err(fault));
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some((_, done)) = self.promise.take() {
            done(Err(closed()));
        }
    }
}

/// The fault of a commit that came too late.
pub(in crate::disk) fn closed() -> Fault {
    Fault("the database is closed".into())
}

/// Works until it is told to stop, or nobody can ask for anything any more. Answers the number that the next
/// segment would have.
pub(in crate::disk) fn run(mut journal: Journal, shared: &Arc<Shared>, jobs: &Receiver<Job>) -> u64 {
    let mut kept = None;
    while let Some(job) = kept.take().or_else(|| jobs.recv().ok()) {
        match job {
            Job::Commit(first) => {
                let group;
                (group, kept) = gather(first, jobs);
                commit(&mut journal, shared, group);
            }
            Job::Roll(reply) => {
                if shared.fault.get().is_some() {
                    continue;
                }
                match journal.roll() {
                    // Whoever asked may have gone.
                    Ok(number) => drop(reply.send(number)),
                    Err(error) => drop(shared.poison(tree::fault(&shared.place.directory, &error))),
                }
            }
            Job::Stop => break,
        }
    }
    journal.next_number()
}

/// Takes every batch that waits, up to about [`limits::JOURNAL_GROUP_BYTES`], and the other job that came next.
fn gather(first: Pending, jobs: &Receiver<Job>) -> (Vec<Pending>, Option<Job>) {
    let mut size = first.size;
    let mut group = vec![first];
    while size < limits::JOURNAL_GROUP_BYTES {
        match jobs.try_recv() {
            Ok(Job::Commit(next)) if size + next.size <= limits::JOURNAL_RECORD_MAX => {
                size += next.size;
                group.push(next);
            }
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}

fn commit(journal: &mut Journal, shared: &Shared, mut group: Vec<Pending>) {
    // Batches without rows wait only for those before them, and these are durable.
    let is_empty = group.iter().all(|pending| pending.rows.is_empty());
    let appended = if is_empty {
        shared.fault.get().cloned().map_or(Ok(()), Err)
    } else {
        append(journal, shared, &group)
    };
    if let Err(fault) = appended {
        group.into_iter().for_each(|pending| pending.fail(fault.clone()));
        return;
    }
    if is_empty {
        return group.into_iter().for_each(Pending::succeed);
    }
    let rolls = journal.rolls();
    let first = group.iter().flat_map(Pending::rows).map(|(_, cell)| cell.sequence).next();
    let mut state = shared.lock();
    if let Some(sequence) = first.filter(|_| state.rolls != rolls) {
        state.segments.push_back(Begun { number: journal.number(), sequence });
    }
    for pending in &mut group {
        if let Some(changed) = &mut state.changed {
            pending.rows.iter().for_each(|(key, cell)| changed.insert(key.clone(), cell.clone()));
        }
        state.overlay.settle(core::mem::take(&mut pending.rows));
    }
    state.groups += 1;
    // The applier sleeps without a deadline while there is nothing for it, and until a bound is reached after.
    let first_rows = core::mem::take(&mut state.asleep);
    let due = state.overlay.durable_bytes() > shared.options.overlay_soft_bytes || shared.journal_is_long();
    if first_rows || due || state.rolls != rolls {
        state.rolls = rolls;
        shared.work.notify_one();
    }
    drop(state);
    group.into_iter().for_each(Pending::succeed);
}

/// One record, one write, one sync. After the first error nothing is written any more.
fn append(journal: &mut Journal, shared: &Shared, group: &[Pending]) -> Result<(), Fault> {
    if let Some(fault) = shared.fault.get() {
        return Err(fault.clone());
    }
    let mut body = Vec::with_capacity(group.iter().map(Pending::size).sum::<usize>() + 32);
    group.iter().for_each(|pending| record::write(&pending.rows, &mut body));
    journal.append(body).map_err(|error| shared.poison(tree::fault(&shared.place.directory, &error)))
}
