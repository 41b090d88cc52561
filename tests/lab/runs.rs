//! What the command does with scenarios: runs them, says what failed, refuses what it can't read.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::page::is_well_formed;

/// A directory of its own for scenario files, reports and what is temporary.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    /// A short name: the path of a Unix socket has about a hundred bytes.
    pub(crate) fn new() -> Self {
        Self(tempfile::Builder::new().prefix("sl-").tempdir().unwrap())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn scenario(&self, text: &str) -> String {
        std::fs::write(self.file("scenario.toml"), text).unwrap();
        self.file("scenario.toml").display().to_string()
    }

    /// What is left of a run.
    fn left(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.file("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    pub(crate) fn lab(&self, arguments: &[&str]) -> Output {
        let temporary = self.file("tmp");
        std::fs::create_dir_all(&temporary).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sigillo"));
        command.arg("lab").args(arguments).env("TMPDIR", temporary).stdin(Stdio::null());
        command.output().unwrap()
    }

    /// Runs a scenario, and returns its report and exit code.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Value, i32) {
        let output = self.lab(&[&["run", "--json"], arguments].concat());
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (report, output.status.code().unwrap())
    }

    /// Runs a scenario in which all must come about.
    pub(crate) fn passes(&self, arguments: &[&str]) -> Value {
        let (report, code) = self.run(arguments);
        let failed: Vec<&Value> =
            report["steps"].as_array().unwrap().iter().filter(|step| step["outcome"] != "ok").collect();
        assert!(
            failed.is_empty() && report["violations"] == json!([]),
            "{failed:?} {}",
            report["violations"]
        );
        assert_eq!((report["passed"].as_bool(), code), (Some(true), 0));
        report
    }
}

const TWO: &str = r#"
title = "Two people"
patience = "60s"
[[nodes]]
name = "hub"
role = "bootstrap"
[[nodes]]
name = "ana"
role = "person"
[[nodes]]
name = "bento"
role = "person"
[[steps]]
add = { who = "ana", whom = "bento" }
[[steps]]
send = { from = ["ana", "bento"], to = ["ana", "bento"], text = "<b>{n}</b> of {from} & {to}", count = 5 }
[[steps]]
expect_delivered = {}
"#;

#[test]
fn a_scenario_that_holds_exits_with_0_and_its_report_says_what_was_seen() {
    let place = Place::new();
    let (file, page) = (place.scenario(TWO), place.file("report.html"));
    let report = place.passes(&[&file, "--report", page.to_str().unwrap()]);
    assert_eq!(report["messages"]["accepted"], 10);
    assert_eq!((&report["messages"]["shown"], &report["messages"]["delivered"]), (&json!(10), &json!(10)));
    assert_eq!(report["latency"]["count"], 10);
    assert!(report["latency"]["max_ms"].as_f64() >= report["latency"]["median_ms"].as_f64());
    let series = report["series"].as_array().unwrap();
    assert_eq!(series.last().unwrap()["delivered"], 10, "states over time end with all delivered");
    assert_eq!(report["on"].as_array().unwrap().last().unwrap()[1], 3, "three nodes were on");
    let html = std::fs::read_to_string(page).unwrap();
    assert!(is_well_formed(&html), "{html}");
    assert_eq!(html.matches("<svg ").count(), 3);
    for loads in ["<script", "src=", "href=", "url(", "@import", "<b>"] {
        assert!(!html.contains(loads), "{loads}");
    }
    assert!(html.contains("Two people") && html.contains("expect_delivered"));
    assert_eq!(place.left(), Vec::<PathBuf>::new(), "nothing is left behind");
}

