//! The stage: every node of a scenario with its home, whether it runs or not, and what lies between them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::Method;
use futures::stream::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use crate::base::kind::AccountKind;
use crate::crypto::password::Cost;
use crate::disk::files;
use crate::disk::home::Home;
use crate::domain::identity::address;
use crate::node::config::{Config, Directory};
use crate::node::{clock, identity};
use crate::ui::cli::client::escaped;
use crate::ui::lab::hand::Hand;
use crate::ui::lab::measure::Measure;
use crate::ui::lab::names::Names;
use crate::ui::lab::place::{Place, Saw};
use crate::ui::lab::scenario::{Group, Role, Scenario};
use crate::ui::lab::strings::Strings;

/// Nodes that something is done with at once.
pub(super) const AT_ONCE: usize = 12;
/// Protects nothing: the nodes are thrown away.
const PASSPHRASE: &[u8] = b"a laboratory's passphrase, which protects nothing";
/// Connections that each may have: a business has as many as customers.
const CONNECTIONS: u32 = 2_048;
/// How often a mailbox is asked to take a newcomer on, and the pause between.
const ASKS: u32 = 40;
const ASK_PAUSE: Duration = Duration::from_millis(250);

/// One node, on or off.
pub(super) struct Cell {
    pub(super) name: String,
    pub(super) role: Role,
    /// The index of its group.
    pub(super) group: usize,
    /// The address that the world knows.
    pub(super) account: String,
    place: Place,
    bootstrap: bool,
    hand: RwLock<Option<Hand>>,
    peer: OnceLock<String>,
    listen: Mutex<Vec<String>>,
    ahead: AtomicI64,
    settled: OnceLock<()>,
}

/// Every node, and what lies between them.
pub(super) struct Stage {
    pub(super) cells: Vec<Cell>,
    pub(super) groups: Vec<Group>,
    pub(super) measure: Arc<Measure>,
    processes: Option<PathBuf>,
    /// The sides that are parted; empty where nobody is.
    sides: Mutex<Vec<Vec<usize>>>,
    /// By which address one node knows another.
    known: Mutex<BTreeMap<(usize, usize), String>>,
}

impl Stage {
    /// Makes every node's home below `folder`; none runs yet.
    pub(super) fn set(scenario: &Scenario, folder: &std::path::Path, processes: bool) -> Result<Self, Saw> {
        let passphrase = folder.join("passphrase");
        files::write_whole(&passphrase, PASSPHRASE).map_err(words)?;
        let ahead = scenario.starts.map_or(0, |starts| {
            let (starts, now) = (i128::from(starts), i128::from(clock::now().as_millis()));
            i64::try_from(starts - now).unwrap_or_default()
        });
        let mut cells = Vec::new();
        for (index, group) in scenario.groups.iter().enumerate() {
            for number in 1..=group.count {
                let name = match group.count {
                    1 => group.name.clone(),
                    _ => format!("{}-{number}", group.name),
                };
                cells.push(Cell::new(name, index, group, folder, cells.len(), ahead)?);
            }
        }
        Ok(Self {
            cells,
            groups: scenario.groups.clone(),
            measure: Arc::new(Measure::new()),
            processes: processes.then_some(passphrase),
            sides: Mutex::default(),
            known: Mutex::default(),
        })
    }

    /// The nodes that are named, each once.
    pub(super) fn named(&self, names: &Names) -> Vec<usize> {
        let mut found = Vec::new();
        for name in &names.0 {
            let group =
                self.cells.iter().enumerate().filter(|(_, cell)| self.groups[cell.group].name == name.group);
            let (skip, take) =
                name.run.map_or((0, usize::MAX), |(first, last)| (first - 1, last - first + 1));
            for (index, _) in group.skip(skip).take(take) {
                if !found.contains(&index) {
                    found.push(index);
                }
            }
        }
        found
    }

