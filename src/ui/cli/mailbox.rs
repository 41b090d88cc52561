//! Mailboxes of this identity: taken on, shown, left.

use std::path::PathBuf;

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::base::limits;
use crate::disk::files;
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;

/// What to do about mailboxes.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Mailbox {
    /// Let a node keep what comes while yours is off; at most three
    Add(Add),
    /// Show the mailboxes of this identity
    List,
    /// Leave a mailbox; what still comes there is fetched for 30 days
    Remove {
        /// Its peer id, as `sigillo mailbox list` shows it
        peer: String,
    },
    /// Show how the mailboxes do, and what this node keeps for others
    Status,
}

/// A mailbox to be taken on.
#[derive(Clone, Debug, Args)]
pub(super) struct Add {
    /// Where it is, ending in `/p2p/PEER`, as `sigillo run` shows it there
    address: String,
    /// A token that its operator gave you (32 hexadecimal digits)
    #[arg(long, value_name = "HEX")]
    token: Option<String>,
    /// A receipt for its plan, from `sigillo receipt export`
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

pub(super) async fn mailbox(client: &Client, output: Output, what: Mailbox) -> Result<(), Failure> {
    match what {
        Mailbox::Add(Add { address, token, receipt }) => {
            let receipt = receipt.map(|path| read(&path)).transpose()?;
            let wanted = json!({ "address": address, "token": token, "receipt": receipt });
            output.show(&client.post("/v1/mailboxes", &wanted).await?, show::mailboxes)
        }
        Mailbox::List => output.show(&client.get("/v1/mailboxes").await?, show::mailboxes),
        Mailbox::Remove { peer } => {
            let route = format!("/v1/mailboxes/{}", escaped(&peer));
            output.show(&client.request(Method::DELETE, &route, None).await?, show::mailboxes)
        }
        Mailbox::Status => output.show(&client.get("/v1/mailboxes").await?, show::mailbox_status),
    }
}

fn read(path: &std::path::Path) -> Result<Value, Failure> {
    let failed = |error: &dyn core::fmt::Display| {
        Failure::failed("receipt", format!("{} can't be read: {error}", path.display()))
    };
    let bytes = files::read_bounded(path, limits::RECEIPT_FILE_MAX).map_err(|error| failed(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(&error))
}
