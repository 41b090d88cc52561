//! Forms on the command line: kept, published, sent, filled in, and the answer that comes back.

use serde_json::{Value, json};

use crate::cloud::Shop;
use crate::cloud_kinds::came;
use crate::harness::{Place, document};

const TABLE: &str = r#"
id = "table"
name = "Book a table"
categories = ["appointment_booking"]
text = "When do you come?"
label = "Book"

[[screens]]
title = "You"

[[screens.fields]]
id = "name"
kind = "line"
label = "Your name"
required = true

[[screens.fields]]
id = "seats"
kind = "number"
label = "Seats"
least = 1
most = 8

[[screens]]
text = "What shall wait for you?"

[[screens.fields]]
id = "breads"
kind = "several"
label = "Breads"
options = [{ id = "rye", title = "Rye" }, { id = "oat", title = "Oat" }]

[[screens.fields]]
id = "terms"
kind = "agreement"
label = "Keep my number"
"#;

/// The exit code, the error's code, and its words.
fn refused(place: &Place, arguments: &[&str]) -> (i32, String, String) {
    let answer = place.run(&[arguments, &["--json"]].concat());
    let error = document(&answer.stdout)["error"].clone();
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (answer.code, text("code"), text("message"))
}

#[test]
fn a_form_is_kept_published_sent_filled_in_and_removed() {
    let shop = Shop::open("read,send");
    shop.meet();
    let ana = shop.shop.json(&["contacts"])[0]["address"].as_str().unwrap().to_owned();
    shop.shop.done(&["contacts", "rename", &ana, "Ana"]);
    let path = shop.shop.file("table.toml");
    std::fs::write(&path, TABLE).unwrap();
    let path = path.to_str().unwrap();
    assert!(shop.shop.done(&["form", "add", path]).contains("sigillo form publish table"));
    let kept = shop.shop.json(&["form", "show", "table"]);
    assert_eq!(
        (&kept["status"], &kept["form"]["screens"][0]["fields"][1]["most"]),
        (&"draft".into(), &8.into())
    );
    let (code, word, words) = refused(&shop.shop, &["form", "send", "Ana", "table"]);
    assert!(code == 1 && word == "form_state" && words.contains("sigillo form publish"), "{words}");
    assert_eq!(shop.shop.json(&["form", "send", "Ana", "table", "--draft", "--wait"])["state"], "delivered");
    shop.shop.done(&["form", "publish", "table"]);
    assert!(refused(&shop.shop, &["form", "publish", "table"]).2.contains("published"));
    std::fs::write(path, TABLE.replace("When do", "Whenever do")).unwrap();
    assert!(refused(&shop.shop, &["form", "add", path]).2.contains("stays as it is"));
    assert!(shop.shop.done(&["form", "list"]).contains("appointment_booking"));

    let sent = ["form", "send", "Ana", "table", "--text", "Book here", "--token", "visit-7", "--wait"];
    assert_eq!(shop.shop.json(&sent)["state"], "delivered");
    let form = came(&shop, "form");
    assert_eq!((&form["text"], &form["label"]), (&"Book here".into(), &"Book".into()));
    assert!(form["token"].is_null(), "{form}");
    let shown = shop.ana.done(&["history", "Shop"]);
    for words in
        ["[name] Your name *: a line", "[seats] Seats: a number, 1 to 8", "rye = Rye", "sigillo fill"]
    {
        assert!(shown.contains(words), "{shown}");
    }
    let id = form["id"].as_str().unwrap();
    assert!(refused(&shop.ana, &["fill", "Shop", id]).2.contains("name must be filled in"));
    let nine = ["fill", "Shop", id, "--field", "name=Ana", "--field", "seats=9"];
    assert_eq!(refused(&shop.ana, &nine).2, "seats takes a number, 1 to 8");
    assert_eq!(shop.ana.run(&["fill", "Shop", id, "--field", "name"]).code, 2);
    let fields = ["name=Ana", "seats=4", "breads=oat", "breads=rye", "terms=yes"];
    let fields: Vec<&str> = fields.into_iter().flat_map(|field| ["--field", field]).collect();
    let filled = shop.ana.json(&[&["fill", "Shop", id][..], &fields].concat());
    assert_eq!((&filled["entry"]["kind"], &filled["entry"]["form"]), (&"form_answer".into(), &form["id"]));

    let is_here =
        |history: &Value| history["entries"].as_array().unwrap().last().unwrap()["kind"] == "form_answer";
    let history = shop.shop.until(&["history", "Ana"], is_here);
    let answer = history["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&answer["fits"], &answer["token"]), (&true.into(), &"visit-7".into()));
    assert_eq!(answer["fields"][2]["titles"], json!(["Oat", "Rye"]));
    let shown = shop.shop.done(&["history", "Ana"]);
    assert!(
        shown.contains("Your name: Ana")
            && shown.contains("Breads: Oat, Rye")
            && shown.contains("token: visit-7"),
        "{shown}"
    );
    assert!(shop.shop.json(&["desk", "list", "--label", "form"])["conversations"][0]["name"] == "Ana");

    let first = shop.ana.json(&["history", "Shop"])["entries"][0]["id"].as_str().unwrap().to_owned();
    assert!(shop.ana.run(&["fill", "Shop", &first, "--field", "name=Ana"]).stderr.contains("no form"));
    shop.shop.done(&["form", "deprecate", "table"]);
    assert!(refused(&shop.shop, &["form", "send", "Ana", "table"]).2.contains("deprecated"));
    shop.shop.done(&["form", "remove", "table"]);
    assert_eq!(refused(&shop.shop, &["form", "show", "table"]).1, "none_such");
    assert_eq!(shop.shop.json(&["form", "list"]), json!([]));
    assert!(refused(&shop.ana, &["form", "list"]).2.contains("business"));
}
