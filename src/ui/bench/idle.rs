//! What a node costs that does nothing: a process of its own.

use std::path::Path;
use std::time::Duration;

use crate::ui::bench::nodes::{Failed, Place};
use crate::ui::bench::process::{Process, Usage};
use crate::ui::bench::report::Idle;
use crate::ui::bench::timer::Timer;

/// Watches a personal node for `span`; nothing where the system has no `/proc`.
pub(in crate::ui) async fn measure(
    under: &Path,
    place: &Place,
    span: Duration,
) -> Result<Option<Idle>, Failed> {
    if Usage::of_us().is_none() {
        return Ok(None);
    }
    // At its first start a node has nothing to read, and is smaller than ever after.
    let first = place.start().await?;
    first.shutdown().await?;
    drop(first);
    let process = Process::run(under, place)?;
    // Starting is not idling.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = process.usage();
    let timer = Timer::start();
    tokio::time::sleep(span).await;
    let seconds = timer.elapsed().as_secs_f64();
    let after = process.usage();
    process.kill()?;
    let (Some(before), Some(after)) = (before, after) else {
        return Err("the idle node has ended".into());
    };
    let cpu_percent = (after.cpu_seconds - before.cpu_seconds) / seconds * 100.0;
    Ok(Some(Idle { resident_mib: after.resident_kib / 1024.0, cpu_percent, seconds }))
}
