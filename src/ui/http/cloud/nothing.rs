//! What is answered with success and does nothing, because the node is registered by being there.

use crate::ui::http::cloud::ask::{Answer, Ask, success};

/// A number is registered, checked by a code, given up: there is none.
pub(super) async fn done(mut ask: Ask) -> Answer {
    ask.parameters().await?;
    Ok(success())
}
