//! `sigillo lab sim`: lives of many simulated nodes, of which no rule may be broken.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use rand_core::Rng as _;
use serde_json::{Value, json};

use crate::sim::run::{Report, Run, Scenario};
use crate::sim::workload::Workload;
use crate::ui::bench::timer::Timer;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::lab_dht::Dht;
use crate::ui::cli::lab_run::Wanted;
use crate::ui::cli::output::{Output, note};

/// What to try out.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Lab {
    /// Let many nodes live in a simulated world in which everything goes wrong, and see that every rule holds
    Sim(Sim),
    /// What the directory costs against its size: hops, messages and bytes, of real nodes and of a model for more of them
    Dht(Dht),
    /// Run a scenario with real nodes on this machine, and see whether all comes about that it expects
    Run(Wanted),
    /// Name the scenarios that come with sigillo
    List,
    /// Write a scenario that comes with sigillo to stdout, to start from
    Show {
        /// Its name, as `sigillo lab list` shows it
        name: String,
    },
    /// A node that a scenario runs in a process of its own
    #[cfg(unix)]
    #[command(hide = true)]
    Node,
}

/// Which worlds, and for how long.
#[derive(Clone, Debug, Args)]
pub(super) struct Sim {
    /// The seed that decides everything; the same seed, the same life [default: a fresh one]
    #[arg(long)]
    seed: Option<u64>,
    /// Nodes of each world
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=20_000))]
    nodes: u32,
    /// Days that each world lives
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_660))]
    days: u32,
    /// What the nodes do all day
    #[arg(long, value_enum, default_value = "mixed")]
    workload: Life,
    /// Worlds, with this seed and those that follow it
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    worlds: u64,
    /// Minutes after which no further world begins, in the place of a number of worlds
    #[arg(long, conflicts_with = "worlds", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    minutes: Option<u64>,
    /// Worlds that live at the same time, each in a thread of its own [default: the machine's cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Live each life twice: a difference breaks a rule
    #[arg(long)]
    twice: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Life {
    /// People who write to each other all day
    Chat,
    /// One business, and everybody is its customer
    Business,
    /// People whose nodes are switched off most of the day
    Asleep,
    /// Businesses, people of both kinds, people with two devices
    Mixed,
    /// Each world another one, in turn
    All,
}

impl Life {
    const fn of(self, turn: u64) -> Workload {
        const ALL: [Workload; 4] = [Workload::Chat, Workload::Business, Workload::Asleep, Workload::Mixed];
        match self {
            Self::Chat => Workload::Chat,
            Self::Business => Workload::Business,
            Self::Asleep => Workload::Asleep,
            Self::Mixed => Workload::Mixed,
            Self::All => ALL[(turn % ALL.len() as u64) as usize],
        }
    }
}

/// What all threads share.
struct Work<'w> {
    wanted: &'w Sim,
    first: u64,
    next: AtomicU64,
    timer: Timer,
    bar: ProgressBar,
    done: Mutex<Vec<Report>>,
}

/// Simulates, and fails where a rule didn't hold.
pub(super) fn sim(output: Output, wanted: &Sim) -> Result<(), Failure> {
    let first = wanted.seed.unwrap_or_else(|| u64::from(rand_core::UnwrapErr(getrandom::SysRng).next_u32()));
    let threads = wanted
        .threads
        .map_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get), usize::from);
    let timer = Timer::start();
    let work = Work {
        wanted,
        first,
        next: AtomicU64::new(0),
        timer,
        bar: progress(wanted),
        done: Mutex::new(Vec::new()),
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(usize::try_from(wanted.worlds_at_most()).unwrap_or(threads)) {
            scope.spawn(|| work.some());
        }
    });
    work.bar.finish_and_clear();
    let mut reports = work.done.into_inner().unwrap_or_default();
    reports.sort_by_key(|report| report.seed);
    for report in reports.iter().filter(|report| !report.violations.is_empty()) {
        note(&format!("violation: {}; again with: {}", report.violations[0], again(report)));
    }
    let document = summary(&reports, first, timer.elapsed());
    output.show(&document, table)?;
    if reports.iter().any(|report| !report.violations.is_empty()) { Err(Failure::Said) } else { Ok(()) }
}

impl Sim {
    const fn worlds_at_most(&self) -> u64 {
        if self.minutes.is_some() { u64::MAX } else { self.worlds }
    }

    fn is_time_over(&self, spent: Duration) -> bool {
        self.minutes.is_some_and(|minutes| spent >= Duration::from_secs(60 * minutes))
    }
}

