//! What the desk says by itself, read once: soft state that the store can always give again.

use std::sync::Arc;

use crate::domain::business::bot::{self, Bot};
use crate::domain::business::reception::{self, Ready};
use crate::store::table::Rows;

/// What is said by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct DeskState {
    pub(super) reception: Arc<Ready>,
    pub(super) bot: Option<Arc<Bot>>,
}

impl DeskState {
    /// As the store has it.
    pub(super) fn load(rows: &impl Rows) -> Self {
        Self { reception: Arc::new(reception::get(rows).into()), bot: bot::get(rows).map(Arc::new) }
    }
}
