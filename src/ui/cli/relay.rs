//! Relays of others: a place that is paid for.

use clap::Subcommand;
use serde_json::json;

use crate::ui::cli::client::Client;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;
use crate::ui::cli::spinner::Spinner;

/// What to do about relays.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Relay {
    /// Ask a relay for a place that is for those who pay; without a receipt it tells which plan does
    Place {
        /// Where it is, ending in `/p2p/PEER`, as `sigillo run` shows it there
        address: String,
        /// A receipt of its plan, by its id or the beginning of one
        #[arg(long, value_name = "ID")]
        receipt: Option<String>,
    },
}

pub(super) async fn relay(client: &Client, output: Output, what: Relay) -> Result<(), Failure> {
    let Relay::Place { address, receipt } = what;
    let spinner = Spinner::start("asking the relay");
    let kept = client.post("/v1/relays/place", &json!({ "address": address, "receipt": receipt })).await;
    drop(spinner);
    output.show(&kept?, |kept| {
        format!("the relay keeps a place for this node until {}", show::text(kept, "until"))
    })
}
