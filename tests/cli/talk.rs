//! Two people who exchanged an invite talk.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Pair, Place, answer, contacts};

fn texts(history: &Value) -> Vec<(&str, &str)> {
    let entries = history["entries"].as_array().unwrap().iter();
    entries.map(|entry| (entry["direction"].as_str().unwrap(), entry["text"].as_str().unwrap())).collect()
}

#[test]
fn an_invite_makes_two_contacts_and_messages_go_both_ways() {
    let Pair { ana, bob, _nodes } = contacts();
    let sent = bob.json(&["send", "Ana", "Olá", "Ana", "--wait", "delivered"]);
    assert_eq!((&sent["state"], &sent["reached"]), (&"delivered".into(), &true.into()));
    assert_eq!(ana.json(&["send", "bob", "Oi", "--wait=sent"])["reached"], true);
    let from_stdin = answer(&mut ana.command(&["send", &bob.address(), "-", "--wait"]), "two\nlines\n");
    assert_eq!(from_stdin.code, 0, "{from_stdin:?}");

    let said = [("in", "Olá Ana"), ("out", "Oi"), ("out", "two\nlines")];
    let history = ana.json(&["history", "Bob"]);
    assert_eq!(texts(&history), said);
    assert_eq!((&history["name"], &history["with"]), (&"Bob".into(), &bob.address().as_str().into()));
    let history = bob.json(&["history", "Ana"]);
    assert_eq!(texts(&history), [("out", "Olá Ana"), ("in", "Oi"), ("in", "two\nlines")]);
    assert_eq!(texts(&bob.json(&["history", "Ana", "--search", "olá"])), [("out", "Olá Ana")]);
    assert_eq!(texts(&bob.json(&["history", "Ana", "--limit", "1"])), [("in", "two\nlines")]);

    let human = bob.done(&["history", "Ana"]);
    assert!(human.contains("  you: Olá Ana") && human.contains("  Ana: two\n    lines"), "{human}");
}

#[test]
fn what_is_unread_stays_so_until_somebody_reads_it() {
    let Pair { ana, bob, _nodes } = contacts();
    bob.done(&["send", "Ana", "hello", "--wait"]);
    let unread = |answer: &Value| answer["conversations"][0]["unread"].as_u64();
    assert_eq!(unread(&ana.json(&["inbox"])), Some(1));
    ana.done(&["history", "Bob"]);
    assert_eq!(unread(&ana.json(&["inbox"])), Some(1), "looking is not reading");
    ana.done(&["history", "Bob", "--read"]);
    assert_eq!(unread(&ana.json(&["inbox"])), Some(0));
    bob.until(&["history", "Ana"], |history| history["entries"][0]["state"] == "read");
}

#[test]
fn what_is_sent_without_a_node_leaves_when_one_runs() {
    let Pair { ana, bob, _nodes: [_ana, stopped] } = contacts();
    bob.done(&["send", "Ana", "first", "--wait"]);
    assert!(stopped.stop("-TERM").success());
    let human = bob.done(&["send", "Ana", "second"]);
    assert!(human.contains("sigillo run"), "{human}");
    let waiting = bob.run(&["send", "Ana", "third", "--wait"]);
    assert_eq!(waiting.code, 1, "nothing can be waited for");
    let _again = bob.start(&[]);
    ana.until(&["history", "Bob"], |history| texts(history) == [("in", "first"), ("in", "second")]);
}

#[test]
fn a_message_that_does_not_arrive_in_time_is_told_and_stays_on_its_way() {
    let Pair { ana, bob, _nodes: [stopped, _bob] } = contacts();
    bob.done(&["send", "Ana", "first", "--wait"]);
    assert!(stopped.stop("-TERM").success());
    let late = bob.run(&["send", "Ana", "second", "--wait", "--timeout", "1", "--json"]);
    assert_eq!(late.code, 1);
    assert!(late.stderr.contains("stays on its way"), "{}", late.stderr);
    let _again = ana.start(&[]);
    ana.until(&["history", "Bob"], |history| texts(history).contains(&("in", "second")));
}

