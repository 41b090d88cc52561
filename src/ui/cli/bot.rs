//! The bot that answers customers: turned on from a file, shown, checked, turned off.

use std::path::{Path, PathBuf};

use axum::http::Method;
use clap::Subcommand;
use serde_json::json;

use crate::base::limits;
use crate::domain::business::bot as definition;
use crate::ui::cli::client::Client;
use crate::ui::cli::documents;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;

/// What to do about the bot.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Bot {
    /// Turn a bot on, in the place of the one that is
    Set {
        /// The file (TOML), or `-` for stdin
        file: PathBuf,
    },
    /// Show the bot that is on
    Show,
    /// Say what is wrong with a bot; needs no node and no home
    Check {
        /// The file (TOML), or `-` for stdin
        file: PathBuf,
    },
    /// Turn the bot off
    Off,
}

pub(super) async fn bot(client: &Client, output: Output, what: Bot) -> Result<(), Failure> {
    const ROUTE: &str = "/v1/bot";
    match what {
        Bot::Set { file } => {
            let bot = read(&file)?;
            let set = client.request(Method::PUT, ROUTE, Some(&json!(bot))).await?;
            output.show(&set, |_| format!("a bot with {} nodes answers from now on", bot.nodes.len()))
        }
        Bot::Show => output.show(&client.get(ROUTE).await?, show::bot),
        Bot::Check { file } => check(output, &file),
        Bot::Off => {
            let off = client.request(Method::DELETE, ROUTE, None).await?;
            output.show(&off, |_| "no bot answers any more".to_owned())
        }
    }
}

/// Says what is wrong with a bot.
pub(super) fn check(output: Output, file: &Path) -> Result<(), Failure> {
    let bot = read(file)?;
    let keywords: usize = bot.keywords.iter().map(|keyword| keyword.words.len()).sum();
    let found = json!({ "nodes": bot.nodes.len(), "keywords": keywords });
    output.show(&found, |_| format!("nothing is wrong: {} nodes, {keywords} keywords", bot.nodes.len()))
}

fn read(file: &Path) -> Result<definition::Bot, Failure> {
    let bot: definition::Bot = documents::toml(file, limits::API_BODY_MAX as u64)?;
    bot.check().map_err(|error| Failure::misused(format!("{}: {error}", file.display())))?;
    Ok(bot)
}
