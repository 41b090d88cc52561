//! A node in a process of its own: from this side its start, its strings and its end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::base::limits;
use crate::disk::files;
use crate::ui::lab::place::{Place, Saw};
use crate::ui::lab::strings::Strings;

/// How long a process may take to say that its node runs, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node in a process of its own.
pub(super) struct Process {
    child: Child,
    strings: ChildStdin,
    /// Stays open: the process writes there.
    _stdout: BufReader<ChildStdout>,
    log: PathBuf,
    pub(super) peer: String,
    pub(super) listen: Vec<String>,
}

impl Process {
    /// Starts `sigillo lab node` in the place, and waits until its node runs.
    pub(super) async fn start(place: &Place, strings: &Strings, passphrase: &Path) -> Result<Self, Saw> {
        let config = toml::to_string(&place.config).map_err(words)?;
        files::write_whole(&place.home.join("config.toml"), config.as_bytes()).map_err(words)?;
        let log = place.home.join("node.log");
        let words_of = File::options().create(true).append(true).open(&log).map_err(words)?;
        let mut command = Command::new(std::env::current_exe().map_err(words)?);
        command.arg("--json").arg("--home").arg(&place.home).args(["lab", "node"]);
        command.env_remove("SIGILLO_HOME").env("SIGILLO_PASSPHRASE_FILE", passphrase).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(words_of);
        let mut child = command.spawn().map_err(words)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (mut stdin, stdout) = stdin.zip(stdout).ok_or("the process has no stdin or stdout")?;
        say(&mut stdin, strings).await?;
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        let mut limited = (&mut reader).take(limits::LAB_LINE_MAX);
        let heard = timeout(PATIENCE, limited.read_line(&mut line)).await;
        heard.map_err(|_| "the process doesn't say that its node runs")?.map_err(words)?;
        let running: Value = serde_json::from_str(&line).unwrap_or_default();
        let listen = running["listen"].as_array().cloned().unwrap_or_default();
        let listen = listen.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let peer = running["peer"].as_str().unwrap_or_default().to_owned();
        if running["event"] != "running" || peer.is_empty() {
            return Err(format!("the process ended: {}", last_words(&log)));
        }
        Ok(Self { child, strings: stdin, _stdout: reader, log, peer, listen })
    }

    /// Pulls at the node's strings.
    pub(super) async fn pull(&mut self, strings: &Strings) -> Result<(), Saw> {
        say(&mut self.strings, strings).await
    }

    /// Ends it as a closed terminal would, and expects it to say that all went well.
    pub(super) async fn stop(self) -> Result<(), Saw> {
        let Self { mut child, strings, log, .. } = self;
        drop(strings);
        let ended = timeout(PATIENCE, child.wait()).await.map_err(|_| "the process doesn't end")?;
        let ended = ended.map_err(words)?;
        if ended.success() { Ok(()) } else { Err(format!("{ended}: {}", last_words(&log))) }
    }

    /// Ends it as a power cut would: it isn't asked.
    pub(super) async fn kill(mut self) -> Result<(), Saw> {
        self.child.kill().await.map_err(words)
    }
}

async fn say(stdin: &mut ChildStdin, strings: &Strings) -> Result<(), Saw> {
    let mut line = serde_json::to_vec(strings).map_err(words)?;
    line.push(b'\n');
    stdin.write_all(&line).await.map_err(words)?;
    stdin.flush().await.map_err(words)
}

fn last_words(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    log.lines().last().unwrap_or("it said nothing").to_owned()
}

fn words(error: impl core::fmt::Display) -> Saw {
    error.to_string()
}
