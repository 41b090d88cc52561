//! A running node: what a program that embeds sigillo holds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};
use zeroize::Zeroizing;

use crate::base::id::{AccountId, FileId};
use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::disk::blobs::Blobs;
use crate::disk::database::Database;
use crate::disk::error::OpenError;
use crate::disk::home::Home;
use crate::disk::options::{Options, Recovery, Sizes};
use crate::domain::files::rules::Rules;
use crate::domain::identity::keystore::Keystore;
use crate::domain::identity::primary::Primary;
use crate::domain::identity::sibling;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::event::Event;
use crate::engine::file_view;
use crate::engine::input::{Input, Ticket};
use crate::engine::machine::{Engine, Me, NOBODY};
use crate::net;
use crate::node::clock::Clock;
use crate::node::config::{Config, Directory};
use crate::node::driver::{Driver, EngineStatus, Message};
use crate::node::event_log::EventLog;
use crate::node::files::keeper::{Keeper, ORDERS_MAX};
use crate::node::files::room::{FileCounts, Room};
use crate::node::laboratory::Laboratory;
use crate::node::mailbox::RulesError;
use crate::node::outlet::{Outlet, Waiting};
use crate::node::ports::Ports;
use crate::node::relays::KnownRelays;
use crate::node::translate;
use crate::node::worker::{PUZZLES_MAX, Worker};
use crate::store::snapshot::Fault;
use crate::store::table::Reader;
use crate::store::tx::Tx;

/// Groups of effects that wait to be carried out.
const RELEASED_QUEUE: usize = 64;
/// Events that a slow listener may lag behind before it misses some, by kind of account. Their places are memory from
/// the first moment on, so what is large in an event lies elsewhere.
const fn event_queue(kind: AccountKind) -> usize {
    match kind {
        AccountKind::Person => 1_024,
        AccountKind::Business => 4_096,
    }
}
const _: () = assert!(size_of::<Event>() <= 128);
/// Events of the network that wait to become inputs.
const NETWORK_QUEUE: usize = 256;

/// A node. Cheap to clone; it runs until [`Node::shutdown`].
#[derive(Clone)]
pub struct Node {
    shared: Arc<Shared>,
}

struct Shared {
    account: watch::Receiver<AccountId>,
    kind: AccountKind,
    primary: bool,
    clock: Clock,
    home: PathBuf,
    inputs: mpsc::Sender<Message>,
    events: broadcast::Sender<Event>,
    waiting: Waiting,
    tickets: AtomicU64,
    /// A place for each command that may wait to be decided.
    commands: Arc<Semaphore>,
    database: Database,
    data_key: Secret<32>,
    network: Option<net::handle::Handle>,
    recovery: Recovery,
    files: Arc<Room>,
    file_rules: Rules,
    logging: Arc<AtomicBool>,
    logged: watch::Receiver<u64>,
    ended: watch::Receiver<Option<Result<(), Fault>>>,
    running: Mutex<Option<Running>>,
}

/// What has to be ended in order.
struct Running {
    driver: JoinHandle<()>,
    network: Option<tokio::task::JoinHandle<()>>,
    outlet: tokio::task::JoinHandle<()>,
    keeper: tokio::task::JoinHandle<()>,
    /// Dropped last: the home is this process's until then.
    home: Home,
}

/// What the network says of itself.
pub type Network = net::message::Status;
/// Counts what a node asks of the directory.
pub type Meter = net::meter::Meter;
/// What a meter counted.
pub type Counted = net::meter::Counted;
/// How it stands with a relay.
pub type RelayStatus = net::message::RelayStatus;

/// How a node is doing.
#[derive(Clone, Debug)]
pub struct Status {
    /// The engine.
    pub engine: EngineStatus,
    /// The network, if there is one.
    pub network: Option<Network>,
    /// The disk.
    pub disk: Sizes,
}

impl Node {
    /// Starts a node in a home, with the network that `config` says; to be called inside a tokio runtime.
    pub async fn start(home: Home, keystore: Keystore, config: &Config) -> Result<Self, StartError> {
        Self::open(home, keystore, Some(config), Options::default()).await
    }

