//! What was expected and what was seen.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use crate::node::raw_peer::RawPeerError;
use crate::ui::cli::failure::Failure;

/// How long something may take to come about. Loopback takes milliseconds; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(15);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(15);

/// What a step leaves, and what it tells.
pub(super) type Told<T> = Result<(T, String), Wrong>;

/// A step that doesn't hold.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) expected: String,
    pub(super) saw: String,
}

impl Wrong {
    pub(super) fn new(expected: impl Into<String>, saw: impl Into<String>) -> Self {
        Self { expected: expected.into(), saw: saw.into() }
    }

    /// What a failed request or command says.
    pub(super) fn failed(expected: impl Into<String>, failure: &Failure) -> Self {
        let saw = match failure {
            Failure::Told { code, message, .. } => format!("{code}: {message}"),
            Failure::Said | Failure::Unread => "nothing".to_owned(),
        };
        Self::new(expected, saw)
    }
}

impl From<RawPeerError> for Wrong {
    fn from(error: RawPeerError) -> Self {
        Self::new("the forger's network to work", error.to_string())
    }
}

/// Holds, or says what was expected and what was seen instead.
pub(super) fn expect(
    holds: bool,
    expected: impl Into<String>,
    saw: impl core::fmt::Display,
) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(Wrong::new(expected, saw.to_string())) }
}

/// Looks again and again until there is what is looked for. An error is what is there instead, for now.
pub(super) async fn wait_for<T>(
    expected: &str,
    look: impl AsyncFnMut() -> Result<T, String>,
) -> Result<T, Wrong> {
    wait_within(PATIENCE, expected, look).await
}

async fn wait_within<T>(
    patience: Duration,
    expected: &str,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> Result<T, Wrong> {
    let deadline = Instant::now() + patience;
    let mut saw = "no answer yet".to_owned();
    // Looked at before each look: one that is ready at once would never be timed out.
    while Instant::now() < deadline {
        match timeout_at(deadline, look()).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(instead)) => saw = instead,
            Err(_) => break,
        }
        sleep(PAUSE).await;
    }
    Err(Wrong::new(expected, format!("{saw}, after {}", time(patience))))
}

/// How much time went by, for people.
pub(super) fn time(elapsed: Duration) -> String {
    match elapsed.as_millis() {
        millis @ 0..10_000 => format!("{millis} ms"),
        millis => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
    }
}

/// A long address or id, short but still enough for the command line to know it by.
pub(super) fn short(text: &str) -> String {
    match text.get(..16) {
        Some(start) if text.len() > 20 => format!("{start}..."),
        _ => text.to_owned(),
    }
}

/// A number of things, for people.
pub(super) fn several(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The elements of a list; none where it is something else.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_never_comes_is_told_with_what_was_there_last() {
        let mut looks = 0;
        let never = wait_within(Duration::from_millis(50), "three", async || {
            looks += 1;
            Err::<(), _>(format!("look {looks}"))
        });
        let wrong = never.await.unwrap_err();
        assert_eq!(wrong.expected, "three");
        assert!(wrong.saw.starts_with("look "), "{}", wrong.saw);
        assert_eq!(wait_for("one", async || Ok::<_, String>(1)).await.unwrap(), 1);
    }

    #[test]
    fn times_and_addresses_are_short() {
        assert_eq!(time(Duration::from_millis(9_999)), "9999 ms");
        assert_eq!(time(Duration::from_millis(12_345)), "12.3 s");
        assert_eq!(short("sig1qqqqqqqqqqqqqqqqqqqqqqqqqqq"), "sig1qqqqqqqqqqqq...");
        assert_eq!(short("Ana"), "Ana");
        assert_eq!([several(1, "peer"), several(2, "peer")], ["1 peer", "2 peers"]);
    }
}
