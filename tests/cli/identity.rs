//! An identity put in the place of another on the command line.

use std::time::Duration;

use serde_json::Value;

use crate::harness::{Place, answer, document};

fn texts(history: &Value) -> Vec<&str> {
    history["entries"].as_array().unwrap().iter().filter_map(|entry| entry["text"].as_str()).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(document).collect()
}

/// Two people who know each other, both running.
fn friends() -> (Place, Place) {
    let (ana, bob) = (Place::person("Ana"), Place::person("Bob"));
    let nodes = [ana.start(&[]), bob.start(&[])];
    let invite = ana.done(&["invite"]);
    bob.done(&["add", invite.trim()]);
    bob.done(&["send", "Ana", "before", "--wait"]);
    ana.done(&["send", "Bob", "before, too", "--wait"]);
    drop(nodes);
    (ana, bob)
}

#[test]
fn a_rotated_identity_has_a_new_address_and_phrase_and_its_contacts_follow() {
    let (ana, bob) = friends();
    let old = ana.address();
    let bobs = bob.start(&[]);
    let running = ana.start(&[]);
    assert_eq!(ana.run(&["id", "rotate"]).code, 2, "nobody can be asked");
    assert_eq!(ana.address(), old);
    let said = lines(&ana.done(&["id", "rotate", "--yes", "--json"]));
    let [prepared, rotated] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!((&prepared["event"], &rotated["event"]), (&"prepared".into(), &"rotated".into()));
    let new = rotated["address"].as_str().unwrap().to_owned();
    assert_eq!((prepared["address"].as_str().unwrap(), rotated["former"].as_str().unwrap()), (&*new, &*old));
    assert_eq!(ana.address(), new);

    let contacts = bob.until(&["contacts"], |contacts| contacts[0]["address"] == new.as_str());
    assert_eq!(
        (contacts.as_array().unwrap().len(), &contacts[0]["former_address"]),
        (1, &old.as_str().into())
    );
    bob.done(&["send", "Ana", "I see", "--wait"]);
    bob.done(&["send", &old, "also by the former address", "--wait"]);
    ana.done(&["send", "Bob", "it is me", "--wait"]);
    let history = bob.json(&["history", "Ana"]);
    assert_eq!(texts(&history), ["before", "before, too", "I see", "also by the former address", "it is me"]);
    let notices = history["entries"].as_array().unwrap().iter().filter_map(|entry| entry["notice"].as_str());
    assert_eq!(notices.collect::<Vec<_>>(), ["identity_rotated"]);
    let number = |place: &Place, who: &str| place.json(&["verify", who])["digits"].clone();
    assert_eq!(number(&ana, "Bob"), number(&bob, "Ana"));

    // It is so after a start, and the new phrase is this identity's.
    drop((running, bobs));
    assert_eq!(ana.address(), new);
    let copy = Place::empty();
    let phrase = prepared["recovery_phrase"].as_str().unwrap();
    let mut restore = copy.command(&["restore", "--kdf-memory", "12", "--json"]);
    assert_eq!(document(&answer(&mut restore, phrase).stdout)["address"], new.as_str());
    let again = ana.done(&["id", "rotate", "--yes", "--json"]);
    assert_ne!(lines(&again)[1]["address"], new.as_str(), "and it can be done again, without a running node");
}

#[test]
fn a_node_killed_while_it_rotates_has_the_old_identity_or_the_new_one_whole() {
    let (ana, bob) = friends();
    let _bobs = bob.start(&[]);
    for round in 0..6u64 {
        let old = ana.address();
        let running = ana.start(&[]);
        let rotation = ana.command(&["id", "rotate", "--yes", "--json"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(60 + 45 * round));
        running.stop("-KILL");
        let said = lines(&String::from_utf8(rotation.wait_with_output().unwrap().stdout).unwrap());
        let running = ana.start(&[]);
        let now = ana.address();
        assert!(
            now == old || now == said[0]["address"].as_str().unwrap(),
            "an identity whose phrase was never shown"
        );
        let text = format!("round {round}");
        ana.done(&["send", "Bob", &text, "--wait"]);
        bob.until(&["history", "Ana"], |history| texts(history).last() == Some(&text.as_str()));
        let contacts = bob.until(&["contacts"], |contacts| contacts[0]["address"] == now.as_str());
        assert_eq!(contacts.as_array().unwrap().len(), 1);
        drop(running);
    }
    let history = bob.json(&["history", "Ana"]);
    let rounds: Vec<_> = texts(&history).into_iter().filter(|text| text.starts_with("round")).collect();
    assert_eq!(rounds, ["round 0", "round 1", "round 2", "round 3", "round 4", "round 5"]);
}

#[test]
fn a_restored_person_asks_a_contact_what_was_said_before_and_only_then_says_something() {
    let (lost, bob) = (Place::empty(), Place::person("Bob"));
    let made = lost.json(&["init", "--name", "Ana", "--kdf-memory", "12"]);
    let _bobs = bob.start(&[]);
    let running = lost.start(&[]);
    let invite = lost.done(&["invite"]);
    bob.done(&["add", invite.trim()]);
    bob.done(&["send", "Ana", "before", "--wait"]);
    drop(running);

    let ana = Place::empty();
    std::fs::write(ana.file("words"), made["recovery_phrase"].as_str().unwrap()).unwrap();
    let restored = ana.done(&["restore", "--phrase-file", "words", "--kdf-memory", "12"]);
    assert!(restored.contains("sigillo id reconcile --from INVITE"), "{restored}");
    let _running = ana.start(&[]);
    let invite = bob.done(&["invite"]);
    let refusal = |arguments: &[&str]| {
        let answer = ana.run(&[arguments, &["--json"]].concat());
        (answer.code, document(&answer.stdout)["error"]["code"].clone())
    };
    assert_eq!(refusal(&["add", invite.trim()]), (1, "unreconciled".into()));
    assert_eq!(refusal(&["invite"]), (1, "unreconciled".into()));
    assert_eq!(refusal(&["id", "reconcile"]), (1, "identity".into()), "it knows nobody to ask");
    assert_eq!(refusal(&["id", "reconcile", "--from", "sigillo:AAAA"]).0, 2, "no invite");
    assert_eq!(ana.run(&["id", "reconcile", "--force", "--from", invite.trim()]).code, 2);
    let found = ana.json(&["id", "reconcile", "--from", invite.trim()]);
    assert!(found["seq"].as_u64().unwrap() > 1_000_000_000_000, "{found}");
    ana.done(&["add", invite.trim()]);
    ana.done(&["send", "Bob", "after", "--wait"]);
    let history = bob.until(&["history", "Ana"], |history| texts(history) == ["before", "after"]);
    let notices = history["entries"].as_array().unwrap().iter().filter_map(|entry| entry["notice"].as_str());
    assert_eq!(notices.collect::<Vec<_>>(), ["identity_restored"]);
}