    /// Opens a home without a network: everything is as a running node has it, and what is to be sent waits.
    pub async fn offline(home: Home, keystore: Keystore) -> Result<Self, StartError> {
        Self::open(home, keystore, None, Options::default()).await
    }

    /// As [`Node::start`] (or [`Node::offline`], without a configuration), with a disk tuned otherwise.
    pub async fn open(
        home: Home,
        keystore: Keystore,
        config: Option<&Config>,
        options: Options,
    ) -> Result<Self, StartError> {
        Self::begin(home, keystore, config, options, None).await
    }

    /// As [`Node::start`], with a disk tuned otherwise, and a laboratory that can set its clock and cut its connections.
    pub async fn open_in(
        laboratory: &Laboratory,
        home: Home,
        keystore: Keystore,
        config: &Config,
        options: Options,
    ) -> Result<Self, StartError> {
        Self::begin(home, keystore, Some(config), options, Some(laboratory)).await
    }

    async fn begin(
        home: Home,
        keystore: Keystore,
        config: Option<&Config>,
        options: Options,
        laboratory: Option<&Laboratory>,
    ) -> Result<Self, StartError> {
        let directory = home.database();
        let files_directory = home.files();
        let data_key = keystore.data_key.clone();
        let opened = tokio::task::spawn_blocking(move || Database::open(&directory, &data_key, options));
        let (database, recovery) = opened.await.map_err(|_| StartError::Stopped)??;
        let view = database.durable_view();
        let reader = Reader::new(&view);
        let primaries = keystore.primary.iter().chain(&keystore.next).cloned();
        let me = Me {
            primary: Primary::in_force(primaries, sibling::membership(&reader)),
            device: keystore.device.clone(),
            kind: keystore.kind,
        };
        let mut engine = Engine::new(me, &reader);
        let log = EventLog::load(&reader);
        let (logging, logged) = log.handles();
        let known_files = file_view::on_disk(&reader);
        reader.finish()?;
        let files = tokio::task::spawn_blocking(move || open_files(&files_directory, &known_files));
        let files = Arc::new(files.await.map_err(|_| StartError::Stopped)?.map_err(StartError::Files)?);
        let file_rules = config.map_or(Rules::of(keystore.kind), |config| config.files.rules(keystore.kind));
        engine.keep_files(file_rules);
        if let Some(rules) =
            config.map(|config| config.mailbox.rules(engine.account())).transpose()?.flatten()
        {
            engine.serve_mail(rules);
        }
        if let Some(plan) = config.map(|config| config.relay.paid_by(engine.account())).transpose()?.flatten()
        {
            engine.relay_for(plan);
        }

        let (inputs, received) = mpsc::channel(limits::INPUT_QUEUE);
        let network = match config {
            None => None,
            Some(config) => Some(start_network(home.path(), &keystore, config, laboratory, inputs.clone())?),
        };
        let (network, network_task) = network.unzip();
        let (events, _) = broadcast::channel(event_queue(keystore.kind));
        let waiting: Waiting = Arc::new(Mutex::new(BTreeMap::new()));
        let (released, releases) = mpsc::channel(RELEASED_QUEUE);
        let (puzzles, received_puzzles) = mpsc::channel(PUZZLES_MAX);
        let (orders, received_orders) = mpsc::channel(ORDERS_MAX);
        let keeper = Keeper::new(Arc::clone(&files), network.clone(), inputs.downgrade());
        let outlet = Outlet {
            network: network.clone(),
            events: events.clone(),
            waiting: Arc::clone(&waiting),
            puzzles,
            files: orders,
        };
        let runtime = tokio::runtime::Handle::current();
        // It ends when the outlet does, and what it works on then is for nobody.
        let worker = Worker { puzzles: received_puzzles, inputs: inputs.downgrade() };
        drop(runtime.spawn(worker.run()));
        let outlet = runtime.spawn(outlet.run(releases));
        let keeper = runtime.spawn(keeper.run(received_orders));

        let (speaking, account) = watch::channel(engine.account());
        let (ending, ended) = watch::channel(None);
        let clock = laboratory.map(Laboratory::clock).cloned().unwrap_or_default();
        let driver = Driver {
            engine,
            database: database.clone(),
            inputs: received,
            released,
            clock: clock.clone(),
            log,
            speaking,
        };
        let waiters = Arc::clone(&waiting);
        let run = move || {
            // A panic is a bug. It must not leave a node that looks alive and decides nothing.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| driver.run()))
                .unwrap_or_else(|_| Err(Fault("the node has a bug and can't go on: restart it".into())));
            if let Err(fault) = &result {
                tracing::error!(%fault, "the node has stopped");
            }
            waiters.lock().unwrap_or_else(PoisonError::into_inner).clear();
            let _ = ending.send(Some(result));
        };
        let driver = std::thread::Builder::new().name("sigillo-engine".into()).spawn(run);
        let driver = driver.map_err(StartError::Thread)?;
        let peer = network.as_ref().map(|network| network.local().clone());
        let _ = inputs.send(Message::Input(Input::Started { peer })).await;
        let shared = Shared {
            account,
            kind: keystore.kind,
            primary: keystore.primary.is_some(),
            clock,
            home: home.path().to_owned(),
            inputs,
            events,
            waiting,
            tickets: AtomicU64::new(0),
            commands: Arc::new(Semaphore::new(limits::COMMAND_QUEUE)),
            database,
            data_key: keystore.data_key.clone(),
            network,
            recovery,
            files,
            file_rules,
            logging,
            logged,
            ended,
            running: Mutex::new(Some(Running { driver, network: network_task, outlet, keeper, home })),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The account that the world knows; another one once the identity was rotated.
    pub fn account(&self) -> AccountId {
        *self.shared.account.borrow()
    }

    /// Whether the node has an account: a device that is still to be linked has none.
    pub fn has_account(&self) -> bool {
        self.account() != NOBODY
    }

    /// A person's node or a business's.
    pub fn kind(&self) -> AccountKind {
        self.shared.kind
    }

    /// Whether this is the first device of its identity: with the recovery phrase it changes the account's log.
    pub fn is_primary(&self) -> bool {
        self.shared.primary
    }

    /// The time by the node's clock, which is the machine's but in a laboratory.
    pub fn now(&self) -> Time {
        self.shared.clock.now()
    }

    /// The home directory.
    pub fn home(&self) -> &std::path::Path {
        &self.shared.home
    }

    pub(super) fn database(&self) -> &Database {
        &self.shared.database
    }

    /// What the store, and backups of it, are sealed under.
    pub(super) fn data_key(&self) -> &Secret<32> {
        &self.shared.data_key
    }

    /// Brings everything that is durable into place and lets the journal go, with what was erased of it.
    pub async fn tidy(&self) -> Result<(), Fault> {
        let database = self.shared.database.clone();
        let tidied = tokio::task::spawn_blocking(move || database.checkpoint());
        tidied.await.unwrap_or_else(|_| Err(Fault("the disk can't be tidied".into())))
    }

    /// What opening the disk did.
    pub fn recovery(&self) -> &Recovery {
        &self.shared.recovery
    }

    /// Whether there is a network.
    pub fn is_online(&self) -> bool {
        self.shared.network.is_some()
    }

    /// The node's own peer id on the transport, as text; none without a network.
    pub fn peer_id(&self) -> Option<String> {
        self.shared.network.as_ref().map(net::handle::Handle::local_text)
    }

    /// Carries out a command. What it answers is on the disk.
    pub async fn command(&self, command: Command) -> Result<Outcome, Refusal> {
        self.command_and(command, |_, _| ()).await
    }

    /// As [`Node::command`]. Rows of tables that the engine neither reads nor writes are staged in the transaction in which
    /// it is done; nothing is staged where it is refused, or where its answer comes later, from the network.
    pub async fn command_and(
        &self,
        command: Command,
        then: impl FnOnce(&Tx<'_>, &Outcome) + Send + 'static,
    ) -> Result<Outcome, Refusal> {
        let place = Arc::clone(&self.shared.commands).acquire_owned().await;
        let place = place.map_err(|_| Refusal::Stopping)?;
        let ticket: Ticket = self.shared.tickets.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(ticket, reply);
        let message = Message::Command { ticket, command, then: Box::new(then), place };
        self.shared.inputs.send(message).await.map_err(|_| Refusal::Stopping)?;
        answer.await.unwrap_or(Err(Refusal::Stopping))
    }

    /// Reads the store as it is on the disk.
    pub async fn view<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Reader<'_>) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let database = self.shared.database.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let view = database.durable_view();
            let reader = Reader::new(&view);
            let seen = look(&reader);
            reader.finish().map(|()| seen)
        });
        looked.await.unwrap_or_else(|_| Err(Fault("the view failed".into())))
    }

