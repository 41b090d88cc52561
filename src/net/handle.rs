//! The node's end of the network's channels.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::config::{Config, StartError};
use super::convert::peer_of;
use super::message::{Command, Event};
use super::task::Task;
use crate::base::limits::NET_COMMAND_QUEUE;
use crate::wire::peer::PeerKey;

/// Starts the network; to be called inside a tokio runtime.
///
/// It ends after [`Command::Shutdown`], when every [`Handle`] is dropped, or when nobody listens to `events` any
/// more. When `events` is full, the network stops reading from its peers but goes on taking commands, so a
/// listener may send commands before it has emptied the channel.
///
/// # Errors
/// See [`StartError`]; nothing runs then.
pub fn start(config: Config, events: mpsc::Sender<Event>) -> Result<(Handle, JoinHandle<()>), StartError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
    let (commands, orders) = mpsc::channel(NET_COMMAND_QUEUE);
    let task = Task::new(config, orders, events)?;
    let handle = Handle::new(task.local().clone(), commands);
    Ok((handle, runtime.spawn(task.run())))
}

/// Sends commands to a running network. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    local: PeerKey,
    commands: mpsc::Sender<Command>,
}

impl Handle {
    /// The end of whoever obeys `commands`' other end.
    pub(super) const fn new(local: PeerKey, commands: mpsc::Sender<Command>) -> Self {
        Self { local, commands }
    }

    /// Our own key on the transport as libp2p writes it: the peer id in base58.
    pub fn local_text(&self) -> String {
        peer_of(&self.local).map(|peer| peer.to_base58()).unwrap_or_default()
    }

    /// Our own key on the transport.
    pub const fn local(&self) -> &PeerKey {
        &self.local
    }

    /// Sends a command, waiting while the queue is full.
    ///
    /// # Errors
    /// [`Ended`] if the network has ended.
    pub async fn command(&self, command: Command) -> Result<(), Ended> {
        self.commands.send(command).await.map_err(|_| Ended)
    }

    /// Sends a command from a thread that isn't part of the runtime, waiting while the queue is full.
    ///
    /// # Errors
    /// [`Ended`] if the network has ended.
    ///
    /// # Panics
    /// If called inside a runtime, whose thread must not wait.
    pub fn blocking_command(&self, command: Command) -> Result<(), Ended> {
        self.commands.blocking_send(command).map_err(|_| Ended)
    }

    /// Whether the network has ended.
    pub fn has_ended(&self) -> bool {
        self.commands.is_closed()
    }
}

/// The network has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the network has ended")]
pub struct Ended;
