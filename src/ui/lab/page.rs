//! A report as a page that opens from disk: what was expected, what was seen, and how long messages took.

use crate::ui::lab::report::{Outcome, Report, Sample};
use crate::ui::plot::axis::Axis;
use crate::ui::plot::chart::{Chart, Series};
use crate::ui::plot::figures::number;
use crate::ui::plot::page::{Cell, Page, Table};

/// The whole page; `text` is the scenario's file.
pub fn page(report: &Report, text: &str) -> String {
    let nodes: usize = report.groups.iter().map(|group| group.count).sum();
    let held = report.steps.iter().filter(|step| step.outcome == Outcome::Ok).count();
    let verdict = match (report.passed, report.violations.len()) {
        (true, _) => format!("Every step came about: {held} in {} s.", number(report.seconds)),
        (false, 0) => format!("{held} of {} steps came about.", report.steps.len()),
        (false, broken) => {
            format!("{held} of {} steps came about; {broken} rules broken.", report.steps.len())
        }
    };
    let messages = &report.messages;
    let page = Page::new(&report.title, &report.about)
        .verdict(report.passed, &verdict)
        .fact("nodes", &nodes.to_string())
        .fact("messages accepted", &messages.accepted.to_string())
        .fact("delivered", &messages.delivered.to_string())
        .fact("median latency", &format!("{} ms", number(report.latency.median_ms)))
        .fact("99 of 100 within", &format!("{} ms", number(report.latency.p99_ms)))
        .section("Steps")
        .table(&steps(report));
    let page = report.violations.iter().fold(page, |page, broken| page.text(&format!("Broken: {broken}.")));
    let page = plots(page.section("Messages"), report);
    page.section("Nodes").table(&groups(report)).verbatim("The scenario", text).html()
}

fn steps(report: &Report) -> Table {
    let table = Table::new(&["line", "step", "what for", "", "what was seen", "began (s)", "took (s)"]);
    report.steps.iter().fold(table, |table, step| {
        let (held, word) = match step.outcome {
            Outcome::Ok => (true, "ok"),
            Outcome::Failed => (false, "failed"),
            Outcome::Skipped => (false, "skipped"),
        };
        table.row(vec![
            Cell::Figure(step.line.to_string()),
            Cell::Text(step.step.into()),
            Cell::Text(step.note.clone()),
            Cell::Held(held, word.into()),
            Cell::Text(step.saw.clone()),
            Cell::Figure(number(step.began)),
            Cell::Figure(number(step.took)),
        ])
    })
}

fn plots(page: Page, report: &Report) -> Page {
    let messages = &report.messages;
    let table = Table::new(&["accepted", "shown", "delivered", "on their way", "failed", "not looked at"]);
    let figures = [
        messages.accepted,
        messages.shown,
        messages.delivered,
        messages.waiting,
        messages.failed,
        messages.unseen,
    ];
    let page = page.table(&table.row(figures.map(|figure| Cell::Figure(figure.to_string())).to_vec()));
    if report.latency.count == 0 {
        return page.text("No message was shown to anybody.");
    }
    let page = page
        .chart(&states(&report.series))
        .chart(&latencies(&report.latency.all_ms))
        .text(
            "Latency is the time from the request to the sender's node until the recipient's screens were told; \
             a recipient that was off or parted counts with all of that time.",
        )
        .chart(&on(report));
    if report.marks.is_empty() { page } else { page.table(&marks(report)) }
}

/// What the messages were, at each moment.
fn states(series: &[Sample]) -> Chart {
    let places: Vec<f64> = series.iter().map(|sample| sample.at).collect();
    let layer = |of: fn(&Sample) -> usize| series.iter().map(|sample| of(sample) as f64).collect::<Vec<_>>();
    let layers = [
        ("delivered, and the sender knows", layer(|sample| sample.delivered)),
        ("shown to the recipient", layer(|sample| sample.shown.saturating_sub(sample.delivered))),
        ("in mailboxes", layer(|sample| sample.stored.saturating_sub(sample.shown.max(sample.delivered)))),
        ("with the sender", layer(|sample| sample.accepted.saturating_sub(sample.stored))),
    ];
    Chart::new(
        "Messages by state, over time",
        Axis::time("since the start"),
        Axis::linear("messages").from(0.0),
    )
    .stacked(&places, &layers)
}

fn latencies(all: &[f64]) -> Chart {
    let seconds: Vec<f64> = all.iter().map(|millis| millis / 1_000.0).collect();
    let (low, high) =
        (seconds.iter().copied().fold(f64::INFINITY, f64::min), seconds.iter().copied().fold(0.0, f64::max));
    let millis: Vec<f64> = all.iter().map(|millis| millis.max(0.01)).collect();
    // Over some orders of magnitude, as where recipients were off for a while, even steps show nothing.
    if high > 20.0 * low.max(0.000_1) {
        Chart::new(
            "Delivery latency",
            Axis::log("milliseconds"),
            Axis::linear("share of messages").from(0.0).to(1.0),
        )
        .with(Series::distribution("messages that took no longer", &millis))
    } else {
        Chart::new(
            "Delivery latency",
            Axis::linear("milliseconds").from(0.0),
            Axis::linear("messages").from(0.0),
        )
        .with(Series::histogram("messages", &millis))
    }
}

fn on(report: &Report) -> Chart {
    let mut points: Vec<(f64, f64)> = report.on.iter().map(|(at, nodes)| (*at, *nodes as f64)).collect();
    if let Some(last) = points.last().copied() {
        points.push((report.seconds, last.1));
    }
    Chart::new("Nodes that were on", Axis::time("since the start"), Axis::linear("nodes").from(0.0))
        .with(Series::steps("nodes", &points))
}

fn marks(report: &Report) -> Table {
    report.marks.iter().fold(Table::new(&["at (s)", "what was done to the nodes"]), |table, mark| {
        table.row(vec![Cell::Figure(number(mark.at)), Cell::Text(mark.what.clone())])
    })
}

fn groups(report: &Report) -> Table {
    report.groups.iter().fold(Table::new(&["nodes", "role", "how many"]), |table, group| {
        table.row(vec![
            Cell::Text(group.name.clone()),
            Cell::Text(group.role.into()),
            Cell::Figure(group.count.to_string()),
        ])
    })
}
