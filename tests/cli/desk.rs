//! The front desk on the command line, without a network: what it keeps, and what it refuses and why.

use serde_json::{Value, json};

use crate::harness::{Place, answer, document};

const BOT: &str = r#"
start = "main"
misunderstood = "Sorry?"
person = { text = "Somebody comes." }
keywords = [{ words = ["rye"], goto = "rye" }]

[nodes.main]
text = "What can I do?"
options = [{ title = "Rye", goto = "rye" }, { title = "Somebody", person = true }]

[nodes.rye]
text = "On Fridays."
"#;

const TEMPLATE: &str = r#"
name = "ready"
category = "utility"
variables = { what = "text", cost = "money" }

[languages.en]
body = "{{what}} is ready: {{cost}}"
"#;

/// What a command that must fail says, and its exit code.
fn refused(place: &Place, arguments: &[&str]) -> (i32, String, String) {
    let answer = place.run(&[arguments, &["--json"]].concat());
    let error = &document(&answer.stdout)["error"];
    let text = |key: &str| error[key].as_str().unwrap().to_owned();
    (answer.code, text("code"), text("message"))
}

#[test]
fn a_bot_is_checked_without_a_node_and_set_shown_and_turned_off_with_one() {
    let nobody = Place::empty();
    std::fs::write(nobody.file("bot.toml"), BOT).unwrap();
    let checked = nobody.json(&["bot", "check", "bot.toml"]);
    assert_eq!(checked, json!({ "nodes": 2, "keywords": 1 }));
    assert!(!nobody.home().exists());
    for (from, to, words) in [
        ("goto = \"rye\" }]", "goto = \"gone\" }]", "keywords: there is no node gone"),
        ("title = \"Somebody\"", "title = \"rye!\"", "main: two options are called rye!"),
        ("[nodes.rye]\n", "[nodes.cake]\ntext = \"x\"\n[nodes.rye]\n", "nothing leads to the node cake"),
        ("start", "begin", "unknown field `begin`"),
    ] {
        let wrong = answer(&mut nobody.command(&["bot", "check", "-"]), &BOT.replacen(from, to, 1));
        assert!(wrong.code == 2 && wrong.stderr.contains(words), "{wrong:?}");
    }

    let shop = Place::business("Padaria");
    assert_eq!(refused(&shop, &["bot", "show"]).1, "none_such");
    std::fs::write(shop.file("bot.toml"), BOT).unwrap();
    shop.done(&["bot", "set", "bot.toml"]);
    let shown = shop.json(&["bot", "show"]);
    assert_eq!(
        (&shown["give_up_after"], &shown["person"]["hours"]),
        (&3.into(), &12.into()),
        "unless it says otherwise"
    );
    let words = shop.done(&["bot", "show"]);
    assert!(words.contains("2. Somebody -> a person") && words.contains("rye -> rye"), "{words}");
    shop.done(&["bot", "off"]);
    assert_eq!(refused(&shop, &["bot", "show"]).1, "none_such");
}

