//! A customer finds a business, subscribes, and holds a receipt that proves itself.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::api::ask;
use crate::harness::{Answer, Place, Running, document};

struct Market {
    bakery: Place,
    customer: Place,
    _nodes: [Running; 3],
    _directory: Place,
}

/// A business with a plan, and a customer, who know nobody but a node that keeps the directory.
fn market() -> Market {
    let directory = Place::person("Directory");
    let (bakery, customer) = (Place::business("Padaria São João"), Place::person("Bob"));
    bakery.done(&["profile", "set", "--about", "Pão quente", "--category", "Bakery", "--country", "BR"]);
    bakery.done(&["plan", "add", "pro", "19.90", "--currency", "BRL", "--name", "Pro", "--grace", "2"]);
    let server = directory.start(&["--directory", "server"]);
    let bootstrap = server.listen();
    let nodes =
        [server, bakery.start(&["--bootstrap", &bootstrap]), customer.start(&["--bootstrap", &bootstrap])];
    Market { bakery, customer, _nodes: nodes, _directory: directory }
}

/// Searches until the business is found: publishing takes its time.
fn find(customer: &Place, arguments: &[&str]) -> Value {
    let found =
        customer.until(arguments, |found| found["businesses"].as_array().is_some_and(|all| !all.is_empty()));
    found["businesses"][0].clone()
}

#[test]
fn a_business_is_found_by_words_filters_and_address_and_can_be_written_to() {
    let Market { bakery, customer, .. } = &market();
    let business = find(customer, &["find", "padaria", "--country", "BR"]);
    assert_eq!(
        (&business["address"], &business["profile"]["name"]),
        (&bakery.address().as_str().into(), &"Padaria São João".into())
    );
    assert_eq!(find(customer, &["find", "--category", "bakery"]), business);
    assert_eq!(find(customer, &["find", &bakery.address()]), business);
    assert_eq!(customer.json(&["find", "açougue"])["businesses"], Value::Array(Vec::new()));
    assert_eq!(customer.run(&["find"]).code, 2);

    let sent = customer.json(&["send", &bakery.address(), "Bom dia", "--wait"]);
    assert_eq!((&sent["state"], &sent["name"]), (&"delivered".into(), &"Padaria São João".into()));
    let inbox = bakery.json(&["inbox"]);
    let from = inbox["conversations"][0]["address"].as_str().unwrap();
    assert_ne!(from, customer.address(), "a business knows its customer by an address of its own");
    assert_eq!(bakery.json(&["send", from, "Pois não", "--wait"])["state"], "delivered");
}

/// From the subscription to the receipt in a file; returns it, the receipt and the business's address.
fn receipt(market: &Market) -> (PathBuf, Value, String) {
    let Market { bakery, customer, .. } = market;
    let address = bakery.address();
    find(customer, &["find", &address]);
    let plans = customer.json(&["plan", "list", "--of", &address]);
    assert_eq!((&plans[0]["id"], &plans[0]["price"]["minor"]), (&"pro".into(), &1990.into()));
    customer.done(&["subscribe", &address, "pro"]);
    let open = |all: &Value| all[0]["state"] == "open";
    let invoice = customer.until(&["invoice", "list"], open)[0].clone();
    assert_eq!(invoice["we_are"], "subscriber");
    let key = invoice["key"].as_str().unwrap();
    assert_eq!(customer.run(&["invoice", "paid", key]).code, 1, "only the business says so");
    let paid = bakery.json(&["invoice", "paid", key]);
    assert_eq!(bakery.json(&["invoice", "paid", key]), paid, "paid twice is paid once");

    let receipt = customer.until(&["receipt", "list"], |all| all[0]["id"].is_string())[0].clone();
    assert_eq!(receipt["id"], paid["receipt"]);
    assert_eq!(customer.json(&["invoice", "show", key])["state"], "paid");
    let subscription = &customer.json(&["subscribe"])[0];
    assert_eq!((&subscription["state"], &subscription["access"]), (&"active".into(), &true.into()));

    customer.done(&["receipt", "export", &receipt["id"].as_str().unwrap()[..12], "-o", "receipt.json"]);
    assert_eq!(
        customer.run(&["receipt", "export", receipt["id"].as_str().unwrap(), "-o", "receipt.json"]).code,
        1
    );
    (customer.file("receipt.json"), receipt, address)
}

