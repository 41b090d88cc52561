//! The local API itself: its description.

use clap::Subcommand;

use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::http::router::description;

/// What to do about the API.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum ApiCommand {
    /// Write the description of the local API in OpenAPI 3.1, as JSON; no node need run
    Openapi,
}

pub(super) fn api(output: Output, what: ApiCommand) -> Result<(), Failure> {
    match what {
        ApiCommand::Openapi => {
            let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap_or_default();
            output.show(&description(), pretty)
        }
    }
}
