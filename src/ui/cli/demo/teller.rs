//! Tells each step in a line, and holds it to its time.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::ui::cli::demo::check::{Told, Wrong, time};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::spinner::Spinner;

/// How long one step may take.
const STEP: Duration = Duration::from_secs(25);
/// How long all steps together may take.
const ALL: Duration = Duration::from_secs(60);

/// Tells the steps as they come.
pub(super) struct Teller {
    output: Output,
    began: Instant,
    steps: u32,
    failed: Option<&'static str>,
}

impl Teller {
    pub(super) fn new(output: Output) -> Self {
        Self { output, began: Instant::now(), steps: 0, failed: None }
    }

    /// Has a step done and tells what came of it. A step that doesn't hold, or takes too long, is the last one.
    pub(super) async fn step<T>(
        &mut self,
        name: &'static str,
        doing: impl Future<Output = Told<T>>,
    ) -> Result<T, Failure> {
        let began = Instant::now();
        let deadline = (began + STEP).min(self.began + ALL);
        let spinner = Spinner::start(name);
        // Steps are large and deep; on the heap they are cheap to pass on.
        let done = timeout_at(deadline, Box::pin(doing)).await;
        drop(spinner);
        let taken = began.elapsed();
        let told = done.unwrap_or_else(|_| {
            Err(Wrong::new("the step to end", format!("it went on for {}", time(taken))))
        });
        match told {
            Ok((left, detail)) => {
                self.steps += 1;
                self.tell(name, true, &detail, taken)?;
                Ok(left)
            }
            Err(Wrong { expected, saw }) => {
                self.failed = Some(name);
                self.tell(name, false, &format!("expected {expected}; saw {saw}"), taken)?;
                Err(Failure::Said)
            }
        }
    }

    /// Tells the end: that every step held, or that not.
    pub(super) fn end(&self, ok: bool, more: Value) -> Result<(), Failure> {
        let taken = self.began.elapsed();
        let held = format!("{} steps in {}", self.steps, time(taken));
        let detail = match self.failed {
            _ if ok => format!("every step held: {held}"),
            Some(name) => format!("the step `{name}` didn't hold, after {held}"),
            None => format!("ended early, after {held}"),
        };
        let mut line = json!({ "step": "done", "ok": ok, "detail": detail, "ms": millis(taken) });
        if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
            line.extend(more);
        }
        self.output.show(&line, |_| format!("\n{detail}"))
    }

    fn tell(&self, name: &str, ok: bool, detail: &str, taken: Duration) -> Result<(), Failure> {
        let line = json!({ "step": name, "ok": ok, "detail": detail, "ms": millis(taken) });
        self.output.show(&line, |_| {
            let mark = match (self.output.is_terminal(), ok) {
                (true, true) => "\u{2713}",
                (true, false) => "\u{2717}",
                (false, true) => "ok  ",
                (false, false) => "FAIL",
            };
            format!("{mark} {:>8}  {name:<14}  {detail}", time(taken))
        })
    }
}

fn millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
