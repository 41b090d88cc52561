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
    // As metered between real nodes with one TCP address each, July of loopback; docs/scale.md says how.
    sizes: Sizes {
        request: 74.0,
        answer: 41.0,
        peer: 54.0,
        record: 4_000.0,
        entry_put: 450.0,
        entry_put_answer: 46.0,
        page_request: 120.0,
        page_answer: 46.0,
        entry: 450.0,
    },
};

/// Tables that are looked at.
const TABLES: u64 = 50;

/// The figures of so many nodes, of which some have left.
pub(in crate::ui) fn row(nodes: usize, churn: Churn, seed: u64, samples: u64) -> Row {
    let space = Space::new(Shape { nodes, subnets: None, churn }, seed);
    let costs = |of: fn(&Space, &Work, u64) -> Cost| {
        (0..samples).map(|number| of(&space, &WORK, number)).collect::<Vec<Cost>>()
    };
    let mut tables: Vec<f64> =
        (0..TABLES).map(|number| space.table(space.some(number)).len() as f64).collect();
    Row {
        nodes,
        table: quantile(&mut tables, 0.5),
        publish: Summary::of(&costs(publish), None),
        find: Summary::of(&costs(find), None),
    }
}