    /// Writes rows of tables that the engine neither reads nor writes, such as the local API's, in the next
    /// transaction. What it answers is on the disk.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] where a row is larger than the store takes: nothing is written then.
    pub async fn write<T: Send + 'static>(
        &self,
        stage: impl FnOnce(&Tx<'_>) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        let write = move |tx: &Tx<'_>| -> Option<Box<dyn FnOnce() + Send>> {
            // Whoever asked may be gone.
            match tx.attempt(stage) {
                Ok(staged) => Some(Box::new(move || drop(reply.send(Ok(staged))))),
                Err(_) => {
                    drop(reply.send(Err(Refusal::TooLarge)));
                    None
                }
            }
        };
        let message = Message::Write(Box::new(write));
        self.shared.inputs.send(message).await.map_err(|_| Refusal::Stopping)?;
        answer.await.unwrap_or(Err(Refusal::Stopping))
    }

    /// What all work on files shares.
    pub(in crate::node) fn files(&self) -> &Arc<Room> {
        &self.shared.files
    }

    /// What files the node fetches by itself, and how much it keeps.
    pub fn file_rules(&self) -> Rules {
        self.shared.file_rules
    }

    /// Bytes that are here of a file that is being fetched, without padding; nothing where none is known of.
    pub fn file_progress(&self, id: &FileId) -> Option<u64> {
        self.shared.files.progress(id)
    }

