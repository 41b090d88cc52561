//! `sigillo bench`: measures whole paths between real nodes on this machine.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use crate::base::kind::AccountKind;
use crate::ui::bench::nodes::{Failed, Place, befriend};
use crate::ui::bench::report::{Latency, Messages, Report};
use crate::ui::bench::timer::{Timer, quantile};
use crate::ui::bench::{directory, idle, messages, startup};
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
}

/// Runs all measurements in a temporary folder, which is gone afterwards.
pub(super) async fn bench(output: Output, wanted: &Bench) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let report =
        measure(folder.path(), wanted).await.map_err(|error| Failure::failed("bench", error.to_string()))?;
    let document =
        serde_json::to_value(&report).map_err(|error| Failure::failed("bench", error.to_string()))?;
    output.show(&document, table)
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
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
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
    let figure = |path: &str, unit: &str| {
        let value = document.pointer(path).and_then(Value::as_f64);
        value.map_or_else(|| format!("{:>12} {unit}", "-"), |value| format!("{value:>12.2} {unit}"))
    };
    [
        ("fdatasync of 1 KiB", figure("/fdatasync_ms", "ms")),
        ("burst, one way", figure("/messages/burst_one_way", "messages/s")),
        ("burst, both ways", figure("/messages/burst_both_ways", "messages/s")),
        ("sustained, one way", figure("/messages/sustained_one_way", "messages/s")),
        ("delivery, median", figure("/latency/median_ms", "ms")),
        ("delivery, p99", figure("/latency/p99_ms", "ms")),
        ("address to first delivery", figure("/latency/first_contact_ms", "ms")),
        ("publish", figure("/directory/publish_ms", "ms")),
        ("find", figure("/directory/find_ms", "ms")),
        ("start-up", figure("/startup/millis", "ms")),
        ("stored messages then", figure("/startup/stored_messages", "messages")),
        ("idle node, memory", figure("/idle/resident_mib", "MiB")),
        ("idle node, processor", figure("/idle/cpu_percent", "% of a core")),
    ]
    .map(|(name, figure)| format!("{name:<28}{figure}"))
    .join("\n")
}
