//! What a command writes to stdout: human words, or JSON.

use std::io::{self, Write as _};
use std::process::ExitCode;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::ui::cli::failure::Failure;

/// How to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(super) const fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person sees what is written.
    pub(super) fn is_terminal(self) -> bool {
        !self.json && io::IsTerminal::is_terminal(&io::stdout())
    }

    /// Writes an answer: as one line of JSON, or as `human` shows it.
    pub(super) fn show(self, value: &Value, human: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
        if self.json { self.line(&json_text(value)) } else { self.line(&human(value)) }
    }

    /// Writes a text for people; nothing with `--json`.
    pub(super) fn say(self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.line(text) }
    }

    /// Writes a secret text as it is, without leaving copies of it.
    pub(super) fn secret(self, text: &Zeroizing<String>) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.write_all(b"\n")?;
        Ok(stdout.flush()?)
    }

    /// Says why a command failed: on stderr, and with `--json` also on stdout.
    pub(super) fn fail(self, failure: &Failure) -> ExitCode {
        if let Failure::Told { message, .. } = failure {
            note(&format!("error: {message}"));
        }
        if let Some(document) = failure.document().filter(|_| self.json) {
            // There is nobody left to tell where this fails.
            let _ = self.line(&json_text(&document));
        }
        ExitCode::from(failure.exit())
    }

    fn line(self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        if !text.is_empty() {
            let text = if self.json { text.to_owned() } else { harmless(text) };
            stdout.write_all(text.as_bytes())?;
            stdout.write_all(b"\n")?;
            stdout.flush()?;
        }
        Ok(())
    }
}

/// Writes a line to stderr.
pub(super) fn note(text: &str) {
    // There is nobody left to tell where this fails.
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

/// The text with everything replaced that a terminal could take for an order, or that could make a reader see
/// characters in another order.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_harmless(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

const fn is_harmless(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => false,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => false,
        _ => true,
    }
}

/// JSON on one line, in which whatever isn't harmless is escaped.
fn json_text(value: &Value) -> String {
    let plain = value.to_string();
    let mut text = String::with_capacity(plain.len());
    for c in plain.chars() {
        if is_harmless(c) {
            text.push(c);
        } else {
            // Outside of strings JSON has no such character; in them serde has escaped those below a space.
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_reaches_a_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\u{9b}c\u{202e}d\ne"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\ne");
    }

    #[test]
    fn json_says_the_same_without_a_character_that_a_terminal_obeys() {
        let value = serde_json::json!({ "text": "a\u{1b}b\u{9b}c\u{202e}d\u{7f}e\nf" });
        let text = json_text(&value);
        assert!(text.chars().all(|c| is_harmless(c) && c != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
