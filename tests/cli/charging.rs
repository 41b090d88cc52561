//! Charging by the command line: rails and their pictures, forms of receipts, the books and their audit.

use std::path::Path;

use serde_json::Value;

use sigillo::base::id::AccountId;
use sigillo::base::money::Money;
use sigillo::base::time::Time;
use sigillo::crypto::secret::Secret;
use sigillo::domain::billing::book::Book;
use sigillo::domain::billing::calendar::days;
use sigillo::domain::billing::export::ReceiptFile;
use sigillo::domain::billing::payment::Payment;
use sigillo::domain::billing::subscriber::subscribe;
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::address;
use sigillo::domain::identity::device::DeviceKeys;
use sigillo::domain::identity::log::AccountLog;
use sigillo::node::identity::system_rng;
use sigillo::wire::account::Purposes;
use sigillo::wire::billing::Event;
use sigillo::wire::plan::{Period, Plan};

use crate::harness::{Place, Running, answer};

struct Shop {
    bakery: Place,
    ana: Place,
    /// Of the directory, of the bakery, of Ana.
    nodes: Vec<Running>,
    _directory: Place,
}

/// A business that takes Pix, and a customer who has asked for its plan; the invoice's key.
fn shop() -> (Shop, String) {
    let directory = Place::person("Directory");
    let (bakery, ana) = (Place::business("Padaria"), Place::person("Ana"));
    bakery.done(&["profile", "set", "--category", "Bakery", "--country", "BR"]);
    bakery.done(&["plan", "add", "pro", "19.90", "--currency", "BRL"]);
    bakery.done(&["rail", "add", "pix", "pix@padaria.example", "--name", "Padaria", "--city", "Recife"]);
    let server = directory.start(&["--directory", "server"]);
    let bootstrap = server.listen();
    let nodes =
        vec![server, bakery.start(&["--bootstrap", &bootstrap]), ana.start(&["--bootstrap", &bootstrap])];
    let address = bakery.address();
    ana.until(&["find", &address], |found| found["businesses"][0]["address"] == address.as_str());
    ana.done(&["subscribe", &address, "pro"]);
    let open = |all: &Value| all[0]["state"] == "open";
    let key = ana.until(&["invoice", "list"], open)[0]["key"].as_str().unwrap().to_owned();
    (Shop { bakery, ana, nodes, _directory: directory }, key)
}

/// The text of the QR code in a picture, by a decoder that knows nothing of whoever drew it.
fn scanned(path: &std::path::Path) -> String {
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
    image.detect_grids()[0].decode().unwrap().1
}

