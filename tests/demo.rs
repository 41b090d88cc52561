//! `sigillo demo` plays the whole job through, and leaves nothing behind unless it is asked to.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// The steps, in their order.
const STEPS: [&str; 16] = [
    "bootstrap",
    "business",
    "customers",
    "publish",
    "find",
    "message",
    "answer",
    "unlinkable",
    "subscribe",
    "crash",
    "recovery",
    "receipt",
    "forged profile",
    "stop",
    "verify",
    "forged receipt",
];

/// The demo, with a directory of its own for what is temporary. The directory's name is short: the path of a
/// Unix socket has about a hundred bytes.
struct Demo {
    directory: tempfile::TempDir,
}

impl Demo {
    fn new() -> Self {
        Self { directory: tempfile::Builder::new().prefix("sd-").tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sigillo"));
        command.arg("demo").args(arguments).env("TMPDIR", self.directory.path()).stdin(Stdio::null());
        command
    }

    /// What is left in the directory.
    fn left(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// Processes that still work in the directory.
    #[cfg(target_os = "linux")]
    fn processes(&self) -> Vec<String> {
        let place = self.directory.path().display().to_string();
        let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok());
        let words = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        let words = words.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
        words.filter(|words| words.contains(&place)).collect()
    }

    #[cfg(not(target_os = "linux"))]
    fn processes(&self) -> Vec<String> {
        Vec::new()
    }
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

#[test]
fn every_step_holds_and_nothing_is_left() {
    let demo = Demo::new();
    let output = demo.command(&["--json"]).output().unwrap();
    let lines = lines(&output);
    for line in &lines {
        assert_eq!(line["ok"], json!(true), "{line}");
        assert!(line["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{line}");
    }
    let steps: Vec<&str> = lines.iter().map(|line| line["step"].as_str().unwrap()).collect();
    assert_eq!(steps.split_last().unwrap(), (&"done", &STEPS[..]));
    let receipt = lines.last().unwrap()["receipt"].as_str().unwrap();
    assert_eq!(receipt.len(), 64, "{receipt}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(demo.left(), Vec::<PathBuf>::new());
    assert_eq!(demo.processes(), Vec::<String>::new());
}

#[test]
fn the_kept_homes_work_by_hand() {
    let demo = Demo::new();
    let output = demo.command(&["--json", "--keep"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let end = lines(&output).pop().unwrap();
    let kept = Path::new(end["kept"].as_str().unwrap()).to_owned();
    assert_eq!(demo.left(), std::slice::from_ref(&kept));
    assert_eq!(demo.processes(), Vec::<String>::new());
    let script: Vec<&str> =
        end["by_hand"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let played = Command::new("sh").arg("-ec").arg(script.join("\n")).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    let complained = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{said}\n{complained}");
    assert!(said.contains("delivered") && said.contains("authentic"), "{said}\n{complained}");
    assert!(!kept.exists(), "the last line clears away");
}

#[test]
fn an_interruption_ends_every_node_and_says_so() {
    let demo = Demo::new();
    let mut child = demo.command(&["--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    for _ in 0..3 {
        line.clear();
        stdout.read_line(&mut line).unwrap();
    }
    assert!(line.contains("customers"), "{line}");
    assert!(Command::new("sh").arg("-c").arg(format!("kill {}", child.id())).status().unwrap().success());
    let end = stdout.lines().map(|line| line.unwrap()).find(|line| line.contains("\"done\"")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&end).unwrap()["ok"], json!(false));
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(demo.left(), Vec::<PathBuf>::new());
    assert_eq!(demo.processes(), Vec::<String>::new());
}
