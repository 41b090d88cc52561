//! One node of the story: a home, a process of this binary that runs it, and its local API.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use axum::http::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::time::Instant;

use crate::ui::cli::client::Client;
use crate::ui::cli::demo::check::{Wrong, expect, list, wait_for};
use crate::ui::cli::demo::stage::Stage;
use crate::ui::cli::show::text;
use crate::ui::http::socket;

/// Loopback, and a port that the system chooses.
///
/// TCP only: a killed process's QUIC peers notice after forty seconds of silence, TCP peers at once.
pub(super) const LISTEN: &str = "/ip4/127.0.0.1/tcp/0";
/// The least memory per guess that is allowed: these keystores protect nothing.
const KDF_MEMORY: &str = "12";
/// The longest first line that is read from a node.
const LINE_MAX: u64 = 64 * 1024;
/// How long a killed process may take to be gone.
const GONE: Duration = Duration::from_secs(2);

/// Who a node is to be.
pub(super) struct Role {
    /// Its home's name.
    pub(super) home: &'static str,
    /// What people call it.
    pub(super) name: &'static str,
    pub(super) business: bool,
    /// Whether it keeps the directory though it is no business.
    pub(super) serves: bool,
}

/// A node. Its process ends when this is dropped.
pub(super) struct Node {
    role: Role,
    home: PathBuf,
    run: Vec<String>,
    client: Client,
    process: Option<(Child, ChildStdout)>,
    /// Its address, which people pass around.
    pub(super) address: String,
    /// Where others can dial it, with its peer id.
    pub(super) listen: Vec<String>,
}

impl Node {
    /// Makes a home with a new identity, and starts its node, which knows the bootstrap addresses and nobody else.
    pub(super) async fn begin(stage: &Stage, role: Role, bootstrap: &[String]) -> Result<Self, Wrong> {
        let home = stage.directory().join(role.home);
        let place = home.display().to_string();
        let mut init = vec!["--home", &place, "init", "--name", role.name, "--kdf-memory", KDF_MEMORY];
        init.extend(role.business.then_some("--business"));
        let made = stage.run(&init).await?;
        expect(made.code == Some(0), format!("`init` to make the home {place}"), &made.words)?;
        let mut run = ["--listen", LISTEN, "--no-mdns"].map(str::to_owned).to_vec();
        if role.serves {
            run.extend(["--directory", "server"].map(str::to_owned));
        }
        run.extend(bootstrap.iter().flat_map(|address| ["--bootstrap".to_owned(), address.clone()]));
        let client = Client::Running(socket::path(&home));
        let address = text(&made.answer, "address").to_owned();
        let mut node = Self { role, home, run, client, process: None, address, listen: Vec::new() };
        node.start(stage).await?;
        Ok(node)
    }

    /// Starts the process and waits until it says where it listens; returns how long that took.
    pub(super) async fn start(&mut self, stage: &Stage) -> Result<Duration, Wrong> {
        let began = Instant::now();
        let expected = format!("the node of {} to run", self.role.name);
        let failed = |error: std::io::Error| Wrong::new(expected.clone(), error.to_string());
        let log = File::options().create(true).append(true).open(self.log()).map_err(failed)?;
        let mut command = stage.command();
        command.arg("--json").arg("--home").arg(&self.home).arg("run").args(&self.run);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().map_err(failed)?;
        let stdout = child.stdout.take().ok_or_else(|| Wrong::new(expected.clone(), "no stdout"))?;
        let mut reader = BufReader::new(stdout).take(LINE_MAX);
        let mut line = String::new();
        // From here on the process ends with the node, whatever happens.
        let read = reader.read_line(&mut line).await;
        self.process = Some((child, reader.into_inner().into_inner()));
        read.map_err(failed)?;
        let running: Value = serde_json::from_str(&line).unwrap_or_default();
        self.listen = list(&running["listen"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if text(&running, "event") == "running" && !self.listen.is_empty() {
            return Ok(began.elapsed());
        }
        Err(Wrong::new(expected, format!("{} {}", line.trim(), self.last_words())))
    }

    /// Ends the process as a power cut would: it isn't asked.
    pub(super) async fn kill(&mut self) -> Result<(), Wrong> {
        let Some((mut child, _)) = self.process.take() else { return Ok(()) };
        child.kill().await.map_err(|error| Wrong::new("the process to be killed", error.to_string()))
    }

    /// Asks the process to end (SIGTERM), and expects it to say that all went well.
    pub(super) async fn stop(&mut self) -> Result<(), Wrong> {
        let Some((mut child, _)) = self.process.take() else { return Ok(()) };
        let expected = format!("the node of {} to end with exit code 0", self.role.name);
        let ended = async {
            terminate(&child)?;
            child.wait().await
        };
        let ended = ended.await.map_err(|error| Wrong::new(expected.clone(), error.to_string()))?;
        expect(ended.code() == Some(0), expected, format!("{ended}; {}", self.last_words()))
    }

    pub(super) const fn name(&self) -> &'static str {
        self.role.name
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// The arguments of `run`.
    pub(super) fn run_arguments(&self) -> &[String] {
        &self.run
    }

    pub(super) fn process_id(&self) -> u32 {
        self.process.as_ref().and_then(|(child, _)| child.id()).unwrap_or_default()
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Wrong> {
        self.request(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Wrong> {
        self.request(Method::POST, path, Some(body)).await
    }

    pub(super) async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Wrong> {
        let expected = format!("an answer of {} to {method} {path}", self.role.name);
        let answered = self.client.request(method, path, body).await;
        answered.map_err(|failure| Wrong::failed(expected, &failure))
    }

    /// Asks again and again until the answer is what is looked for.
    pub(super) async fn wait_until(
        &self,
        expected: &str,
        path: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value, Wrong> {
        wait_for(expected, async || match self.get(path).await {
            Ok(answer) if holds(&answer) => Ok(answer),
            Ok(answer) => Err(answer.to_string()),
            Err(wrong) => Err(wrong.saw),
        })
        .await
    }

    fn log(&self) -> PathBuf {
        self.home.join("node.log")
    }

    /// The last line of the node's log.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        log.lines().last().unwrap_or_default().to_owned()
    }
}

impl Drop for Node {
    /// The process is gone afterwards, so that its home can be removed.
    fn drop(&mut self) {
        let Some((child, _)) = &mut self.process else { return };
        // Fails only where it is gone already.
        let _ = child.start_kill();
        let began = Instant::now();
        while matches!(child.try_wait(), Ok(None)) && began.elapsed() < GONE {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn terminate(child: &Child) -> std::io::Result<()> {
    let id = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    let id = id.ok_or_else(|| std::io::Error::other("the process has ended by itself"))?;
    Ok(rustix::process::kill_process(id, rustix::process::Signal::TERM)?)
}
