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

/// The same rules count the same: what the model may be off by, where real nodes and the model are equally many.
const DEVIATION_MAX: f64 = 0.25;

#[test]
fn the_directory_costs_real_nodes_what_the_model_says_and_is_plotted() {
    let place = Place::empty();
    let report = place.file("dht.html");
    let words =
        ["lab", "dht", "--nodes", "10,20", "--model", "10000", "--samples", "2", "--churn", "0", "--report"];
    let found = place.json(&[&words[..], &[report.to_str().unwrap()]].concat());
    for (at, nodes) in [10, 20].into_iter().enumerate() {
        let row = &found["real"][at];
        assert_eq!(row["nodes"], nodes, "{row}");
        for deed in ["publish", "find"] {
            let figures = &row[deed];
            assert_eq!(figures["done"], 1.0, "{row}");
            assert!(figures["hops"]["median"].as_f64().unwrap() >= 1.0, "{row}");
            let [messages, bytes] =
                ["messages", "bytes"].map(|what| figures[what]["median"].as_f64().unwrap());
            assert!(messages > 20.0 && bytes > 100.0 * messages, "{row}");
            for what in ["messages", "bytes"] {
                let off = found["deviation"][at][deed][what].as_f64().unwrap();
                assert!(off.abs() < DEVIATION_MAX, "{nodes} nodes, {deed}, {what}: {off}\n{found}");
            }
        }
    }
    let model = &found["model"][0];
    assert_eq!((&model["nodes"], &model["find"]["done"]), (&10_000.into(), &1.0.into()));
    let [small, large] =
        [&found["real"][0], model].map(|row| row["find"]["messages"]["median"].as_f64().unwrap());
    assert!(large > small, "{found}");
    assert!(found["churned"].is_null(), "{found}");
    let page = std::fs::read_to_string(&report).unwrap();
    assert!(page.contains("messages per find") && page.contains("</svg>") && !page.contains("<script"));
    assert!(!place.home().exists(), "no home is needed");
}

#[test]
fn nodes_that_have_just_left_are_looked_for_in_vain_once() {
    let place = Place::empty();
    let words = ["lab", "dht", "--nodes", "6", "--model", "6", "--samples", "1", "--churn", "20"];
    let churned = &place.json(&words)["churned"];
    assert_eq!((&churned["percent"], &churned["real"]["nodes"]), (&20.into(), &6.into()), "{churned}");
    let unreached = |deed: &str| churned["real"][deed]["unreached"]["p99"].as_f64().unwrap();
    for deed in ["publish", "find"] {
        let figures = &churned["real"][deed];
        assert_eq!((&figures["samples"], &figures["done"]), (&1.into(), &1.0.into()), "{churned}");
    }
    // Whoever couldn't be dialled has no place in the routing table any more.
    assert!(unreached("publish") > unreached("find"), "{churned}");
}

#[test]
fn a_seed_models_the_same_network_again() {
    let place = Place::empty();
    let words = ["lab", "dht", "--model-only", "--model", "300,3000", "--samples", "1", "--seed", "5"];
    let [mut one, mut other] = [place.json(&words), place.json(&words)];
    for document in [&mut one, &mut other] {
        document.as_object_mut().unwrap().remove("wall_seconds");
    }
    assert_eq!(one, other);
    assert!(one["real"].as_array().unwrap().is_empty());
    let by_the_hour = one["churn_by_the_hour"].as_array().unwrap();
    assert_eq!(by_the_hour[0]["find"]["unreached"]["p99"], 0.0);
    assert!(by_the_hour.last().unwrap()["find"]["unreached"]["p99"].as_f64().unwrap() > 0.0);
}

#[test]
fn sizes_that_no_machine_holds_or_that_are_none_are_refused() {
    let place = Place::empty();
    let refused = [
        ("--nodes", "0"),
        ("--nodes", "1"),
        ("--nodes", "1000000000"),
        ("--nodes", "10,,30"),
        ("--nodes", "ten"),
        ("--nodes", "-3"),
        ("--nodes", ""),
        ("--model", "0"),
        ("--model", "1000000000"),
        ("--model", "1e6"),
        ("--model", "10;20"),
        ("--samples", "0"),
        ("--churn", "101"),
        ("--seed", "x"),
    ];
    for (option, value) in refused {
        let answer = place.run(&["lab", "dht", option, value]);
        assert_eq!(answer.code, 2, "{option} {value}: {answer:?}");
        assert!(answer.stderr.contains(option) && answer.stdout.is_empty(), "{option} {value}: {answer:?}");
    }
    let many = ["2"; 17].join(",");
    let answer = place.run(&["lab", "dht", "--model-only", "--model", &many]);
    assert_eq!(answer.code, 2, "{answer:?}");
    let nowhere = place.file("no/such/folder.html");
    let words = [
        "lab",
        "dht",
        "--model-only",
        "--model",
        "10",
        "--samples",
        "1",
        "--report",
        nowhere.to_str().unwrap(),
    ];
    let answer = place.run(&words);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.stderr.contains("can't be written"), "{answer:?}");
}