    /// Chunks of files that were fetched and given since the start.
    pub fn file_counts(&self) -> FileCounts {
        self.shared.files.counts()
    }

    /// From here on what happens is kept and numbered, for those who come later, also after the next start; or it isn't.
    pub fn log_events(&self, wanted: bool) {
        self.shared.logging.store(wanted, Ordering::Relaxed);
    }

    /// The number of the last event in the log that is on the disk, and of each that comes.
    pub fn logged(&self) -> watch::Receiver<u64> {
        self.shared.logged.clone()
    }

    /// Forgets the events in the log before this number.
    pub async fn forget_events(&self, before: u64) -> Result<(), Refusal> {
        let told = self.shared.inputs.send(Message::ForgetEvents(before)).await;
        told.map_err(|_| Refusal::Stopping)
    }

    /// What happens from here on. Who lags far behind misses some, and should look at the store again.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// How the node is doing.
    pub async fn status(&self) -> Result<Status, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.shared.inputs.send(Message::Status(reply)).await.map_err(|_| Refusal::Stopping)?;
        let engine = answer.await.map_err(|_| Refusal::Stopping)?;
        let network = match &self.shared.network {
            None => None,
            Some(network) => {
                let (reply, answer) = oneshot::channel();
                let _ = network.command(net::message::Command::Status { reply }).await;
                answer.await.ok()
            }
        };
        Ok(Status { engine, network, disk: self.shared.database.sizes() })
    }

    /// Waits until the node has ended, and says why if it ended by itself.
    pub async fn ended(&self) -> Result<(), Fault> {
        let mut ended = self.shared.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or(Ok(())),
            Err(_) => Ok(()),
        }
    }

    /// Ends the node: decides what is there, stores it, closes the network and the disk. Further calls do nothing.
    pub async fn shutdown(&self) -> Result<(), Fault> {
        let running = self.shared.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { driver, network: task, outlet, keeper, home }) = running else { return Ok(()) };
        let _ = self.shared.inputs.send(Message::Stop).await;
        let result = self.ended().await;
        let _ = tokio::task::spawn_blocking(move || driver.join()).await;
        let _ = outlet.await;
        let _ = keeper.await;
        if let Some(network) = &self.shared.network {
            let _ = network.command(net::message::Command::Shutdown).await;
        }
        if let Some(task) = task {
            let _ = task.await;
        }
        let database = self.shared.database.clone();
        let closed = tokio::task::spawn_blocking(move || database.close()).await;
        drop(home);
        result.and(closed.unwrap_or_else(|_| Err(Fault("closing the disk failed".into()))))
    }
}

