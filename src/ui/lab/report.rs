//! What came of a run, as one document.

use serde::Serialize;

/// What came of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// What it is about.
    pub title: String,
    /// In full.
    pub about: String,
    /// Whether every step came about and no rule was broken.
    pub passed: bool,
    /// Seconds of the whole run.
    pub seconds: f64,
    /// Whether each node was a process of its own.
    pub processes: bool,
    /// The nodes.
    pub groups: Vec<GroupReport>,
    /// The steps, in their order.
    pub steps: Vec<StepReport>,
    /// The messages.
    pub messages: MessageReport,
    /// Rules that hold whatever a scenario expects, and didn't.
    pub violations: Vec<String>,
    /// From the sender's node to the recipient's screens, in milliseconds.
    pub latency: LatencyReport,
    /// How many messages had got how far, over time.
    pub series: Vec<Sample>,
    /// How many nodes were on, each time that changed.
    pub on: Vec<(f64, usize)>,
    /// What was done to the nodes, and when.
    pub marks: Vec<Mark>,
    /// Events that a node had and that weren't heard because too many came at once; they lack in the figures.
    pub missed: u64,
    /// Where the homes are, if they were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// Nodes of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct GroupReport {
    /// What they are called.
    pub name: String,
    /// What they do.
    pub role: &'static str,
    /// How many there are.
    pub count: usize,
}

/// What came of a step.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// Its line in the file.
    pub line: usize,
    /// What it does, by the word that the file has for it.
    pub step: &'static str,
    /// What it is for.
    pub note: String,
    /// `ok`, `failed`, or `skipped` where an earlier one failed.
    pub outcome: Outcome,
    /// What was seen.
    pub saw: String,
    /// When it began, in seconds after the start.
    pub began: f64,
    /// How many seconds it took.
    pub took: f64,
}

/// What came of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It came about.
    Ok,
    /// It didn't.
    Failed,
    /// An earlier one failed.
    Skipped,
}

/// How many messages got how far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct MessageReport {
    /// Accepted by their senders' nodes.
    pub accepted: usize,
    /// In their recipients' conversations.
    pub shown: usize,
    /// Delivered, by their senders' word.
    pub delivered: usize,
    /// On their way.
    pub waiting: usize,
    /// Given up, and their senders are told so.
    pub failed: usize,
    /// Between nodes of which one was off in the end: nobody looked.
    pub unseen: usize,
}

/// From the sender's node to the recipient's screens, in milliseconds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LatencyReport {
    /// Messages that were measured.
    pub count: usize,
    /// Half of them took no longer.
    pub median_ms: f64,
    /// Nine of ten.
    pub p90_ms: f64,
    /// 99 of a hundred.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Each of them, sorted; not part of the document.
    #[serde(skip)]
    pub all_ms: Vec<f64>,
}

/// How many messages had got how far at a moment.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Sample {
    /// Seconds after the start.
    pub at: f64,
    /// Accepted by their senders' nodes.
    pub accepted: usize,
    /// In mailboxes or further.
    pub stored: usize,
    /// On their recipients' screens.
    pub shown: usize,
    /// Delivered, by their senders' word.
    pub delivered: usize,
}

/// What was done to nodes at a moment.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Mark {
    /// Seconds after the start.
    pub at: f64,
    /// In a few words.
    pub what: String,
}