#[test]
fn a_paid_invoice_makes_a_receipt_that_anybody_can_verify() {
    let market = market();
    let (file, receipt, issuer) = receipt(&market);
    let file = file.to_str().unwrap();
    let nobody = Place::empty();
    let verify = |more: &[&str]| -> (i32, Value) {
        let Answer { code, stdout, .. } =
            nobody.run(&[&["receipt", "verify", file, "--json"], more].concat());
        (code, document(&stdout))
    };

    let (code, verdict) = verify(&["--issuer", &issuer]);
    assert_eq!((code, &verdict["verified"], &verdict["id"]), (0, &true.into(), &receipt["id"]));
    let subject = verdict["subject_address"].as_str().unwrap().to_owned();
    assert_eq!(verify(&["--issuer", &issuer, "--subject", &subject]).0, 0);

    let (code, verdict) = verify(&[]);
    assert_eq!((code, &verdict["verified"], &verdict["issuer_pinned"]), (1, &false.into(), &false.into()));
    let refused = |more: &[&str]| {
        let (code, answer) = verify(&[&["--issuer", &issuer], more].concat());
        (code, answer["error"]["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(refused(&["--subject", &issuer]), (1, "other_subject".into()));
    assert_eq!(refused(&["--at", "2099-01-01T00:00:00Z"]), (1, "expired".into()));
    assert_eq!(refused(&["--at", "2020-01-01T00:00:00Z"]), (1, "not_yet_valid".into()));
    assert_eq!(verify(&["--issuer", &subject]).1["error"]["code"], "other_issuer");
    assert_eq!(verify(&["--issuer", &issuer, "--at", "any"]).0, 0);
    let claim = |issuer: &str, subject: Option<&str>, at: Option<u64>| {
        let file: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let claim = json!({ "file": file, "issuer": issuer, "subject": subject, "at": at });
        ask(&market.bakery, "POST /v1/receipts/verify", claim.to_string().as_bytes())
    };
    let (status, verdict) = claim(&issuer, Some(&subject), None);
    assert_eq!((status, &verdict["verified"], &verdict["id"]), (200, &true.into(), &receipt["id"]));
    let refused =
        |(status, answer): (u16, Value)| (status, answer["error"]["code"].as_str().unwrap().to_owned());
    assert_eq!(refused(claim(&subject, None, None)), (409, "other_issuer".into()));
    assert_eq!(refused(claim(&issuer, Some(&issuer), None)), (409, "other_subject".into()));
    assert_eq!(refused(claim(&issuer, None, Some(1))), (409, "not_yet_valid".into()));
    assert_eq!(refused(claim("sig1", None, None)), (400, "address".into()));
    assert_eq!(nobody.run(&["receipt", "verify", file, "--issuer", "sig1"]).code, 2);
    assert_eq!(nobody.run(&["receipt", "verify", file, "--issuer", &issuer, "--at", "soon"]).code, 2);
    assert!(!nobody.home().exists());

    tampered(&nobody, file, &issuer);
}

/// Every digit of the signed payload that is changed is noticed.
fn tampered(nobody: &Place, file: &str, issuer: &str) {
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let payload = whole["receipt"]["payload"].as_str().unwrap();
    for at in (0..payload.len()).step_by(payload.len() / 8) {
        let mut digits = payload.as_bytes().to_vec();
        digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
        let mut changed = whole.clone();
        changed["receipt"]["payload"] = String::from_utf8(digits).unwrap().into();
        std::fs::write(nobody.file("changed.json"), changed.to_string()).unwrap();
        let answer = nobody.run(&["receipt", "verify", "changed.json", "--issuer", issuer]);
        assert_eq!(answer.code, 1, "digit {at}: {answer:?}");
        assert!(answer.stderr.contains("refused"), "{}", answer.stderr);
    }
}

/// A node that keeps the directory and mail for everybody, and a business and a customer who know it alone.
fn town() -> (Place, Place, Place, [Running; 3], String) {
    let post = Place::person("Post");
    std::fs::write(post.home().join("config.toml"), "[mailbox]\nserve = true\n").unwrap();
    let (bakery, customer) = (Place::business("Padaria São João"), Place::person("Bob"));
    bakery.done(&["profile", "set", "--category", "Bakery"]);
    let server = post.start(&["--directory", "server"]);
    let bootstrap = server.listen();
    let begin = |place: &Place| place.start(&["--bootstrap", &bootstrap]);
    let nodes = [server, begin(&bakery), begin(&customer)];
    (post, bakery, customer, nodes, bootstrap)
}

#[test]
fn a_business_that_is_off_is_written_to_first_by_the_mailbox_that_its_profile_names() {
    let (post, bakery, customer, nodes, bootstrap) = town();
    let [_server, open, _customer] = nodes;
    let address = bakery.address();
    find(&customer, &["find", &address]);
    assert!(bakery.json(&["profile", "show"])["mailboxes"].is_null());
    bakery.done(&["mailbox", "add", &bootstrap]);
    assert_eq!(bakery.json(&["profile", "show"])["mailboxes"][0], bootstrap.as_str());
    assert!(bakery.done(&["profile", "show"]).contains(&format!("mailbox     {bootstrap}")));
    bakery.done(&["profile", "publish"]);
    assert!(open.stop("-TERM").success());

    customer.done(&["send", &address, "Bom dia"]);
    post.until(&["mailbox", "status"], |status| status["hosted"]["messages"].as_u64() >= Some(1));
    let _open = bakery.start(&["--bootstrap", &bootstrap]);
    let inbox = bakery.until(&["inbox"], |inbox| inbox["conversations"][0]["last"]["text"] == "Bom dia");
    let from = inbox["conversations"][0]["address"].as_str().unwrap();
    assert_eq!(bakery.json(&["send", from, "Pois não", "--wait"])["state"], "delivered");
}

#[test]
fn a_former_address_of_a_business_leads_to_the_new_one_while_the_business_is_off() {
    let (_post, bakery, customer, nodes, _) = town();
    let [_server, open, _customer] = nodes;
    let old = bakery.address();
    find(&customer, &["find", &old]);
    bakery.done(&["id", "rotate", "--yes"]);
    let new = bakery.address();
    assert_ne!(new, old);
    let leads = |found: &Value| found["businesses"][0]["address"] == new.as_str();
    let found = customer.until(&["find", &old], leads);
    assert_eq!(found["businesses"][0]["former"], old.as_str());
    assert!(open.stop("-TERM").success());
    let said = customer.done(&["find", &old]);
    assert!(said.contains(&new) && said.contains(&format!("had the address {old} before")), "{said}");
    assert_eq!(customer.json(&["add", &old])["address"], new.as_str());
    assert_eq!(customer.json(&["contacts"])[0]["address"], new.as_str());
}
