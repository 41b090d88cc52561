//! `sigillo bench`: measures whole paths between real nodes on this machine.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use crate::base::consent_limits::NEWCOMERS_BURST;
use crate::base::kind::AccountKind;
use crate::ui::bench::load::Wanted;
use crate::ui::bench::load_report::LoadReport;
use crate::ui::bench::nodes::{Failed, Place, befriend};
use crate::ui::bench::report::{Latency, Messages, Report};
use crate::ui::bench::timer::{Timer, quantile};
use crate::ui::bench::{directory, idle, load, messages, startup};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};

/// What to measure.
#[derive(Clone, Debug, Args)]
pub(super) struct Bench {
    /// Messages of a burst
    #[arg(long, default_value_t = 40_000)]
    pub(super) messages: u64,
    /// Seconds of a sustained stream
    #[arg(long, default_value_t = 20)]
    pub(super) sustained: u64,
    /// Messages sent one at a time
    #[arg(long, default_value_t = 500)]
    pub(super) latencies: usize,
    /// Seconds for which an idle node is watched
    #[arg(long, default_value_t = 30)]
    pub(super) idle: u64,
    /// Instead of all that: a business with so many customers, which its bot answers. In a hurry they write for as long
    /// as --sustained says, at most as much as a bot answers one customer in an hour
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(NEWCOMERS_BURST)))]
    pub(super) customers: Option<u32>,
    /// Of these customers so many are on their way to their first answer at once; a node refuses more than it lets
    /// connect at once, and they come again after a while
    #[arg(long, default_value_t = 16, requires = "customers", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) at_once: u32,
}

/// Runs all measurements in a temporary folder, which is gone afterwards.
pub(super) async fn bench(output: Output, wanted: &Bench) -> Result<(), Failure> {
    let failed = |error: Failed| Failure::failed("bench", error.to_string());
    let folder = tempfile::tempdir()?;
    let document = match wanted.customers {
        None => serde_json::to_value(measure(folder.path(), wanted).await.map_err(failed)?),
        Some(customers) => {
            let span = Duration::from_secs(wanted.sustained);
            let wanted = Wanted { customers, at_once: wanted.at_once, span };
            serde_json::to_value(measure_load(folder.path(), wanted).await.map_err(failed)?)
        }
    };
    let document = document.map_err(|error| failed(error.into()))?;
    output.show(&document, if wanted.customers.is_none() { table } else { load_table })
}

async fn measure_load(under: &Path, wanted: Wanted) -> Result<LoadReport, Failed> {
    let fdatasync_ms = fdatasync(under)?;
    note(&format!("a business with {} customers ...", wanted.customers));
    let load = load::measure(under, wanted).await?;
    Ok(LoadReport { cores: cores(), text_bytes: messages::TEXT_BYTES, fdatasync_ms, load })
}

