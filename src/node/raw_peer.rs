//! A peer without an engine, which offers whatever it likes to the directory: for showing that nobody takes it.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::crypto::secret::Secret;
use crate::net::config::{Config, StartError};
use crate::net::handle::{Handle, start};
use crate::net::message::{Command, Event};
use crate::node::identity::system_rng;

/// Events that may wait.
const EVENTS: usize = 256;
/// How long the directory may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// For how long records are to be kept.
const RECORD_LIFE: Duration = Duration::from_secs(3_600);

/// A peer that serves the directory and verifies nothing. Its network ends when this is dropped.
pub struct RawPeer {
    network: Handle,
    events: mpsc::Receiver<Event>,
    queries: u64,
}

/// Why a raw peer couldn't do what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum RawPeerError {
    /// The network doesn't start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The network didn't answer in time.
    #[error("the network didn't answer")]
    NoAnswer,
}

impl RawPeer {
    /// Joins the directory under a fresh key, and returns once it knows somebody; to be called inside a tokio
    /// runtime. The addresses are those to listen on and those to begin with.
    pub async fn join(listen: &str, bootstrap: &[String]) -> Result<Self, RawPeerError> {
        let key = Secret::<32>::random(&mut system_rng());
        let mut config = Config::new(Zeroizing::new(*key.expose()));
        config.listen = vec![listen.to_owned()];
        config.bootstrap = bootstrap.to_vec();
        config.server = true;
        let (sender, events) = mpsc::channel(EVENTS);
        let (network, _) = start(config, sender)?;
        let mut peer = Self { network, events, queries: 0 };
        peer.until(|event| matches!(event, Event::Bootstrapped { .. }).then_some(())).await?;
        Ok(peer)
    }

    /// Every value that the directory has under a key, unverified.
    pub async fn get(&mut self, key: [u8; 32]) -> Result<Vec<Vec<u8>>, RawPeerError> {
        let query = self.query();
        self.command(Command::GetRecord { query, key }).await?;
        self.until(|event| match event {
            Event::GotRecords { query: of, values, .. } if of == query => Some(values),
            _ => None,
        })
        .await
    }

    /// Offers a value to the nodes closest to a key; how many were asked to keep it.
    pub async fn offer(&mut self, key: [u8; 32], value: &[u8]) -> Result<u32, RawPeerError> {
        let query = self.query();
        let value = value.to_vec();
        self.command(Command::PutRecord { query, key, value, expires_in: RECORD_LIFE }).await?;
        self.until(|event| match event {
            Event::PutDone { query: of, peers_asked, .. } if of == query => Some(peers_asked),
            _ => None,
        })
        .await
    }

    /// From now on answers whoever asks for a key with this value.
    pub async fn serve(&self, key: [u8; 32], value: &[u8]) -> Result<(), RawPeerError> {
        self.command(Command::Keep { key, value: value.to_vec(), expires_in: RECORD_LIFE }).await
    }

    const fn query(&mut self) -> u64 {
        self.queries += 1;
        self.queries
    }

    async fn command(&self, command: Command) -> Result<(), RawPeerError> {
        self.network.command(command).await.map_err(|_| RawPeerError::NoAnswer)
    }

    async fn until<T>(&mut self, mut look: impl FnMut(Event) -> Option<T>) -> Result<T, RawPeerError> {
        let seek = async {
            while let Some(event) = self.events.recv().await {
                if let Some(found) = look(event) {
                    return Some(found);
                }
            }
            None
        };
        timeout(PATIENCE, seek).await.ok().flatten().ok_or(RawPeerError::NoAnswer)
    }
}
