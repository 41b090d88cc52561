//! Mailboxes on the command line.

use crate::harness::Place;

const TOKEN: &str = "00112233445566778899aabbccddeeff";

/// A node that keeps mail for those who know the token.
fn post() -> Place {
    let place = Place::person("Post");
    let section = format!("[mailbox]\nserve = true\nadmission = \"token\"\ntokens = [\"{TOKEN}\"]\n");
    std::fs::write(place.home().join("config.toml"), section).unwrap();
    place
}

#[test]
fn a_mailbox_is_taken_on_shown_and_left_and_a_message_to_somebody_who_is_off_is_stored_there() {
    let (post, ana, bob) = (post(), Place::person("Ana"), Place::person("Bob"));
    let running = post.start(&[]);
    let (address, anas) = (running.listen(), ana.start(&[]));
    let refused = ana.run(&["mailbox", "add", &address]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("--token"), "{refused:?}");
    assert_eq!(ana.json(&["mailbox", "list"])["mailboxes"].as_array().unwrap().len(), 0);
    let added = ana.json(&["mailbox", "add", &address, "--token", TOKEN]);
    assert_eq!(added["mailboxes"][0]["state"], "ready");
    assert_eq!(added["words_to_store"], 1);
    let peer = added["mailboxes"][0]["peer"].as_str().unwrap().to_owned();
    assert!(ana.done(&["mailbox", "list"]).contains(&peer));
    let said = ana.done(&["mailbox", "status"]);
    assert!(said.contains("your one mailbox has it"), "{said}");

    let invite = ana.done(&["invite"]);
    let _bobs = bob.start(&[]);
    bob.done(&["add", invite.trim()]);
    bob.done(&["send", "Ana", "hello", "--wait"]);
    // Bob learns where to deposit a moment after he could write.
    post.until(&["mailbox", "status"], |status| status["hosted"]["queues"].as_u64() >= Some(2));
    bob.until(&["history", "Ana"], |history| history["entries"][0]["state"] == "delivered");
    assert!(anas.stop("-TERM").success());
    bob.done(&["send", "Ana", "are you there?", "--wait=stored", "--timeout", "50"]);
    let shown = bob.done(&["history", "Ana"]);
    assert!(shown.contains("are you there?  [stored]"), "{shown}");
    let last = &bob.json(&["history", "Ana"])["entries"][1];
    assert!(last["state"] == "stored" && last["id"].is_string(), "{last}");
    assert_eq!(bob.json(&["inbox"])["conversations"][0]["last"]["state"], "stored");

    let _anas = ana.start(&[]);
    ana.until(&["history", "Bob"], |history| history["entries"][1]["text"] == "are you there?");
    bob.until(&["history", "Ana"], |history| history["entries"][1]["state"] == "delivered");
    let left = ana.json(&["mailbox", "remove", &peer]);
    assert_eq!(left["mailboxes"][0]["state"], "leaving");
    assert_eq!(ana.run(&["mailbox", "remove", &peer]).code, 1, "it is being left already");
    assert_eq!(ana.run(&["mailbox", "add", "nowhere"]).code, 2, "not an address");
}

#[test]
fn a_newcomer_takes_mailboxes_on_by_address_from_the_bootstrap_list_or_from_an_invite() {
    let (post, ana) = (post(), Place::person("Ana"));
    let running = post.start(&[]);
    let address = running.listen();
    let _anas = ana.start(&[]);
    ana.done(&["mailbox", "add", &address, "--token", TOKEN]);
    let invite = ana.done(&["invite"]);

    let listed = |place: &Place| place.json(&["mailbox", "list"])["mailboxes"].clone();
    let (named, invited, offered) = (Place::empty(), Place::empty(), Place::empty());
    named.done(&["init", "--kdf-memory", "12", "--mailbox", &address]);
    assert_eq!(listed(&named)[0]["addresses"][0], address.as_str());
    invited.done(&["init", "--kdf-memory", "12", "--invite", invite.trim()]);
    assert_eq!(listed(&invited)[0]["addresses"][0], address.as_str());
    assert_eq!(invited.json(&["contacts"]).as_array().unwrap().len(), 1);

    let config = format!("[network]\nbootstrap = [\"{address}\"]\n");
    let taken = Place::empty();
    for place in [&offered, &taken] {
        std::fs::create_dir_all(place.home()).unwrap();
        std::fs::write(place.home().join("config.toml"), &config).unwrap();
    }
    let said = offered.run(&["init", "--kdf-memory", "12"]);
    assert!(said.code == 0 && said.stderr.contains(&format!("sigillo mailbox add {address}")), "{said:?}");
    assert!(listed(&offered).as_array().unwrap().is_empty());
    let many = [["--mailbox", &address]; 4].concat();
    let said = taken.run(&[&["init", "--kdf-memory", "12"], &many[..]].concat());
    assert!(said.code == 2 && said.stderr.contains("no more than 3 mailboxes"), "{said:?}");
    taken.done(&["init", "--kdf-memory", "12", "--mailbox", "bootstrap"]);
    assert_eq!(listed(&taken)[0]["addresses"][0], address.as_str());
}