async fn measure(under: &Path, wanted: &Bench) -> Result<Report, Failed> {
    let fdatasync_ms = fdatasync(under)?;
    let ana = Place::new(under, "ana", AccountKind::Person, &[])?;
    let bento = Place::new(under, "bento", AccountKind::Person, &[])?;
    let (one, other) = (ana.start().await?, bento.start().await?);
    befriend(&one, &other).await?;
    let (a, b) = (one.account(), other.account());
    messages::stream(&one, b, 1_000).await?;
    messages::stream(&other, a, 1_000).await?;

    note("latency ...");
    let mut latencies = messages::latencies(&one, b, wanted.latencies).await?;
    note("burst, one way ...");
    let one_way = messages::stream(&one, b, wanted.messages).await?;
    note("burst, both ways ...");
    let timer = Timer::start();
    let half = wanted.messages / 2;
    tokio::try_join!(messages::stream(&one, b, half), messages::stream(&other, a, half))?;
    let both_ways = timer.elapsed().as_secs_f64();
    note("sustained ...");
    let (sent, seconds) = messages::sustained(&one, b, Duration::from_secs(wanted.sustained)).await?;

    one.shutdown().await?;
    other.shutdown().await?;
    // The database's lock goes with the last handle.
    drop((one, other));
    note("start-up ...");
    let stored = 2_000 + wanted.latencies as u64 + wanted.messages + 2 * half + sent;
    let startup = startup::measure(&bento, stored).await?;
    note("directory ...");
    let (directory, first_contact_ms) = directory::measure(under).await?;
    note("idle ...");
    let fresh = Place::new(under, "idle", AccountKind::Person, &[])?;
    let idle = idle::measure(under, &fresh, Duration::from_secs(wanted.idle)).await?;

    let median_ms = quantile(&mut latencies, 0.5);
    Ok(Report {
        cores: cores(),
        text_bytes: messages::TEXT_BYTES,
        fdatasync_ms,
        messages: Messages {
            burst_one_way: wanted.messages as f64 / one_way,
            burst_messages: wanted.messages,
            burst_both_ways: (2 * half) as f64 / both_ways,
            sustained_one_way: sent as f64 / seconds,
            sustained_seconds: seconds,
        },
        latency: Latency {
            median_ms,
            p99_ms: quantile(&mut latencies, 0.99),
            median_in_fdatasyncs: median_ms / fdatasync_ms,
            first_contact_ms,
        },
        directory,
        startup,
        idle,
    })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The yardstick: what this disk takes to append 1 KiB and sync it.
fn fdatasync(under: &Path) -> Result<f64, Failed> {
    let mut file = OpenOptions::new().create(true).append(true).open(under.join("yardstick"))?;
    let mut times = Vec::new();
    for _ in 0..200 {
        let timer = Timer::start();
        file.write_all(&[0x5A; 1024])?;
        file.sync_data()?;
        times.push(timer.millis());
    }
    Ok(quantile(&mut times, 0.5))
}

fn table(document: &Value) -> String {
    lines(
        document,
        &[
            ("fdatasync of 1 KiB", "/fdatasync_ms", "ms"),
            ("burst, one way", "/messages/burst_one_way", "messages/s"),
            ("burst, both ways", "/messages/burst_both_ways", "messages/s"),
            ("sustained, one way", "/messages/sustained_one_way", "messages/s"),
            ("delivery, median", "/latency/median_ms", "ms"),
            ("delivery, p99", "/latency/p99_ms", "ms"),
            ("address to first delivery", "/latency/first_contact_ms", "ms"),
            ("publish", "/directory/publish_ms", "ms"),
            ("find", "/directory/find_ms", "ms"),
            ("start-up", "/startup/millis", "ms"),
            ("stored messages then", "/startup/stored_messages", "messages"),
            ("idle node, memory", "/idle/resident_mib", "MiB"),
            ("idle node, processor", "/idle/cpu_percent", "% of a core"),
        ],
    )
}

fn load_table(document: &Value) -> String {
    lines(
        document,
        &[
            ("fdatasync of 1 KiB", "/fdatasync_ms", "ms"),
            ("customers", "/load/customers", ""),
            ("came, so many at once", "/load/connecting/at_once", ""),
            ("all answered once after", "/load/connecting/seconds", "s"),
            ("first answer, median", "/load/connecting/median_ms", "ms"),
            ("first answer, p99", "/load/connecting/p99_ms", "ms"),
            ("business before", "/load/memory/before_mib", "MiB"),
            ("with all connected", "/load/memory/connected_mib", "MiB"),
            ("for each customer", "/load/memory/kib_per_customer", "KiB"),
            ("after all conversations", "/load/memory/after_mib", "MiB"),
            ("once a second each", "/load/paced/round_trips_a_second", "round trips/s"),
            ("answer, median", "/load/paced/median_ms", "ms"),
            ("answer, p99", "/load/paced/p99_ms", "ms"),
            ("business, processor", "/load/paced/business_cpu_percent", "% of a core"),
            ("customers, processor", "/load/paced/customers_cpu_percent", "% of a core"),
            ("as fast as answered", "/load/hurried/round_trips_a_second", "round trips/s"),
            ("for so long", "/load/hurried/seconds", "s"),
            ("answer, median", "/load/hurried/median_ms", "ms"),
            ("answer, p99", "/load/hurried/p99_ms", "ms"),
            ("business, processor", "/load/hurried/business_cpu_percent", "% of a core"),
            ("customers, processor", "/load/hurried/customers_cpu_percent", "% of a core"),
        ],
    )
}

/// One line for each name: the figure at a place of the document, with its unit.
fn lines(document: &Value, figures: &[(&str, &str, &str)]) -> String {
    let line = |(name, path, unit): &(&str, &str, &str)| {
        let value = document.pointer(path).and_then(Value::as_f64);
        let value = value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
        format!("{name:<28}{value:>12} {unit}").trim_end().to_owned()
    };
    figures.iter().map(line).collect::<Vec<_>>().join("\n")
}
