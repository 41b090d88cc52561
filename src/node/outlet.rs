//! The outlet: carries out effects, in the order in which their batches became durable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, mpsc, oneshot};

use crate::engine::command::{Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::event::Event;
use crate::engine::file_order::FileOrder;
use crate::engine::input::{QueryId, Ticket};
use crate::net::handle::Handle as Network;
use crate::node::translate;
use crate::wire::work::Puzzle;

/// Who waits for the answer to a command.
pub(super) type Waiting = Arc<Mutex<BTreeMap<Ticket, oneshot::Sender<Result<Outcome, Refusal>>>>>;

/// Where effects go.
pub(super) struct Outlet {
    pub(super) network: Option<Network>,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) waiting: Waiting,
    pub(super) puzzles: mpsc::Sender<(QueryId, Puzzle)>,
    pub(super) files: mpsc::Sender<FileOrder>,
}

impl Outlet {
    /// Carries out what comes, until nothing more can come.
    pub(super) async fn run(self, mut released: mpsc::Receiver<Vec<Effect>>) {
        while let Some(effects) = released.recv().await {
            for effect in effects {
                self.carry_out(effect).await;
            }
        }
    }

    async fn carry_out(&self, effect: Effect) {
        match translate::command(effect) {
            Ok(command) => {
                if let Some(network) = &self.network {
                    // The network ends only when the node does.
                    let _ = network.command(command).await;
                }
            }
            Err(Effect::Reply { ticket, result }) => {
                let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&ticket);
                if let Some(waiting) = waiting {
                    let _ = waiting.send(result);
                }
            }
            Err(Effect::Show(event)) => {
                // Nobody need be listening.
                let _ = self.events.send(event);
            }
            Err(Effect::Work { query, puzzle }) => {
                // Where so many wait, whoever wanted this one goes on without.
                let _ = self.puzzles.try_send((query, puzzle));
            }
            Err(Effect::File(order)) => {
                // The keeper ends only when this does.
                let _ = self.files.send(order).await;
            }
            Err(_) => {}
        }
    }
}
