//! Which room may import which: floors, the few arrows inside `domain/`, and no circles.

use std::collections::{BTreeMap, BTreeSet};

use crate::paths::named;
use crate::source::File;

/// Each room with the rooms that it may import from, itself aside. They all lie on lower floors.
const ROOMS: [(&str, &[&str]); 11] = [
    ("base", &[]),
    ("crypto", &[]),
    ("wire", &["base", "crypto"]),
    ("store", &["base"]),
    ("net", &["base", "wire"]),
    ("domain", &["base", "crypto", "wire", "store"]),
    ("disk", &["base", "crypto", "store"]),
    ("engine", &["base", "crypto", "wire", "store", "domain"]),
    ("node", &["base", "crypto", "wire", "store", "domain", "net", "disk", "engine"]),
    ("sim", &["base", "crypto", "wire", "store", "domain", "engine"]),
    ("ui", &["base", "crypto", "wire", "store", "domain", "disk", "engine", "node", "sim"]),
];

/// The arrows between rooms of the domain, each with its reason.
const SIDEWAYS: [(&str, &str, &str); 8] = [
    ("session", "identity", "a session is between two devices of two accounts"),
    ("directory", "identity", "a profile is signed by a device that its account's log names"),
    ("directory", "session", "a profile carries a bundle of prekeys"),
    ("directory", "billing", "a profile offers plans"),
    ("billing", "identity", "an event is signed by a device that its account's log names"),
    ("consent", "identity", "a consent is signed by a device that its account's log names"),
    ("mailbox", "billing", "a receipt of a named plan lets a queue in"),
    ("channel", "billing", "a receipt opens a paid channel"),
];

/// Imports that point up or to a neighbour on the same floor.
pub(crate) fn upward(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/")) {
        let below: &[&str] = match file.room() {
            None if file.path == "src/lib.rs" => continue,
            None => &["ui"],
            Some(room) => match ROOMS.iter().find(|(name, _)| *name == room) {
                Some((_, below)) => below,
                None => {
                    found.push(format!("{}: no floor is named for this room", file.path));
                    continue;
                }
            },
        };
        for named in named(file) {
            let target = match named.path.first().map(String::as_str) {
                Some("crate" | "sigillo") => named.path.get(1),
                _ => None,
            };
            let Some(target) = target else { continue };
            let is_room = ROOMS.iter().any(|(name, _)| name == target);
            if is_room && file.room() != Some(target) && !below.contains(&target.as_str()) {
                found.push(format!("{}:{} imports from {target}", file.path, named.line));
            }
        }
    }
    found
}

/// Imports from one room of the domain to another that isn't among [`SIDEWAYS`].
pub(crate) fn sideways(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let Some((room, _)) = file.path.strip_prefix("src/domain/").and_then(|path| path.split_once('/'))
        else {
            continue;
        };
        for named in named(file) {
            let Some([domain, target, _, ..]) = named.inner() else { continue };
            let allowed = SIDEWAYS.iter().any(|(from, to, _)| *from == room && to == target);
            if domain == "domain" && target != room && !allowed {
                found.push(format!("{}:{} imports from domain/{target}", file.path, named.line));
            }
        }
    }
    found
}

/// The module tree: which file a path leads to.
struct Tree<'f> {
    by_module: BTreeMap<Vec<String>, &'f File>,
}

impl<'f> Tree<'f> {
    fn new(files: &'f [File]) -> Self {
        let modules = files.iter().filter(|file| file.path != "src/main.rs");
        Self { by_module: modules.filter_map(|file| Some((file.module()?, file))).collect() }
    }

    /// The file that the longest beginning of the path is the module of, and the names after that.
    fn follow<'p>(&self, path: &'p [String]) -> Option<(&'f File, &'p [String])> {
        (0..=path.len())
            .rev()
            .find_map(|end| self.by_module.get(&path[..end]).map(|file| (*file, &path[end..])))
    }
}

