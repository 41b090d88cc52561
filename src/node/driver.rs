//! The driver: drains inputs into one transaction, hands the batch to the disk, and goes on deciding.

use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use crate::base::id::AccountId;
use crate::base::limits;
use crate::disk::database::Database;
use crate::engine::command::{Command, Outcome};
use crate::engine::input::{Input, Ticket};
use crate::engine::machine::{Counters, Engine};
use crate::engine::publication::LastPublication;
use crate::node::clock::Clock;
use crate::node::event_log::EventLog;
use crate::node::identity::system_rng;
use crate::node::pool::Pool;
use crate::node::wait;
use crate::store::snapshot::Fault;
use crate::store::tx::Tx;

/// What the driver is told.
pub(super) enum Message {
    /// Something for the engine.
    Input(Input),
    /// A command, rows that are none of the engine's, to be written with what it decides, and its place among those that
    /// wait, which it leaves once it is decided.
    Command { ticket: Ticket, command: Command, then: Then, place: OwnedSemaphorePermit },
    /// How is it going?
    Status(oneshot::Sender<EngineStatus>),
    /// Rows that are none of the engine's.
    Write(Write),
    /// Forget the events of the log before this number.
    ForgetEvents(u64),
    /// Finish what is there, and end.
    Stop,
}

/// Stages rows in the open transaction, and gives what is to be called once they are durable. Where they can't be stored
/// it has staged nothing, has said so, and gives nothing.
pub(super) type Write = Box<dyn FnOnce(&Tx<'_>) -> Option<Box<dyn FnOnce() + Send>> + Send>;

/// Stages rows in the transaction in which a command was done, by what came of it.
pub(super) type Then = Box<dyn FnOnce(&Tx<'_>, &Outcome) + Send>;

/// How the engine is doing.
#[derive(Clone, Debug)]
pub struct EngineStatus {
    /// What bad input was dropped.
    pub counters: Counters,
    /// Peers that are connected.
    pub peers: usize,
    /// What came of the last publication of a business's profile since the start.
    pub published: Option<LastPublication>,
}

/// Batches that may wait for the disk at once: one on its way to the platter, one being gathered behind it. More would
/// only make groups smaller.
const BATCHES_IN_FLIGHT: usize = 2;
/// The longest sleep, so that a clock that was set is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// One thread that owns the engine.
pub(super) struct Driver {
    pub(super) engine: Engine,
    pub(super) database: Database,
    pub(super) inputs: mpsc::Receiver<Message>,
    pub(super) released: mpsc::Sender<Vec<crate::engine::effects::Effect>>,
    pub(super) clock: Clock,
    /// What the screens are told, kept for those who come later.
    pub(super) log: EventLog,
    /// Which account the node speaks for.
    pub(super) speaking: watch::Sender<AccountId>,
}

impl Driver {
    /// Decides until it is told to stop, or the store fails. Nothing that was decided on a failed read is stored,
    /// sent or shown.
    pub(super) fn run(mut self) -> Result<(), Fault> {
        let (done, mut finished) = mpsc::channel::<Result<(), Fault>>(BATCHES_IN_FLIGHT);
        let mut in_flight = 0;
        let mut stopping = false;
        let mut group = Vec::with_capacity(limits::GROUP_MAX);
        while !stopping {
            while let Ok(result) = finished.try_recv() {
                in_flight -= 1;
                result?;
            }
            self.gather(&mut group);
            while in_flight >= BATCHES_IN_FLIGHT {
                // The disk is busy: what comes meanwhile joins this group.
                in_flight -= 1;
                finished.blocking_recv().unwrap_or(Ok(()))?;
                self.gather_more(&mut group);
            }
            stopping = self.decide(&mut group, &done)?;
            in_flight += 1;
        }
        while in_flight > 0 {
            in_flight -= 1;
            finished.blocking_recv().unwrap_or(Ok(()))?;
        }
        Ok(())
    }

    /// Waits for the first input or the next deadline, then takes what else is there.
    fn gather(&mut self, group: &mut Vec<Message>) {
        let pause =
            self.engine.next_deadline().map_or(SLEEP_MAX, |due| due.since(self.clock.now())).min(SLEEP_MAX);
        group.extend(wait::next(&mut self.inputs, pause));
        self.gather_more(group);
        if self.inputs.is_closed() && self.inputs.is_empty() && group.is_empty() {
            group.push(Message::Stop);
        }
    }

    fn gather_more(&mut self, group: &mut Vec<Message>) {
        let mut weight: usize = group.iter().map(weight).sum();
        while weight < limits::GROUP_MAX {
            let Ok(message) = self.inputs.try_recv() else { return };
            weight += self::weight(&message);
            group.push(message);
        }
    }

    /// One group, one transaction. Returns whether to stop after it.
    fn decide(
        &mut self,
        group: &mut Vec<Message>,
        done: &mpsc::Sender<Result<(), Fault>>,
    ) -> Result<bool, Fault> {
        let now = self.clock.now();
        let mut rng = Pool::over(system_rng());
        let view = self.database.engine_view();
        let tx = Tx::new(&view);
        let mut stop = false;
        let mut written = Vec::new();
        let mut forget = 0;
        if self.engine.next_deadline().is_some_and(|due| due <= now) {
            self.engine.handle(now, Input::Tick, &tx, &mut rng);
        }
        for message in group.drain(..) {
            match message {
                Message::Input(input) => self.engine.handle(now, input, &tx, &mut rng),
                Message::Command { ticket, command, then, place } => {
                    self.engine.handle(now, Input::Command { ticket, command }, &tx, &mut rng);
                    if let Some(Ok(outcome)) = self.engine.answer_to(ticket) {
                        then(&tx, outcome);
                    }
                    drop(place);
                }
                Message::Status(reply) => {
                    let status = EngineStatus {
                        counters: self.engine.counters(),
                        peers: self.engine.peers_connected(),
                        published: self.engine.last_publication(),
                    };
                    let _ = reply.send(status);
                }
                Message::Write(write) => written.extend(write(&tx)),
                Message::ForgetEvents(before) => forget = before.max(forget),
                Message::Stop => stop = true,
            }
        }
        let mut effects = self.engine.finish(now, tx, &mut rng)?;
        self.log.record(now, effects.held.shown(), &mut effects.batch)?;
        self.log.forget(forget, &mut effects.batch)?;
        let account = self.engine.account();
        self.speaking.send_if_modified(|known| core::mem::replace(known, account) != account);
        let (held, done, released) = (effects.held, done.clone(), self.released.clone());
        let logged = self.log.announcement();
        let on_durable = move |result: Result<crate::store::tx::Committed, Fault>| {
            let result = result.map(|committed| {
                written.into_iter().for_each(|written| written());
                logged();
                let effects = held.release(&committed);
                if !effects.is_empty() {
                    // Fails only when the node is gone, and then nobody waits for the effects.
                    let _ = released.blocking_send(effects);
                }
            });
            let _ = done.blocking_send(result);
        };
        self.database.commit(effects.batch, Box::new(on_durable));
        Ok(stop)
    }
}

/// How much work a message is: a batch of frames weighs as many as it has.
fn weight(message: &Message) -> usize {
    match message {
        Message::Input(Input::Frames { frames, .. }) => frames.len(),
        _ => 1,
    }
}
