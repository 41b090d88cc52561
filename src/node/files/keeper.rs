//! The keeper: carries out what the engine orders about files.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::base::id::FileId;
use crate::engine::file_order::{FileEvent, FileOrder};
use crate::engine::input::Input;
use crate::net::handle::Handle as Network;
use crate::node::driver::Message;
use crate::node::files::fetch::{Came, Fetch};
use crate::node::files::give;
use crate::node::files::room::Room;

/// Orders that wait.
pub(in crate::node) const ORDERS_MAX: usize = 64;

/// Carries orders out for as long as somebody may give them.
pub(in crate::node) struct Keeper {
    room: Arc<Room>,
    network: Option<Network>,
    /// Keeps no node alive.
    inputs: mpsc::WeakSender<Message>,
    running: BTreeMap<FileId, Running>,
}

struct Running {
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Keeper {
    /// A keeper that has nothing to do yet.
    pub(in crate::node) const fn new(
        room: Arc<Room>,
        network: Option<Network>,
        inputs: mpsc::WeakSender<Message>,
    ) -> Self {
        Self { room, network, inputs, running: BTreeMap::new() }
    }

    /// Carries out what comes. At the end nothing touches the directory any more.
    pub(in crate::node) async fn run(mut self, mut orders: mpsc::Receiver<FileOrder>) {
        while let Some(order) = orders.recv().await {
            self.running.retain(|_, running| !running.task.is_finished());
            self.carry_out(order).await;
        }
        let all: Vec<FileId> = self.running.keys().copied().collect();
        self.running.values().for_each(|running| running.cancel.cancel());
        for id in all {
            self.stop(&id).await;
        }
    }

    async fn carry_out(&mut self, order: FileOrder) {
        match order {
            FileOrder::Fetch { attempt, opening, from } => {
                let id = opening.id();
                self.stop(&id).await;
                let cancel = CancellationToken::new();
                let (room, network) = (Arc::clone(&self.room), self.network.clone());
                let fetch = Fetch { room, network, opening, from, cancel: cancel.clone() };
                let inputs = self.inputs.clone();
                let task = tokio::runtime::Handle::current().spawn(async move {
                    let cancel = fetch.cancel.clone();
                    let Came { result, some } = fetch.run().await;
                    // Who had it cancelled waits for no word.
                    let Some(inputs) = inputs.upgrade().filter(|_| !cancel.is_cancelled()) else { return };
                    let event = match result {
                        Ok(()) => FileEvent::Fetched { id, attempt },
                        Err(why) => FileEvent::NotFetched { id, attempt, why, some },
                    };
                    let word = inputs.send(Message::Input(Input::File(event)));
                    tokio::select! {
                        // The node may be ending.
                        _ = word => {}
                        () = cancel.cancelled() => {}
                    }
                });
                self.running.insert(id, Running { cancel, task });
            }
            FileOrder::Give { ask, opening, from } => {
                if let Some(network) = self.network.clone() {
                    // Ends with the stream.
                    let give = give::give(Arc::clone(&self.room), network, ask, opening, from);
                    drop(tokio::runtime::Handle::current().spawn(give));
                }
            }
            FileOrder::Refuse { ask } => {
                if let Some(network) = &self.network {
                    give::refuse(network, ask).await;
                }
            }
            FileOrder::Remove(id) => {
                self.stop(&id).await;
                let room = Arc::clone(&self.room);
                let removed = tokio::task::spawn_blocking(move || room.remove(&id)).await;
                if let Ok(Err(error)) = removed {
                    // The next start removes it.
                    tracing::warn!(%error, "a file can't be removed");
                }
            }
        }
    }

    /// Ends the fetching of a file, and waits until it has.
    async fn stop(&mut self, id: &FileId) {
        if let Some(running) = self.running.remove(id) {
            running.cancel.cancel();
            let _ = running.task.await;
        }
    }
}
