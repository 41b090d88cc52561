//! From the process's arguments to its exit code.

use std::process::ExitCode;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::ui::cli::args::{Cli, Command};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::{allocator, dispatch};

/// Carries out what the process's arguments say.
///
/// Exit codes: 0 done, 1 failed, 2 misused.
pub fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout and is no error; nothing can be done where even that fails.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    if matches!(cli.command, Command::Run(_)) {
        allocator::settle();
    }
    keep_files_private();
    start_log(&cli);
    let output = Output::new(cli.json);
    match carry_out(cli, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.fail(&failure),
    }
}

/// Whatever this process creates is its user's alone, also where a library creates it.
fn keep_files_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

fn carry_out(cli: Cli, output: Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::failed("system", format!("no runtime can be had: {error}")))?;
    // In a box, since each of the runtime's ways to wait would otherwise have a copy of all that the program does.
    runtime.block_on(Box::pin(dispatch::dispatch(cli, output)))
}

/// Logs go to stderr: warnings, and for a running node also what it does.
fn start_log(cli: &Cli) {
    let default = match (cli.verbose, &cli.command) {
        // The first node of a network has nobody to ask, about which Kademlia warns.
        (0, Command::Run(_)) => "warn,libp2p_kad=error,sigillo=info",
        (0, _) => "error",
        (1, _) => "warn,sigillo=info",
        (2, _) => "info,sigillo=debug",
        _ => "debug,sigillo=trace",
    };
    let wanted = std::env::var("SIGILLO_LOG").unwrap_or_default();
    let filter = if wanted.is_empty() { default } else { &wanted };
    let filter: Targets = filter.parse().or_else(|_| default.parse()).unwrap_or_default();
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    // Fails only where there is a log already.
    let _ = tracing_subscriber::registry().with(log).with(filter).try_init();
}
