//! The service that `docs/deploy/sigillo.service` makes of a node, without systemd.

use std::process::{Command, Stdio};

use crate::harness::Place;

const UNIT: &str = include_str!("../../docs/deploy/sigillo.service");

/// The values that the unit gives a setting, in their order.
fn settings(name: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

fn setting(name: &str) -> &'static str {
    let [value] = settings(name)[..] else { panic!("{name} isn't set once") };
    value
}

#[test]
fn the_service_runs_what_it_says_with_its_credential_alone_and_stops_when_told() {
    let place = Place::business("Bakery");
    std::fs::write(
        place.home().join("config.toml"),
        "[network]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\nmdns = false\n",
    )
    .unwrap();
    let credentials = place.file("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let (credential, source) = setting("LoadCredentialEncrypted").split_once(':').unwrap();
    assert!(source.starts_with("/etc/"));
    std::fs::rename(place.file("passphrase"), credentials.join(credential)).unwrap();

    let words: Vec<&str> = setting("ExecStart").split(' ').collect();
    assert!(words[0].ends_with("/sigillo"));
    let (variable, home) = setting("Environment").split_once('=').unwrap();
    assert_eq!(home, format!("/var/lib/{}", setting("StateDirectory")));
    let mut command = Command::new(env!("CARGO_BIN_EXE_sigillo"));
    command
        .env_clear()
        .args(&words[1..])
        .env(variable, place.home())
        .env("CREDENTIALS_DIRECTORY", &credentials);
    let mut node = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let status = place.until(&["status"], |status| status["running"] == true);
    assert_eq!(status["kind"], "business", "{status}");
    let told = Command::new("kill")
        .args([&setting("KillSignal").replace("SIG", "-"), &node.id().to_string()])
        .status();
    assert!(told.unwrap().success());
    assert!(node.wait().unwrap().success());
}

#[test]
fn a_service_that_is_misused_is_not_started_again() {
    let place = Place::business("Bakery");
    let misused = place.run(&["run", "--nowhere"]);
    assert_eq!(misused.code.to_string(), setting("RestartPreventExitStatus"), "{misused:?}");
}
