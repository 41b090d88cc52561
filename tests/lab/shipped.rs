//! The scenarios that come with sigillo: each comes about, with fewer nodes where it has hundreds.

use serde_json::Value;

use crate::runs::Place;

#[test]
fn every_shipped_scenario_is_listed_and_shown_as_its_file_is() {
    let place = Place::new();
    let list: Value = serde_json::from_slice(&place.lab(&["list", "--json"]).stdout).unwrap();
    let mut named: Vec<&str> =
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/scenarios");
    let mut files: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    named.sort_unstable();
    assert_eq!(named.iter().map(|name| format!("{name}.toml")).collect::<Vec<_>>(), files);
    for name in &named {
        let shown = place.lab(&["show", name]).stdout;
        assert_eq!(shown, std::fs::read(format!("{directory}/{name}.toml")).unwrap(), "{name}");
    }
    assert_eq!(place.lab(&["show", "nothing"]).status.code(), Some(2));
}

#[test]
fn an_airline_tells_every_passenger_of_a_delay() {
    let report = Place::new().passes(&["airline-delay", "--set", "awake=9", "--set", "asleep=2"]);
    assert_eq!(report["messages"]["delivered"], 22);
}

#[test]
fn a_bank_s_alert_reaches_a_customer_who_was_offline() {
    let report = Place::new().passes(&["bank-alert"]);
    assert_eq!(report["messages"]["delivered"], 5);
}

#[test]
fn a_support_chat_is_handed_over() {
    let report = Place::new().passes(&["support-hand-over", "--set", "customers=2"]);
    assert_eq!(report["messages"]["delivered"], 2 * 9);
}

#[test]
fn a_mailbox_fails_and_nothing_is_lost() {
    Place::new().passes(&["mailbox-failover"]);
}

#[test]
fn a_network_breaks_in_two_and_heals() {
    Place::new().passes(&["partition-and-heal"]);
}

#[test]
fn relays_die_and_a_conversation_goes_on() {
    Place::new().passes(&["relay-death"]);
}

#[test]
fn a_directory_whose_nodes_come_and_go_finds_what_was_published() {
    Place::new().passes(&[
        "directory-churn",
        "--set",
        "servers=25",
        "--set",
        "people=2",
        "--set",
        "newcomers=1",
    ]);
}

#[test]
fn a_subscription_is_renewed_across_the_end_of_a_month() {
    Place::new().passes(&["subscription-renewal"]);
}
