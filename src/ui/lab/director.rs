//! Runs a scenario: sets the stage, takes its steps one after the other, and looks at everything in the end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::{Instant, sleep_until};

use crate::ui::lab::audit::{self, Tally};
use crate::ui::lab::measure::{Measure, Message, Times};
use crate::ui::lab::place::Saw;
use crate::ui::lab::report::{
    GroupReport, LatencyReport, MessageReport, Outcome, Report, Sample, StepReport,
};
use crate::ui::lab::scenario::{Act, Role, Scenario, Step};
use crate::ui::lab::stage::Stage;
use crate::ui::lab::wait::until;
use crate::ui::lab::{expect, faults, money, talk};
use crate::ui::plot::figures::quantile;

/// How long what must hold at every moment may look broken, because two stores are read one after the other.
const SETTLING: Duration = Duration::from_secs(10);
/// Samples of the messages' states over time.
const SAMPLES: usize = 240;

/// How a scenario is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// An empty directory for the nodes' homes.
    pub folder: PathBuf,
    /// Whether each node is a process of its own, of this program, which must be `sigillo` then.
    pub processes: bool,
}

/// What happens while a scenario runs.
#[derive(Clone, Copy, Debug)]
pub enum Told<'t> {
    /// The nodes are being started, so many of them.
    Starting(usize),
    /// A step begins.
    Begins {
        /// Its place, from 0.
        place: usize,
        /// The step.
        step: &'t Step,
    },
    /// A step is over.
    Over {
        /// Its place, from 0.
        place: usize,
        /// What came of it.
        report: &'t StepReport,
    },
    /// The steps are over, and everything is looked at.
    Looking,
}

/// Who is told what happens.
pub type Teller<'t> = &'t dyn Fn(Told<'_>);

/// Runs a scenario with real nodes; to be called inside a tokio runtime.
///
/// # Errors
/// Where the stage can't be set. A step that fails is no error: the report says so.
pub async fn run(scenario: &Scenario, options: &Options, tell: Teller<'_>) -> Result<Report, String> {
    let stage = Stage::set(scenario, &options.folder, options.processes)?;
    tell(Told::Starting(stage.cells.len()));
    let result = play(scenario, &stage, tell).await;
    let ended = stage.stop(&(0..stage.cells.len()).collect::<Vec<_>>(), true).await;
    let mut report = result?;
    if let Err(saw) = ended {
        report.violations.push(saw);
    }
    report.passed &= report.violations.is_empty();
    report.processes = options.processes;
    Ok(report)
}

async fn play(scenario: &Scenario, stage: &Stage, tell: Teller<'_>) -> Result<Report, Saw> {
    open(stage).await?;
    let director = Director { scenario, stage, tell, begun: Instant::now() };
    let steps = director.steps().await;
    tell(Told::Looking);
    let (tally, violations) = verdict(stage).await;
    let messages = MessageReport {
        accepted: tally.accepted,
        shown: tally.shown,
        delivered: tally.delivered,
        waiting: tally.waiting,
        failed: tally.failed,
        unseen: tally.unseen,
    };
    let passed = steps.iter().all(|step| step.outcome == Outcome::Ok) && violations.is_empty();
    let groups = scenario.groups.iter().map(|group| GroupReport {
        name: group.name.clone(),
        role: group.role.word(),
        count: group.count,
    });
    let (marks, on) = stage.measure.marks();
    Ok(Report {
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        about: scenario.about.clone(),
        passed,
        seconds: stage.measure.now(),
        processes: false,
        groups: groups.collect(),
        steps,
        messages,
        violations,
        latency: latency(&stage.measure),
        series: series(&stage.measure),
        on,
        marks,
        missed: stage.measure.missed(),
        kept: None,
    })
}

/// Starts the nodes, those first that the others need.
async fn open(stage: &Stage) -> Result<(), Saw> {
    let ranks: [&[Role]; 3] =
        [&[Role::Bootstrap], &[Role::Directory, Role::Relay, Role::Mailbox], &[Role::Business, Role::Person]];
    for roles in ranks {
        let those: Vec<usize> = (0..stage.cells.len())
            .filter(|index| roles.contains(&stage.cells[*index].role) && !stage.group_of(*index).off)
            .collect();
        stage.start(&those).await?;
    }
    Ok(())
}

/// What one step leaves.
type Taken<'d> = LocalBoxFuture<'d, (usize, StepReport)>;

struct Director<'d> {
    scenario: &'d Scenario,
    stage: &'d Stage,
    tell: Teller<'d>,
    begun: Instant,
}

