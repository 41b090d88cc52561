//! `sigillo backup`: a copy of the home in one file, made while the node runs, and brought back.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use crate::disk::home::Home;
use crate::domain::identity::address;
use crate::node::backup;
use crate::node::identity::{self, IdentityError};
use crate::ui::cli::client::Client;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::passphrase;
use crate::ui::facts::kind_word;

/// What to do with a backup.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Backups {
    /// Write a backup of the whole home to a file, sealed under its passphrase, while the node runs
    Create {
        /// The file; one that exists is not replaced
        file: PathBuf,
    },
    /// Bring a backup back in a home that has no identity yet; the home that it was made of must not run any more
    Restore {
        /// The file
        file: PathBuf,
    },
}

/// Has a backup made, and writes it.
pub(super) async fn create(client: &Client, output: Output, file: &Path) -> Result<(), Failure> {
    if file.exists() {
        let words = format!("{} exists already: choose another name", file.display());
        return Err(Failure::failed("exists", words));
    }
    let bytes = client.download("/v1/backup", file).await?;
    let document = json!({ "file": file, "bytes": bytes });
    output.show(&document, |_| {
        let kept = "keep it elsewhere, and its passphrase elsewhere still";
        format!("backup   {} ({bytes} bytes)\nnext     {kept}", file.display())
    })
}

/// Brings a backup back.
pub(super) fn restore(home: &Path, output: Output, file: &Path) -> Result<(), Failure> {
    if identity::exists(home) {
        return Err(IdentityError::Exists(home.display().to_string()).into());
    }
    let passphrase = passphrase::known()?;
    let held = Home::open(home)?;
    let returned = backup::bring_back(&held, file, &passphrase);
    let returned = returned.map_err(|error| Failure::failed("backup", error.to_string()))?;
    let primary = returned.keystore.primary.as_ref();
    let address = primary.map(|primary| address::encode(&primary.account));
    let kind = kind_word(returned.keystore.kind);
    let document = json!({
        "address": address, "kind": kind, "home": home, "made": returned.made, "rows": returned.rows,
    });
    output.show(&document, |_| {
        let next = match primary {
            Some(_) => "`sigillo run`, then `sigillo id reconcile`",
            None => "`sigillo run`",
        };
        let warning = "the home that the backup was made of must never run again";
        format!(
            "home     {}\nmade     {}\nrows     {}\nnext     {next}; {warning}",
            home.display(),
            returned.made,
            returned.rows
        )
    })
}
