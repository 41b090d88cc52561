//! Consents given, taken back, shown, exported and verified; and strangers refused.

use serde_json::Value;

use crate::harness::{Place, Running, document};

/// A business, and a customer who has written to it; the business's name for the customer.
fn customer() -> (Place, Place, String, [Running; 3], Place) {
    let directory = Place::person("Directory");
    let (bakery, ana) = (Place::business("Padaria"), Place::person("Ana"));
    bakery.done(&["profile", "set", "--category", "Bakery"]);
    let server = directory.start(&["--directory", "server"]);
    let bootstrap = server.listen();
    let nodes = [server, bakery.start(&["--bootstrap", &bootstrap]), ana.start(&["--bootstrap", &bootstrap])];
    let address = bakery.address();
    ana.until(&["find", &address], |found| found["businesses"].as_array().is_some_and(|all| !all.is_empty()));
    assert_eq!(ana.json(&["send", &address, "Bom dia", "--wait"])["state"], "delivered");
    let inbox = bakery.json(&["inbox"]);
    let known_as = inbox["conversations"][0]["address"].as_str().unwrap().to_owned();
    (bakery, ana, known_as, nodes, directory)
}

#[test]
fn a_consent_lets_a_template_in_and_taking_it_back_keeps_it_out() {
    let (bakery, ana, known_as, _nodes, _directory) = customer();
    let address = bakery.address();
    let by_template = ["--template", "loaf_ready", "--category", "utility", "--language", "en"];
    let ready = |text: &str| {
        let words = [&["send", &known_as, text, "--wait", "--json"][..], &by_template].concat();
        let answer = bakery.run(&words);
        (answer.code, document(&answer.stdout)["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(ready("one"), (1, "failed".into()));
    let given = ana.json(&["consent", "give", &address, "utility", "--days", "90"]);
    assert_eq!((&given[0]["topic"], &given[0]["in_force"]), (&"utility".into(), &true.into()));
    assert_eq!(ready("two"), (0, "delivered".into()));
    bakery.until(&["consent", "list"], |all| all[0]["we_are"] == "business" && all[0]["in_force"] == true);
    assert_eq!(ana.json(&["consent", "revoke", &address])[0]["granted"], false);
    assert_eq!(ready("three"), (1, "failed".into()));
    let log = ana.json(&["consent", "log"]);
    assert_eq!(
        (&log[0]["cause"], &log[0]["category"], &log[0]["count"]),
        (&"no_consent".into(), &"utility".into(), &2.into())
    );
    assert!(ana.done(&["consent", "log"]).contains("no_consent"));
    let history = bakery.json(&["history", &known_as]);
    let last = history["entries"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["state"], &last["cause"]), (&"failed".into(), &"no_consent".into()));

    ana.done(&["consent", "export", &address, "-o", "consents.json"]);
    assert_eq!(ana.run(&["consent", "export", &address, "-o", "consents.json"]).code, 1, "it is there");
    let (file, nobody) = (ana.file("consents.json"), Place::empty());
    let verify = |more: &[&str]| {
        let words = [&["consent", "verify", file.to_str().unwrap(), "--json"], more].concat();
        let answer = nobody.run(&words);
        (answer.code, document(&answer.stdout))
    };
    let (code, verdict) = verify(&["--business", &address, "--person", &known_as]);
    assert_eq!((code, &verdict["in_force"]), (0, &Value::Object(serde_json::Map::new())));
    assert_eq!(verdict["consents"].as_array().unwrap().len(), 2);
    assert_eq!(verify(&["--business", &known_as]).1["error"]["code"], "other_business");
    assert_eq!(verify(&["--at", "any"]).0, 2);
    let changed = std::fs::read_to_string(&file).unwrap().replacen("0801", "0802", 1);
    std::fs::write(&file, changed).unwrap();
    assert_eq!(verify(&[]).0, 1);
    assert!(!nobody.home().exists());

    assert_eq!(bakery.run(&["consent", "give", &known_as, "utility"]).code, 1, "only a person consents");
    assert_eq!(ana.run(&["consent", "give", &address, "everything"]).code, 2);
    assert_eq!(ana.run(&["send", &address, "x", "--template", "y"]).code, 2, "a template has a category");
}

#[test]
fn quiet_hours_are_set_shown_and_ended_without_a_node_and_nonsense_is_refused() {
    let ana = Place::person("Ana");
    assert_eq!(ana.json(&["consent", "quiet"])["hours"], Value::Null);
    let set = ana.json(&["consent", "quiet", "22:00-07:00", "--zone", "-03:00"]);
    assert_eq!((&set["hours"], &set["zone"]), (&"22:00-07:00".into(), &"-03:00".into()));
    assert!(ana.done(&["consent", "quiet"]).contains("22:00-07:00 (UTC-03:00)"));
    assert_eq!(ana.run(&["consent", "quiet", "22:00-22:00", "--zone", "+00:00"]).code, 2);
    assert_eq!(ana.run(&["consent", "quiet", "22:00-07:00"]).code, 2, "whose hours?");
    assert_eq!(ana.json(&["consent", "quiet", "--off"])["hours"], Value::Null);
    assert_eq!(ana.json(&["consent", "list"]), Value::Array(Vec::new()));
    assert_eq!(ana.run(&["contacts", "refuse", "nobody"]).code, 1);
}
