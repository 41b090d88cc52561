//! Messages a second, and milliseconds a message.

use std::time::Duration;

use futures::stream::{StreamExt as _, TryStreamExt as _};

use crate::base::id::AccountId;
use crate::domain::chat::delivery::State;
use crate::domain::identity::address::Address;
use crate::engine::command::{Command, Outcome};
use crate::engine::event::Event;
use crate::node::handle::Node;
use crate::ui::bench::nodes::Failed;
use crate::ui::bench::timer::Timer;

/// Messages that wait to be stored at once, as from many writers.
const WRITERS: usize = 2_048;

/// Bytes of each text.
pub(in crate::ui) const TEXT_BYTES: usize = 200;

fn text() -> String {
    "sigillo ".repeat(TEXT_BYTES / 8)
}

/// Sends `count` messages and waits until the recipient's disk has acknowledged them all. Seconds.
pub(in crate::ui) async fn stream(from: &Node, to: AccountId, count: u64) -> Result<f64, Failed> {
    let mut events = from.events();
    let timer = Timer::start();
    let sends = futures::stream::iter(0..count).map(|_| from.command(Command::Send { to, text: text() }));
    let last = sends
        .buffer_unordered(WRITERS)
        .map_ok(|outcome| if let Outcome::Queued { position, .. } = outcome { position } else { 0 })
        .try_fold(0, async |last, position| Ok(position.max(last)))
        .await?;
    // Sequence numbers follow positions: what is delivered last was filed last.
    let last = from.view(move |rows| crate::engine::view::since(rows, &to, last, 1)).await?;
    let wanted = last.first().map_or(0, |entry| entry.seq);
    if last.first().and_then(|entry| entry.state).is_some_and(|state| state >= State::Delivered) {
        return Ok(timer.elapsed().as_secs_f64());
    }
    loop {
        match events.recv().await {
            Ok(Event::Delivery { with: whom, seq, state }) => {
                if whom == Address(to) && seq >= wanted && state >= State::Delivered {
                    return Ok(timer.elapsed().as_secs_f64());
                }
            }
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return Err("the node has ended".into()),
        }
    }
}

/// As [`stream`], again and again for a while. Messages and seconds.
pub(in crate::ui) async fn sustained(
    from: &Node,
    to: AccountId,
    span: Duration,
) -> Result<(u64, f64), Failed> {
    const ROUND: u64 = 20_000;
    let timer = Timer::start();
    let mut sent = 0;
    while timer.elapsed() < span {
        stream(from, to, ROUND).await?;
        sent += ROUND;
    }
    Ok((sent, timer.elapsed().as_secs_f64()))
}

/// One message at a time: milliseconds from the command to the acknowledgement, each.
pub(in crate::ui) async fn latencies(from: &Node, to: AccountId, count: usize) -> Result<Vec<f64>, Failed> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(stream(from, to, 1).await? * 1_000.0);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    Ok(all)
}