impl Director<'_> {
    /// Takes all steps; after one that failed, no more.
    async fn steps(&self) -> Vec<StepReport> {
        let mut meanwhile: FuturesUnordered<Taken<'_>> = FuturesUnordered::new();
        let mut done: Vec<(usize, StepReport)> = Vec::new();
        for (place, step) in self.scenario.steps.iter().enumerate() {
            if done.iter().any(|(_, report)| report.outcome != Outcome::Ok) {
                done.push((place, skipped(step)));
                continue;
            }
            let taken: Taken<'_> = Box::pin(self.step(place, step));
            if step.meanwhile {
                meanwhile.push(taken);
                continue;
            }
            let mut taken = taken;
            let report = loop {
                tokio::select! {
                    report = &mut taken => break report,
                    Some(other) = meanwhile.next() => done.push(other),
                }
            };
            done.push(report);
        }
        while let Some(other) = meanwhile.next().await {
            done.push(other);
        }
        done.sort_by_key(|(place, _)| *place);
        done.into_iter().map(|(_, report)| report).collect()
    }

    async fn step(&self, place: usize, step: &Step) -> (usize, StepReport) {
        if let Some(at) = step.at {
            sleep_until(self.begun + at.0).await;
        }
        (self.tell)(Told::Begins { place, step });
        let began = self.stage.measure.now();
        let result = self.take(step).await;
        let (outcome, saw) = match result {
            Ok(saw) => (Outcome::Ok, saw),
            Err(saw) => (Outcome::Failed, saw),
        };
        let took = self.stage.measure.now() - began;
        let note = step.note.clone();
        let report = StepReport { line: step.line, step: step.word, note, outcome, saw, began, took };
        (self.tell)(Told::Over { place, report: &report });
        (place, report)
    }

    /// Does what a step says.
    async fn take(&self, step: &Step) -> Result<String, Saw> {
        let stage = self.stage;
        let patience = step.patience.unwrap_or(self.scenario.patience).0;
        let all = || (0..stage.cells.len()).collect::<Vec<_>>();
        let told = |what: String| {
            stage.measure.mark(what.clone());
            what
        };
        match &step.act {
            Act::Wait(span) => {
                tokio::time::sleep(span.0).await;
                Ok(format!("waited {span}"))
            }
            Act::Start(who) => stage.start(&stage.named(who)).await.map(|()| told(format!("{who} on"))),
            Act::Stop(who) => stage.stop(&stage.named(who), true).await.map(|()| told(format!("{who} off"))),
            Act::Kill(who) => {
                stage.stop(&stage.named(who), false).await.map(|()| told(format!("{who} killed")))
            }
            Act::LoseDisk(who) => {
                stage.lose_disk(&stage.named(who)).await.map(|()| told(format!("{who} lost its disk")))
            }
            Act::Partition(sides) => {
                let parted: Vec<_> = sides.iter().map(|side| stage.named(side)).collect();
                let words: Vec<_> = sides.iter().map(|side| format!("[{side}]")).collect();
                stage.part(parted).await.map(|()| told(format!("parted {}", words.join(" "))))
            }
            Act::Heal => stage.part(Vec::new()).await.map(|()| told("healed".into())),
            Act::Churn(churn) => faults::churn(stage, churn).await,
            Act::Advance(advance) => {
                let who = advance.who.as_ref().map_or_else(all, |who| stage.named(who));
                stage
                    .advance(&who, advance.by.0)
                    .await
                    .map(|()| told(format!("clocks went {} forth", advance.by)))
            }
            Act::Publish(who) => talk::publish(stage, &stage.named(who), patience).await,
            Act::Add(pairing) => talk::add(stage, pairing, patience).await,
            Act::Mailbox(hosting) => {
                for one in stage.named(&hosting.who) {
                    for mailbox in stage.named(&hosting.at) {
                        stage.take_on(one, mailbox).await?;
                    }
                }
                Ok(format!("{} took on {}", hosting.who, hosting.at))
            }
            Act::Send(letters) => talk::letters(stage, letters).await,
            Act::Broadcast(broadcast) => talk::broadcast(stage, broadcast).await,
            Act::Read(pairing) => talk::read(stage, pairing).await,
            Act::HandOver(chat) => talk::hand_over(stage, chat, patience).await,
            Act::Subscribe(wish) => money::wish(stage, wish, false, patience).await,
            Act::Cancel(wish) => money::wish(stage, wish, true, patience).await,
            Act::Pay(payment) => money::pay(stage, payment, patience).await,
            Act::ExpectDelivered(route) => expect::delivered(stage, route, patience).await,
            Act::ExpectHeld(held) => expect::held(stage, held).await,
            Act::ExpectState(reach) => expect::state(stage, reach, patience).await,
            Act::ExpectFound(finding) => expect::found(stage, finding, patience).await,
            Act::ExpectSubscription(standing) => money::standing(stage, standing, patience).await,
            Act::ExpectReached(way) => expect::reached(stage, way, patience).await,
            Act::ExpectKept(kept) => expect::kept(stage, kept, patience).await,
        }
    }
}

