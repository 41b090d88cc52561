//! A node in a process of its own, watched through `/proc`.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::disk::files;
use crate::ui::bench::nodes::{Failed, PASSPHRASE, Place};

/// Clock ticks a second in `/proc/*/stat`: 100 on every Linux that is not decades old.
const TICKS: f64 = 100.0;

/// A node in a process of its own, which ends with this.
pub(in crate::ui) struct Process(Child);

impl Process {
    /// Runs the node of a place, as its configuration says.
    pub(in crate::ui) fn run(under: &Path, place: &Place) -> Result<Self, Failed> {
        let passphrase = under.join("passphrase");
        files::write_whole(&passphrase, PASSPHRASE)?;
        std::fs::write(place.home.join("config.toml"), toml::to_string(&place.config)?)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--home").arg(&place.home).arg("run");
        command.env("SIGILLO_PASSPHRASE_FILE", &passphrase);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn()?))
    }

    /// What it uses; nothing where the system has no `/proc`, or it has ended.
    pub(in crate::ui) fn usage(&self) -> Option<Usage> {
        Usage::of(&self.0.id().to_string())
    }

    /// Ends it at once.
    pub(in crate::ui) fn kill(mut self) -> Result<(), Failed> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where it was killed it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a process uses.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Usage {
    /// Resident memory in KiB.
    pub(in crate::ui) resident_kib: f64,
    /// Processor time so far, in seconds.
    pub(in crate::ui) cpu_seconds: f64,
}

impl Usage {
    /// Of this process.
    pub(in crate::ui) fn of_us() -> Option<Self> {
        Self::of("self")
    }

    fn of(process: &str) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        // The name in parentheses may have spaces; processor time is in fields 14 and 15 (proc(5)).
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let resident_kib = line.split_whitespace().next()?.parse().ok()?;
        Some(Self { resident_kib, cpu_seconds: ticks / TICKS })
    }
}
