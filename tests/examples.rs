//! The examples run, and end by themselves.

use std::io;
use std::process::{Command, Output};

/// Runs an example as a person would. Cargo's own variables for this test are left out: with them, build scripts
/// that watch them (ring's) would run again, and every crate above would be compiled again, now and the next time.
fn run(example: &str) -> io::Result<Output> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--locked", "--example", example]).current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["OUT_DIR", "CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"]
            .iter()
            .any(|own| text.starts_with(own))
        {
            cargo.env_remove(&name);
        }
    }
    cargo.output()
}

#[test]
fn two_nodes_say_hello() {
    let output = run("hello").unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Ada reads: Hello, Ada!\nBob reads: Hello, Bob!\n");
}

#[test]
fn a_program_answers_whoever_writes() {
    let output = run("bot").unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let expected = "\
Ana: Is there rye today?
Bot: Rye is out on Fridays.
Ana: What are your hours?
Bot: We are open from 6 to 19.
Ana: And cake?
Bot: Ask me for hours or rye.
";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn somebody_subscribes_lapses_loses_it_and_renews() {
    let output = run("paid_channel").unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let expected = "\
2027-01-31: Pending, gets nothing
2027-01-31: Active, gets the letter
2027-03-01: Grace, gets the letter
2027-03-04: OnHold, gets nothing
2027-03-12: Active, gets the letter
the first receipt: attested by the payee (class B)
";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}
