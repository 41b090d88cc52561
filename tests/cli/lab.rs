//! Simulated worlds, started from the command line.

use crate::harness::Place;

#[test]
fn a_seed_lives_the_same_life_again_and_no_rule_is_broken() {
    let place = Place::empty();
    let life = ["lab", "sim", "--seed", "11", "--nodes", "3", "--days", "1", "--workload", "chat"];
    let (one, other) = (place.json(&life), place.json(&life));
    assert_eq!(one["violations"], serde_json::json!([]), "{one}");
    assert!(one["messages"].as_u64().unwrap() > 0 && one["faults"].is_object(), "{one}");
    assert_eq!(one["lives"][0]["trace"], other["lives"][0]["trace"]);
    assert_eq!(one["lives"][0]["trace"].as_str().unwrap().len(), 64);
    let years = one["node_years"].as_f64().unwrap();
    assert!((0.008..0.009).contains(&years), "{years}");
    assert!(!place.home().exists(), "no home is needed");
    assert_eq!(place.run(&["lab", "sim", "--nodes", "1"]).code, 2);
}