#[test]
fn rails_are_shown_and_drawn_and_a_notice_counts_once() {
    let (Shop { bakery, ana, .. }, key) = &shop();
    let text = ana.done(&["invoice", "show", key, "--rail", "pix"]).trim().to_owned();
    assert!(
        text.starts_with("000201") && text.contains(key.as_str()) && text.contains("540519.90"),
        "{text}"
    );
    ana.done(&["invoice", "show", key, "--rail", "pix", "--png", "pay.png", "--svg", "pay.svg"]);
    assert_eq!(scanned(&ana.file("pay.png")), text);
    assert!(ana.done(&["invoice", "show", key, "--rail", "pix", "--qr"]).contains('█'));
    assert_eq!(ana.run(&["invoice", "show", key, "--rail", "upi"]).code, 1);
    assert_eq!(ana.run(&["invoice", "show", key, "--qr"]).code, 2, "of which rail");
    assert_eq!(bakery.run(&["rail", "add", "sepa", "DE00", "--name", "x"]).code, 2);

    ana.done(&["invoice", "evidence", key, "--rail", "pix", "E123"]);
    let claimed = |invoice: &Value| invoice["claims"][0]["text"] == "E123";
    let invoice = bakery.until(&["invoice", "show", key], claimed);
    assert_eq!(invoice["state"], "open", "what the payer claims makes no receipt");
    let paid = |more: &[&str]| {
        bakery.run(&[&["invoice", "paid", key.as_str(), "--rail", "pix", "--json"], more].concat())
    };
    let first = paid(&["--idempotency-key", "evt-1", "--evidence", "E123"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert_eq!(paid(&["--idempotency-key", "evt-1", "--evidence", "E123"]).stdout, first.stdout);
    assert_eq!(paid(&["--idempotency-key", "evt-1", "--evidence", "E999"]).code, 1);
    assert_eq!(paid(&["--evidence", "E999"]).code, 1, "it is paid already, in another way");
    assert!(
        ana.done(&["receipt", "list"]).contains("class B")
            || ana.done(&["receipt", "list"]).contains("no receipts")
    );
}

#[test]
fn a_receipt_verifies_in_every_form_and_a_tampered_one_in_none() {
    let (Shop { bakery, ana, .. }, key) = &shop();
    bakery.done(&["invoice", "paid", key]);
    let id = ana.until(&["receipt", "list"], |all| all[0]["id"].is_string())[0]["id"].clone();
    let (id, address) = (id.as_str().unwrap(), bakery.address());
    for form in ["json", "jws", "html", "png"] {
        let file = format!("receipt.{form}");
        ana.done(&["receipt", "export", id, "--format", form, "-o", &file]);
        let verified = ana.json(&["receipt", "verify", &file, "--issuer", &address]);
        assert_eq!((&verified["id"], &verified["verified"]), (&id.into(), &true.into()), "{form}");
        assert_eq!(verified["trust"], "attested by the payee (class B)");
        assert_eq!(ana.run(&["receipt", "verify", &file]).code, 1, "{form}: the issuer isn't pinned");
        if form != "png" {
            let text = std::fs::read_to_string(ana.file(&file)).unwrap();
            let piped = answer(&mut ana.command(&["receipt", "verify", "-", "--issuer", &address]), &text);
            assert_eq!(piped.code, 0, "{form}: {piped:?}");
            let middle = text.len() / 2;
            let (at, old) = text.char_indices().find(|(at, c)| *at >= middle && c.is_ascii_digit()).unwrap();
            let new = if old == '1' { "2" } else { "1" };
            let tampered = format!("{}{new}{}", &text[..at], &text[at + 1..]);
            std::fs::write(ana.file("tampered"), tampered).unwrap();
            assert_eq!(ana.run(&["receipt", "verify", "tampered", "--issuer", &address]).code, 1, "{form}");
        }
    }
    let long = " ".repeat(300 * 1024);
    let piped = answer(&mut ana.command(&["receipt", "verify", "-", "--issuer", &address]), &long);
    assert_eq!(piped.code, 1);
    assert!(piped.stderr.contains("standard input is longer than"), "{piped:?}");
    ana.done(&["receipt", "present", id, "--challenge", "door 3", "-o", "shown.json"]);
    let show = |file: &str, challenge: &str| {
        ana.run(&["receipt", "verify", file, "--issuer", &address, "--challenge", challenge]).code
    };
    assert_eq!(show("shown.json", "door 3"), 0);
    assert_eq!((show("shown.json", "door 4"), show("receipt.json", "door 3")), (1, 1));
    bakery.done(&["receipt", "revoke", id, "--reason", "stolen"]);
    let revoked = |all: &Value| all[0]["state"] == "revoked";
    ana.until(&["subscribe"], revoked);
    bakery.done(&["receipt", "export", id, "--format", "credit-notes", "-o", "notes.json"]);
    let notes = bakery.file("notes.json").display().to_string();
    let answer =
        ana.run(&["receipt", "verify", "receipt.json", "--issuer", &address, "--credit-notes", &notes]);
    assert_eq!(answer.code, 1, "{answer:?}");
    assert!(answer.stderr.contains("revoked"), "{answer:?}");
}

#[test]
fn the_books_add_up_and_no_byte_of_an_exported_ledger_can_be_changed() {
    let (Shop { bakery, .. }, key) = &shop();
    let receipt = bakery.json(&["invoice", "paid", key])["receipt"].as_str().unwrap().to_owned();
    bakery.done(&["receipt", "refund", &receipt, "--amount", "5.00", "--reason", "stale", "--keep-access"]);
    // Withdrawn and offered again, a plan that somebody has goes on with the next version: none stands for two terms.
    bakery.done(&["plan", "remove", "pro"]);
    let again = bakery.json(&["plan", "add", "pro", "9.90", "--currency", "BRL"]);
    assert_eq!(again["version"], 2, "{again}");
    let csv = bakery.done(&["ledger", "--csv"]);
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().starts_with("plan,month,currency,receipts,gross_minor"));
    let line = lines.next().unwrap();
    assert!(line.starts_with("pro,20") && line.ends_with(",BRL,1,1990,500,1490,0"), "{line}");
    let books = bakery.json(&["ledger"]);
    assert_eq!((&books["subscribers"][0]["active"], &books["contradictions"]), (&1.into(), &0.into()));
    let sound = bakery.json(&["ledger", "audit"]);
    assert_eq!((&sound["sound"], &sound["events"], &sound["receipts"]), (&true.into(), &4.into(), &1.into()));

    bakery.done(&["ledger", "export", "-o", "ledger.jsonl"]);
    let address = bakery.address();
    let audit = |file: &str| bakery.run(&["ledger", "audit", file, "--issuer", &address]);
    assert_eq!(audit("ledger.jsonl").code, 0, "{:?}", audit("ledger.jsonl"));
    let other = Place::business("Another").address();
    assert_eq!(bakery.run(&["ledger", "audit", "ledger.jsonl", "--issuer", &other]).code, 1);
    let text = std::fs::read_to_string(bakery.file("ledger.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6);
    for left_out in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(left_out);
        std::fs::write(bakery.file("fewer.jsonl"), fewer.join("\n") + "\n").unwrap();
        assert_eq!(audit("fewer.jsonl").code, 1, "without line {left_out}");
    }
    for position in (0..text.len()).step_by(23).filter(|at| text.is_char_boundary(*at)) {
        let mut bytes = text.clone().into_bytes();
        bytes[position] = if bytes[position] == b'0' { b'1' } else { b'0' };
        std::fs::write(bakery.file("changed.jsonl"), bytes).unwrap();
        assert_eq!(audit("changed.jsonl").code, 1, "byte {position}");
    }
}

/// A business that signs two different receipts of number 0.
fn contradicting() -> (AccountId, [ReceiptFile; 2]) {
    let (mut rng, now) = (system_rng(), Time::from_millis(1_801_389_600_000));
    let (business, person) = (Seed::random(&mut rng).account(), Seed::random(&mut rng).account());
    let keys = DeviceKeys::derive(&Secret::random(&mut rng), &business.id());
    let theirs = DeviceKeys::derive(&Secret::random(&mut rng), &person.id());
    let log = AccountLog::begin(&business, keys.member(&business.id(), Purposes::ALL), now.minus(days(1)));
    let plan = Plan {
        id: "pro".into(),
        version: 1,
        name: "Pro".into(),
        price: Money::parse("19.90", "BRL".parse().unwrap()).unwrap(),
        period: Period::Monthly,
        trial_days: 0,
        grace_days: 3,
        hold_days: 30,
    };
    let request = subscribe(&theirs, person.id(), business.id(), plan.clone(), &mut rng, now).unwrap();
    let (book, _) = Book::on_subscribe(request, business.id(), &keys, &[plan], false, now).unwrap();
    let mut paid = || {
        let mut book = book.clone();
        let invoice = book.issue_invoice(&[], &keys, &mut rng, now).unwrap();
        let Event::Invoice(asked) = invoice.event() else { unreachable!() };
        let receipt = book.mark_paid(&asked.key, &Payment::manual(), &keys, now).unwrap();
        ReceiptFile::new(&receipt, &log).unwrap()
    };
    (business.id(), [paid(), paid()])
}

#[test]
fn two_receipts_of_one_number_prove_that_their_issuer_contradicts_itself() {
    let auditor = Place::person("Auditor");
    let (issuer, [one, other]) = contradicting();
    let verify = |receipts: [&ReceiptFile; 2], issuer: &str| {
        let proof = serde_json::json!({ "format": "sigillo-contradiction/1", "receipts": receipts });
        std::fs::write(auditor.file("proof.json"), proof.to_string()).unwrap();
        auditor.run(&["receipt", "verify", "proof.json", "--issuer", issuer, "--json"])
    };
    let address = address::encode(&issuer);
    let proven = verify([&one, &other], &address);
    assert_eq!(proven.code, 0, "{proven:?}");
    let proven: Value = serde_json::from_str(&proven.stdout).unwrap();
    assert_eq!((&proven["contradiction"], &proven["issuer"]), (&true.into(), &address.as_str().into()));
    assert_eq!(verify([&one, &one], &address).code, 1, "one receipt twice proves nothing");
    assert_eq!(verify([&one, &contradicting().1[0]], &address).code, 1, "nor do those of two businesses");
    assert_eq!(verify([&one, &other], &auditor.address()).code, 1, "nor is it another's");
    let unpinned = auditor.run(&["receipt", "verify", "proof.json"]);
    assert_eq!(unpinned.code, 1, "whose contradiction it must be wasn't said");
    assert!(
        unpinned.stdout.contains("issuer not pinned") && unpinned.stderr.contains("--issuer"),
        "{unpinned:?}"
    );
}

/// Copies a home while no node runs in it.
fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copied(&entry.path(), &target),
            kind if kind.is_file() => drop(std::fs::copy(entry.path(), target).unwrap()),
            _ => {}
        }
    }
}

