//! Several devices of one identity on the command line.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout};

use serde_json::Value;

use crate::harness::{Place, document};

/// A device that waits to be let in.
struct Joining {
    child: Child,
    stdout: BufReader<ChildStdout>,
    code: String,
}

fn joining(device: &Place, account: &str) -> Joining {
    let arguments = ["device", "join", "--json", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0"];
    let more = ["--kdf-memory", "12", "--account", account];
    let mut child = device.command(&[&arguments[..], &more[..]].concat()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let code = line(&mut stdout)["code"].as_str().unwrap().to_owned();
    Joining { child, stdout, code }
}

fn line(stdout: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    document(&line)
}

fn texts(history: &Value) -> Vec<&str> {
    history["entries"].as_array().unwrap().iter().filter_map(|entry| entry["text"].as_str()).collect()
}

#[test]
fn a_device_is_linked_by_its_code_speaks_and_hears_and_is_revoked() {
    let (ana, bob) = (Place::person("Ana"), Place::person("Bob"));
    let _nodes = [ana.start(&[]), bob.start(&[])];
    let invite = ana.done(&["invite"]);
    bob.done(&["add", invite.trim()]);
    bob.done(&["send", "Ana", "before", "--wait"]);

    let tablet = Place::empty();
    let Joining { mut child, mut stdout, code } = joining(&tablet, &ana.address());
    assert_eq!(tablet.run(&["run", "--json"]).code, 1, "it belongs to nobody yet");
    let linked = ana.json(&["device", "link", &code]);
    assert_eq!(linked["address"], ana.address().as_str());
    assert_eq!(line(&mut stdout)["event"], "joined");
    assert!(child.wait().unwrap().success());
    assert_eq!(ana.json(&["device", "list"]).as_array().unwrap().len(), 2);

    let running = tablet.start(&[]);
    assert_eq!(tablet.address(), ana.address());
    tablet.until(&["history", "Bob"], |history| texts(history) == ["before"]);
    tablet.until(&["device", "list"], |devices| devices.as_array().unwrap().len() == 2);
    ana.until(&["device", "list"], |devices| devices[1]["catching_up"] == false);
    tablet.done(&["send", "Bob", "from the tablet"]);
    bob.until(&["history", "Ana"], |history| texts(history) == ["before", "from the tablet"]);
    ana.until(&["history", "Bob"], |history| texts(history) == ["before", "from the tablet"]);
    bob.done(&["send", "Ana", "to both"]);
    for place in [&ana, &tablet] {
        place.until(&["history", "Bob"], |history| texts(history).contains(&"to both"));
    }

    let device = linked["device"].as_str().unwrap();
    assert_eq!(tablet.run(&["device", "revoke", device]).code, 1, "only the first device can");
    assert_eq!(ana.run(&["device", "revoke", "abc"]).code, 1, "too short for an id");
    assert_eq!(ana.json(&["device", "revoke", &device[..12]]).as_array().unwrap().len(), 1);
    ana.done(&["send", "Bob", "I lost the tablet"]);
    bob.until(&["history", "Ana"], |history| texts(history).contains(&"I lost the tablet"));
    tablet.run(&["send", "Bob", "still here"]);
    bob.done(&["send", "Ana", "what a pity", "--wait"]);
    assert!(!texts(&bob.json(&["history", "Ana"])).contains(&"still here"));
    assert!(!texts(&tablet.json(&["history", "Bob"])).contains(&"what a pity"));
    drop(running);
}

#[test]
fn a_device_joins_no_account_but_the_one_its_person_named() {
    let (ana, eve) = (Place::person("Ana"), Place::person("Eve"));
    let _nodes = [ana.start(&[]), eve.start(&[])];
    let tablet = Place::empty();
    let Joining { mut child, code, .. } = joining(&tablet, &ana.address());
    eve.run(&["device", "link", &code]);
    assert!(!child.wait().unwrap().success(), "Eve has seen the code, and let the device in");
    assert_eq!(tablet.run(&["run", "--json"]).code, 1);
    // The same device is still Ana's to have.
    let Joining { mut child, code, .. } = joining(&tablet, &ana.address());
    ana.done(&["device", "link", &code]);
    assert!(child.wait().unwrap().success());
    for wrong in ["sigillo-link:AAAA", "sigillo:AAAA", "x"] {
        assert_eq!(ana.run(&["device", "link", wrong]).code, 2, "{wrong}");
    }
}
