//! What a node costs that does nothing: a process of its own, watched through `/proc`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::disk::files;
use crate::ui::bench::nodes::{Failed, PASSPHRASE, Place};
use crate::ui::bench::report::Idle;
use crate::ui::bench::timer::Timer;

/// Clock ticks a second in `/proc/*/stat`: 100 on every Linux that is not decades old.
const TICKS: f64 = 100.0;

/// Watches a personal node for `span`; nothing where the system has no `/proc`.
pub(in crate::ui) async fn measure(
    under: &Path,
    place: &Place,
    span: Duration,
) -> Result<Option<Idle>, Failed> {
    if !Path::new("/proc/self/stat").exists() {
        return Ok(None);
    }
    let passphrase = under.join("passphrase");
    files::write_whole(&passphrase, PASSPHRASE)?;
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--home")
        .arg(&place.home)
        .args(["run", "--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns"])
        .env("SIGILLO_PASSPHRASE_FILE", &passphrase)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Starting is not idling.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = ticks(child.id());
    let timer = Timer::start();
    tokio::time::sleep(span).await;
    let seconds = timer.elapsed().as_secs_f64();
    let (after, resident) = (ticks(child.id()), resident_kib(child.id()));
    child.kill()?;
    child.wait()?;
    let (Some(before), Some(after), Some(resident)) = (before, after, resident) else {
        return Err("the idle node has ended".into());
    };
    let cpu_percent = (after - before) / TICKS / seconds * 100.0;
    Ok(Some(Idle { resident_mib: resident / 1024.0, cpu_percent, seconds }))
}

/// Processor time of a process in clock ticks: fields 14 and 15 of its `stat` (proc(5)).
fn ticks(process: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may have spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
}

fn resident_kib(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