/// Names imported from a file that doesn't define them, except what a face re-exports from a private file.
pub(crate) fn detours(files: &[File]) -> Vec<String> {
    let tree = Tree::new(files);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/") && !file.is_face()) {
        for named in named(file) {
            let Some((target, rest)) = named.inner().and_then(|path| tree.follow(path)) else { continue };
            let Some(name) = rest.first().filter(|name| *name != "*") else { continue };
            if !defines(target, name) && !lends(target, name) {
                let (line, path) = (named.line, named.path.join("::"));
                found
                    .push(format!("{}:{line} takes {path}, which {} doesn't define", file.path, target.path));
            }
        }
    }
    found
}

/// Whether the file defines the name itself: with a keyword, inside a macro's call, or by libp2p's derive, which
/// makes an `XEvent` for a behaviour `X`.
fn defines(file: &File, name: &str) -> bool {
    const KEYWORDS: [&str; 9] = ["struct", "enum", "trait", "fn", "const", "static", "type", "union", "mod"];
    let words = file.tokens.windows(2);
    let by_keyword = words.filter(|pair| KEYWORDS.iter().any(|keyword| pair[0].is(keyword)));
    let derived = name.strip_suffix("Event").filter(|_| file.tokens.iter().any(|t| t.is("NetworkBehaviour")));
    by_keyword.into_iter().any(|pair| pair[1].is(name) || derived.is_some_and(|base| pair[1].is(base)))
        || in_macro(file, name)
}

/// Whether the name stands in a macro's call at the top of the file.
fn in_macro(file: &File, name: &str) -> bool {
    let (mut depth, mut calls) = (0_usize, None);
    for (at, token) in file.tokens.iter().enumerate() {
        if token.is("{") {
            let bang = at >= 2 && file.tokens[at - 1].is("!") && !file.tokens[at - 2].is("macro_rules");
            calls = calls.or((bang && depth <= 1).then_some(depth));
            depth += 1;
        } else if token.is("}") {
            depth = depth.saturating_sub(1);
            calls = calls.filter(|open| *open < depth);
        } else if calls.is_some() && token.is(name) {
            return true;
        }
    }
    false
}

/// Whether a face re-exports the name from a file of its own that nobody else can see.
fn lends(face: &File, name: &str) -> bool {
    let private = |module: &str| {
        face.tokens.windows(2).enumerate().any(|(at, pair)| {
            let public = at > 0 && (face.tokens[at - 1].is("pub") || face.tokens[at - 1].is(")"));
            pair[0].is("mod") && pair[1].is(module) && !public
        })
    };
    face.is_face()
        && named(face).iter().any(|named| {
            let path = &named.path;
            path.len() >= 2 && path[path.len() - 1] == name && private(&path[path.len() - 2])
        })
}

/// Circles among the files of one room: two files that need each other are one file.
pub(crate) fn circles(files: &[File]) -> Vec<String> {
    let tree = Tree::new(files);
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/") && !file.is_face()) {
        for named in named(file).iter().filter(|named| !named.in_test) {
            let Some((target, _)) = named.inner().and_then(|path| tree.follow(path)) else { continue };
            if target.path != file.path && !target.is_face() {
                edges.entry(&file.path).or_default().insert(&target.path);
            }
        }
    }
    let mut found = Vec::new();
    let mut settled = BTreeSet::new();
    for start in edges.keys() {
        circle_from(start, &edges, &mut Vec::new(), &mut settled, &mut found);
    }
    found
}