/// Opens the directory of files, without those that nobody knows of.
fn open_files(directory: &std::path::Path, known: &[FileId]) -> std::io::Result<Room> {
    let room = Room::new(Blobs::open(directory)?);
    room.sweep(known)?;
    Ok(room)
}

/// Starts the network and passes its events on as inputs.
fn start_network(
    home: &std::path::Path,
    keystore: &Keystore,
    config: &Config,
    laboratory: Option<&Laboratory>,
    inputs: mpsc::Sender<Message>,
) -> Result<(net::handle::Handle, tokio::task::JoinHandle<()>), StartError> {
    let wanted = &config.network;
    let mut network = net::config::Config::new(Zeroizing::new(*keystore.transport.expose()));
    network.listen.clone_from(&wanted.listen);
    network.external.clone_from(&wanted.announce);
    network.bootstrap.clone_from(&wanted.bootstrap);
    network.mdns = wanted.mdns;
    network.max_in = wanted.connections;
    network.subnet_limits = wanted.subnet_limits;
    network.upnp = wanted.upnp;
    network.barred = laboratory.map(Laboratory::barred);
    network.meter = laboratory.and_then(Laboratory::meter);
    network.relays.clone_from(&config.relay.named);
    network.any_relay = config.relay.any;
    network.serve_relay = config.relay.serve.then_some(net::config::RelayLimits {
        reservations: config.relay.reservations,
        circuits: config.relay.circuits,
        circuit_minutes: config.relay.circuit_minutes,
        circuit_mebibytes: config.relay.circuit_mebibytes,
        paid_only: !config.relay.plan.is_empty(),
    });
    network.server = match wanted.directory {
        Directory::Auto => keystore.kind == AccountKind::Business,
        Directory::Server => true,
        Directory::Client => false,
    };
    let (events, mut received) = mpsc::channel(NETWORK_QUEUE);
    let path = Ports::path(home);
    let mut ports = Ports::read(&path);
    let known = KnownRelays::path(home);
    let mut relays = KnownRelays::read(&known);
    network.known_relays = relays.addresses().to_vec();
    let mut kept = network.clone();
    kept.listen = ports.apply(&network.listen);
    // Where a port of last time is taken by now, the system chooses another.
    let started = net::handle::start(kept, events.clone()).or_else(|_| net::handle::start(network, events));
    let (handle, task) = started?;
    let runtime = tokio::runtime::Handle::current();
    // Ends when the network does.
    runtime.spawn(async move {
        while let Some(event) = received.recv().await {
            if let net::message::Event::Listening { addresses } = &event {
                if ports.learn(addresses) {
                    ports.write(&path);
                }
                if relays.learn(addresses) {
                    relays.write(&known);
                }
            }
            let Some(input) = translate::input(event) else { continue };
            if inputs.send(Message::Input(input)).await.is_err() {
                return;
            }
        }
    });
    Ok((handle, task))
}

/// Why a node doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The disk doesn't open.
    #[error(transparent)]
    Disk(#[from] OpenError),
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] Fault),
    /// The network doesn't start.
    #[error(transparent)]
    Network(#[from] net::config::StartError),
    /// The configuration of the mailbox contradicts itself.
    #[error(transparent)]
    Mailbox(#[from] RulesError),
    /// The directory of files can't be used.
    #[error("the directory `files` in the home can't be used: {0}")]
    Files(std::io::Error),
    /// The system gives no thread.
    #[error("no thread can be had: {0}")]
    Thread(std::io::Error),
    /// The runtime is ending.
    #[error("the program is ending")]
    Stopped,
}

#[cfg(test)]
mod tests;
