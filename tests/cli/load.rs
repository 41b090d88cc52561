//! The load test: one business, many customers, a bot.

use crate::harness::Place;

#[test]
fn every_message_of_every_customer_is_answered_by_the_bot_and_the_report_says_how_fast() {
    let place = Place::empty();
    let found = place.json(&["bench", "--customers", "10", "--sustained", "1"]);
    let load = &found["load"];
    let number = |path: &str| load.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or(-1.0);
    assert_eq!(load["customers"], 10, "{found}");
    assert!(number("/connecting/seconds") > 0.0 && number("/connecting/at_once") == 16.0, "{found}");
    // Nothing is reported unless every message was answered: four each at a pace, and as many as went into a second.
    assert_eq!(load["paced"]["round_trips"], 40, "{found}");
    assert!((10.0..=250.0).contains(&number("/hurried/round_trips")), "{found}");
    assert!(number("/paced/seconds") >= 4.0, "{found}");
    for part in ["connecting", "paced", "hurried"] {
        let [median, most] = ["median_ms", "p99_ms"].map(|figure| number(&format!("/{part}/{figure}")));
        assert!(0.0 < median && median <= most && most < 60_000.0, "{part}: {found}");
    }
    for part in ["paced", "hurried"] {
        let rate = number(&format!("/{part}/round_trips")) / number(&format!("/{part}/seconds"));
        assert!((rate - number(&format!("/{part}/round_trips_a_second"))).abs() < 0.01 * rate, "{found}");
    }
    if std::path::Path::new("/proc/self/stat").exists() {
        assert!(number("/memory/before_mib") > 1.0 && number("/memory/after_mib") > 1.0, "{found}");
        let each = number("/memory/connected_mib") - number("/memory/before_mib");
        assert!((each * 1024.0 / 10.0 - number("/memory/kib_per_customer")).abs() < 1.0, "{found}");
        assert!(number("/hurried/business_cpu_percent") >= 0.0, "{found}");
    }
    assert!(!place.home().exists(), "no home is needed");
}

#[test]
fn as_many_customers_as_a_business_takes_in_at_once_can_be_measured_and_no_more() {
    let place = Place::empty();
    for wrong in ["0", "2049", "many"] {
        assert_eq!(place.run(&["bench", "--customers", wrong]).code, 2, "{wrong}");
    }
}
