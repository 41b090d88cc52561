//! How files are cut: faces that define nothing, one opening sentence, a length that fits in the head.

use crate::source::{File, Kind};

/// The most lines of a source file.
const LINES_MAX: usize = 600;

/// Faces (`lib.rs`, `mod.rs`) that do more than declare and re-export.
pub(crate) fn definitions(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for face in files.iter().filter(|file| file.path.starts_with("src/") && file.is_face()) {
        let mut at = 0;
        while let Some(token) = face.tokens.get(at) {
            let next = face.tokens.get(at + 1);
            at = if token.is("#") {
                after_brackets(face, at)
            } else if token.is("pub") {
                if next.is_some_and(|next| next.is("(")) { after_brackets(face, at) } else { at + 1 }
            } else if token.is("use") || token.is("mod") {
                let end = face.tokens[at..].iter().position(|token| token.is(";") || token.is("{"));
                let end = end.map_or(face.tokens.len(), |end| at + end);
                let in_use = token.is("use") && face.tokens.get(end).is_some_and(|token| token.is("{"));
                let end = if in_use { after_use(face, at) } else { end };
                if face.tokens.get(end).is_none_or(|token| !token.is(";")) {
                    found.push(format!("{}:{} opens a body", face.path, token.line));
                    break;
                }
                end + 1
            } else {
                found.push(format!("{}:{} defines something: {}", face.path, token.line, token.text));
                break;
            };
        }
    }
    found
}

fn after_brackets(face: &File, start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in face.tokens.iter().enumerate().skip(start) {
        if token.is("[") || token.is("(") {
            depth += 1;
        } else if token.is("]") || token.is(")") {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    face.tokens.len()
}

fn after_use(face: &File, start: usize) -> usize {
    let end = face.tokens[start..].iter().position(|token| token.is(";"));
    end.map_or(face.tokens.len(), |end| start + end)
}

/// Source files that don't open with one plain `//!` sentence in a paragraph of its own.
pub(crate) fn openings(files: &[File]) -> Vec<String> {
    let rust = files.iter().filter(|file| file.path.ends_with(".rs"));
    rust.filter_map(|file| opening(&file.text).err().map(|fault| format!("{}: {fault}", file.path))).collect()
}

fn opening(text: &str) -> Result<(), &'static str> {
    let paragraph = text.lines().map_while(|line| line.strip_prefix("//! "));
    let sentence = paragraph.collect::<Vec<_>>().join(" ");
    if sentence.is_empty() {
        return Err("no `//!` sentence on the first line");
    }
    if !sentence.ends_with('.') {
        return Err("the opening isn't a sentence");
    }
    let more = sentence
        .match_indices(". ")
        .any(|(at, _)| sentence[at + 2..].chars().next().is_some_and(char::is_uppercase));
    if more { Err("the opening has a second sentence") } else { Ok(()) }
}

/// Source files that are too long.
pub(crate) fn lengths(files: &[File]) -> Vec<String> {
    let rust = files.iter().filter(|file| file.path.ends_with(".rs"));
    let long = rust.map(|file| (file, file.text.lines().count())).filter(|(_, lines)| *lines > LINES_MAX);
    long.map(|(file, lines)| format!("{} has {lines} lines", file.path)).collect()
}

/// Lints switched off where nobody says why.
pub(crate) fn silenced(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        for (at, token) in file.tokens.iter().enumerate() {
            let opens = file.tokens.get(at + 1).is_some_and(|next| next.is("("));
            let is_attribute = at >= 1 && file.tokens[at - 1].is("[");
            if !(opens && is_attribute && (token.is("allow") || token.is("expect"))) {
                continue;
            }
            let end = file.tokens[at..].iter().position(|token| token.is("]"));
            let inside = &file.tokens[at..at + end.unwrap_or(0)];
            let reasoned = inside.iter().any(|token| token.is("reason") && token.kind == Kind::Word);
            if !reasoned {
                found.push(format!("{}:{} silences a lint without a reason", file.path, token.line));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(text: &str) -> usize {
        definitions(&[File::new("src/wire/mod.rs", text)]).len()
    }

    #[test]
    fn a_face_declares_and_nothing_else() {
        let plain = "//! x.\n#[cfg(test)] mod tests; pub mod a; pub(crate) mod b; pub(in crate::wire) mod e; pub use a::{B, c::D};";
        assert_eq!(face(plain), 0);
        for more in
            ["fn f() {}", "pub struct S;", "mod inline { fn f() {} }", "const A: u8 = 1;", "id! { A }"]
        {
            assert_eq!(face(&format!("{plain} {more}")), 1, "{more}");
        }
        assert_eq!(definitions(&[File::new("src/wire/a.rs", "fn f() {}")]).len(), 0);
    }

    #[test]
    fn an_opening_is_one_sentence() {
        assert_eq!(opening("//! Ids as types (RFC 1, section 2.3).\n\nuse x;"), Ok(()));
        assert_eq!(opening("//! Goes on\n//! here.\n//!\n//! More. Much more.\n"), Ok(()));
        for wrong in ["use x;", "//! no end\n", "//! One. Two.\n", "\n//! Late.\n"] {
            assert!(opening(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_long_file_is_found() {
        let long = "//! x.\n".repeat(LINES_MAX + 1);
        assert_eq!(lengths(&[File::new("src/a.rs", &long), File::new("src/b.rs", "//! x.")]).len(), 1);
    }

    #[test]
    fn a_lint_is_silenced_with_a_reason_only() {
        let reasoned = "#[expect(clippy::x, reason = \"because\")] fn f() { result.expect(\"fine\") }";
        assert_eq!(silenced(&[File::new("src/a.rs", reasoned)]), [""; 0]);
        assert_eq!(silenced(&[File::new("src/a.rs", "#[allow(clippy::x)] fn f() {}")]).len(), 1);
    }
}
