//! What the pure floors never touch: a clock, a random source, a disk, a socket, a thread, an order by hash.

use crate::paths::named;
use crate::source::File;

/// Rooms that decide and know nothing of the machine.
const PURE: [&str; 7] = ["base", "crypto", "wire", "store", "domain", "engine", "sim"];
/// Paths that only the other rooms may name.
const MACHINE: [&str; 15] = [
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::os",
    "tokio",
    "libp2p",
    "sled",
    "getrandom",
    "axum",
    "rand",
    "tempfile",
];
/// Names that give the machine away wherever they come from.
const NAMES: [&str; 8] =
    ["SystemTime", "Instant", "HashMap", "HashSet", "RandomState", "OsRng", "SysRng", "ThreadRng"];

/// Pure rooms that touch the machine, in tests too: a test that does can't be repeated.
pub(crate) fn impure(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.room().is_some_and(|room| PURE.contains(&room))) {
        for named in named(file) {
            let path = named.path.join("::");
            let touches = |machine: &str| path == machine || path.starts_with(&format!("{machine}::"));
            if MACHINE.iter().any(|machine| touches(machine)) {
                found.push(format!("{}:{} names {path}", file.path, named.line));
            }
        }
        for token in file.tokens.iter().filter(|token| NAMES.iter().any(|name| token.is(name))) {
            found.push(format!("{}:{} names {}", file.path, token.line, token.text));
        }
    }
    found
}

/// Files outside `wire/` that know how messages are encoded.
pub(crate) fn prost_outside_wire(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/") && file.room() != Some("wire")) {
        for named in named(file) {
            let is_prost = named.path.first().is_some_and(|first| first == "prost");
            let is_schema =
                matches!(named.inner(), Some([wire, schema, ..]) if wire == "wire" && schema == "schema");
            if is_prost || is_schema {
                found.push(format!("{}:{} names {}", file.path, named.line, named.path.join("::")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_a_disk_and_an_order_by_hash_are_found_in_pure_rooms() {
        for text in [
            "use std::{fs, collections::BTreeMap};",
            "fn now() { std::time::SystemTime::now(); }",
            "use std::collections::HashMap;",
            "fn f() { let x = std::thread::spawn(g); }",
            "use rand::rngs::SmallRng;",
        ] {
            assert!(!impure(&[File::new("src/engine/a.rs", text)]).is_empty(), "{text}");
            assert!(impure(&[File::new("src/node/a.rs", text)]).is_empty(), "{text}");
        }
        let pure = "use std::time::Duration; use rand_core::CryptoRng; // HashMap";
        assert_eq!(impure(&[File::new("src/engine/a.rs", pure)]), [""; 0]);
    }

    #[test]
    fn prost_is_found_outside_wire() {
        for text in
            ["use prost::Message as _;", "use crate::wire::schema;", "fn f(x: crate::wire::schema::X) {}"]
        {
            assert_eq!(prost_outside_wire(&[File::new("src/engine/a.rs", text)]).len(), 1, "{text}");
            assert_eq!(prost_outside_wire(&[File::new("src/wire/a.rs", text)]).len(), 0, "{text}");
        }
    }
}
