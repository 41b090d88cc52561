//! Where the story plays: this binary, a directory, a passphrase, and commands that run to their end.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::disk::files;
use crate::ui::cli::demo::check::Wrong;
use crate::ui::cli::failure::Failure;

/// The passphrase of every home. Nothing in them is worth a better one.
const PASSPHRASE: &[u8] = b"the demo's passphrase, which protects nothing\n";

/// Where the story plays.
pub(super) struct Stage {
    binary: PathBuf,
    directory: PathBuf,
}

/// What a command that ran to its end left.
pub(super) struct Ran {
    /// Its exit code; none where a signal ended it.
    pub(super) code: Option<i32>,
    /// The JSON document on its stdout.
    pub(super) answer: Value,
    /// What it wrote to stderr.
    pub(super) words: String,
}

impl Stage {
    /// Writes the passphrase, which only this user can read, into an empty directory.
    pub(super) fn set(directory: &Path) -> Result<Self, Failure> {
        let binary = std::env::current_exe()?;
        let stage = Self { binary, directory: directory.to_owned() };
        files::write_whole(&stage.passphrase(), PASSPHRASE)?;
        Ok(stage)
    }

    pub(super) fn binary(&self) -> &Path {
        &self.binary
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn passphrase(&self) -> PathBuf {
        self.directory.join("passphrase")
    }

    /// A process of this binary that dies with us.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .env_remove("SIGILLO_HOME")
            .env("SIGILLO_PASSPHRASE_FILE", self.passphrase());
        command
    }

    /// Runs a command with `--json` to its end.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Ran, Wrong> {
        ran(self.command(), arguments).await
    }

    /// As [`Self::run`], in an empty directory, without anything of the environment: no home, no passphrase.
    pub(super) async fn run_bare(&self, arguments: &[&str]) -> Result<Ran, Wrong> {
        let nowhere = self.directory.join("nowhere");
        std::fs::create_dir_all(&nowhere)
            .map_err(|error| Wrong::new("an empty directory", error.to_string()))?;
        let mut command = self.command();
        command.env_clear().env("HOME", &nowhere).current_dir(&nowhere);
        ran(command, arguments).await
    }
}

async fn ran(mut command: Command, arguments: &[&str]) -> Result<Ran, Wrong> {
    let output = command.arg("--json").args(arguments).output().await;
    let output = output.map_err(|error| Wrong::new("a process of this binary", error.to_string()))?;
    Ok(Ran {
        code: output.status.code(),
        answer: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        words: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
