//! Routes about relays of others: places that are paid for.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::command::{Command, Outcome};
use crate::node::mailbox;
use crate::ui::http::api::Api;
use crate::ui::http::billing::one_receipt;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Body;

/// A place that is wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    address: String,
    /// The id of a receipt, or its beginning.
    receipt: Option<String>,
}

pub(super) async fn ask(
    State(api): State<Api>,
    Body(Wanted { address, receipt }): Body<Wanted>,
) -> Result<Json<Outcome>, ApiError> {
    let relay = mailbox::place(&address).ok_or_else(|| {
        ApiError::bad_request(
            "a relay is named by a multiaddress that ends in /p2p/PEER, as `sigillo run` shows it",
        )
    })?;
    let receipt = match receipt {
        None => None,
        Some(receipt) => Some(one_receipt(&api, &receipt).await?.id),
    };
    Ok(Json(api.command(Command::AskPlace { relay: Box::new(relay), receipt }).await?))
}
