//! `sigillo lab run`: a scenario with real nodes, told while it runs, and its report.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::base::limits;
use crate::disk::files;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
#[cfg(unix)]
use crate::ui::cli::passphrase;
use crate::ui::cli::signals::Signals;
use crate::ui::lab::director::{self, Options, Told};
use crate::ui::lab::format;
use crate::ui::lab::page::page;
use crate::ui::lab::report::{Outcome, Report, StepReport};
use crate::ui::lab::shipped::{self, SHIPPED};

/// Which scenario, and how.
#[derive(Clone, Debug, Args)]
pub(super) struct Wanted {
    /// A scenario file, or the name of one that comes with sigillo (see `sigillo lab list`)
    scenario: PathBuf,
    /// So many nodes of a group, or another patience, in the place of what the file says; may be repeated
    #[arg(long, value_name = "GROUP=COUNT|patience=SPAN")]
    set: Vec<String>,
    /// Write the report as a page that opens from disk
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Leave the nodes' homes, and say where they are
    #[arg(long)]
    keep: bool,
    /// Run each node in a process of its own: slower, and `kill` really kills
    #[arg(long)]
    processes: bool,
}

/// Runs a scenario, and fails where it doesn't come about.
pub(super) async fn run(output: Output, wanted: &Wanted) -> Result<(), Failure> {
    let (name, text) = read(&wanted.scenario)?;
    let scenario = format::read(&name, &text, &wanted.set)
        .map_err(|error| Failure::misused(format!("{}: {error}", wanted.scenario.display())))?;
    let mut signals = Signals::listen()?;
    let folder = director::folder()?;
    let options = Options { folder: folder.path().to_owned(), processes: wanted.processes };
    let voice = Voice::new(scenario.steps.len());
    let tell = |told: Told<'_>| voice.tell(told);
    let ran = tokio::select! {
        ran = director::run(&scenario, &options, &tell) => ran,
        () = signals.next() => Err("interrupted: all nodes were ended".to_owned()),
    };
    voice.end();
    let kept = wanted.keep.then(|| folder.keep());
    let mut report = ran.map_err(|saw| Failure::failed("lab", saw))?;
    report.kept = kept.map(|kept| kept.display().to_string());
    if let Some(path) = &wanted.report {
        files::write_whole(path, page(&report, &text).as_bytes()).map_err(|error| {
            Failure::failed("report", format!("{} can't be written: {error}", path.display()))
        })?;
    }
    let document =
        serde_json::to_value(&report).map_err(|error| Failure::failed("report", error.to_string()))?;
    output.show(&document, |_| summary(&report, wanted.report.as_deref()))?;
    if report.passed { Ok(()) } else { Err(Failure::Said) }
}

/// The scenario's name and its file.
fn read(path: &Path) -> Result<(String, String), Failure> {
    let shipped = path.to_str().and_then(shipped::named);
    match files::read_bounded(path, limits::LAB_FILE_MAX) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok((director::name_of(path), text)),
            Err(_) => Err(Failure::misused(format!("{} isn't UTF-8", path.display()))),
        },
        Err(error) => match shipped {
            Some(shipped) => Ok((shipped.name.to_owned(), shipped.text.to_owned())),
            None => Err(Failure::misused(format!(
                "{} can't be read ({error}), and no scenario that comes with sigillo has that name: \
                 `sigillo lab list` shows them",
                path.display()
            ))),
        },
    }
}

