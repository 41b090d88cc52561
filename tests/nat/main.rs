//! Nodes behind real NATs, in network namespaces of this machine: needs root, `ip` and `nft`, so it runs only when asked.
//!
//! `just nat`, which is `cargo test --test nat -- --ignored --test-threads=1`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod lab;
mod nodes;

use lab::{Lab, Nat};
use nodes::{Node, contact_of, says};

/// Two people behind NATs of these kinds who know each other, and the relays that they know.
struct Scene {
    lab: Lab,
    relays: Vec<Node>,
    anna: Node,
    ben: Node,
}

impl Scene {
    fn new(transport: &str, anna: Nat, ben: Nat) -> Self {
        let lab = Lab::new(anna, ben);
        let relays: Vec<_> = ["r1", "r2"].map(|host| Node::relay(&lab, host, transport)).into();
        let anna = Node::person(&lab, "na", "Anna", transport, &relays);
        let ben = Node::person(&lab, "nb", "Ben", transport, &relays);
        let through_both = |status: &serde_json::Value| {
            let listen = status["network"]["listen"].as_array().unwrap();
            listen.iter().filter(|address| address.as_str().unwrap().contains("/p2p-circuit")).count() == 2
        };
        for node in [&anna, &ben] {
            node.until(&["status"], through_both);
        }
        let invite = anna.json(&["invite", "--no-qr"])["invite"].as_str().unwrap().to_owned();
        ben.json(&["add", &invite]);
        ben.json(&["send", "Anna", "hello", "--wait", "--timeout", "60"]);
        Self { lab, relays, anna, ben }
    }

    /// Waits until each reaches the other in this way.
    fn reached(&self, how: &str) {
        self.anna.until(&["status"], |status| contact_of(status, "Ben")["reached"] == how);
        self.ben.until(&["status"], |status| contact_of(status, "Anna")["reached"] == how);
    }

    /// Has each say so many things, and waits until the other has all of them, once and in order.
    fn talk(&self, name: &str, count: usize, meanwhile: impl FnOnce()) {
        let texts: Vec<String> = (0..count).map(|number| format!("{name} {number}")).collect();
        let mut meanwhile = Some(meanwhile);
        for (place, text) in texts.iter().enumerate() {
            self.anna.json(&["send", "Ben", text]);
            self.ben.json(&["send", "Anna", text]);
            if place == count / 2 {
                meanwhile.take().unwrap()();
            }
        }
        for (node, other) in [(&self.anna, "Ben"), (&self.ben, "Anna")] {
            node.until(&["history", other, "--limit", "500"], |history| says(history, name) == texts);
        }
    }
}

fn punched(transport: &str) {
    let scene = Scene::new(transport, Nat::Cone, Nat::Cone);
    scene.reached("direct");
    let both = [scene.anna.json(&["status"]), scene.ben.json(&["status"])];
    let count = |status: &serde_json::Value| status["network"]["reachable"]["punched"].as_u64().unwrap();
    assert!(both.iter().map(count).sum::<u64>() > 0, "it was relayed before it was direct");
    assert_eq!(contact_of(&both[0], "Ben")["transport"], transport);
    scene.talk("direct", 4, || {});
}

#[test]
#[ignore = "needs root and network namespaces: `just nat`"]
fn a_hole_is_punched_over_quic_between_two_nats() {
    punched("quic");
}

#[test]
#[ignore = "needs root and network namespaces: `just nat`"]
fn a_hole_is_punched_over_tcp_between_two_nats() {
    punched("tcp");
}

#[test]
#[ignore = "needs root and network namespaces: `just nat`"]
fn behind_a_symmetric_nat_it_stays_on_the_relay_and_the_doctor_says_why() {
    let scene = Scene::new("quic", Nat::Cone, Nat::Symmetric);
    scene.talk("relayed", 4, || {});
    scene.ben.until(&["doctor"], |found| {
        let checks = found["checks"].as_array().unwrap();
        let nat = checks.iter().find(|check| check["check"] == "nat").unwrap();
        nat["verdict"] == "warn" && nat["finding"].as_str().unwrap().contains("symmetric")
    });
    let tried =
        |status: &serde_json::Value| status["network"]["reachable"]["unpunched"].as_u64().unwrap() > 0;
    let [anna, ben] = [&scene.anna, &scene.ben].map(|node| node.json(&["status"]));
    assert!(tried(&anna) || tried(&ben) || contact_of(&ben, "Anna")["reached"] == "relayed");
    scene.reached("relayed");
    scene.talk("still relayed", 4, || {});
}

#[test]
#[ignore = "needs root and network namespaces: `just nat`"]
fn a_relay_that_dies_in_a_conversation_takes_no_message_with_it() {
    let mut scene = Scene::new("tcp", Nat::Symmetric, Nat::Symmetric);
    scene.reached("relayed");
    let relay = contact_of(&scene.ben.json(&["status"]), "Anna")["relay"].as_str().unwrap().to_owned();
    let at = scene.relays.iter().position(|node| node.peer == relay).unwrap();
    let dying = scene.relays.remove(at);
    scene.talk("a relay dies", 10, || drop(dying));
    scene.reached("relayed");
    let now_through = contact_of(&scene.ben.json(&["status"]), "Anna")["relay"].as_str().unwrap().to_owned();
    assert_eq!(now_through, scene.relays[0].peer);
}

#[test]
#[ignore = "needs root and network namespaces: `just nat`"]
fn an_address_that_changes_in_a_conversation_takes_no_message_with_it() {
    let scene = Scene::new("quic", Nat::Cone, Nat::Cone);
    scene.reached("direct");
    scene.talk("readdressed", 10, || scene.lab.readdress("na", "10.1.0.2", "10.1.0.7", "10.1.0.1"));
}

#[test]
#[ignore = "needs root and network namespaces: `just nat`"]
fn a_node_that_moves_to_another_network_in_a_conversation_is_reached_directly_there_too() {
    for transport in ["quic", "tcp"] {
        let scene = Scene::new(transport, Nat::Cone, Nat::Cone);
        scene.reached("direct");
        scene.talk("on the move", 10, || scene.lab.move_away("na"));
        scene.reached("direct");
        scene.talk("arrived", 4, || {});
    }
}
