//! The model with the sizes of what real nodes send.

use crate::sim::routing::cost::{Cost, Sizes, Work, find, publish};
use crate::sim::routing::space::{Churn, Shape, Space};
use crate::ui::plot::figures::quantile;
use crate::ui::scale::figures::{Row, Summary};

/// What the model publishes and searches for: the same as `real::draft` and its word.
pub(in crate::ui) const WORK: Work = Work {
    terms: 11,
    shards: 1,
    candidates: 1,
    // As metered at 10 and 30 real nodes with one QUIC address each (docs/scale.md). A node with more addresses makes
    // each peer that is named larger by some 54 bytes for each.
    sizes: Sizes {
        request: 74.0,
        answer: 40.0,
        peer: 97.4,
        record: 3_660.0,
        entry_put: 440.0,
        entry_put_answer: 45.0,
        page_request: 96.0,
        page_answer: 46.0,
        entry: 386.0,
    },
};

/// Tables that are looked at.
const TABLES: u64 = 50;

/// The figures of so many nodes, of which some have left.
pub(in crate::ui) fn row(nodes: usize, churn: Churn, seed: u64, samples: u64) -> Row {
    let space = Space::new(Shape { nodes, subnets: None, churn }, seed);
    let mut tables: Vec<f64> =
        (0..TABLES).map(|number| space.table(space.some(number)).len() as f64).collect();
    Row {
        nodes,
        table: quantile(&mut tables, 0.5),
        publish: summary(&space, publish, samples),
        find: summary(&space, find, samples),
    }
}

/// Searches alone.
pub(in crate::ui) fn searches(nodes: usize, churn: Churn, seed: u64, samples: u64) -> Summary {
    summary(&Space::new(Shape { nodes, subnets: None, churn }, seed), find, samples)
}

fn summary(space: &Space, of: fn(&Space, &Work, u64) -> Cost, samples: u64) -> Summary {
    let costs: Vec<Cost> = (0..samples).map(|number| of(space, &WORK, number)).collect();
    Summary::of(&costs)
}
