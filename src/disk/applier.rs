//! The applier's thread: it brings durable rows into sled when there is time, and makes checkpoints.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};

use zeroize::Zeroizing;

use crate::base::limits;
use crate::crypto::aead::XNONCE_LEN;
use crate::disk::journal;
use crate::disk::manifest::Manifest;
use crate::disk::overlay::Cell;
use crate::disk::shared::{Begun, Shared, State, wait};
use crate::disk::tree::{self, SealedRow};
use crate::disk::vault::PhysicalKey;
use crate::disk::writer::Job;
use crate::store::snapshot::Fault;
use std::sync::atomic::Ordering;

/// What the applier does next.
enum Task {
    /// Bring rows in while the node is idle, or until few are left.
    Apply,
    /// Make the journal's next segment ahead of time, as after every task.
    Spare,
    /// Bring the rows of batches before this one in, of a node that is too busy to wait for rest.
    Relieve(u64),
    /// Bring the rows of the journal's older half in and let it go.
    Shorten(Begun),
    /// Bring all rows in and let old segments go; answers so many requests.
    Checkpoint(u64),
    Stop,
}

/// Works until it is told to stop, or something fails.
pub(in crate::disk) fn run(shared: &Arc<Shared>, jobs: &SyncSender<Job>) {
    loop {
        let done = match next_task(shared) {
            Task::Stop => return,
            Task::Apply => sweep(shared, true, u64::MAX).map(drop),
            Task::Spare => Ok(()),
            Task::Relieve(before) => relieve(shared, before),
            Task::Shorten(middle) => checkpoint(shared, middle.number, true, middle.sequence),
            Task::Checkpoint(asked) => checkpoint_running(shared, jobs, asked),
        };
        if let Err(fault) = done.and_then(|()| keep_spare(shared)) {
            shared.poison(fault);
            return;
        }
    }
}

/// Brings the rows of batches before number `before` in, then notes that replay begins at segment `first`, then lets
/// older segments go. Every row of an older segment must be in sled, or in the overlay, there written by such a batch
/// or again by a later one.
pub(in crate::disk) fn checkpoint(
    shared: &Shared,
    first: u64,
    begun: bool,
    before: u64,
) -> Result<(), Fault> {
    if !sweep(shared, false, before)? {
        return Ok(());
    }
    let number = shared.tree.last_checkpoint()? + 1;
    shared.tree.checkpoint(number)?;
    let manifest = Manifest { database: shared.database, checkpoint: number, first_segment: first, begun };
    let failed = |error: std::io::Error| tree::fault(&shared.manifest, &error);
    manifest.write(&*shared.place.medium, &shared.manifest, &shared.data_key).map_err(failed)?;
    journal::remove_before(&shared.place, first)
        .map_err(|error| tree::fault(&shared.place.directory, &error))?;
    shared.checkpoints.fetch_add(1, Ordering::Relaxed);
    shared.lock().segments.retain(|segment| segment.number > first);
    // Whoever commits may wait for room in the journal, not for room in memory.
    shared.room.notify_all();
    Ok(())
}

fn checkpoint_running(shared: &Shared, jobs: &SyncSender<Job>, asked: u64) -> Result<(), Fault> {
    let (reply, number) = sync_channel(1);
    let sent = jobs.send(Job::Roll(reply)).is_ok();
    // Where the journal's thread has ended or failed, whoever waits is woken by that.
    let Some(first) = number.recv().ok().filter(|_| sent) else { return Ok(()) };
    checkpoint(shared, first, true, u64::MAX)?;
    let mut state = shared.lock();
    if !state.stop {
        state.answered = state.answered.max(asked);
    }
    shared.room.notify_all();
    Ok(())
}

fn next_task(shared: &Shared) -> Task {
    let mut state = shared.lock();
    loop {
        if state.stop || shared.fault.get().is_some() {
            return Task::Stop;
        }
        if state.asked > state.answered {
            return Task::Checkpoint(state.asked);
        }
        if shared.journal_is_long() {
            return shared.middle(&state).map_or(Task::Checkpoint(state.asked), Task::Shorten);
        }
        if state.overlay.durable_bytes() > shared.options.overlay_soft_bytes {
            return Task::Relieve(state.segments.back().map_or(u64::MAX, |segment| segment.sequence));
        }
        if spare_is_wanted(&state) {
            return Task::Spare;
        }
        if state.overlay.durable.len() == 0 {
            state.asleep = true;
            state = wait(&shared.work, state);
            continue;
        }
        let groups = state.groups;
        let waited = shared.work.wait_timeout(state, shared.options.settle);
        let (after, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state = after;
        if timeout.timed_out() && state.groups == groups {
            return Task::Apply;
        }
    }
}

/// Makes room in memory: with the rows of batches before number `before`, and with all of them where that isn't enough.
fn relieve(shared: &Shared, before: u64) -> Result<(), Fault> {
    sweep(shared, true, before)?;
    if shared.lock().overlay.durable_bytes() > shared.options.overlay_soft_bytes {
        sweep(shared, true, u64::MAX)?;
    }
    Ok(())
}

/// One pass over the durable rows of batches before number `before`, in the order of their keys and by small steps;
/// whether it got to the end. A patient pass ends early when the node gets busy and memory allows; every pass when it
/// is told to stop.
fn sweep(shared: &Shared, patient: bool, before: u64) -> Result<bool, Fault> {
    let mut cursor: Option<PhysicalKey> = None;
    let groups = shared.lock().groups;
    loop {
        let (chunk, last) = {
            let state = shared.lock();
            let busy = state.groups != groups
                && state.overlay.durable_bytes() <= shared.options.overlay_soft_bytes / 2;
            if state.stop || (patient && (busy || state.asked > state.answered)) {
                return Ok(false);
            }
            state.overlay.durable.chunk(cursor.as_ref(), before, limits::APPLY_ROWS, limits::APPLY_BYTES)
        };
        if last.is_none() {
            return Ok(true);
        }
        cursor = last;
        if chunk.is_empty() {
            continue;
        }
        let written = shared.tree.apply(sealed(shared, &chunk)?)?;
        shared.applied.fetch_add(written, Ordering::Relaxed);
        let mut state = shared.lock();
        for (key, cell) in &chunk {
            state.overlay.durable.remove(key, cell.sequence);
        }
        shared.room.notify_all();
    }
}

fn sealed(shared: &Shared, chunk: &[(PhysicalKey, Cell)]) -> Result<Vec<SealedRow>, Fault> {
    let mut nonces = Zeroizing::new(vec![[0; XNONCE_LEN]; chunk.len()]);
    getrandom::fill(nonces.as_flattened_mut())
        .map_err(|error| Fault(format!("the system gives no random bytes: {error}")))?;
    let rows = chunk.iter().zip(nonces.iter());
    rows.map(|((key, cell), nonce)| {
        let value = cell.value.as_ref().map(|value| shared.vault.seal(key, &cell.id, value, nonce));
        Ok((key.clone(), value.transpose()?))
    })
    .collect()
}

/// Nodes that have filled a segment get the next one made ahead of time.
const fn spare_is_wanted(state: &State) -> bool {
    state.rolls > state.spares
}

fn keep_spare(shared: &Shared) -> Result<(), Fault> {
    let rolls = {
        let state = shared.lock();
        if !spare_is_wanted(&state) {
            return Ok(());
        }
        state.rolls
    };
    journal::prepare_spare(&shared.place).map_err(|error| tree::fault(&shared.place.directory, &error))?;
    shared.lock().spares = rolls;
    Ok(())
}