    /// The nodes that are named; all where nothing is.
    pub(super) fn named_or_all(&self, names: Option<&Names>) -> Vec<usize> {
        names.map_or_else(|| (0..self.cells.len()).collect(), |names| self.named(names))
    }

    /// Starts nodes that are off; the first time each settles in.
    pub(super) async fn start(&self, nodes: &[usize]) -> Result<(), Saw> {
        each(nodes, async |index| self.start_one(index).await).await?;
        self.bar_all().await
    }

    async fn start_one(&self, index: usize) -> Result<(), Saw> {
        let cell = &self.cells[index];
        let mut hand = cell.hand.write().await;
        if hand.is_some() {
            return Ok(());
        }
        let named = |saw: Saw| format!("{} doesn't start: {saw}", cell.name);
        let place = Place {
            home: cell.place.home.clone(),
            keystore: cell.place.keystore.clone(),
            config: self.config_of(cell),
        };
        let strings = self.strings_of(index);
        let mut started = match &self.processes {
            None => Hand::start(&place, &strings).await.map_err(named)?,
            Some(passphrase) => Hand::start_process(&place, &strings, passphrase).await.map_err(named)?,
        };
        let measure = Arc::clone(&self.measure);
        started.listen_to(move |event| measure.hear(index, event)).await.map_err(named)?;
        let _ = cell.peer.set(started.peer.clone());
        started.listen.clone_into(&mut cell.listen.lock().unwrap_or_else(PoisonError::into_inner));
        *hand = Some(started);
        drop(hand);
        self.count_on().await;
        self.settle_in(index).await.map_err(named)
    }

    /// What a node does the first time it is on: it says its name, and takes on its mailboxes.
    async fn settle_in(&self, index: usize) -> Result<(), Saw> {
        let cell = &self.cells[index];
        if cell.settled.get().is_some() {
            return Ok(());
        }
        self.patch(index, "/v1/profile", &json!({ "name": cell.name })).await?;
        for mailbox in self.named(&self.groups[cell.group].mailboxes) {
            self.take_on(index, mailbox).await?;
        }
        let _ = cell.settled.set(());
        Ok(())
    }

    /// Has a node take on a mailbox, once that one answers.
    pub(super) async fn take_on(&self, index: usize, mailbox: usize) -> Result<(), Saw> {
        let listen = self.listen_of(mailbox);
        let address = listen.first().ok_or_else(|| format!("{} has no address", self.cells[mailbox].name))?;
        let wanted = json!({ "address": address });
        for _ in 1..ASKS {
            if self.post(index, "/v1/mailboxes", &wanted).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(ASK_PAUSE).await;
        }
        self.post(index, "/v1/mailboxes", &wanted).await.map(|_| ())
    }

    /// Ends nodes as their persons would, or without asking them.
    pub(super) async fn stop(&self, nodes: &[usize], kindly: bool) -> Result<(), Saw> {
        let everybody: Vec<String> = self.cells.iter().filter_map(|cell| cell.peer.get().cloned()).collect();
        each(nodes, async |index| {
            let cell = &self.cells[index];
            let Some(hand) = cell.hand.write().await.take() else { return Ok(()) };
            let ended = if kindly { hand.stop().await } else { hand.kill(everybody.clone()).await };
            self.count_on().await;
            ended.map_err(|saw| format!("{} doesn't end well: {saw}", cell.name))
        })
        .await
    }