#[test]
fn a_chat_through_pipes_sends_lines_and_shows_what_comes() {
    let Pair { ana, bob, _nodes } = contacts();
    bob.done(&["send", "Ana", "before", "--wait"]);
    let mut chat = ana.command(&["chat", "Bob"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut shown = BufReader::new(chat.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(shown.next().unwrap().starts_with("chat with Bob"));
    assert!(shown.next().unwrap().ends_with("  Bob: before"));
    let mut typed = chat.stdin.take().unwrap();
    writeln!(typed, "from the pipe").unwrap();
    bob.until(&["history", "Ana"], |history| texts(history).contains(&("in", "from the pipe")));
    bob.done(&["send", "Ana", "an answer", "--wait"]);
    assert!(shown.next().unwrap().ends_with("  Bob: an answer"));
    drop(typed);
    assert!(chat.wait().unwrap().success());
    bob.until(&["history", "Ana"], |history| {
        history["entries"]
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["text"] == "an answer" && entry["state"] == "read")
    });
}

#[test]
fn following_the_inbox_gives_a_line_of_json_for_each_event() {
    let Pair { ana, bob, _nodes } = contacts();
    bob.done(&["send", "Ana", "first", "--wait"]);
    let mut follower = ana.command(&["inbox", "--follow", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines().map(Result::unwrap);
    // Nothing says when the follower listens: messages go until one is seen.
    let seen = std::thread::spawn(move || {
        lines.find_map(|line| {
            let event: Value = serde_json::from_str(&line).unwrap();
            (event["event"] == "entry" && event["entry"]["direction"] == "in").then_some(event)
        })
    });
    let mut sent = 0;
    while !seen.is_finished() {
        sent += 1;
        assert!(sent < 500, "nothing was seen");
        bob.done(&["send", "Ana", &format!("number {sent}"), "--wait"]);
    }
    let event = seen.join().unwrap().unwrap();
    assert_eq!(event["name"], "Bob");
    assert!(event["entry"]["text"].as_str().unwrap().starts_with("number "));
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn contacts_can_be_named_blocked_and_listened_to_again() {
    let Pair { ana, bob, _nodes } = contacts();
    bob.done(&["send", "Ana", "hello", "--wait"]);
    assert_eq!(ana.json(&["contacts", "rename", "bob", "Roberto"])["name"], "Roberto");
    assert_eq!(ana.run(&["send", "Bob", "hi"]).code, 1, "the old name names nobody");
    assert_eq!(ana.json(&["block", "Roberto"])["standing"], "blocked");
    assert_eq!(ana.run(&["send", "Roberto", "hi"]).code, 1);
    assert_eq!(ana.json(&["block", "Roberto", "--undo"])["standing"], "accepted");
    let beginning = &bob.address()[..14];
    assert_eq!(ana.json(&["send", beginning, "hi", "--wait"])["name"], "Roberto");
}

#[test]
fn a_name_that_is_somebody_elses_address_misleads_nobody() {
    let Pair { ana, bob, _nodes } = contacts();
    bob.done(&["send", "Ana", "hello", "--wait"]);
    let stranger = Place::person("Eve").address();
    ana.done(&["contacts", "rename", "Bob", &stranger]);
    let refused = ana.run(&["send", &stranger, "for Eve only"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(texts(&ana.json(&["history", &bob.address()])), [("in", "hello")]);
}

#[test]
fn texts_that_terminals_obey_or_that_are_too_long_are_refused() {
    let Pair { bob, _nodes, .. } = contacts();
    assert_eq!(bob.run(&["send", "Ana", "\u{1b}[2J"]).code, 2);
    assert_eq!(bob.run(&["send", "Ana", ""]).code, 2);
    for long in ["x".repeat(12 * 1024 + 1), "aé".repeat(9_000)] {
        let refused = answer(&mut bob.command(&["send", "Ana", "-"]), &long);
        assert_eq!(refused.code, 2, "{refused:?}");
    }
    let longest = answer(&mut bob.command(&["send", "Ana", "-", "--wait"]), &"\"".repeat(12 * 1024));
    assert_eq!(longest.code, 0, "{longest:?}");
}
