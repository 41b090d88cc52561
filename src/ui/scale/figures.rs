//! What publications and searches took at one size: medians, and what 99 of 100 took at most.

use serde::Serialize;

use crate::sim::routing::cost::{Cost, Part};
use crate::ui::plot::figures::quantile;

/// The figures of one size.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Row {
    /// Nodes that serve the directory.
    pub(in crate::ui) nodes: usize,
    /// Peers in a routing table: the median of the tables that were looked at.
    pub(in crate::ui) table: f64,
    /// Publications: a profile under three keys, an index entry for each term, read back.
    pub(in crate::ui) publish: Summary,
    /// Searches by a word: the index asked, one profile fetched.
    pub(in crate::ui) find: Summary,
}

/// What many publications, or many searches, took.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Summary {
    /// How many there were.
    pub(in crate::ui) samples: usize,
    /// The share that did what it was for.
    pub(in crate::ui) done: f64,
    /// The most hops of their queries.
    pub(in crate::ui) hops: Typical,
    /// Peers asked by queries.
    pub(in crate::ui) peers: Typical,
    /// Requests and answers.
    pub(in crate::ui) messages: Typical,
    /// Bytes of both.
    pub(in crate::ui) bytes: Typical,
    /// Peers that couldn't be reached.
    pub(in crate::ui) unreached: Typical,
    /// Milliseconds: of real nodes those of loopback, of the model those of round trips of 20 to 300 ms.
    pub(in crate::ui) millis: Typical,
    /// What the messages were for, on average.
    pub(in crate::ui) parts: Parts,
    /// Messages of each, for their distribution.
    #[serde(skip)]
    pub(in crate::ui) all_messages: Vec<f64>,
}

/// Half of the values are at most `median`, 99 of 100 at most `p99`.
#[derive(Clone, Copy, Debug, Serialize)]
pub(in crate::ui) struct Typical {
    /// The median.
    pub(in crate::ui) median: f64,
    /// What 99 of 100 don't exceed; of fewer than a hundred, the most.
    pub(in crate::ui) p99: f64,
}

/// Requests, answers and bytes by what they are for, on average.
#[derive(Clone, Copy, Debug, Serialize)]
pub(in crate::ui) struct Parts {
    /// Finding the peers closest to keys.
    pub(in crate::ui) routing: Mean,
    /// Handing over records.
    pub(in crate::ui) puts: Mean,
    /// Fetching records.
    pub(in crate::ui) gets: Mean,
    /// The index.
    pub(in crate::ui) index: Mean,
}

/// The average of a part.
#[derive(Clone, Copy, Debug, Serialize)]
pub(in crate::ui) struct Mean {
    /// Requests and answers.
    pub(in crate::ui) messages: f64,
    /// Bytes of both.
    pub(in crate::ui) bytes: f64,
}

impl Summary {
    /// Sums up.
    pub(in crate::ui) fn of(costs: &[Cost]) -> Self {
        let typical = |of: fn(&Cost) -> f64| Typical::of(costs.iter().map(of).collect());
        let part = |of: fn(&Cost) -> Part| {
            let mean = |of_part: fn(&Part) -> f64| {
                costs.iter().map(|cost| of_part(&of(cost))).sum::<f64>() / costs.len().max(1) as f64
            };
            Mean {
                messages: rounded(mean(|part| part.requests + part.answers)),
                bytes: rounded(mean(|part| part.bytes)),
            }
        };
        Self {
            samples: costs.len(),
            done: costs.iter().filter(|cost| cost.done).count() as f64 / costs.len().max(1) as f64,
            hops: typical(|cost| cost.hops),
            peers: typical(|cost| cost.peers),
            messages: typical(Cost::messages),
            bytes: typical(Cost::bytes),
            unreached: typical(|cost| cost.unreached),
            millis: typical(|cost| cost.millis),
            parts: Parts {
                routing: part(|cost| cost.routing),
                puts: part(|cost| cost.puts),
                gets: part(|cost| cost.gets),
                index: part(|cost| cost.index),
            },
            all_messages: costs.iter().map(Cost::messages).collect(),
        }
    }
}

impl Typical {
    fn of(mut values: Vec<f64>) -> Self {
        Self { median: rounded(quantile(&mut values, 0.5)), p99: rounded(quantile(&mut values, 0.99)) }
    }
}

/// To a tenth.
fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_says_what_half_and_nearly_all_took() {
        let cost = |count: u32| {
            let mut cost = Cost { hops: f64::from(count), done: count > 10, ..Cost::default() };
            cost.gets.add(f64::from(count), f64::from(count), 10.0);
            cost
        };
        let costs: Vec<Cost> = (1..=100).map(cost).collect();
        let summary = Summary::of(&costs);
        assert_eq!((summary.hops.median, summary.hops.p99), (50.0, 99.0));
        assert_eq!((summary.messages.median, summary.messages.p99), (100.0, 198.0));
        assert_eq!((summary.done, summary.parts.gets.messages, summary.parts.gets.bytes), (0.9, 101.0, 10.0));
        assert_eq!(Summary::of(&[]).messages.median, 0.0);
    }
}
