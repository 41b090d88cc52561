//! Routes about mailboxes: ours, shown, taken on and left; and what this node keeps for others.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::ContactToken;
use crate::base::limits;
use crate::base::mail_limits;
use crate::domain::billing::export::ReceiptFile;
use crate::engine::command::{Command, NewMailbox, Refusal};
use crate::engine::mailbox_view::{self, MailView, MailboxView};
use crate::node::mailbox;
use crate::ui::facts::dialable;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::wire::mail::ShownReceipt;

/// All about mailboxes.
#[derive(Serialize)]
pub(super) struct Mailboxes {
    mailboxes: Vec<Ours>,
    /// How many mailboxes' words make a message to us count as stored.
    words_to_store: usize,
    /// What this node keeps for others.
    hosted: crate::domain::mailbox::queue::Totals,
}

/// One of ours.
#[derive(Serialize)]
struct Ours {
    peer: String,
    addresses: Vec<String>,
    #[serde(flatten)]
    view: MailboxView,
}

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Mailboxes>, ApiError> {
    let MailView { mailboxes, words_to_store, hosted } = api.view(|rows| mailbox_view::mail(rows)).await?;
    let ours = |view: MailboxView| {
        let peer = mailbox::peer_text(view.at.peer());
        Ours { addresses: dialable(view.at.addresses(), Some(&peer)), peer, view }
    };
    Ok(Json(Mailboxes { mailboxes: mailboxes.into_iter().map(ours).collect(), words_to_store, hosted }))
}

/// A mailbox to be taken on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    address: String,
    #[schemars(with = "Option<String>")]
    token: Option<ContactToken>,
    #[schemars(with = "Option<serde_json::Value>")]
    receipt: Option<ReceiptFile>,
}

pub(super) async fn add(
    State(api): State<Api>,
    Body(Wanted { address, token, receipt }): Body<Wanted>,
) -> Result<Json<Mailboxes>, ApiError> {
    let at = mailbox::place(&address).ok_or_else(|| {
        ApiError::bad_request(
            "a mailbox is named by a multiaddress that ends in /p2p/PEER, as `sigillo run` shows it",
        )
    })?;
    let receipt = receipt.map(|file| shown(&file)).transpose()?;
    api.command(Command::AddMailbox(Box::new(NewMailbox { at, token, receipt }))).await?;
    list(State(api)).await
}

pub(super) async fn remove(State(api): State<Api>, Part(peer): Part) -> Result<Json<Mailboxes>, ApiError> {
    let peer = mailbox::peer(&peer).ok_or(Refusal::NoSuchMailbox)?;
    api.command(Command::RemoveMailbox(peer)).await?;
    list(State(api)).await
}

/// A receipt file as a mailbox is shown it.
fn shown(file: &ReceiptFile) -> Result<ShownReceipt, ApiError> {
    let wrong = || ApiError::bad_request("the receipt isn't a receipt file, or is too large");
    let log = file.log.iter().map(|entry| entry.signed(limits::LOG_ENTRY_MAX)).collect::<Result<_, _>>();
    let shown = ShownReceipt {
        receipt: file.receipt.signed(charging::EVENT_MAX).map_err(|_| wrong())?,
        signer: file.signer,
        log: log.map_err(|_| wrong())?,
    };
    if shown.size() > mail_limits::MAIL_RECEIPT_MAX { Err(wrong()) } else { Ok(shown) }
}
