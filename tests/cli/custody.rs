//! Where the identity key is: apart from the daily secrets, never in a running node, and away where it is locked.

use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

use serde_json::Value;
use sigillo::domain::identity::account::Seed;
use sigillo::node::identity;
use zeroize::Zeroizing;

use crate::harness::{PASSPHRASE, Place, document};

/// A person who wrote the recovery phrase down, in the file `words`.
fn written_down(name: &str) -> (Place, Seed) {
    let place = Place::empty();
    let made = place.json(&["init", "--name", name, "--kdf-memory", "12"]);
    let phrase = made["recovery_phrase"].as_str().unwrap();
    std::fs::write(place.file("words"), phrase).unwrap();
    (place, Seed::from_phrase(phrase).unwrap())
}

fn custody(place: &Place) -> Value {
    place.json(&["id"])["identity_key"].clone()
}

/// The code of a device that waits to be let in, until its process ends.
fn joining(device: &Place, account: &str) -> (std::process::Child, String) {
    let arguments = ["device", "join", "--json", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0"];
    let more = ["--kdf-memory", "12", "--account", account];
    let mut child = device.command(&[&arguments[..], &more[..]].concat()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, document(&line)["code"].as_str().unwrap().to_owned())
}

#[test]
fn a_locked_home_works_every_day_and_changes_its_devices_by_the_phrase_alone() {
    let ((ana, _), bob) = (written_down("Ana"), Place::person("Bob"));
    let (running, _bobs) = (ana.start(&[]), bob.start(&[]));
    assert_eq!(custody(&ana), "held");
    std::fs::write(ana.file("others"), std::fs::read_to_string(written_down("Eve").0.file("words")).unwrap())
        .unwrap();
    let wrong = ana.run(&["id", "lock", "--phrase-file", "others", "--json"]);
    assert_eq!((wrong.code, custody(&ana)), (1, "held".into()), "nobody locks away what isn't written down");
    assert_eq!(ana.json(&["id", "lock", "--phrase-file", "words"])["identity_key"], "locked");
    assert_eq!(custody(&ana), "locked");

    // Every day, before and after a start, it is asked for nothing.
    drop(running);
    let _running = ana.start(&[]);
    let invite = ana.done(&["invite"]);
    bob.done(&["add", invite.trim()]);
    bob.done(&["send", "Ana", "still there?", "--wait"]);
    ana.done(&["send", "Bob", "yes", "--wait"]);

    // The passphrase changes nothing of the log; the phrase does, and only that of this identity.
    let tablet = Place::empty();
    let (mut child, code) = joining(&tablet, &ana.address());
    assert_eq!(ana.run(&["device", "link", &code]).code, 1, "no phrase on stdin");
    let refused = ana.run(&["device", "link", &code, "--phrase-file", "others", "--json"]);
    assert_eq!((refused.code, &document(&refused.stdout)["error"]["code"]), (1, &"identity".into()));
    assert!(refused.stdout.contains("another identity"), "{refused:?}");
    assert_eq!(ana.json(&["device", "list"]).as_array().unwrap().len(), 1);
    let linked = ana.json(&["device", "link", &code, "--phrase-file", "words"]);
    assert!(child.wait().unwrap().success());
    let device = linked["device"].as_str().unwrap();
    assert_eq!(ana.run(&["device", "revoke", device]).code, 1);
    assert_eq!(
        ana.json(&["device", "revoke", device, "--phrase-file", "words"]).as_array().unwrap().len(),
        1
    );

    // Another identity takes its place only once the key is back.
    let refused = ana.run(&["id", "rotate", "--yes", "--json"]);
    assert_eq!((refused.code, &document(&refused.stdout)["error"]["code"]), (1, &"identity_locked".into()));
    assert_eq!(ana.run(&["id", "unlock", "--phrase-file", "others"]).code, 1);
    assert_eq!(ana.json(&["id", "unlock", "--phrase-file", "words"])["identity_key"], "held");
    ana.done(&["id", "rotate", "--yes", "--json"]);
    assert_eq!(custody(&ana), "held");
}

/// All that the process has in memory, searched for each of `wanted`.
fn in_memory(process: u32, wanted: &[&[u8]]) -> Vec<bool> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = std::fs::File::open(format!("/proc/{process}/mem")).unwrap();
    let mut found = vec![false; wanted.len()];
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (Some(range), Some(rights)) = (fields.next(), fields.next()) else { continue };
        // Without what the kernel keeps there, and what is only read from files.
        if !rights.starts_with("rw") || line.contains("[v") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let mut part = vec![0; usize::try_from(to - from).unwrap()];
        if memory.seek(SeekFrom::Start(from)).is_err() || memory.read_exact(&mut part).is_err() {
            continue;
        }
        for (found, wanted) in found.iter_mut().zip(wanted) {
            *found |= part.windows(wanted.len()).any(|window| window == *wanted);
        }
    }
    found
}

#[cfg(target_os = "linux")]
#[test]
fn a_running_node_has_the_keys_of_every_day_in_memory_and_not_the_identity_key() {
    let (ana, seed) = written_down("Ana");
    let running = ana.start(&[]);
    ana.done(&["invite"]);
    let keystore = identity::unlock(&ana.home(), &Zeroizing::new(PASSPHRASE.as_bytes().to_vec())).unwrap();
    let phrase = seed.phrase();
    let wanted: [&[u8]; 3] = [keystore.device.expose(), seed.secret().expose(), phrase.as_bytes()];
    assert_eq!(
        in_memory(running.id(), &wanted),
        [true, false, false],
        "the device's secret, seed and phrase"
    );
}
