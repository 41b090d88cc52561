//! What every route works with.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use crate::engine::command::{Command, Outcome};
use crate::node::handle::Node;
use crate::store::table::Reader;
use crate::ui::http::error::ApiError;

/// A node, and the word that its API is ending. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    node: Node,
    ending: CancellationToken,
    edits: Arc<Mutex<()>>,
}

impl Api {
    /// The API of `node`. Streams and waits end when `ending` is cancelled.
    pub fn new(node: Node, ending: CancellationToken) -> Self {
        Self { node, ending, edits: Arc::default() }
    }

    pub(super) const fn node(&self) -> &Node {
        &self.node
    }

    pub(super) const fn ending(&self) -> &CancellationToken {
        &self.ending
    }

    /// To be held from reading what is to be changed in part until it is written whole.
    pub(super) async fn edit(&self) -> MutexGuard<'_, ()> {
        self.edits.lock().await
    }

    pub(super) async fn command(&self, command: Command) -> Result<Outcome, ApiError> {
        Ok(self.node.command(command).await?)
    }

    pub(super) async fn view<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Reader<'_>) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        Ok(self.node.view(look).await?)
    }
}
