//! Safety numbers on the command line.

use serde_json::Value;

use crate::harness::{Pair, answer, contacts, document};

fn pair() -> Pair {
    let pair = contacts();
    pair.bob.done(&["send", "Ana", "hello", "--wait"]);
    pair
}

fn verification(contact: &Value) -> &str {
    contact["verification"].as_str().unwrap()
}

#[test]
fn two_people_compare_their_number_and_mark_each_other() {
    let Pair { ana, bob, _nodes } = pair();
    let (hers, his) = (ana.json(&["verify", "Bob"]), bob.json(&["verify", "Ana"]));
    assert_eq!(hers["digits"], his["digits"]);
    assert_eq!(hers["digits"].as_str().unwrap().len(), 60);
    assert_ne!(hers["code"], his["code"], "each shows its own side");
    assert_eq!(hers["verification"], "unverified");
    let human = ana.done(&["verify", "Bob"]);
    let groups: Vec<&str> =
        human.lines().filter(|line| line.starts_with("    ")).flat_map(str::split_whitespace).collect();
    assert_eq!((groups.len(), groups.concat().as_str()), (12, hers["digits"].as_str().unwrap()));

    let (code, digits) = (his["code"].as_str().unwrap(), his["digits"].as_str().unwrap());
    assert_eq!(ana.json(&["verify", "Bob", "--scan", code])["same"], true);
    assert_eq!(ana.json(&["verify", "Bob", "--scan", &groups.join(" ")])["same"], true);
    let from_stdin = answer(&mut ana.command(&["verify", "Bob", "--scan", "-"]), &format!("{digits}\n"));
    assert_eq!(from_stdin.code, 0, "{from_stdin:?}");
    assert_eq!(verification(&ana.json(&["contacts"])[0]), "unverified", "looking is not deciding");
    assert_eq!(verification(&ana.json(&["verify", "Bob", "--scan", code, "--accept"])), "verified");
    assert_eq!(verification(&ana.json(&["contacts"])[0]), "verified");
    assert!(ana.done(&["contacts"]).contains("verified"));
    assert_eq!(verification(&bob.json(&["contacts"])[0]), "unverified", "each decides alone");
}

#[test]
fn another_number_is_a_failure_and_marks_nobody() {
    let Pair { ana, bob, _nodes } = pair();
    let own = ana.json(&["verify", "Bob"])["code"].as_str().unwrap().to_owned();
    let digits = bob.json(&["verify", "Ana"])["digits"].as_str().unwrap().to_owned();
    let wrong = digits.chars().map(|digit| if digit == '7' { '1' } else { '7' }).collect::<String>();
    for shown in [own.as_str(), wrong.as_str()] {
        let refused = ana.run(&["verify", "Bob", "--scan", shown, "--accept", "--json"]);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert_eq!(document(&refused.stdout)["error"]["code"], "different");
    }
    assert_eq!(verification(&ana.json(&["contacts"])[0]), "unverified");
    for misused in ["123", "sigillo-verify:AAAA"] {
        assert_eq!(ana.run(&["verify", "Bob", "--scan", misused]).code, 2, "{misused}");
    }
    assert_eq!(ana.run(&["verify", "Nobody"]).code, 1);
}
