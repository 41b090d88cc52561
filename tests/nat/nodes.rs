//! Real nodes in the lab, spoken to through their homes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lab::Lab;

/// Longer than a silent connection is believed alive, twice.
const PATIENCE: Duration = Duration::from_secs(120);

/// A node in a namespace; killed in the end.
pub(crate) struct Node {
    directory: tempfile::TempDir,
    /// Its peer id.
    pub(crate) peer: String,
    seed: String,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    /// A relay on one of the open hosts, which keeps the directory, too.
    pub(crate) fn relay(lab: &Lab, host: &str, transport: &str) -> Self {
        let listen = listen(transport, "0.0.0.0", 4001);
        let mut node = Self::start(
            lab,
            host,
            &["init", "--name", host],
            &["--serve-relay", "--directory", "server", "--listen", &listen],
        );
        node.seed = format!("{}/p2p/{}", self::listen(transport, Lab::address(host), 4001), node.peer);
        node
    }

    /// A person at home, who knows some relays.
    pub(crate) fn person(lab: &Lab, host: &str, name: &str, transport: &str, relays: &[Self]) -> Self {
        let listen = listen(transport, "0.0.0.0", 0);
        let mut run = vec!["--listen", &listen];
        run.extend(relays.iter().flat_map(|relay| ["--bootstrap", &relay.seed]));
        Self::start(lab, host, &["init", "--name", name], &run)
    }

    fn start(lab: &Lab, host: &str, init: &[&str], run: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("passphrase"), "a passphrase\n").unwrap();
        let program = env!("CARGO_BIN_EXE_sigillo");
        let made =
            in_home(Command::new(program), &directory).args(init).args(["--kdf-memory", "12"]).output();
        assert!(made.unwrap().status.success());
        let mut command = in_home(lab.command(host, program), &directory);
        command.args(["run", "--json", "--no-mdns", "--no-upnp"]).args(run);
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{host} said {line:?}"));
        let peer = said["peer"].as_str().unwrap().to_owned();
        Self { directory, peer, seed: String::new(), child, _stdout: stdout }
    }

    /// What a command answers.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.ask(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Asks again until the answer is as it should be.
    pub(crate) fn until(&self, arguments: &[&str], good: impl Fn(&Value) -> bool) -> Value {
        let begun = now();
        loop {
            let said = serde_json::from_slice(&self.ask(arguments).stdout).unwrap_or_default();
            if good(&said) {
                return said;
            }
            if begun.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
                panic!("{arguments:?} still answers {said:#}\n{log}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn ask(&self, arguments: &[&str]) -> std::process::Output {
        in_home(Command::new(env!("CARGO_BIN_EXE_sigillo")), &self.directory)
            .args(arguments)
            .arg("--json")
            .output()
            .unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test waits by the real clock")]
fn now() -> Instant {
    Instant::now()
}

fn in_home(mut command: Command, directory: &tempfile::TempDir) -> Command {
    command.env("SIGILLO_HOME", directory.path().join("home"));
    command.env("SIGILLO_PASSPHRASE_FILE", directory.path().join("passphrase"));
    command.stdin(Stdio::null());
    command
}

fn listen(transport: &str, ip: &str, port: u16) -> String {
    match transport {
        "quic" => format!("/ip4/{ip}/udp/{port}/quic-v1"),
        _ => format!("/ip4/{ip}/tcp/{port}"),
    }
}

/// What a status says of a contact.
pub(crate) fn contact_of(status: &Value, name: &str) -> Value {
    let contacts = status["contacts"].as_array().cloned().unwrap_or_default();
    contacts.into_iter().find(|contact| contact["name"] == name).unwrap_or_default()
}

/// The incoming texts of a history that begin so, in order.
pub(crate) fn says(history: &Value, beginning: &str) -> Vec<String> {
    let entries = history["entries"].as_array().or(history.as_array()).cloned().unwrap_or_default();
    let texts =
        entries.iter().filter(|entry| entry["direction"] == "in").filter_map(|entry| entry["text"].as_str());
    texts.filter(|text| text.starts_with(beginning)).map(str::to_owned).collect()
}
