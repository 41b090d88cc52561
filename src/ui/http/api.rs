//! What every route works with.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::base::api_limits as limits;
use crate::engine::command::{Command, Outcome};
use crate::node::handle::Node;
use crate::store::table::Reader;
use crate::ui::http::bearer::Tokens;
use crate::ui::http::cloud::account::Accounts;
use crate::ui::http::counts::Counts;
use crate::ui::http::error::ApiError;
use crate::ui::http::idempotency::Answers;
use crate::ui::http::webhook::hook::Hooks;

/// A node, and the word that its API is ending. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    node: Node,
    ending: CancellationToken,
    shared: Arc<Shared>,
}

struct Shared {
    edits: Mutex<()>,
    tokens: Tokens,
    answers: Answers,
    hooks: Hooks,
    cloud: Accounts,
    streams: Arc<Semaphore>,
    counts: Counts,
}

impl Api {
    /// The API of `node`. Streams and waits end when `ending` is cancelled.
    pub fn new(node: Node, ending: CancellationToken) -> Self {
        let shared = Shared {
            edits: Mutex::default(),
            tokens: Tokens::new(node.clone()),
            answers: Answers::new(node.clone()),
            hooks: Hooks::new(node.clone()),
            cloud: Accounts::new(node.clone()),
            streams: Arc::new(Semaphore::new(limits::STREAMS_MAX)),
            counts: Counts::default(),
        };
        Self { node, ending, shared: Arc::new(shared) }
    }

    pub(super) const fn node(&self) -> &Node {
        &self.node
    }

    pub(super) const fn ending(&self) -> &CancellationToken {
        &self.ending
    }

    /// To be held from reading what is to be changed in part until it is written whole.
    pub(super) async fn edit(&self) -> MutexGuard<'_, ()> {
        self.shared.edits.lock().await
    }

    /// The bearer tokens.
    pub(super) fn tokens(&self) -> &Tokens {
        &self.shared.tokens
    }

    /// The answers to requests with idempotency keys.
    pub(super) fn answers(&self) -> &Answers {
        &self.shared.answers
    }

    /// The webhooks.
    pub(super) fn hooks(&self) -> &Hooks {
        &self.shared.hooks
    }

    /// What the business is called on the Cloud-API-compatible surface.
    pub(super) fn cloud(&self) -> &Accounts {
        &self.shared.cloud
    }

    /// What was asked and answered so far.
    pub(super) fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// A place for one more stream of events, while there is one.
    pub(super) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.streams).try_acquire_owned().ok()
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
