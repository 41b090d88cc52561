//! Reads source files as words, marks and literals, so that comments and texts can't be taken for code.

use std::io;
use std::path::Path;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// An identifier or keyword.
    Word,
    /// `::` or one character of punctuation.
    Mark,
    /// A text, character, lifetime or number.
    Literal,
}

/// One token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Literal && self.text == text
    }
}

/// One file of the project.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// From the project's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Empty where the file isn't Rust.
    pub(crate) tokens: Vec<Token>,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let tokens = if path.ends_with(".rs") { tokens(text) } else { Vec::new() };
        Self { path: path.to_owned(), text: text.to_owned(), tokens }
    }

    /// The module that the file is, as names from the crate's root; none outside `src/`.
    pub(crate) fn module(&self) -> Option<Vec<String>> {
        let inner = self.path.strip_prefix("src/")?.strip_suffix(".rs")?;
        let mut names: Vec<String> = inner.split('/').map(str::to_owned).collect();
        if matches!(names.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            names.pop();
        }
        Some(names)
    }

    /// The room, and below `domain` the room of the domain.
    pub(crate) fn room(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split_once('/').map(|(room, _)| room)
    }

    /// Whether the file only declares, re-exports and explains.
    pub(crate) fn is_face(&self) -> bool {
        self.path == "src/lib.rs" || self.path.ends_with("/mod.rs")
    }

    /// The code that is no test's: what comes before `mod tests {`, which stands last.
    pub(crate) fn code(&self) -> &[Token] {
        let opens = |window: &[Token]| window[0].is("mod") && window[1].is("tests") && window[2].is("{");
        let end = self.tokens.windows(3).position(opens).unwrap_or(self.tokens.len());
        if self.is_test() { &[] } else { &self.tokens[..end] }
    }

    /// Whether the whole file is code for tests.
    pub(crate) fn is_test(&self) -> bool {
        !self.path.starts_with("src/") || self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

/// All text files of the project, in the order of their paths.
pub(crate) fn project() -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    read(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn read(directory: &Path, prefix: &str, files: &mut Vec<File>) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if matches!(path.as_str(), "target" | ".git") || name.ends_with(".proptest-regressions") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &format!("{path}/"), files)?;
        } else if let Ok(text) = std::fs::read_to_string(entry.path()) {
            files.push(File::new(&path, &text));
        }
    }
    Ok(())
}

/// Splits Rust source into tokens; comments vanish, texts become literals.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { rest: source, line: 1 };
    let mut tokens = Vec::new();
    while let Some(first) = reader.rest.chars().next() {
        let line = reader.line;
        let (kind, length) = if first.is_whitespace() {
            reader.take(first.len_utf8());
            continue;
        } else if let Some(length) = comment(reader.rest) {
            reader.take(length);
            continue;
        } else if let Some(length) = text(reader.rest) {
            (Kind::Literal, length)
        } else if first == '\'' {
            (Kind::Literal, character_or_lifetime(reader.rest))
        } else if first.is_ascii_digit() {
            (Kind::Literal, run(reader.rest))
        } else if first.is_alphabetic() || first == '_' {
            (Kind::Word, run(reader.rest))
        } else if reader.rest.starts_with("::") {
            (Kind::Mark, 2)
        } else {
            (Kind::Mark, first.len_utf8())
        };
        let text = reader.take(length).to_owned();
        tokens.push(Token { kind, text, line });
    }
    tokens
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Reader<'t> {
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

/// The length of the word or number at the beginning.
fn run(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
}

/// The length of the comment at the beginning, if there is one.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += 1;
        }
    }
    Some(rest.len())
}

/// The length of the text at the beginning (plain, raw, of bytes), if there is one.
fn text(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix);
        after.is_some_and(|after| after.starts_with('"') || prefix.ends_with('r') && raw(after).is_some())
    })?;
    let after = &rest[prefix.len()..];
    if prefix.ends_with('r') {
        return raw(after).map(|length| prefix.len() + length);
    }
    let mut escaped = false;
    for (at, byte) in after.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(prefix.len() + at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// The length of `#"..."#` with any number of `#`.
fn raw(after: &str) -> Option<usize> {
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(after.len(), |at| hashes + 1 + at + end.len()))
}

fn character_or_lifetime(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => {
            characters.next();
            characters.find(|(_, c)| *c == '\'').map_or(rest.len(), |(at, _)| at + 1)
        }
        Some((at, c)) => match characters.next() {
            Some((end, '\'')) => end + 1,
            _ => at + if c.is_alphanumeric() || c == '_' { run(&rest[at..]) } else { c.len_utf8() },
        },
        None => rest.len(),
    }
}

#[test]
fn comments_and_texts_are_no_code() {
    let source = r##"
        //! crate::one
        /* crate::two /* nested */ crate::three */
        let a: &'static str = "crate::four \" crate::five"; // crate::six
        let b = (r#"crate::"seven""#, b"crate::eight", '"', '\'', b'"');
        crate::nine()
    "##;
    let tokens = tokens(source);
    let words: Vec<&str> = tokens.iter().filter(|t| t.kind == Kind::Word).map(|t| t.text.as_str()).collect();
    assert_eq!(words, ["let", "a", "str", "let", "b", "b", "crate", "nine"]);
    assert_eq!(tokens.iter().find(|token| token.is("nine")).unwrap().line, 6);
}