#[test]
fn a_business_whose_disk_was_set_back_contradicts_itself_and_its_customer_proves_it() {
    let (Shop { bakery, ana, mut nodes, _directory }, key) = shop();
    let bootstrap = nodes[0].listen();
    let restarted = |bakery: &Place, nodes: &mut Vec<Running>, between: &dyn Fn(&Path, &Path)| {
        assert!(nodes.remove(1).stop("-TERM").success());
        between(&bakery.home(), &bakery.file("earlier"));
        nodes.insert(1, bakery.start(&["--bootstrap", &bootstrap]));
    };
    restarted(&bakery, &mut nodes, &|home, earlier| copied(home, earlier));
    bakery.done(&["invoice", "paid", &key]);
    ana.until(&["receipt", "list"], |all| all[0]["id"].is_string());
    restarted(&bakery, &mut nodes, &|home, earlier| {
        std::fs::remove_dir_all(home).unwrap();
        std::fs::rename(earlier, home).unwrap();
    });
    // What Ana says tells it how far they were, and another session is begun; of what it has signed it knows nothing, and
    // signs something else under the same number.
    assert_eq!(ana.json(&["send", &bakery.address(), "Bom dia", "--wait"])["state"], "delivered");
    // What it says first has the number of what it forgot, which she has: that is taken for a repetition.
    let customer = bakery.json(&["inbox"])["conversations"][0]["address"].as_str().unwrap().to_owned();
    bakery.done(&["send", &customer, "Bom dia, Ana"]);
    assert_eq!(bakery.json(&["receipt", "list"]), Value::Array(Vec::new()));
    bakery.done(&["invoice", "paid", &key, "--rail", "pix", "--evidence", "E1"]);
    let both = ana.until(&["receipt", "list"], |all| all.as_array().is_some_and(|all| all.len() == 2));
    assert!([0, 1].iter().all(|at| both[at]["seq"] == 0 && both[at]["contradicted"] == true), "{both}");
    assert!(ana.done(&["receipt", "list"]).contains("CONTRADICTED"));
    let (id, address) = (both[0]["id"].as_str().unwrap(), bakery.address());
    ana.done(&["receipt", "export", id, "--format", "contradiction", "-o", "proof.json"]);
    let proven = ana.run(&["receipt", "verify", "proof.json", "--issuer", &address]);
    assert_eq!(proven.code, 0, "{proven:?}");
    assert!(proven.stdout.contains("signed two different receipts of number 0"), "{proven:?}");
    let text = std::fs::read_to_string(ana.file("proof.json")).unwrap();
    for position in (0..text.len()).step_by(text.len() / 40) {
        let mut bytes = text.clone().into_bytes();
        bytes[position] = if bytes[position] == b'0' { b'1' } else { b'0' };
        std::fs::write(ana.file("changed.json"), &bytes).unwrap();
        let same = serde_json::from_slice::<Value>(&bytes)
            .is_ok_and(|value| value == serde_json::from_str::<Value>(&text).unwrap());
        let code = ana.run(&["receipt", "verify", "changed.json", "--issuer", &address]).code;
        assert!(same || code == 1, "byte {position}");
    }
    drop(nodes);
}

