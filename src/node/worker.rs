//! The worker: solves puzzles one after the other, beside everything that somebody waits for.

use tokio::sync::mpsc;

use crate::engine::input::{Input, QueryId};
use crate::node::driver::Message;
use crate::wire::work::Puzzle;

/// Puzzles that wait. One that finds no room is never answered, and whoever asked goes on without.
pub(super) const PUZZLES_MAX: usize = 256;

/// Solves puzzles for as long as somebody may ask for it.
pub(super) struct Worker {
    pub(super) puzzles: mpsc::Receiver<(QueryId, Puzzle)>,
    /// Keeps no node alive.
    pub(super) inputs: mpsc::WeakSender<Message>,
}

impl Worker {
    /// Solves what comes.
    pub(super) async fn run(mut self) {
        while let Some((query, puzzle)) = self.puzzles.recv().await {
            let solved = tokio::task::spawn_blocking(move || puzzle.solve()).await;
            let (Ok(work), Some(inputs)) = (solved, self.inputs.upgrade()) else { return };
            let _ = inputs.send(Message::Input(Input::Worked { query, work })).await;
        }
    }
}
