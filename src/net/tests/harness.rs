//! Nodes and raw peers for tests.

use std::time::Duration;

use futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::swarm::{Config as SwarmConfig, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Stream, Swarm};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

use crate::net::config::{Config, RelayLimits};
use crate::net::convert::{key_of, peer_of};
use crate::net::handle::{Handle, start};
use crate::net::message::{Command, Event, Status};
use crate::net::protocol::Purpose;
use crate::net::streams::{Delivery, Streams};
use crate::net::transport::transport;
use crate::wire::peer::{LinkId, PeerAddress, PeerKey};

/// Long enough for the slowest machine; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) const TCP: &str = "/ip4/127.0.0.1/tcp/0";
pub(super) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

/// A node under test.
pub(super) struct Node {
    pub(super) handle: Handle,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) addresses: Vec<String>,
    task: JoinHandle<()>,
}

impl Node {
    /// A node on one address, with a channel of the usual size.
    pub(super) async fn new(seed: u8, listen: &str) -> Self {
        Self::with(seed, listen, 64, |_| {}).await
    }

    /// A node that differs from the usual.
    pub(super) async fn with(seed: u8, listen: &str, room: usize, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(Zeroizing::new([seed; 32]));
        config.listen = vec![listen.to_owned()];
        change(&mut config);
        let reachable = !config.listen.is_empty() || !config.relays.is_empty();
        let (sender, events) = mpsc::channel(room);
        let (handle, task) = start(config, sender).unwrap();
        let mut node = Self { handle, events, addresses: Vec::new(), task };
        if reachable {
            node.addresses = node.listening().await;
        }
        node
    }

    /// A node that listens on nothing.
    pub(super) async fn dial_only(seed: u8, change: impl FnOnce(&mut Config)) -> Self {
        let without = |config: &mut Config| {
            config.listen.clear();
            change(config);
        };
        Self::with(seed, TCP, 64, without).await
    }

    /// A node that relays for others.
    pub(super) async fn relay(seed: u8, listen: &str, limits: RelayLimits) -> Self {
        Self::with(seed, listen, 64, |config| config.serve_relay = Some(limits)).await
    }

    /// The next addresses that the node tells.
    pub(super) async fn listening(&mut self) -> Vec<String> {
        self.until(|event| match event {
            Event::Listening { addresses } => Some(addresses),
            _ => None,
        })
        .await
    }

