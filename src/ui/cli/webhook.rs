//! Webhooks: made, shown, tried, removed, and their dead letters.

use axum::http::Method;
use clap::Subcommand;
use serde_json::json;

use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;

/// What to do about webhooks.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Webhook {
    /// Have what happens sent to a program, and show the secret that signs it this once
    Add {
        /// Where to send: `https://...`, or `http://...` on this machine
        url: String,
        /// A kind of events to send, such as `entry` or `delivery`; may be repeated [default: all]
        #[arg(long, value_name = "KIND", value_delimiter = ',')]
        event: Vec<String>,
        /// Tell it as the Cloud-API-compatible surface does; the kinds are that API's fields then
        #[arg(long, requires = "verify_token")]
        cloud: bool,
        /// The word by which such a receiver knows that it is meant
        #[arg(long, value_name = "WORD", requires = "cloud")]
        verify_token: Option<String>,
    },
    /// Show the webhooks and how each does
    List,
    /// Remove a webhook with all that waits for it
    Remove {
        /// Its id, as `sigillo webhook list` shows it
        id: String,
    },
    /// Send an event of the kind `test` now, and say what came of it
    Test {
        /// Its id, as `sigillo webhook list` shows it
        id: String,
    },
    /// Show events that couldn't be delivered within 7 days
    Dead {
        /// Its id, as `sigillo webhook list` shows it
        id: String,
    },
    /// Have dead letters tried again
    Replay {
        /// Its id, as `sigillo webhook list` shows it
        id: String,
        /// The number of one dead letter [default: all]
        number: Option<u64>,
    },
}

pub(super) async fn webhook(client: &Client, output: Output, what: Webhook) -> Result<(), Failure> {
    let route = |id: &str, part: &str| format!("/v1/webhooks/{}{part}", escaped(id));
    match what {
        Webhook::Add { url, event, cloud, verify_token } => {
            let mut wanted = json!({ "url": url, "events": event });
            if let (true, Some(word)) = (cloud, verify_token) {
                (wanted["cloud"], wanted["verify_token"]) = (true.into(), word.into());
            }
            output.show(&client.post("/v1/webhooks", &wanted).await?, show::webhook_made)
        }
        Webhook::List => output.show(&client.get("/v1/webhooks").await?, show::webhooks),
        Webhook::Remove { id } => {
            let gone = client.request(Method::DELETE, &route(&id, ""), None).await?;
            output.show(&gone, |gone| format!("{} is no longer sent to", show::text(gone, "url")))
        }
        Webhook::Test { id } => {
            let tested = client.request(Method::POST, &route(&id, "/test"), None).await?;
            output.show(&tested, show::webhook_tested)?;
            if tested["delivered"] == serde_json::Value::Bool(true) { Ok(()) } else { Err(Failure::Said) }
        }
        Webhook::Dead { id } => output.show(&client.get(&route(&id, "/dead")).await?, show::dead_letters),
        Webhook::Replay { id, number } => {
            let part = number.map_or_else(|| "/replay".to_owned(), |number| format!("/replay/{number}"));
            let revived = client.request(Method::POST, &route(&id, &part), None).await?;
            output.show(&revived, |revived| format!("{} are tried again", revived["revived"]))
        }
    }
}