    /// Kills nodes and takes their stores away; their keys stay.
    pub(super) async fn lose_disk(&self, nodes: &[usize]) -> Result<(), Saw> {
        self.stop(nodes, false).await?;
        for index in nodes {
            let database = self.cells[*index].place.home.join("database");
            match std::fs::remove_dir_all(&database) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.to_string()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Parts these sides from one another, in the place of what was parted before; heals all where there are none.
    pub(super) async fn part(&self, sides: Vec<Vec<usize>>) -> Result<(), Saw> {
        *self.sides.lock().unwrap_or_else(PoisonError::into_inner) = sides;
        self.pull(&(0..self.cells.len()).collect::<Vec<_>>()).await
    }

    /// Moves the clocks of nodes forth.
    pub(super) async fn advance(&self, nodes: &[usize], by: Duration) -> Result<(), Saw> {
        for index in nodes {
            let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            self.cells[*index].ahead.fetch_add(millis, Ordering::Relaxed);
        }
        self.pull(nodes).await
    }

    async fn bar_all(&self) -> Result<(), Saw> {
        let parted = !self.sides.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if parted { self.pull(&(0..self.cells.len()).collect::<Vec<_>>()).await } else { Ok(()) }
    }

    /// Every node's strings first: until then none decides by a clock that another one doesn't have yet.
    async fn pull(&self, nodes: &[usize]) -> Result<(), Saw> {
        each(nodes, async |index| {
            let strings = self.strings_of(index);
            match self.cells[index].hand.write().await.as_mut() {
                Some(hand) => hand.pull(&strings).await,
                None => Ok(()),
            }
        })
        .await?;
        each(nodes, async |index| match self.cells[index].hand.read().await.as_ref() {
            Some(hand) => hand.wake().await,
            None => Ok(()),
        })
        .await
    }

    fn strings_of(&self, index: usize) -> Strings {
        let sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
        let own = sides.iter().position(|side| side.contains(&index));
        let others = sides.iter().enumerate().filter(|(side, _)| own.is_some_and(|own| own != *side));
        let barred =
            others.flat_map(|(_, side)| side).filter_map(|peer| self.cells[*peer].peer.get().cloned());
        Strings { ahead: self.cells[index].ahead.load(Ordering::Relaxed), barred: barred.collect() }
    }

    fn config_of(&self, cell: &Cell) -> Config {
        let mut config = cell.place.config.clone();
        if !cell.bootstrap {
            let seeds = self.cells.iter().enumerate().filter(|(_, seed)| seed.bootstrap);
            config.network.bootstrap = seeds.flat_map(|(seed, _)| self.listen_of(seed)).collect();
        }
        let relays = self.named(&self.groups[cell.group].relays);
        config.relay.named = relays.into_iter().flat_map(|relay| self.listen_of(relay)).collect();
        config
    }

    fn listen_of(&self, index: usize) -> Vec<String> {
        self.cells[index].listen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The peer id of a node that has run.
    pub(super) fn peer_of(&self, index: usize) -> Option<&str> {
        self.cells[index].peer.get().map(String::as_str)
    }

    /// Whether a node runs.
    pub(super) async fn is_on(&self, index: usize) -> bool {
        self.cells[index].hand.read().await.is_some()
    }

    async fn count_on(&self) {
        let mut on = 0;
        for cell in &self.cells {
            // One that is being started or ended counts when it is.
            on += usize::from(cell.hand.try_read().is_ok_and(|hand| hand.is_some()));
        }
        self.measure.on(on);
    }

    /// The address by which `other` knows `one`. A person has another one towards each business.
    pub(super) async fn known_as(&self, one: usize, other: usize) -> Result<String, Saw> {
        let apart = self.kind(one) == AccountKind::Person && self.kind(other) == AccountKind::Business;
        if !apart {
            return Ok(self.cells[one].account.clone());
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&(one, other)).cloned();
        if let Some(address) = known {
            return Ok(address);
        }
        let path = format!("/v1/contacts/{}", escaped(&self.cells[other].account));
        let contact = self
            .get(one, &path)
            .await
            .map_err(|_| format!("{} hasn't added {}", self.cells[one].name, self.cells[other].name))?;
        let address = contact["we_are"].as_str().unwrap_or_default().to_owned();
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert((one, other), address.clone());
        Ok(address)
    }

    pub(super) fn kind(&self, index: usize) -> AccountKind {
        self.cells[index].place.keystore.kind
    }

    pub(super) fn group_of(&self, index: usize) -> &Group {
        &self.groups[self.cells[index].group]
    }

    pub(super) async fn get(&self, index: usize, path: &str) -> Result<Value, Saw> {
        self.request(index, Method::GET, path, None).await
    }

    pub(super) async fn post(&self, index: usize, path: &str, body: &Value) -> Result<Value, Saw> {
        self.request(index, Method::POST, path, Some(body)).await
    }

    pub(super) async fn put(&self, index: usize, path: &str, body: &Value) -> Result<Value, Saw> {
        self.request(index, Method::PUT, path, Some(body)).await
    }

    pub(super) async fn patch(&self, index: usize, path: &str, body: &Value) -> Result<Value, Saw> {
        self.request(index, Method::PATCH, path, Some(body)).await
    }

    /// Asks a node by its local API.
    async fn request(
        &self,
        index: usize,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Saw> {
        let cell = &self.cells[index];
        match cell.hand.read().await.as_ref() {
            Some(hand) => {
                hand.request(method, path, body).await.map_err(|saw| format!("{}: {saw}", cell.name))
            }
            None => Err(format!("{} is off", cell.name)),
        }
    }
}

impl Cell {
    fn new(
        name: String,
        index: usize,
        group: &Group,
        folder: &std::path::Path,
        number: usize,
        ahead: i64,
    ) -> Result<Self, Saw> {
        let kind = match group.role {
            Role::Business => AccountKind::Business,
            _ => AccountKind::Person,
        };
        let home = folder.join(&name);
        let held = Home::open(&home).map_err(words)?;
        let keystore = identity::create(&held, kind, None, PASSPHRASE, Cost::LEAST).map_err(words)?;
        let account = keystore.primary.as_ref().map(|primary| address::encode(&primary.account));
        let account = account.unwrap_or_default();
        Ok(Self {
            name,
            role: group.role,
            group: index,
            account,
            place: Place { home, keystore, config: config(group, number) },
            bootstrap: group.role == Role::Bootstrap,
            hand: RwLock::default(),
            peer: OnceLock::new(),
            listen: Mutex::default(),
            ahead: AtomicI64::new(ahead),
            settled: OnceLock::new(),
        })
    }
}

/// How a node of a group is set up; whom it begins with is known later.
fn config(group: &Group, number: usize) -> Config {
    let mut config = Config::default();
    let network = &mut config.network;
    let ip = loopback(number);
    network.listen = if group.hidden { Vec::new() } else { vec![format!("/ip4/{ip}/tcp/0")] };
    if group.quic && !group.hidden {
        network.listen.insert(0, format!("/ip4/{ip}/udp/0/quic-v1"));
    }
    (network.mdns, network.upnp, network.connections) = (false, false, CONNECTIONS);
    network.directory = match group.role {
        Role::Bootstrap | Role::Directory => Directory::Server,
        _ => Directory::Auto,
    };
    config.mailbox.serve = group.role == Role::Mailbox;
    config.relay.serve = group.role == Role::Relay;
    config
}

/// An address of this machine that no other node has, in a network (/24) of its own: the directory lets few of one
/// network in. Elsewhere than on Linux only 127.0.0.1 is there, for which that rule doesn't hold.
fn loopback(number: usize) -> String {
    if cfg!(target_os = "linux") {
        format!("127.{}.{}.1", 1 + number / 250, 1 + number % 250)
    } else {
        "127.0.0.1".to_owned()
    }
}

/// Does something with several nodes at once, until all is done or something is in the way.
pub(super) async fn each(nodes: &[usize], what: impl AsyncFn(usize) -> Result<(), Saw>) -> Result<(), Saw> {
    let all = futures::stream::iter(nodes.iter().copied()).map(|index| what(index));
    all.buffer_unordered(AT_ONCE).try_for_each(async |()| Ok(())).await
}

fn words(error: impl core::fmt::Display) -> Saw {
    error.to_string()
}
