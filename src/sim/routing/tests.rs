//! The model's own rules: tables, queries, what churn takes.

use super::cost::{Cost, Sizes, Work, find, publish};
use super::query::{Asker, query};
use super::space::{BUCKET, Churn, Shape, Space, mix};
use crate::base::limits::SUBNET_TABLE_MAX;

fn space(nodes: usize) -> Space {
    Space::new(Shape { nodes, subnets: None, churn: Churn::default() }, 7)
}

const WORK: Work = Work {
    terms: 4,
    shards: 1,
    candidates: 1,
    sizes: Sizes {
        request: 100.0,
        answer: 50.0,
        peer: 50.0,
        record: 4_000.0,
        entry_put: 500.0,
        entry_put_answer: 50.0,
        page_request: 100.0,
        page_answer: 50.0,
        entry: 400.0,
    },
};

/// The nodes closest to a key, found by looking at all of them.
fn truly_closest(space: &Space, nodes: usize, key: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (0..nodes).collect();
    all.sort_unstable_by_key(|node| space.place(*node) ^ key);
    all.truncate(BUCKET);
    all
}

#[test]
fn a_query_finds_the_closest_of_all_nodes() {
    for nodes in [2, 15, 40, 300, 5_000] {
        let space = space(nodes);
        for number in 0..20 {
            let (key, asker) = (mix(number), space.some(number));
            let found = query(&space, &mut Asker::new(asker), 0, key, &[]);
            let mut expected = truly_closest(&space, nodes, key);
            assert_eq!(space.keepers(key, usize::MAX), expected);
            expected.retain(|node| *node != asker);
            let known = expected.iter().filter(|node| found.closest.contains(node)).count();
            assert!(known + 1 >= expected.len(), "{known} of {} with {nodes} nodes", expected.len());
        }
    }
}

#[test]
fn tables_hold_so_many_of_each_bucket_and_none_twice() {
    let space = space(3_000);
    for number in 0..50 {
        let node = space.some(number);
        let mut table = space.table(node);
        let far = table.iter().filter(|peer| (space.place(**peer) ^ space.place(node)).leading_zeros() == 0);
        assert_eq!(far.count(), BUCKET);
        let before = table.len();
        table.sort_unstable();
        table.dedup();
        assert_eq!(table.len(), before);
        assert!(!table.contains(&node));
        // Some 7 full buckets, and what lies deeper.
        assert!((120..220).contains(&before), "{before}");
        let closest = space.known_closest(node, mix(number), None);
        let mut all = space.table(node);
        all.sort_unstable_by_key(|peer| space.place(*peer) ^ mix(number));
        all.truncate(BUCKET);
        assert_eq!(closest, all);
    }
}

#[test]
fn no_subnet_fills_a_table() {
    let shape = Shape { nodes: 2_000, subnets: Some(40), churn: Churn::default() };
    let crowded = Space::new(shape, 7);
    for number in 0..20 {
        let table = crowded.table(crowded.some(number));
        assert!(table.len() <= 40 * SUBNET_TABLE_MAX && table.len() > 60, "{}", table.len());
    }
    let found = query(&crowded, &mut Asker::new(crowded.some(1)), 0, mix(1), &[]);
    let expected = truly_closest(&crowded, 2_000, mix(1));
    let known = expected.iter().filter(|node| found.closest.contains(node)).count();
    assert!(known >= BUCKET / 2, "{known}");
}

#[test]
fn a_seed_makes_the_same_network_and_another_one_another() {
    let cost = |seed| {
        let space = Space::new(Shape { nodes: 500, subnets: None, churn: Churn::default() }, seed);
        (0..5).map(|number| publish(&space, &WORK, number)).collect::<Vec<Cost>>()
    };
    assert_eq!(cost(1), cost(1));
    assert_ne!(cost(1), cost(2));
}

fn median(space: &Space, of: fn(&Space, &Work, u64) -> Cost, what: fn(&Cost) -> f64) -> f64 {
    let mut all: Vec<f64> = (0..21).map(|number| what(&of(space, &WORK, number))).collect();
    all.sort_by(f64::total_cmp);
    all[10]
}

#[test]
fn cost_grows_as_the_logarithm_of_the_size() {
    let [small, middle, large] = [300, 3_000, 30_000].map(space);
    for of in [publish, find] {
        let [few, more, most] = [&small, &middle, &large].map(|space| median(space, of, Cost::messages));
        assert!(few < more && more < most, "{few} {more} {most}");
        assert!(most < 2.0 * few, "{few} {most}: a hundredfold network doesn't cost twice as much");
    }
    assert!(median(&small, find, |cost| cost.hops) < median(&large, find, |cost| cost.hops));
}

#[test]
fn what_left_costs_requests_and_takes_records_along() {
    let world = |since_put, since_refresh| {
        Space::new(Shape { nodes: 2_000, subnets: None, churn: Churn { since_put, since_refresh } }, 3)
    };
    let (calm, stale, emptied) = (world(0.0, 0.0), world(0.3, 0.3), world(0.9, 0.0));
    let unanswered = |cost: &Cost| cost.unreached;
    assert_eq!(median(&calm, find, unanswered), 0.0);
    assert!(median(&stale, find, unanswered) > 5.0);
    assert_eq!(median(&emptied, find, unanswered), 0.0, "tables know who is there");
    let found = |space: &Space| (0..50).filter(|number| find(space, &WORK, *number).done).count();
    assert_eq!(found(&calm), 50);
    assert!(found(&emptied) < 50, "whoever kept it has gone");
    assert!(found(&stale) < 50, "the wait for peers that have left is longer than the wait for the index");
    let there = (0..4_000).filter(|number| stale.is_there(stale.some(*number))).count();
    assert_eq!(there, 4_000);
}

#[test]
fn whom_an_asker_could_not_dial_it_leaves_alone_for_five_minutes() {
    let churn = Churn { since_put: 0.3, since_refresh: 0.3 };
    let stale = Space::new(Shape { nodes: 2_000, subnets: None, churn }, 3);
    let mut unanswered = [0; 3];
    for number in 0..20 {
        let mut asker = Asker::new(stale.some(number));
        for (turn, from) in [0, 60_000, 400_000].into_iter().enumerate() {
            let found = query(&stale, &mut asker, from, mix(number), &[]);
            unanswered[turn] += found.requests - found.answers;
        }
    }
    // Whom the first query didn't come to, the second may still ask.
    let [first, second, third] = unanswered;
    assert!(5 * second < first && second < third, "{unanswered:?}");
}

#[test]
fn churn_by_the_hour_wears_records_more_than_tables() {
    let churn = Churn::hourly(0.1, 0.25, 12.0);
    assert!(
        (0.4..0.5).contains(&churn.since_put) && (0.01..0.02).contains(&churn.since_refresh),
        "{churn:?}"
    );
    assert_eq!(Churn::hourly(0.0, 0.25, 12.0), Churn::default());
}
