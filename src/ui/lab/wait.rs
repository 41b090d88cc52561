//! Looking again and again until there is what is looked for, or patience is over.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::ui::lab::place::Saw;

/// The first pause between two looks; each is longer than the one before, up to the last.
const FIRST: Duration = Duration::from_millis(20);
const LAST: Duration = Duration::from_millis(500);

/// Looks until it finds something. An error is what is there instead, for now; the last one is handed back.
pub(super) async fn until<T>(
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<T, Saw>,
) -> Result<T, Saw> {
    let deadline = Instant::now() + patience;
    let mut pause = FIRST;
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(saw) if Instant::now() >= deadline => {
                return Err(format!("{saw}, after {}", seconds(patience)));
            }
            Err(_) => sleep(pause).await,
        }
        pause = (pause * 3 / 2).min(LAST);
    }
}

/// A span of time for people.
pub(super) fn seconds(span: Duration) -> String {
    match span.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        millis => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
    }
}

/// The elements of a list; none where it is something else.
pub(super) fn list(value: &serde_json::Value) -> &[serde_json::Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The text under a key; an empty one where there is none.
pub(super) fn text<'v>(value: &'v serde_json::Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_never_comes_is_told_with_what_was_there_last() {
        let mut looks = 0;
        let never = until(Duration::from_millis(60), async || {
            looks += 1;
            Err::<(), _>(format!("look {looks}"))
        });
        let saw = never.await.unwrap_err();
        assert!(saw.starts_with("look ") && saw.ends_with(", after 60 ms"), "{saw}");
        assert_eq!(until(Duration::ZERO, async || Ok::<_, Saw>(1)).await, Ok(1), "it looks at least once");
    }
}