/// Names the scenarios that come with sigillo.
pub(super) fn list(output: Output) -> Result<(), Failure> {
    let mut all = Vec::new();
    for shipped in &SHIPPED {
        let scenario = format::read(shipped.name, shipped.text, &[]);
        let scenario = scenario.map_err(|error| Failure::failed("lab", error.to_string()))?;
        let nodes: usize = scenario.groups.iter().map(|group| group.count).sum();
        let groups: Vec<Value> = scenario
            .groups
            .iter()
            .map(|group| json!({ "name": group.name, "role": group.role.word(), "count": group.count }))
            .collect();
        all.push(json!({ "name": shipped.name, "title": scenario.title, "about": scenario.about, "nodes": nodes, "groups": groups }));
    }
    output.show(&Value::Array(all), |all| {
        let line = |one: &Value| {
            let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            format!("{:<22}{:>4} nodes  {}", text("name"), one["nodes"], text("title"))
        };
        all.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// Writes a scenario that comes with sigillo to stdout.
pub(super) fn show(output: Output, name: &str) -> Result<(), Failure> {
    let shipped = shipped::named(name).ok_or_else(|| {
        Failure::misused(format!("no scenario is called {name}: `sigillo lab list` shows them"))
    })?;
    let document = json!({ "name": shipped.name, "text": shipped.text });
    output.show(&document, |_| shipped.text.trim_end().to_owned())
}

/// A node of a scenario, in this process.
#[cfg(unix)]
pub(super) async fn node(home: &Path, output: Output) -> Result<(), Failure> {
    let passphrase = passphrase::known()?;
    let tell = |running: &Value| {
        // Whoever started this process has gone where this fails, and stdin ends then, too.
        let _ = output.show(running, Value::to_string);
    };
    crate::ui::lab::child::run(home, &passphrase, tell).await.map_err(|saw| Failure::failed("lab", saw))
}

/// Tells what happens: a bar on a terminal, lines elsewhere.
struct Voice {
    bar: Option<ProgressBar>,
    over: RefCell<usize>,
    steps: usize,
}

impl Voice {
    fn new(steps: usize) -> Self {
        let bar = std::io::IsTerminal::is_terminal(&std::io::stderr()).then(|| {
            let bar = ProgressBar::new(steps as u64);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len}, {elapsed}  {wide_msg}")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(core::time::Duration::from_millis(200));
            bar
        });
        Self { bar, over: RefCell::new(0), steps }
    }

    fn tell(&self, told: Told<'_>) {
        let words = match told {
            Told::Starting(nodes) => format!("{nodes} nodes are being started"),
            Told::Begins { step, .. } => {
                let note = if step.note.is_empty() { step.word } else { &step.note };
                if let Some(bar) = &self.bar {
                    bar.set_message(note.to_owned());
                }
                return;
            }
            Told::Over { report, .. } => {
                *self.over.borrow_mut() += 1;
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
                let count = format!("{:>2} of {}", self.over.borrow(), self.steps);
                format!("{count}  {}", line(report))
            }
            Told::Looking => "every conversation is looked at".to_owned(),
        };
        match &self.bar {
            Some(bar) => bar.println(crate::ui::cli::output::harmless(&words)),
            None => note(&words),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A step in a line.
fn line(report: &StepReport) -> String {
    let mark = match report.outcome {
        Outcome::Ok => "ok",
        Outcome::Failed => "FAILED",
        Outcome::Skipped => "skipped",
    };
    let note = if report.note.is_empty() { String::new() } else { format!("  {}", report.note) };
    format!("{mark:<8}{:>7.1} s  {:<20}{}{note}", report.took, report.step, saw(report))
}

fn saw(report: &StepReport) -> String {
    if report.saw.is_empty() { String::new() } else { format!("[{}]", report.saw) }
}

/// The run in a table.
fn summary(report: &Report, page: Option<&Path>) -> String {
    let mut lines = vec![format!("{}\n", report.title)];
    for step in &report.steps {
        lines.push(format!("line {:<5}{}", step.line, line(step)));
    }
    let messages = &report.messages;
    let latency = &report.latency;
    lines.push(String::new());
    let nodes: usize = report.groups.iter().map(|group| group.count).sum();
    let rows = [
        ("nodes", nodes.to_string()),
        ("messages accepted", messages.accepted.to_string()),
        ("shown to their recipients", messages.shown.to_string()),
        ("delivered, and known to be", messages.delivered.to_string()),
        ("on their way", messages.waiting.to_string()),
        ("told to have failed", messages.failed.to_string()),
        ("latency, median", format!("{:.1} ms", latency.median_ms)),
        ("latency, 99 of 100", format!("{:.1} ms", latency.p99_ms)),
        ("wall time", format!("{:.1} s", report.seconds)),
    ];
    lines.extend(rows.map(|(name, value)| format!("{name:<28}{value:>14}")));
    lines.extend(report.violations.iter().map(|broken| format!("broken: {broken}")));
    let failed = report.steps.iter().find(|step| step.outcome == Outcome::Failed);
    lines.push(match (failed, report.passed) {
        (Some(step), _) => format!("\nfailed in line {}, `{}`: {}", step.line, step.step, step.saw),
        (None, true) => "\nevery step came about".to_owned(),
        (None, false) => "\na rule was broken".to_owned(),
    });
    lines.extend(report.kept.iter().map(|kept| format!("the homes are kept in {kept}")));
    lines.extend(page.map(|page| format!("the report is in {}", page.display())));
    lines.join("\n")
}
