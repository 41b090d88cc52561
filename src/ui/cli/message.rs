//! Changing messages, and answering menus.

use axum::http::Method;
use clap::Args;
use serde_json::{Value, json};

use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;

/// A message of a conversation.
#[derive(Clone, Debug, Args)]
pub(super) struct Which {
    /// A contact's name, address, or the beginning of one
    pub(super) who: String,
    /// The message's id, or the beginning of it (`sigillo history WHO --ids`)
    pub(super) id: String,
}

#[derive(Clone, Debug, Args)]
pub(super) struct React {
    #[command(flatten)]
    which: Which,
    /// One emoji
    #[arg(required_unless_present = "undo")]
    emoji: Option<String>,
    /// Take your reaction back
    #[arg(long, conflicts_with = "emoji")]
    undo: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Edit {
    #[command(flatten)]
    which: Which,
    /// What it says from now on
    #[arg(required = true)]
    text: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct Choose {
    #[command(flatten)]
    which: Which,
    /// The row's id
    row: String,
}

impl Which {
    pub(super) fn route(&self, part: &str) -> String {
        format!("/v1/conversations/{}/messages/{}{part}", escaped(&self.who), escaped(&self.id))
    }
}

pub(super) async fn react(client: &Client, output: Output, wish: React) -> Result<(), Failure> {
    let body = json!({ "emoji": wish.emoji.unwrap_or_default() });
    let route = wish.which.route("/reaction");
    changed(client, output, (Method::PUT, &route, Some(&body))).await
}

pub(super) async fn edit(client: &Client, output: Output, wish: Edit) -> Result<(), Failure> {
    let body = json!({ "text": wish.text.join(" ") });
    changed(client, output, (Method::PATCH, &wish.which.route(""), Some(&body))).await
}

pub(super) async fn delete(client: &Client, output: Output, which: Which) -> Result<(), Failure> {
    changed(client, output, (Method::DELETE, &which.route(""), None)).await
}

pub(super) async fn choose(client: &Client, output: Output, wish: Choose) -> Result<(), Failure> {
    let body = json!({ "row": wish.row });
    changed(client, output, (Method::POST, &wish.which.route("/choice"), Some(&body))).await
}

/// Asks for it, and shows the message as it stands then.
pub(super) async fn changed(
    client: &Client,
    output: Output,
    (method, route, body): (Method, &str, Option<&Value>),
) -> Result<(), Failure> {
    let changed = client.request(method, route, body).await?;
    output.show(&changed, |changed| show::entry(&changed["entry"], show::text(changed, "name")))
}
