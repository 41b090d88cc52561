//! A light node: the engine over rows in memory and a network that only dials; very many fit into one process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::crypto::secret::Secret;
use crate::domain::identity::account::Seed;
use crate::domain::identity::primary::Primary;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::event::Event;
use crate::engine::input::{Input, QueryId, Ticket};
use crate::engine::machine::{Engine, Me};
use crate::net::config::StartError;
use crate::net::handle::Handle as Network;
use crate::net::light;
use crate::net::message;
use crate::node::clock::Clock;
use crate::node::identity::system_rng;
use crate::node::pool::Pool;
use crate::node::translate;
use crate::store::memory::Memory;
use crate::store::snapshot::Fault;
use crate::store::table::Reader;
use crate::store::tx::Tx;

/// Events of the network that wait: for a node that speaks with one other.
const NETWORK_QUEUE: usize = 16;
/// The longest sleep, so that a clock that was set is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// A person's node that is thrown away: a fresh identity, nothing on a disk, dialled by nobody. What it says and how it
/// says it is what every node does; its owner drives it by calling [`Light::wait`] and [`Light::decide`] in turn.
pub struct Light {
    engine: Engine,
    rows: Memory,
    clock: Clock,
    network: Network,
    heard: mpsc::Receiver<message::Event>,
    puzzles: JoinSet<(QueryId, u64)>,
    /// What the directory is taken to hold, whatever it is asked for.
    records: Arc<[Vec<u8>]>,
    inputs: Vec<Input>,
    tickets: Ticket,
}

/// What came of a group of inputs.
#[derive(Debug, Default)]
pub struct Told {
    /// What a screen would show.
    pub shown: Vec<Event>,
    /// What was answered to commands.
    pub answers: Vec<(Ticket, Result<Outcome, Refusal>)>,
}

/// A light node can't go on.
#[derive(Debug, thiserror::Error)]
pub enum LightError {
    /// Its rows make no sense.
    #[error(transparent)]
    Store(#[from] Fault),
    /// Its network has ended.
    #[error("the network has ended")]
    Network,
}

impl Light {
    /// Starts a person's node with a fresh identity, for which the directory holds these records; to be called inside a
    /// tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(records: Arc<[Vec<u8>]>) -> Result<Self, StartError> {
        let (clock, mut rng) = (Clock::default(), system_rng());
        let (seed, device) = (Seed::random(&mut rng), Secret::random(&mut rng));
        let transport: Secret<32> = Secret::random(&mut rng);
        let (events, heard) = mpsc::channel(NETWORK_QUEUE);
        let (network, _) = light::start(Zeroizing::new(*transport.expose()), events)?;
        let kind = AccountKind::Person;
        let primary = Some(Primary::begin(&seed, &device, kind, clock.now()));
        let rows = Memory::default();
        let engine = Engine::new(Me { primary, device, kind }, &Reader::new(&rows));
        let inputs = vec![Input::Started { peer: Some(network.local().clone()) }, Input::Bootstrapped(1)];
        let puzzles = JoinSet::new();
        Ok(Self { engine, rows, clock, network, heard, puzzles, records, inputs, tickets: 0 })
    }

    /// Its account, as friends know it.
    pub const fn account(&self) -> AccountId {
        self.engine.account()
    }

    /// Asks for something; it is carried out, and answered under this ticket, by the next [`Light::decide`].
    pub fn command(&mut self, command: Command) -> Ticket {
        self.tickets += 1;
        self.inputs.push(Input::Command { ticket: self.tickets, command });
        self.tickets
    }

    /// Waits until there is something to decide; can be dropped at any time without loss.
    ///
    /// # Errors
    /// [`LightError::Network`].
    pub async fn wait(&mut self) -> Result<(), LightError> {
        if !self.inputs.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let pause = self.engine.next_deadline().map_or(SLEEP_MAX, |due| due.since(now)).min(SLEEP_MAX);
        tokio::select! {
            event = self.heard.recv() => {
                self.inputs.extend(translate::input(event.ok_or(LightError::Network)?));
            }
            Some(Ok((query, work))) = self.puzzles.join_next(), if !self.puzzles.is_empty() => {
                self.inputs.push(Input::Worked { query, work });
            }
            () = tokio::time::sleep(pause) => {}
        }
        Ok(())
    }

    /// Decides what there is in one transaction, and carries out what follows.
    ///
    /// # Errors
    /// [`LightError::Store`]; nothing leaves the node then.
    pub async fn decide(&mut self) -> Result<Told, LightError> {
        let mut told = Told::default();
        for effect in self.effects()? {
            match effect {
                Effect::Reply { ticket, result } => told.answers.push((ticket, result)),
                Effect::Show(event) => told.shown.push(event),
                Effect::Work { query, puzzle } => {
                    self.puzzles.spawn_blocking(move || (query, puzzle.solve()));
                }
                Effect::GetRecord { query, .. } => {
                    let values = self.records.to_vec();
                    self.inputs.push(Input::GotRecords { query, values, peers_asked: 1 });
                }
                Effect::PutRecord { query, .. } => self.inputs.push(Input::PutDone { query, peers_asked: 0 }),
                Effect::ClosestPeers { query, .. } => {
                    self.inputs.push(Input::Closest { query, peers: Vec::new() });
                }
                other => {
                    if let Ok(command) = translate::command(other) {
                        self.network.command(command).await.map_err(|_| LightError::Network)?;
                    }
                }
            }
        }
        Ok(told)
    }

    /// Commits what follows from the inputs that are there, and gives what may leave.
    fn effects(&mut self) -> Result<Vec<Effect>, Fault> {
        while self.inputs.len() < limits::GROUP_MAX
            && let Ok(event) = self.heard.try_recv()
        {
            self.inputs.extend(translate::input(event));
        }
        let (now, mut rng) = (self.clock.now(), Pool::over(system_rng()));
        let tx = Tx::new(&self.rows);
        if self.engine.next_deadline().is_some_and(|due| due <= now) {
            self.engine.handle(now, Input::Tick, &tx, &mut rng);
        }
        for input in self.inputs.drain(..) {
            self.engine.handle(now, input, &tx, &mut rng);
        }
        let effects = self.engine.finish(now, tx, &mut rng)?;
        let committed = self.rows.commit(effects.batch);
        Ok(effects.held.release(&committed))
    }
}
