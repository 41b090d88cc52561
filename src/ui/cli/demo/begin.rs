//! Sets the stage, has the story played, and clears away.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ui::cli::demo::check::list;
use crate::ui::cli::demo::stage::Stage;
use crate::ui::cli::demo::story;
use crate::ui::cli::demo::teller::Teller;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::signals::Signals;

/// Plays the whole job through. Succeeds only if every step held; no process is left either way.
pub(in crate::ui::cli) async fn demo(output: Output, keep: bool) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    // A short name: the path of a Unix socket has about a hundred bytes.
    let directory = tempfile::Builder::new().prefix("sigillo-demo-").tempdir()?;
    let stage = Stage::set(directory.path())?;
    let mut teller = Teller::new(output);
    output.say("Four nodes on loopback, each a process with a home of its own:\n")?;
    let played = tokio::select! {
        played = story::play(&mut teller, &stage) => played,
        () = signals.next() => Err(Failure::failed("interrupted", "interrupted: all nodes were ended")),
    };
    let kept = if keep { Some(directory.keep()) } else { remove(directory) };
    end(output, &teller, played, kept)
}

fn end(
    output: Output,
    teller: &Teller,
    played: Result<Value, Failure>,
    kept: Option<PathBuf>,
) -> Result<(), Failure> {
    let (ok, mut more, failure) = match played {
        Ok(more) => (true, more, None),
        Err(failure) => (false, json!({}), Some(failure)),
    };
    let by_hand = more["by_hand"].take();
    if let Some(fields) = more.as_object_mut() {
        fields.remove("by_hand");
        if let Some(kept) = &kept {
            fields.insert("kept".to_owned(), json!(kept));
            fields.insert("by_hand".to_owned(), by_hand.clone());
        }
    }
    teller.end(ok, more)?;
    if let Some(kept) = kept {
        output.say(&format!("\nThe homes are kept in {}.", kept.display()))?;
        let lines: Vec<&str> = list(&by_hand).iter().filter_map(Value::as_str).collect();
        if !lines.is_empty() {
            output.say(&format!("To go on by hand:\n\n{}", lines.join("\n")))?;
        }
    }
    failure.map_or(Ok(()), Err)
}

/// Nothing is kept; where that fails, the system clears its temporary directory some day.
fn remove(directory: TempDir) -> Option<PathBuf> {
    if let Err(error) = directory.close() {
        tracing::warn!(%error, "the demo's directory can't be removed");
    }
    None
}