#[test]
fn templates_and_quick_replies_are_kept_and_what_is_wrong_with_them_is_named() {
    let shop = Place::business("Padaria");
    std::fs::write(shop.file("ready.toml"), TEMPLATE).unwrap();
    assert_eq!(shop.json(&["template", "add", "ready.toml"])["version"], 1);
    assert_eq!(shop.json(&["template", "add", "ready.toml"])["version"], 1, "the same words");
    std::fs::write(shop.file("ready.toml"), TEMPLATE.replace("is ready", "is out")).unwrap();
    assert_eq!(shop.json(&["template", "add", "ready.toml"])["version"], 2);
    let versions = shop.json(&["template", "show", "ready"]);
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert!(shop.done(&["template", "show", "ready"]).contains("{{what}} is out: {{cost}}"));
    assert!(shop.done(&["template", "list"]).contains("cost, what"));
    for (from, to, words) in [
        ("{{cost}}", "", "en: the variable cost stands nowhere"),
        ("{{what}}", "{{which}}", "en: {{which}} isn't among the variables"),
        ("\"money\"", "\"gold\"", "unknown variant `gold`"),
        ("utility", "gossip", "unknown variant `gossip`"),
    ] {
        let wrong = answer(&mut shop.command(&["template", "add", "-"]), &TEMPLATE.replacen(from, to, 1));
        assert!(wrong.code == 2 && wrong.stderr.contains(words), "{words}: {wrong:?}");
    }
    shop.done(&["template", "remove", "ready"]);
    assert_eq!(refused(&shop, &["template", "show", "ready"]).0, 1);
    assert_eq!(shop.json(&["template", "list"]), json!([]));

    shop.done(&["quick", "add", "ready", "{{what}} is ready"]);
    assert_eq!(shop.json(&["quick", "list"]), json!([{ "name": "ready", "text": "{{what}} is ready" }]));
    assert!(refused(&shop, &["quick", "add", "Ready", "x"]).2.contains("a-z"));
    assert!(refused(&shop, &["quick", "add", "ready", "{{what"]).2.contains("isn't closed"));
    shop.done(&["quick", "remove", "ready"]);
    assert_eq!(refused(&shop, &["quick", "remove", "ready"]).1, "none_such");
    assert_eq!(shop.run(&["send", "Ana"]).code, 2, "nothing to send");
    assert_eq!(shop.run(&["send", "Ana", "text", "--quick", "ready"]).code, 2, "one of both");
    assert_eq!(shop.run(&["send", "Ana", "text", "--variable", "a=b"]).code, 2, "a variable of nothing");
}

#[test]
fn hours_greeting_away_and_the_catalog_are_set_shown_and_ended() {
    let shop = Place::business("Padaria");
    assert!(shop.done(&["desk", "reception"]).contains("always open"));
    shop.done(&["profile", "set", "--hours", "Mo-Sa 06:00-19:00"]);
    let set = shop.json(&["desk", "hours", "--zone", "America/Sao_Paulo"]);
    assert_eq!((&set["hours"], &set["zone"]), (&"Mo-Sa 06:00-19:00".into(), &"America/Sao_Paulo".into()));
    assert!(set["open"].is_boolean() && set["opens"].is_u64());
    assert!(
        refused(&shop, &["desk", "hours", "by appointment", "--zone", "-03:00"]).2.contains("by appointment")
    );
    assert!(
        refused(&shop, &["desk", "hours", "24/7", "--zone", "Nowhere"]).2.contains("no time zone `Nowhere`")
    );
    assert_eq!(shop.run(&["desk", "hours", "24/7"]).code, 2, "whose hours?");
    let greeting = shop.json(&["desk", "greeting", "Welcome!", "--after-days", "30"]);
    assert_eq!((&greeting["greeting"], &greeting["again_after_days"]), (&"Welcome!".into(), &30.into()));
    assert_eq!(shop.json(&["desk", "away", "We sleep."])["away"], "We sleep.");
    assert!(refused(&shop, &["desk", "away", " "]).2.contains("1 to 2048 bytes"));
    for part in ["hours", "greeting", "away"] {
        shop.done(&["desk", part, "--off"]);
    }
    let ended = shop.json(&["desk", "reception"]);
    assert!(["hours", "greeting", "away"].iter().all(|part| ended[part] == Value::Null), "{ended}");

    let rye =
        shop.json(&["catalog", "add", "rye", "--price", "19.9", "--currency", "BRL", "--name", "Rye loaf"]);
    assert_eq!(rye["price"], json!({ "minor": 1990, "currency": "BRL" }));
    assert!(shop.done(&["catalog", "show", "rye"]).contains("BRL 19.90"));
    assert!(shop.done(&["catalog", "list"]).contains("Rye loaf"));
    assert_eq!(shop.run(&["catalog", "add", "Rye", "--price", "1", "--currency", "BRL"]).code, 2);
    shop.done(&["catalog", "remove", "rye"]);
    assert_eq!(refused(&shop, &["catalog", "show", "rye"]).1, "none_such");

    assert_eq!(shop.json(&["desk", "list"]), json!({ "conversations": [], "next": null }));
    assert_eq!(refused(&shop, &["desk", "set", "Ana", "--status", "done"]).1, "unknown_contact");
    let ana = Place::person("Ana");
    for command in [&["desk", "list"][..], &["quick", "list"], &["bot", "off"], &["desk", "away", "x"]] {
        assert_eq!(refused(&ana, command).1, "not_a_business", "{command:?}");
    }
}
