//! What holds for the project as a whole: nothing named that nothing uses, and no trace of where it was made.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, Kind, Token, tokens};

/// Where limits are: for all, and for each thing that has many.
const LIMITS: [&str; 9] = [
    "src/base/limits.rs",
    "src/base/charging.rs",
    "src/base/consent_limits.rs",
    "src/base/api_limits.rs",
    "src/base/cloud_limits.rs",
    "src/base/said_limits.rs",
    "src/base/mail_limits.rs",
    "src/base/file_limits.rs",
    "src/base/desk_limits.rs",
];

/// Limits that no code outside their file obeys, neither themselves nor through a limit made of them. One
/// that the code keeps by its construction counts where a compile-time check needs it and a test measures it.
pub(crate) fn idle_limits(files: &[File]) -> Vec<String> {
    let found: Vec<&File> = files.iter().filter(|file| LIMITS.contains(&file.path.as_str())).collect();
    if found.is_empty() {
        return vec![format!("there is no {}", LIMITS[0])];
    }
    found.into_iter().flat_map(|limits| idle_in(files, limits)).collect()
}

fn idle_in(files: &[File], limits: &File) -> Vec<String> {
    let others = || files.iter().filter(|file| file.path.starts_with("src/") && file.path != limits.path);
    let obeyed: BTreeSet<&str> = others().flat_map(|file| words(file.code())).collect();
    let named: BTreeSet<&str> = others().flat_map(|file| words(&file.tokens)).collect();
    let checks = limits.tokens.windows(2).position(|pair| pair[0].is("const") && pair[1].is("_"));
    let checked: BTreeSet<&str> = checks.into_iter().flat_map(|at| words(&limits.tokens[at..])).collect();
    let constants = constants(limits);
    let counts = |name: &str| obeyed.contains(name) || checked.contains(name) && named.contains(name);
    let mut used: BTreeSet<&str> = constants.keys().copied().filter(|name| counts(name)).collect();
    for _ in 0..constants.len() {
        let through: Vec<&str> = used.iter().flat_map(|name| constants[name].iter().copied()).collect();
        used.extend(through.into_iter().filter(|name| constants.contains_key(name)));
    }
    constants
        .keys()
        .filter(|name| !used.contains(*name))
        .map(|name| format!("{name} limits nothing"))
        .collect()
}

fn words(tokens: &[Token]) -> impl Iterator<Item = &str> {
    tokens.iter().filter(|token| token.kind == Kind::Word).map(|token| token.text.as_str())
}

/// Each public constant with the words of its value.
fn constants(file: &File) -> BTreeMap<&str, Vec<&str>> {
    let mut found = BTreeMap::new();
    for (at, window) in file.tokens.windows(3).enumerate() {
        if window[0].is("pub") && window[1].is("const") && !window[2].is("fn") {
            let value = file.tokens[at + 3..].iter().take_while(|token| !token.is(";"));
            let value = value.filter(|token| token.kind == Kind::Word).map(|token| token.text.as_str());
            found.insert(window[2].text.as_str(), value.collect());
        }
    }
    found
}

/// Labels of `crypto/kdf.rs` under which nothing is derived, signed or hashed.
pub(crate) fn idle_labels(files: &[File]) -> Vec<String> {
    let Some(kdf) = files.iter().find(|file| file.path == "src/crypto/kdf.rs") else {
        return vec!["there is no src/crypto/kdf.rs".into()];
    };
    let names = kdf.tokens.windows(3).filter(|window| {
        window[0].kind == Kind::Word && window[1].is("=") && window[2].text.starts_with("\"sigillo v")
    });
    let users: Vec<&File> = files.iter().filter(|file| file.path != kdf.path).collect();
    let used = |name: &str| users.iter().any(|file| file.code().iter().any(|token| token.is(name)));
    names
        .filter(|window| !used(&window[0].text))
        .map(|window| format!("label {} is idle", window[0].text))
        .collect()
}

/// Schema files that aren't compiled, and messages that `wire/` never reads or writes.
pub(crate) fn idle_messages(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    let mut messages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.ends_with(".proto")) {
        if file.path.strip_prefix("proto/sigillo/v1/").is_none_or(|name| name.contains('/')) {
            found.push(format!("{} isn't among the files that build.rs compiles", file.path));
        }
        messages.extend(messages_of(&file.text));
    }
    let wire = files.iter().filter(|file| file.room() == Some("wire"));
    let mut words = BTreeSet::new();
    for file in wire {
        let after_schema =
            file.tokens.windows(3).filter(|window| window[0].is("schema") && window[1].is("::"));
        words.extend(after_schema.map(|window| window[2].text.clone()));
    }
    let mut used: BTreeSet<String> = messages.keys().filter(|name| words.contains(*name)).cloned().collect();
    for _ in 0..messages.len() {
        let fields: Vec<String> = used.iter().flat_map(|name| messages[name].clone()).collect();
        used.extend(fields.into_iter().filter(|name| messages.contains_key(name)));
    }
    found.extend(
        messages.keys().filter(|name| !used.contains(*name)).map(|name| format!("message {name} is idle")),
    );
    found
}

