//! A message on its way: sent, and waited for until it got far enough.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::base::limits;
use crate::ui::cli::client::Client;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::show;
use crate::ui::cli::spinner::Spinner;

/// How far a message has to get before the command ends.
#[derive(Clone, Debug, Args)]
pub(super) struct Waiting {
    /// Wait until the next hop, the recipient's mailboxes, or the recipient's disk has the message
    #[arg(long, value_name = "STATE", num_args = 0..=1, default_missing_value = "delivered")]
    wait: Option<Wait>,
    /// How long to wait at most
    #[arg(long, value_name = "SECONDS", default_value_t = 30, requires = "wait",
          value_parser = clap::value_parser!(u64).range(1..=limits::API_WAIT_MAX.as_secs()))]
    timeout: u64,
}

/// How far.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Wait {
    Delivered,
    Stored,
    Sent,
}

/// Whether there is something to wait for.
pub(super) fn may_wait(client: &Client, waiting: &Waiting) -> Result<(), Failure> {
    if waiting.wait.is_some() && !client.is_running() {
        let words =
            "nothing is delivered while no node runs: start it with `sigillo run`, or send without --wait";
        return Err(Failure::failed("offline", words));
    }
    Ok(())
}

/// Sends a message as the API wants it, and waits until it got as far as it has to.
pub(super) async fn post(
    client: &Client,
    output: Output,
    mut body: Value,
    waiting: &Waiting,
) -> Result<(), Failure> {
    let wait = waiting.wait.map(|wait| match wait {
        Wait::Delivered => "delivered",
        Wait::Stored => "stored",
        Wait::Sent => "sent",
    });
    (body["wait"], body["timeout_ms"]) = (json!(wait), json!(waiting.timeout * 1_000));
    let spinner = wait.map(|_| Spinner::start("on its way"));
    let sent = client.post("/v1/messages", &body).await;
    drop(spinner);
    let sent = sent?;
    output.show(&sent, |sent| show::sent(sent, client.is_running()))?;
    if sent["reached"] == json!(false) {
        let (state, wanted) = (show::text(&sent, "state"), wait.unwrap_or_default());
        note(&format!(
            "error: the message is {state}, not {wanted}, after the time to wait; it stays on its way"
        ));
        return Err(Failure::Said);
    }
    Ok(())
}
