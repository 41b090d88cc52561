//! The paths that a file names, in `use` lines and in its code, made absolute.

use crate::source::{File, Kind, Token};

/// One path as a file names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Named {
    /// From the crate's root (the first name is then `crate`), or from another crate.
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
    /// Whether only tests name it.
    pub(crate) in_test: bool,
}

impl Named {
    /// The names below the crate's root; none for other crates.
    pub(crate) fn inner(&self) -> Option<&[String]> {
        self.path.split_first().filter(|(root, _)| *root == "crate").map(|(_, inner)| inner)
    }
}

/// Every path in the file, in its order.
pub(crate) fn named(file: &File) -> Vec<Named> {
    let mut walk = Walk {
        tokens: &file.tokens,
        home: file.module().unwrap_or_default(),
        inline: Vec::new(),
        depth: 0,
        in_test: file.is_test(),
        found: Vec::new(),
    };
    walk.file();
    walk.found
}

struct Walk<'f> {
    tokens: &'f [Token],
    home: Vec<String>,
    /// Inline modules that are open, each with the depth of its braces.
    inline: Vec<(String, usize)>,
    depth: usize,
    in_test: bool,
    found: Vec<Named>,
}

impl Walk<'_> {
    fn file(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let token = &self.tokens[at];
            if token.is("{") {
                self.depth += 1;
            } else if token.is("}") {
                self.depth = self.depth.saturating_sub(1);
                self.inline.retain(|(_, depth)| *depth <= self.depth);
            } else if token.is("mod") && self.at(at + 2).is_some_and(|next| next.is("{")) {
                self.depth += 1;
                self.inline.push((self.tokens[at + 1].text.clone(), self.depth));
                at += 2;
            } else if token.is("use") && !self.at(at + 1).is_some_and(|next| next.is("<")) {
                at = self.tree(at + 1, &[]);
            } else if token.kind == Kind::Word && self.at(at + 1).is_some_and(|next| next.is("::")) {
                at = self.inline_path(at);
            }
            at += 1;
        }
    }

    fn at(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    /// A tree of a `use` line after `prefix`; returns where it ends.
    fn tree(&mut self, mut at: usize, prefix: &[String]) -> usize {
        let mut path = prefix.to_vec();
        while let Some(token) = self.at(at) {
            if token.is("{") {
                at += 1;
                while self.at(at).is_some_and(|token| !token.is("}")) {
                    at = self.tree(at, &path);
                    at += usize::from(self.at(at).is_some_and(|token| token.is(",")));
                }
                return at + 1;
            } else if token.is("as") {
                at += 2;
            } else if token.is(",") || token.is("}") || token.is(";") {
                break;
            } else {
                if !token.is("::") {
                    path.push(token.text.clone());
                }
                at += 1;
            }
        }
        let line = self.at(at).map_or(0, |token| token.line);
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        self.keep(path, line);
        at
    }

    /// A path in code; returns where its last name is.
    fn inline_path(&mut self, first: usize) -> usize {
        let mut path = vec![self.tokens[first].text.clone()];
        let mut at = first;
        while self.at(at + 1).is_some_and(|mark| mark.is("::"))
            && self.at(at + 2).is_some_and(|name| name.kind == Kind::Word)
        {
            path.push(self.tokens[at + 2].text.clone());
            at += 2;
        }
        self.keep(path, self.tokens[first].line);
        at
    }

    fn keep(&mut self, path: Vec<String>, line: usize) {
        let mut module = self.home.clone();
        module.extend(self.inline.iter().map(|(name, _)| name.clone()));
        let supers = path.iter().take_while(|name| *name == "super").count();
        let path = match path.first().map(String::as_str) {
            Some("super") => {
                module.truncate(module.len().saturating_sub(supers));
                rooted(module, &path[supers..])
            }
            Some("self") => rooted(module, &path[1..]),
            _ => path,
        };
        let in_test = self.in_test || self.inline.iter().any(|(name, _)| name == "tests");
        self.found.push(Named { path, line, in_test });
    }
}

fn rooted(module: Vec<String>, rest: &[String]) -> Vec<String> {
    let mut path = vec!["crate".to_owned()];
    path.extend(module);
    path.extend(rest.iter().cloned());
    path
}

#[cfg(test)]
fn paths_of(path: &str, source: &str) -> Vec<String> {
    named(&File::new(path, source)).into_iter().map(|named| named.path.join("::")).collect()
}

#[test]
fn nested_groups_aliases_and_paths_in_code_are_found() {
    let source = "
        use crate::base::{id::{AccountId, DeviceId as D}, limits::{self, MAX}, time::*};
        pub use std::{fs, collections::BTreeMap};
        fn f() -> crate::wire::signed::Signed { super::g::<crate::store::key::Key>(self::h()) }
    ";
    assert_eq!(
        paths_of("src/net/codec.rs", source),
        [
            "crate::base::id::AccountId",
            "crate::base::id::DeviceId",
            "crate::base::limits",
            "crate::base::limits::MAX",
            "crate::base::time::*",
            "std::fs",
            "std::collections::BTreeMap",
            "crate::wire::signed::Signed",
            "crate::net::g",
            "crate::store::key::Key",
            "crate::net::codec::h",
        ]
    );
}

#[test]
fn super_in_an_inline_module_is_the_file_and_tests_are_told_apart() {
    let file = File::new("src/a/b.rs", "mod tests { use super::*; } use super::c::D; use crate::e;");
    let found = named(&file);
    let paths: Vec<String> = found.iter().map(|named| named.path.join("::")).collect();
    assert_eq!(paths, ["crate::a::b::*", "crate::a::c::D", "crate::e"]);
    assert_eq!(found.iter().map(|named| named.in_test).collect::<Vec<_>>(), [true, false, false]);
}