impl Work<'_> {
    /// Lives one life after the other, until there are no more.
    fn some(&self) {
        loop {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            if turn >= self.wanted.worlds_at_most() || self.wanted.is_time_over(self.timer.elapsed()) {
                return;
            }
            let scenario = Scenario {
                seed: self.first.wrapping_add(turn),
                nodes: self.wanted.nodes as usize,
                days: self.wanted.days,
                workload: self.wanted.workload.of(self.first.wrapping_add(turn)),
            };
            let mut report = self.live(scenario);
            if self.wanted.twice && self.live(scenario).trace != report.trace {
                report.violations.push("the same seed lived another life".to_owned());
            }
            if let Ok(mut done) = self.done.lock() {
                done.push(report);
            }
        }
    }

    fn live(&self, scenario: Scenario) -> Report {
        let mut run = match Run::new(scenario) {
            Ok(run) => run,
            Err(what) => return Report::unsettled(&scenario, what),
        };
        while run.day() {
            self.bar.inc(1);
            if self.wanted.minutes.is_some() {
                self.bar.set_position(self.timer.elapsed().as_secs());
            }
        }
        run.finish()
    }
}

/// The command that lives this very life again.
fn again(report: &Report) -> String {
    let Report { seed, nodes, days, workload, .. } = report;
    format!("sigillo lab sim --seed {seed} --nodes {nodes} --days {days} --workload {workload}")
}

fn progress(wanted: &Sim) -> ProgressBar {
    let lives = 1 + u64::from(wanted.twice);
    let (length, unit) = match wanted.minutes {
        Some(minutes) => (60 * minutes, "seconds"),
        None => (wanted.worlds * u64::from(wanted.days) * lives, "days"),
    };
    // Hidden by itself where stderr is no terminal.
    let bar = ProgressBar::new(length);
    let style = format!("{{wide_bar}} {{pos}} of {{len}} {unit}, {{elapsed_precise}}");
    if let Ok(style) = ProgressStyle::with_template(&style) {
        bar.set_style(style);
    }
    bar
}

fn summary(reports: &[Report], first: u64, spent: Duration) -> Value {
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    for (fault, times) in reports.iter().flat_map(|report| &report.faults) {
        *faults.entry(fault).or_default() += times;
    }
    let node_days = sum(|report| report.nodes as u64 * u64::from(report.days));
    let violations: Vec<Value> = reports
        .iter()
        .filter(|report| !report.violations.is_empty())
        .map(|report| json!({ "seed": report.seed, "violations": report.violations, "again": again(report) }))
        .collect();
    let traces: Vec<Value> = reports.iter().map(|report| {
        json!({ "seed": report.seed, "workload": report.workload, "messages": report.messages, "trace": report.trace })
    }).collect();
    json!({
        "seed": first,
        "worlds": reports.len(),
        "node_years": (node_days as f64 / 365.25 * 1_000.0).round() / 1_000.0,
        "messages": sum(|report| report.messages),
        "shown": sum(|report| report.shown),
        "failed": sum(|report| report.failed),
        "lost_with_device": sum(|report| report.lost_with_device),
        "changed": sum(|report| report.changed),
        "frames": sum(|report| report.frames),
        "kept": sum(|report| report.kept),
        "steps": sum(|report| report.steps),
        "faults": faults,
        "violations": violations,
        "wall_seconds": (spent.as_secs_f64() * 1_000.0).round() / 1_000.0,
        "lives": traces,
    })
}

fn table(document: &Value) -> String {
    const ROWS: [(&str, &str); 11] = [
        ("first seed", "seed"),
        ("worlds", "worlds"),
        ("node-years", "node_years"),
        ("messages accepted", "messages"),
        ("shown", "shown"),
        ("told to have failed", "failed"),
        ("lost with a device", "lost_with_device"),
        ("changed", "changed"),
        ("frames", "frames"),
        ("kept by mailboxes", "kept"),
        ("wall time in seconds", "wall_seconds"),
    ];
    let mut lines: Vec<String> =
        ROWS.iter().map(|(name, key)| format!("{name:<28}{:>14}", document[key])).collect();
    for (fault, times) in document["faults"].as_object().into_iter().flatten() {
        lines.push(format!("{fault:<28}{times:>14}"));
    }
    let broken = document["violations"].as_array().map_or(0, Vec::len);
    lines.push(format!("{:<28}{broken:>14}", "worlds with a broken rule"));
    lines.join("\n")
}
