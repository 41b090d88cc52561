//! The commands that the README and the pages of `docs/` name in their sentences: each exists.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sigillo");

#[test]
fn every_command_that_a_page_names_exists() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec!["README.md".to_owned(), "SECURITY.md".to_owned(), "ARCHITECTURE.md".to_owned()];
    for entry in std::fs::read_dir(manifest.join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    let mut named = BTreeSet::new();
    for page in pages {
        for part in std::fs::read_to_string(manifest.join(&page)).unwrap().split("`sigillo ").skip(1) {
            let rest = part.split('`').next().unwrap();
            let words = rest
                .split_whitespace()
                .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            let words: Vec<String> =
                words.take_while(|word| !word.starts_with('-')).map(str::to_owned).collect();
            named.insert((page.clone(), words));
        }
    }
    assert!(named.len() > 3);
    for (page, words) in named {
        let help = (words != ["help"]).then_some("--help");
        let output = Command::new(PROGRAM).args(&words).args(help).output().unwrap();
        assert!(output.status.success(), "{page} names `sigillo {}`", words.join(" "));
    }
}
