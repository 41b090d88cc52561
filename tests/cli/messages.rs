//! Messages that are answered, changed and chosen from, on the command line and over the API.

use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use crate::harness::{Pair, Place, contacts};

fn id(sent: &Value) -> String {
    sent["id"].as_str().unwrap().to_owned()
}

fn last(history: &Value) -> &Value {
    history["entries"].as_array().unwrap().last().unwrap()
}

#[test]
fn a_message_is_named_by_the_beginning_of_its_id_answered_and_changed() {
    let Pair { ana, bob, _nodes } = contacts();
    let sent = bob.json(&["send", "Ana", "tomorow", "--wait"]);
    let (whole, short) = (id(&sent), id(&sent)[..8].to_owned());
    let human = ana.done(&["history", "Bob", "--ids"]);
    assert!(human.starts_with(&format!("{short}  ")), "{human}");

    let felt = ana.json(&["react", "Bob", &short, "👍"]);
    assert_eq!(felt["entry"]["reactions"][0], serde_json::json!({ "by": "out", "emoji": "👍" }));
    ana.json(&["send", "Bob", "yes", "--reply-to", &short, "--wait"]);
    let shown = bob.json(&["history", "Ana"]);
    assert_eq!(
        last(&shown)["reply_to"],
        serde_json::json!({ "id": whole, "direction": "out", "text": "tomorow" })
    );
    assert_eq!(shown["entries"][0]["reactions"][0]["by"], "in");

    bob.json(&["edit", "Ana", &short, "tomorrow"]);
    ana.until(&["history", "Bob"], |history| history["entries"][0]["text"] == "tomorrow");
    let human = ana.done(&["history", "Bob"]);
    assert!(human.contains("  Bob: tomorrow  [edited]  [👍 you]"), "{human}");
    assert!(human.contains("  you: > Bob: tomorrow\n    yes"), "{human}");
    let found =
        |words: &str| ana.json(&["history", "Bob", "--search", words])["entries"].as_array().unwrap().len();
    assert_eq!((found("tomorow"), found("tomorrow")), (0, 1));

    ana.json(&["react", "Bob", &short, "--undo"]);
    bob.until(&["history", "Ana"], |history| history["entries"][0]["reactions"].is_null());
    bob.json(&["delete", "Ana", &short]);
    ana.until(&["history", "Bob"], |history| history["entries"][0]["kind"] == "deleted");
    let human = ana.done(&["history", "Bob"]);
    assert!(human.contains("  Bob: (taken back)"), "{human}");
    assert!(human.contains("> a message of Bob that isn't here"), "{human}");
}

#[test]
fn what_names_no_message_or_is_not_ones_own_is_refused_in_words() {
    let Pair { ana, bob, _nodes } = contacts();
    let short = id(&bob.json(&["send", "Ana", "hello", "--wait"]))[..8].to_owned();
    let refused = |place: &Place, words: &[&str], said: &str| {
        let answer = place.run(words);
        assert_ne!(answer.code, 0, "{words:?}");
        assert!(answer.stderr.contains(said), "{words:?}: {}", answer.stderr);
    };
    refused(&ana, &["edit", "Bob", &short, "other"], "only its author");
    refused(&ana, &["delete", "Bob", &short], "only its author");
    refused(&ana, &["react", "Bob", "ffffffff", "👍"], "no message of that conversation");
    refused(&ana, &["react", "Bob", "f", "👍"], "the first 4 digits");
    refused(&ana, &["react", "Bob", "zzzz", "👍"], "named by its id");
    refused(&ana, &["react", "Bob", &short, "ok"], "one emoji");
    refused(&ana, &["choose", "Bob", &short, "rye"], "no menu");
    refused(&ana, &["send", "Bob", "--location", "91,0"], "-90 to 90");
    refused(&ana, &["send", "Bob", "--location", "north"], "LATITUDE,LONGITUDE");
    refused(&ana, &["send", "Bob", "text", "--location", "1,2"], "cannot be used with");
    refused(&ana, &["send", "Bob"], "required");
}

#[test]
fn places_and_cards_are_shown_and_nothing_in_them_is_done() {
    let Pair { ana, bob, _nodes } = contacts();
    bob.json(&["send", "Ana", "--location", "-23.5505,-46.6333", "--place", "Sé", "--wait"]);
    let place = ana.json(&["history", "Bob"]);
    let place = last(&place);
    assert_eq!((&place["kind"], &place["name"]), (&"location".into(), &"Sé".into()));
    assert_eq!((&place["latitude"], &place["longitude"]), (&(-23.5505).into(), &(-46.6333).into()));
    bob.json(&["send", "Ana", "--card", "Ana", "--wait"]);
    let file = bob.file("card.json");
    let card = r#"{"name":"Carla","phones":["+55 11 91234-5678"],"emails":["carla@padaria.example"]}"#;
    std::fs::write(&file, card).unwrap();
    bob.json(&["send", "Ana", "--card", file.to_str().unwrap(), "--wait"]);
    let human = ana.done(&["history", "Bob"]);
    assert!(human.contains("  Bob: place: Sé (-23.55050, -46.63330)"), "{human}");
    assert!(human.contains(&format!("  Bob: contact: Ana, {}", ana.address())), "{human}");
    assert!(human.contains("  Bob: contact: Carla, +55 11 91234-5678, carla@padaria.example"), "{human}");
    assert_eq!(ana.json(&["contacts"]).as_array().unwrap().len(), 1, "nobody was added");
    std::fs::write(&file, r#"{"name":"\u001b]0;pwned\u0007","phones":["1"]}"#).unwrap();
    let hostile = bob.run(&["send", "Ana", "--card", file.to_str().unwrap()]);
    assert!(hostile.code != 0 && hostile.stderr.contains("a card has a name"), "{hostile:?}");
}

#[test]
fn a_follower_is_told_of_changes_apart_from_messages() {
    let Pair { ana, bob, _nodes } = contacts();
    let mut follower = ana.command(&["inbox", "--follow", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines().map(Result::unwrap);
    let sent = bob.json(&["send", "Ana", "first", "--wait"]);
    let seen = std::thread::spawn(move || {
        lines.find_map(|line| {
            let event: Value = serde_json::from_str(&line).unwrap();
            (event["event"] == "changed").then_some(event)
        })
    });
    // Nothing says when the follower listens: the message is changed until that is seen.
    let mut edits = 0;
    while !seen.is_finished() {
        edits += 1;
        assert!(edits < 500, "nothing was seen");
        bob.json(&["edit", "Ana", &id(&sent), &format!("number {edits}")]);
        ana.until(&["history", "Bob"], |history| history["entries"][0]["text"] == format!("number {edits}"));
    }
    let changed = seen.join().unwrap().unwrap();
    assert_eq!((&changed["by"], &changed["entry"]["id"]), (&"in".into(), &sent["id"]));
    assert!(changed["entry"]["text"].as_str().unwrap().starts_with("number "));
    follower.kill().unwrap();
    follower.wait().unwrap();
}