/// Each message of a schema with the words of its body.
fn messages_of(text: &str) -> Vec<(String, Vec<String>)> {
    let tokens = tokens(text);
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.is("message") && tokens.get(at + 2).is_some_and(|open| open.is("{")) {
            found.push((tokens[at + 1].text.clone(), Vec::new()));
        } else if let Some((name, words)) = found.last_mut()
            && token.text != *name
        {
            words.push(token.text.clone());
        }
    }
    found
}

/// Paths, hosts and words of the place where the project was made.
pub(crate) fn traces(files: &[File]) -> Vec<String> {
    // In pieces, because this file is looked at too.
    let roots = ["wo rk/", "tm p/", "ho me/", "ro ot/", "Us ers/", "mn t/"].map(|root| root.replace(' ', ""));
    let hosts =
        ["regis try.", "mir ror.", "pro xy.", "arti factory", "nex us."].map(|host| host.replace(' ', ""));
    let words = ["work tree", "local host-only sandbox"].map(|word| word.replacen(' ', "", 1));
    let mut found = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            let absolute = |root: &String| {
                line.match_indices(&format!("/{root}")).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    before.is_none_or(|c| c.is_whitespace() || "\"'`(=<:,[{>".contains(c))
                })
            };
            let traced = roots.iter().any(absolute)
                || hosts.iter().any(|host| line.contains(&format!("://{host}")))
                || words.iter().any(|word| line.contains(word));
            let foreign = file.path == "Cargo.lock"
                && line.starts_with("source = ")
                && line != "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
            if traced || foreign {
                found.push(format!("{}:{} tells where it was made", file.path, number + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_counts_only_where_code_obeys_it() {
        let limits = ("src/base/limits.rs", "pub const A: u8 = 1; pub const B: u8 = A; pub const C: u8 = 2;");
        let idle =
            |path: &str, text: &str| idle_limits(&[File::new(limits.0, limits.1), File::new(path, text)]);
        assert_eq!(idle("src/net/a.rs", "use limits::B; // C"), ["C limits nothing"]);
        assert_eq!(idle("src/net/a.rs", "use limits::{B, C};"), [""; 0]);
        assert_eq!(idle("src/net/tests/a.rs", "use limits::{B, C};").len(), 3, "a test obeys nothing");
        assert_eq!(idle("src/net/a.rs", "use limits::B; mod tests { C }"), ["C limits nothing"]);
        let checked = File::new(limits.0, &format!("{} const _: () = assert!(C > A);", limits.1));
        let test = File::new("src/net/tests/a.rs", "fn f() { assert!(row() < limits::C) }");
        assert_eq!(idle_limits(&[checked.clone(), test]).len(), 2, "C is measured, B and A are not");
        assert_eq!(idle_limits(&[checked]).len(), 3);
    }

    #[test]
    fn an_idle_label_is_found() {
        let kdf = File::new("src/crypto/kdf.rs", "labels! { A = \"sigillo v1 a\"; B = \"sigillo v1 b\"; }");
        let user = File::new("src/wire/a.rs", "fn f() { sign(label::A) }");
        assert_eq!(idle_labels(&[kdf, user]), ["label B is idle"]);
    }

    #[test]
    fn a_message_counts_only_where_wire_or_a_used_message_names_it() {
        let proto = "message A { B b = 1; } message B { bytes x = 1; } message C { C c = 1; }";
        let schema = File::new("proto/sigillo/v1/a.proto", proto);
        let wire = File::new("src/wire/a.rs", "fn f() -> schema::A {}");
        assert_eq!(idle_messages(&[schema.clone(), wire.clone()]), ["message C is idle"]);
        let stray = File::new("proto/other/b.proto", "");
        assert_eq!(idle_messages(&[schema, wire, stray]).len(), 2);
    }

    #[test]
    fn an_absolute_path_and_a_foreign_registry_are_found() {
        let path = format!("see /{}k/notes", "wor");
        assert_eq!(traces(&[File::new("README.md", &path)]).len(), 1);
        assert_eq!(
            traces(&[File::new("README.md", &format!("src/{}k/notes and /usr/bin/env", "wor"))]),
            [""; 0]
        );
        let lock = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert_eq!(traces(&[File::new("Cargo.lock", lock)]), [""; 0]);
        assert_eq!(
            traces(&[File::new("Cargo.lock", "source = \"registry+https://elsewhere.example\"")]).len(),
            1
        );
        let host = format!("https://{}try.example/x", "regis");
        assert_eq!(traces(&[File::new("docs/a.md", &host)]).len(), 1);
    }
}
