//! Showing what was said: conversations, one of them, and what happens from now on.

use serde_json::Value;

use crate::ui::cli::args::{History, Inbox};
use crate::ui::cli::client::{Client, escaped, query};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;
use crate::ui::cli::signals::Signals;

pub(super) async fn inbox(client: &Client, output: Output, wanted: &Inbox) -> Result<(), Failure> {
    if wanted.follow {
        return follow(client, output).await;
    }
    let path = query("/v1/conversations", &[("requests", wanted.requests.then(|| "true".to_owned()))]);
    output.show(&client.get(&path).await?, show::inbox)
}

pub(super) async fn history(client: &Client, output: Output, wanted: History) -> Result<(), Failure> {
    let path = format!("/v1/conversations/{}/history", escaped(&wanted.who));
    let parameters = [
        ("limit", Some(wanted.limit.to_string())),
        ("before", wanted.before.map(|before| before.to_string())),
        ("search", wanted.search),
    ];
    let history = client.get(&query(&path, &parameters)).await?;
    if wanted.read {
        let path = format!("/v1/conversations/{}/read", escaped(show::text(&history, "with")));
        client.post(&path, &Value::Null).await?;
    }
    output.show(&history, |history| show::history(history, wanted.ids))
}

/// Shows every event until it is interrupted.
async fn follow(client: &Client, output: Output) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let mut events = client.stream("/v1/events").await?;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => output.show(&event, show::event)?,
                None => return Err(Failure::failed("node_gone", "the node has stopped")),
            },
            () = signals.next() => return Ok(()),
        }
    }
}