fn skipped(step: &Step) -> StepReport {
    StepReport {
        line: step.line,
        step: step.word,
        note: step.note.clone(),
        outcome: Outcome::Skipped,
        saw: String::new(),
        began: 0.0,
        took: 0.0,
    }
}

/// Looks at every conversation: what must hold whatever the scenario expects.
async fn verdict(stage: &Stage) -> (Tally, Vec<String>) {
    let (mut tally, mut violations) = (Tally::default(), Vec::new());
    for ((from, to), messages) in audit::pairs_of(&stage.measure.messages()) {
        if !(stage.is_on(from).await && stage.is_on(to).await) {
            tally.accepted += messages.len();
            tally.unseen += messages.len();
            continue;
        }
        let names = format!("from {} to {}", stage.cells[from].name, stage.cells[to].name);
        let looked = until(SETTLING, async || {
            let pair = audit::look_at(stage, from, to, &messages).await?;
            pair.broken().map_or(Ok(pair), Err)
        });
        match looked.await {
            Ok(pair) => tally.add(pair.tally()),
            Err(saw) => violations.push(format!("{names}: {saw}")),
        }
    }
    (tally, violations)
}

fn latency(measure: &Measure) -> LatencyReport {
    let times = measure.times();
    let shown = times.iter().filter_map(|(message, times)| Some((times.shown? - message.at) * 1_000.0));
    let mut all_ms: Vec<f64> = shown.collect();
    let mut at = |share| round(quantile(&mut all_ms, share));
    let (median_ms, p90_ms, p99_ms, max_ms) = (at(0.5), at(0.9), at(0.99), at(1.0));
    LatencyReport { count: all_ms.len(), median_ms, p90_ms, p99_ms, max_ms, all_ms }
}

/// To microseconds.
fn round(millis: f64) -> f64 {
    (millis * 1_000.0).round() / 1_000.0
}

fn series(measure: &Measure) -> Vec<Sample> {
    let times = measure.times();
    if times.is_empty() {
        return Vec::new();
    }
    let begun = times.iter().map(|(message, _)| message.at).fold(f64::INFINITY, f64::min);
    let end = measure.now();
    let count = |at: f64, of: &dyn Fn(&(Message, Times)) -> Option<f64>| {
        times.iter().filter(|one| of(one).is_some_and(|then| then <= at)).count()
    };
    let sample = |part: usize| {
        let at = begun + (end - begun) * part as f64 / SAMPLES as f64;
        let earliest = |one: &[Option<f64>]| one.iter().flatten().copied().reduce(f64::min);
        Sample {
            at: round(at),
            accepted: count(at, &|(message, _)| Some(message.at)),
            stored: count(at, &|(_, times)| earliest(&[times.stored, times.shown, times.delivered])),
            shown: count(at, &|(_, times)| earliest(&[times.shown, times.delivered])),
            delivered: count(at, &|(_, times)| times.delivered),
        }
    };
    (0..=SAMPLES).map(sample).collect()
}

/// An empty directory for the homes of one run.
///
/// # Errors
/// What the system says.
pub fn folder() -> std::io::Result<tempfile::TempDir> {
    // A short name: the path of a Unix socket has about a hundred bytes.
    tempfile::Builder::new().prefix("sigillo-lab-").tempdir()
}

/// The name of a scenario in a file: the file's, without what follows the dot.
pub fn name_of(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
