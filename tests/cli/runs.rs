//! Running nodes: how they begin, end, and keep others out.

use std::process::Stdio;

use crate::harness::{Place, document, mode, now};

#[test]
fn a_node_says_where_it_is_and_ends_cleanly_when_asked() {
    let place = Place::person("Ana");
    let address = place.address();
    let socket = place.home().join("api.sock");
    for signal in ["-TERM", "-INT"] {
        let node = place.start(&[]);
        assert_eq!(
            (&node.said["event"], &node.said["address"]),
            (&"running".into(), &address.as_str().into())
        );
        let peer = node.said["peer"].as_str().unwrap();
        assert!(node.listen().ends_with(&format!("/p2p/{peer}")), "{}", node.listen());
        assert_eq!(mode(&socket), 0o600);
        assert_eq!(place.json(&["status"])["running"], true);
        assert_eq!(place.json(&["status"])["network"]["listen"][0], node.listen());
        assert!(node.stop(signal).success());
        assert!(!socket.exists());
    }
    assert_eq!(place.json(&["status"])["running"], false);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_node_sets_the_allocator_of_its_process_where_nobody_else_has() {
    let place = Place::person("Ana");
    let setting = |process: u32| {
        let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
        let mut variables = environment.split(|byte| *byte == 0);
        let value = variables.find_map(|line| line.strip_prefix(b"MALLOC_MMAP_THRESHOLD_="));
        value.map(|value| String::from_utf8(value.to_vec()).unwrap())
    };
    let node = place.start(&["--no-upnp"]);
    assert_eq!(setting(node.id()).as_deref(), Some("1048576"));
    let words = std::fs::read(format!("/proc/{}/cmdline", node.id())).unwrap();
    assert!(words.ends_with(b"\0--listen\0/ip4/127.0.0.1/tcp/0\0--no-upnp\0"), "the same words");
    assert!(node.stop("-TERM").success());
    let node = place.start_in(&[("MALLOC_MMAP_THRESHOLD_", "65536")]);
    assert_eq!(setting(node.id()).as_deref(), Some("65536"));
    assert!(node.stop("-TERM").success());
}

#[test]
fn commands_to_a_running_node_need_no_passphrase() {
    let place = Place::person("Ana");
    let _node = place.start(&[]);
    std::fs::remove_file(place.file("passphrase")).unwrap();
    assert_eq!(place.json(&["id"])["name"], "Ana");
}

#[test]
fn a_second_node_on_the_same_home_is_refused_and_the_first_goes_on() {
    let place = Place::person("Ana");
    let node = place.start(&[]);
    let second = place.run(&["run", "--json"]);
    assert_eq!((second.code, &document(&second.stdout)["error"]["code"]), (1, &"home_in_use".into()));
    assert_eq!(place.json(&["status"])["running"], true);
    assert!(node.stop("-TERM").success());
}

#[test]
fn a_node_waits_for_a_command_that_uses_its_home_and_a_command_for_a_node_that_starts() {
    let place = Place::person("Ana");
    // Both at once: whoever takes the home first is waited for, so neither may fail.
    for _ in 0..3 {
        let asking = std::thread::scope(|scope| {
            let asking = scope.spawn(|| place.run(&["invite", "--json"]));
            let node = place.start(&[]);
            let asked = asking.join().unwrap();
            assert_eq!(place.json(&["status"])["running"], true);
            assert!(node.stop("-TERM").success());
            asked
        });
        assert_eq!(asking.code, 0, "{}{}", asking.stdout, asking.stderr);
    }
}

#[test]
fn what_a_killed_node_leaves_behind_hinders_nobody() {
    let place = Place::person("Ana");
    let node = place.start(&[]);
    place.done(&["profile", "set", "--name", "Ana Maria"]);
    assert!(!node.stop("-KILL").success());
    assert!(place.home().join("api.sock").exists());
    assert_eq!(place.json(&["id"])["name"], "Ana Maria", "what was answered is stored");
    let node = place.start(&[]);
    assert_eq!(place.json(&["status"])["running"], true);
    assert!(node.stop("-TERM").success());
}

#[test]
fn a_stream_ends_with_its_node() {
    let place = Place::person("Ana");
    let node = place.start(&[]);
    let follower = place.command(&["inbox", "--follow"]).spawn().unwrap();
    let begun = now();
    assert!(node.stop("-TERM").success());
    let ended = follower.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "begun {:?} ago", begun.elapsed());
}

#[test]
fn a_configuration_that_can_not_be_understood_stops_the_start() {
    let place = Place::person("Ana");
    std::fs::write(place.home().join("config.toml"), "[network]\nlisten = \"nowhere\"\n").unwrap();
    let refused = place.run(&["run", "--json"]);
    assert_eq!((refused.code, &document(&refused.stdout)["error"]["code"]), (1, &"config".into()));

    std::fs::write(place.home().join("config.toml"), "[network]\nmdns = false\n").unwrap();
    let listen = "[network]\nlisten = [\"nowhere\"]\n";
    std::fs::write(place.home().join("config.toml"), listen).unwrap();
    let refused = place.run(&["run", "--json"]);
    assert_eq!((refused.code, &document(&refused.stdout)["error"]["code"]), (1, &"start".into()));
}

#[test]
fn what_is_mistyped_on_the_command_line_is_misused_and_makes_nothing() {
    let place = Place::empty();
    for option in ["--mailbox", "--invite"] {
        let refused = place.run(&["init", option, "nowhere"]);
        assert_eq!(refused.code, 2, "{option}: {refused:?}");
        assert!(refused.stderr.contains(option), "{refused:?}");
    }
    assert!(!place.home().exists(), "there is no identity");
    let place = Place::person("Ana");
    for option in ["--listen", "--bootstrap", "--announce", "--relay", "--api", "--directory"] {
        let refused = place.run(&["run", option, "nowhere"]);
        assert_eq!(refused.code, 2, "{option}: {refused:?}");
        assert!(refused.stderr.contains(option), "{refused:?}");
    }
    assert_eq!(place.run(&["run", "--relay", "/ip4/127.0.0.1/tcp/1"]).code, 2, "whose relay?");
    let refused = place.run(&["run", "--api", "0.0.0.0:0"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("--api-allow-remote"), "{refused:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::person("Ana");
    let mut child = place.command(&["status"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