fn circle_from<'f>(
    at: &'f str,
    edges: &BTreeMap<&'f str, BTreeSet<&'f str>>,
    way: &mut Vec<&'f str>,
    settled: &mut BTreeSet<&'f str>,
    found: &mut Vec<String>,
) {
    if let Some(start) = way.iter().position(|passed| *passed == at) {
        found.push(format!("{} -> {at}", way[start..].join(" -> ")));
        return;
    }
    if settled.contains(at) {
        return;
    }
    way.push(at);
    for next in edges.get(at).into_iter().flatten() {
        circle_from(next, edges, way, settled, found);
    }
    way.pop();
    settled.insert(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<File> {
        list.iter().map(|(path, text)| File::new(path, text)).collect()
    }

    #[test]
    fn the_plan_itself_points_down_only() {
        let floor = |room: &str| match room {
            "base" | "crypto" => 1,
            "wire" | "store" => 2,
            "net" | "domain" | "disk" => 3,
            "engine" => 4,
            "node" | "sim" => 5,
            _ => 6,
        };
        for (room, below) in ROOMS {
            assert!(below.iter().all(|target| floor(target) < floor(room)), "{room}");
        }
    }

    #[test]
    fn an_upward_import_is_found_in_a_group_in_code_and_in_tests() {
        for text in [
            "use crate::{base::id, engine::event::Event};",
            "fn f() { crate::engine::machine::run() }",
            "#[cfg(test)] mod tests { use crate::engine::machine; }",
        ] {
            assert_eq!(upward(&files(&[("src/wire/a.rs", text)])).len(), 1, "{text}");
        }
        assert_eq!(upward(&files(&[("src/net/a.rs", "use crate::domain::x::Y;")])).len(), 1, "a neighbour");
        assert_eq!(upward(&files(&[("src/attic/a.rs", "")])).len(), 1, "a room without a floor");
        assert_eq!(upward(&files(&[("src/main.rs", "fn main() { sigillo::node::run() }")])).len(), 1);
        let down = "use crate::engine::x::Y; //! crate::ui\nconst A: &str = \"crate::ui\";";
        assert_eq!(upward(&files(&[("src/node/a.rs", down)])), [""; 0]);
    }

    #[test]
    fn an_unlisted_sideways_import_is_found() {
        let from_chat = files(&[("src/domain/chat/a.rs", "use crate::domain::session::x::Y;")]);
        assert_eq!(sideways(&from_chat).len(), 1);
        let from_session = files(&[("src/domain/session/a.rs", "use crate::domain::identity::x::Y;")]);
        assert_eq!(sideways(&from_session), [""; 0]);
    }

    #[test]
    fn a_name_is_taken_from_where_it_is_defined() {
        let lend = ("src/crypto/mod.rs", "pub use error::Lent; mod error; pub use open::Open; pub mod open;");
        let id =
            ("src/base/id.rs", "macro_rules! id { ($n:ident) => {} } id! { AccountId, 32 } use x::Other;");
        let detours_of = |text: &str| detours(&files(&[lend, id, ("src/wire/a.rs", text)])).len();
        assert_eq!(detours_of("use crate::{crypto::Lent, base::id::AccountId};"), 0);
        assert_eq!(detours_of("use crate::base::id::Other;"), 1);
        assert_eq!(detours_of("use crate::crypto::Open;"), 1);
        assert_eq!(detours_of("use crate::base::id::AccountIdEvent;"), 1);
    }

    #[test]
    fn a_circle_is_found_and_tests_may_look_back() {
        let a = ("src/wire/a.rs", "use crate::wire::b::B; struct A;");
        let b = ("src/wire/b.rs", "use crate::wire::c::C; struct B;");
        let back = ("src/wire/c.rs", "use crate::wire::a::A; struct C;");
        let tested = ("src/wire/c.rs", "struct C; mod tests { use crate::wire::a::A; }");
        assert_eq!(circles(&files(&[a, b, back])).len(), 1);
        let whole = ("src/wire/c.rs", "use crate::wire::a; fn c() { a::go() }");
        assert_eq!(circles(&files(&[a, b, whole])).len(), 1, "by the file's name");
        assert_eq!(circles(&files(&[a, b, tested])), [""; 0]);
    }
}
