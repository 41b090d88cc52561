//! Talking with one contact, line by line.

use std::io::{BufRead as _, Read as _};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::base::limits;
use crate::ui::cli::client::{Client, escaped, query};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::show;
use crate::ui::cli::signals::Signals;

/// Entries that are shown at the beginning.
const HISTORY: usize = 20;
/// Lines that wait to be sent.
const LINES: usize = 16;

/// Shows what was said and what comes, sends every line of stdin, and ends with it.
pub(super) async fn chat(client: &Client, output: Output, who: &str) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let mut events = client.stream("/v1/events").await?;
    let path = format!("/v1/conversations/{}/history", escaped(who));
    let history = client.get(&query(&path, &[("limit", Some(HISTORY.to_string()))])).await?;
    let mut chat = Chat {
        client,
        output,
        with: show::text(&history, "with").to_owned(),
        name: show::text(&history, "name").to_owned(),
        failed: false,
    };
    output.say(&format!("chat with {} ({}); end it with Ctrl-D", chat.name, chat.with))?;
    for entry in history["entries"].as_array().into_iter().flatten() {
        chat.show(entry)?;
    }
    chat.mark_read().await?;
    let mut lines = stdin_lines();
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some(line) => chat.send(&line).await?,
                None => break,
            },
            event = events.next() => match event {
                Some(event) => chat.event(&event).await?,
                None => return Err(Failure::failed("node_gone", "the node has stopped")),
            },
            () = signals.next() => break,
        }
    }
    if chat.failed { Err(Failure::Said) } else { Ok(()) }
}

struct Chat<'c> {
    client: &'c Client,
    output: Output,
    with: String,
    name: String,
    failed: bool,
}

impl Chat<'_> {
    async fn send(&mut self, line: &str) -> Result<(), Failure> {
        if line.trim().is_empty() {
            return Ok(());
        }
        match self.client.post("/v1/messages", &json!({ "to": self.with, "text": line })).await {
            Ok(sent) if self.output.is_json() => self.output.show(&sent, |_| String::new()),
            Ok(_) => Ok(()),
            // One line that can't be sent doesn't end the talk.
            Err(Failure::Told { message, .. }) => {
                note(&format!("error: {message}"));
                self.failed = true;
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    async fn event(&self, event: &Value) -> Result<(), Failure> {
        if show::text(event, "event") == "lagged" {
            note("some of what happened isn't shown here: see `sigillo history`");
        }
        if show::text(event, "with") != self.with {
            return Ok(());
        }
        if self.output.is_json() {
            self.output.show(event, |_| String::new())?;
        }
        let entry = &event["entry"];
        if show::text(event, "event") == "changed" {
            // Whoever changed it, what is on the screen is no longer so.
            return if self.output.is_json() { Ok(()) } else { self.output.show(event, show::event) };
        }
        if show::text(entry, "direction") != "in" {
            return Ok(());
        }
        if !self.output.is_json() {
            self.show(entry)?;
        }
        self.mark_read().await
    }

    fn show(&self, entry: &Value) -> Result<(), Failure> {
        self.output.show(entry, |entry| show::entry(entry, &self.name))
    }

    async fn mark_read(&self) -> Result<(), Failure> {
        let path = format!("/v1/conversations/{}/read", escaped(&self.with));
        self.client.post(&path, &Value::Null).await.map(drop)
    }
}

/// The lines of stdin, read by a thread of its own, which nothing waits for at the end. A line too long for a
/// message comes cut, but still too long.
fn stdin_lines() -> mpsc::Receiver<String> {
    let (lines, receiver) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            match stdin.by_ref().take(limits::TEXT_MAX as u64 * 2).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            if lines.blocking_send(text.trim_end_matches(['\n', '\r']).to_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}