    /// Waits until the node's status is as it should be.
    pub(super) async fn until_status(&self, good: impl Fn(&Status) -> bool) -> Status {
        let begun = Instant::now();
        loop {
            let status = self.status().await;
            if good(&status) {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "still {status:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where others reach this node.
    pub(super) fn address(&self) -> PeerAddress {
        PeerAddress::new(self.handle.local().clone(), self.addresses.clone()).unwrap()
    }

    /// The same as multiaddresses with a peer id, for a bootstrap list.
    pub(super) fn seeds(&self) -> Vec<String> {
        let peer = peer_of(self.handle.local()).unwrap();
        self.addresses.iter().map(|address| format!("{address}/p2p/{peer}")).collect()
    }

    pub(super) async fn command(&self, command: Command) {
        self.handle.command(command).await.unwrap();
    }

    /// The next event, whatever it is.
    pub(super) async fn event(&mut self) -> Event {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("the network runs")
    }

    /// Reads events until one is what is looked for; the others are lost.
    pub(super) async fn until<T>(&mut self, mut look: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = look(self.event().await) {
                return found;
            }
        }
    }

    /// Opens a link.
    pub(super) async fn link(&mut self, peer: PeerAddress) -> LinkId {
        let key = peer.peer().clone();
        self.command(Command::Connect { peer }).await;
        self.until(|event| match event {
            Event::LinkUp { link, peer } => {
                assert_eq!(peer, key);
                Some(link)
            }
            Event::Unreachable { .. } => panic!("unreachable"),
            _ => None,
        })
        .await
    }

    pub(super) async fn status(&self) -> Status {
        let (reply, status) = oneshot::channel();
        self.command(Command::Status { reply }).await;
        timeout(PATIENCE, status).await.unwrap().unwrap()
    }

    /// Ends the network and waits for it.
    pub(super) async fn shut_down(self) {
        let _ = self.handle.command(Command::Shutdown).await;
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

/// A peer that speaks the transport and nothing above it: what it sends is up to the test.
pub(super) struct Raw {
    pub(super) peer: PeerKey,
    pub(super) address: PeerAddress,
    requests: mpsc::Sender<(PeerAddress, Purpose, oneshot::Sender<Stream>)>,
    /// Streams that others opened.
    pub(super) accepted: mpsc::Receiver<Stream>,
    _task: JoinSet<()>,
}

impl Raw {
    pub(super) async fn new(seed: u8) -> Self {
        let key = Keypair::ed25519_from_bytes([seed; 32]).unwrap();
        let local = key.public().to_peer_id();
        let config = SwarmConfig::with_tokio_executor().with_idle_connection_timeout(PATIENCE);
        let mut swarm = Swarm::new(transport(&key).unwrap(), Streams::default(), local, config);
        swarm.listen_on(TCP.parse().unwrap()).unwrap();
        let address = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        let peer = key_of(&local).unwrap();
        let (requests, mut wanted) = mpsc::channel::<(PeerAddress, Purpose, oneshot::Sender<Stream>)>(8);
        let (sender, accepted) = mpsc::channel(8);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut waiting = std::collections::BTreeMap::new();
            let mut ticket = 0;
            loop {
                tokio::select! {
                    Some((to, purpose, reply)) = wanted.recv() => {
                        ticket += 1;
                        let (peer, addresses) = dialable(&to);
                        waiting.insert(ticket, reply);
                        swarm.behaviour_mut().open(ticket, peer, addresses, purpose);
                    }
                    event = swarm.select_next_some() => match event {
                        SwarmEvent::Behaviour(Delivery::Opened { ticket, stream, .. }) => {
                            waiting.remove(&ticket).unwrap().send(stream).unwrap();
                        }
                        SwarmEvent::Behaviour(Delivery::Failed { ticket, .. }) => drop(waiting.remove(&ticket)),
                        SwarmEvent::Behaviour(Delivery::Accepted { stream, .. }) => {
                            let _ = sender.send(stream).await;
                        }
                        _ => {}
                    }
                }
            }
        });
        let address = PeerAddress::new(peer.clone(), vec![address.to_string()]).unwrap();
        Self { peer, address, requests, accepted, _task: task }
    }

    /// Opens a stream to a node; `None` if it couldn't.
    pub(super) async fn open(&self, to: &Node, purpose: Purpose) -> Option<Stream> {
        let (reply, stream) = oneshot::channel();
        self.requests.send((to.address(), purpose, reply)).await.unwrap();
        timeout(PATIENCE, stream).await.unwrap().ok()
    }
}

fn dialable(to: &PeerAddress) -> (PeerId, Vec<Multiaddr>) {
    let addresses = to.addresses().iter().map(|text| text.parse().unwrap()).collect();
    (peer_of(to.peer()).unwrap(), addresses)
}

/// Forwards bytes to an address until it is told to go silent; it keeps its sockets open then.
pub(super) struct Wire {
    pub(super) address: String,
    silent: oneshot::Sender<()>,
    task: JoinSet<()>,
}

impl Wire {
    pub(super) async fn new(to: &str) -> Self {
        let port: u16 = to.rsplit('/').next().unwrap().parse().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("/ip4/127.0.0.1/tcp/{}", listener.local_addr().unwrap().port());
        let (silent, heard) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = heard => std::future::pending::<()>().await,
            }
        });
        Self { address, silent, task }
    }

    /// The task, which must be kept for as long as the silence is to last.
    pub(super) fn go_silent(self) -> JoinSet<()> {
        self.silent.send(()).unwrap();
        self.task
    }
}