#[test]
fn a_business_that_an_operator_lists_is_found_among_those_while_that_is_paid_for() {
    let directory = Place::person("Directory");
    let (operator, bakery, other) =
        (Place::business("Mercado"), Place::business("Padaria"), Place::business("Pão"));
    operator.done(&["profile", "set", "--category", "Market", "--country", "BR"]);
    operator.done(&["plan", "add", "listing", "9.90", "--currency", "BRL"]);
    for shop in [&bakery, &other] {
        shop.done(&["profile", "set", "--category", "Bakery", "--country", "BR"]);
    }
    let customer = Place::person("Bob");
    let server = directory.start(&["--directory", "server"]);
    let bootstrap = server.listen();
    let start = |place: &Place| place.start(&["--bootstrap", &bootstrap]);
    let _nodes = [start(&operator), start(&bakery), start(&other), start(&customer)];
    let market = operator.address();
    bakery.until(&["find", &market], |found| found["businesses"][0]["address"] == market.as_str());
    bakery.done(&["subscribe", &market, "listing"]);
    let key = operator.until(&["invoice", "list"], |all| all[0]["state"] == "open")[0]["key"].clone();
    operator.done(&["invoice", "paid", key.as_str().unwrap()]);
    let receipts = bakery.until(&["receipt", "list"], |all| all[0]["id"].is_string());
    let receipt = receipts[0]["id"].as_str().unwrap();
    let addresses = |found: &Value| -> Vec<String> {
        let all = found["businesses"].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().map(|one| one["address"].as_str().unwrap().to_owned()).collect()
    };
    let search = ["find", "--category", "bakery", "--country", "BR"];
    customer.until(&search, |found| addresses(found).len() == 2);
    let listed = [&search[..], &["--listed-by", &market]].concat();
    assert_eq!(addresses(&customer.json(&listed)), [""; 0], "nobody carries a receipt yet");
    assert_eq!(other.run(&["profile", "listings", receipt]).code, 1, "it isn't theirs");
    let three = bakery.run(&["profile", "listings", receipt, receipt, receipt]);
    assert!(three.code == 2 && three.stderr.contains("at most 2"), "{three:?}");
    bakery.done(&["profile", "listings", receipt]);
    customer.until(&listed, |found| addresses(found) == [bakery.address()]);
    let nobody = customer.run(&["find", "--category", "bakery", "--listed-by", "sig1nobody"]);
    assert!(nobody.code != 0 && nobody.stderr.contains("sig1nobody"), "{nobody:?}");
    bakery.done(&["profile", "listings"]);
    customer.until(&listed, |found| addresses(found).is_empty());
}