#[test]
fn a_false_expectation_fails_the_run_and_says_which_and_what_was_seen() {
    let place = Place::new();
    // Bento is off and nobody keeps mail for him.
    let text = format!(
        "{TWO}[[steps]]\nstop = \"bento\"\n[[steps]]\nsend = {{ from = \"ana\", to = \"bento\", text = \"?\" }}\n\
         [[steps]]\nnote = \"can't be\"\npatience = \"2s\"\n\
         expect_state = {{ from = \"ana\", to = \"bento\", state = \"delivered\" }}\n[[steps]]\nstart = \"bento\"\n"
    );
    let line = 1 + text.lines().position(|line| line.contains("can't be")).unwrap() - 1;
    let file = place.scenario(&text);
    let (report, code) = place.run(&[&file]);
    assert_eq!((code, &report["passed"]), (1, &json!(false)));
    let steps = report["steps"].as_array().unwrap();
    let failed = &steps[5];
    assert_eq!((failed["outcome"].as_str(), failed["line"].as_u64()), (Some("failed"), Some(line as u64)));
    assert_eq!(failed["saw"], "1 of 6 messages aren't, the first is queued, after 2.0 s");
    assert_eq!(steps[6]["outcome"], "skipped");
    assert_eq!(report["messages"]["unseen"], 11, "bento is off: what is between the two wasn't looked at");

    let output = place.lab(&["run", &file]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains(&format!("failed in line {line}, `expect_state`: 1 of 6 messages aren't")),
        "{said}"
    );
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("FAILED") && told.contains("6 of 7"), "{told}");
}

#[test]
fn what_must_wait_and_does_not_fails_too() {
    let place = Place::new();
    let text = format!("{TWO}[[steps]]\nexpect_held = {{ lasts = \"1s\" }}\n");
    let (report, code) = place.run(&[&place.scenario(&text)]);
    assert_eq!(code, 1);
    assert_eq!(report["steps"][3]["saw"], "every message between them is delivered already");
}

#[test]
fn a_file_that_is_no_scenario_exits_with_2_and_names_the_line() {
    let place = Place::new();
    let file = place.scenario(&TWO.replace("expect_delivered", "expect_devilered"));
    for (wanted, words) in [
        (file.as_str(), "line 18"),
        ("no-such-scenario", "`sigillo lab list`"),
        ("bank-alert --set bank", "GROUP=COUNT"),
    ] {
        let arguments: Vec<&str> = ["run"].into_iter().chain(wanted.split(' ')).collect();
        let output = place.lab(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{wanted}: {said}");
        assert!(said.contains(words), "{wanted}: {said}");
    }
}

#[test]
fn kept_homes_are_homes() {
    let place = Place::new();
    let (report, _) = place.run(&[&place.scenario(TWO), "--keep"]);
    let kept = Path::new(report["kept"].as_str().unwrap()).to_owned();
    assert!(kept.join("ana").join("keystore").exists());
    assert!(kept.join("passphrase").exists());
}

#[test]
fn nodes_in_processes_of_their_own_are_parted_killed_and_set_to_another_time() {
    let place = Place::new();
    let text = TWO.replace("title", "starts = \"2030-01-01T00:00:00Z\"\ntitle")
        + r#"
[[steps]]
partition = [["ana"], ["bento"]]
[[steps]]
send = { from = "ana", to = "bento", text = "across" }
[[steps]]
expect_held = { from = "ana", to = "bento", lasts = "2s" }
[[steps]]
kill = "ana"
[[steps]]
heal = true
[[steps]]
start = "ana"
[[steps]]
expect_delivered = {}
"#;
    let report = place.passes(&[&place.scenario(&text), "--processes", "--keep"]);
    assert_eq!(
        (report["processes"].as_bool(), report["messages"]["delivered"].as_u64()),
        (Some(true), Some(11))
    );
    let kept = Path::new(report["kept"].as_str().unwrap()).to_owned();
    let mut history = Command::new(env!("CARGO_BIN_EXE_sigillo"));
    history.arg("--home").arg(kept.join("bento")).args(["--json", "history", "ana"]);
    history.env("SIGILLO_PASSPHRASE_FILE", kept.join("passphrase"));
    let history: Value = serde_json::from_slice(&history.output().unwrap().stdout).unwrap();
    let last = history["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["text"], "across");
    assert!(last["sent_at"].as_u64() > Some(1_893_456_000_000), "by the clocks of 2030: {last}");
}
