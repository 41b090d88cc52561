//! Whole simulated lives, and the bugs that the oracle finds in them.

use crate::sim::run::{Report, Run, Scenario};
use crate::sim::workload::Workload;

fn live(scenario: Scenario) -> Report {
    let mut run = Run::new(scenario).unwrap();
    while run.day() {}
    run.finish()
}

fn small(seed: u64, workload: Workload) -> Scenario {
    Scenario { seed, nodes: 6, days: 3, workload }
}

#[test]
fn every_workload_holds_every_rule() {
    for (seed, workload) in [Workload::Chat, Workload::Business, Workload::Asleep, Workload::Mixed].into_iter().enumerate() {
        let report = live(small(seed as u64 + 1, workload));
        assert_eq!(report.violations, Vec::<String>::new(), "{report:#?}");
        assert!(report.messages > 20 && report.shown > 0, "{report:#?}");
    }
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let (one, other) = (live(small(7, Workload::Mixed)), live(small(7, Workload::Mixed)));
    assert_eq!(one, other);
    assert_ne!(one.trace, live(small(8, Workload::Mixed)).trace);
}
