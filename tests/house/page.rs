//! The page of the protocol: it has every message with the types of its fields, and every label.

use crate::source::File;

const PAGE: &str = "docs/protocol.md";
const SCHEMAS: &str = "proto/";
const LABELS: &str = "src/crypto/kdf.rs";
/// What every label begins with; the page leaves it out.
const PREFIX: &str = "\"sigillo v1 ";

/// Messages and labels that the page doesn't have as they are.
pub(crate) fn unwritten(files: &[File]) -> Vec<String> {
    let Some(page) = files.iter().find(|file| file.path == PAGE) else {
        return vec![format!("there is no {PAGE}")];
    };
    let page = in_one_line(&page.text);
    let schemas = files.iter().filter(|file| file.path.starts_with(SCHEMAS));
    let messages = schemas.flat_map(|file| messages(&file.text).into_iter().map(|text| (&file.path, text)));
    let labels = files.iter().filter(|file| file.path == LABELS).flat_map(|file| labels(&file.text));
    let messages = messages.filter(|(_, text)| !page.contains(text));
    let labels = labels.map(|label| format!("L(\"{label}\")")).filter(|label| !page.contains(label));
    messages
        .map(|(path, text)| format!("{PAGE}: what {path} says isn't there: {text}"))
        .chain(labels.map(|label| format!("{PAGE}: {label} isn't there")))
        .collect()
}

/// The messages of a schema, each as `Name { fields }`, without comments and reserved numbers.
fn messages(schema: &str) -> Vec<String> {
    let lines = schema.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("reserved "));
    let (mut found, mut open, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    for line in lines {
        if depth == 0 && !line.starts_with("message ") {
            continue;
        }
        open.push(line.strip_prefix("message ").unwrap_or(line));
        depth = depth + line.matches('{').count() - line.matches('}').count();
        if depth == 0 {
            found.push(in_one_line(&open.join(" ")));
            open.clear();
        }
    }
    found
}

fn labels(code: &str) -> Vec<&str> {
    let text = |line: &'_ str| -> Option<(usize, usize)> {
        let start = line.find(PREFIX)? + PREFIX.len();
        Some((start, start + line[start..].find('"')?))
    };
    let declared = code.lines().filter(|line| line.trim_end().ends_with("\";") && line.contains(" = \""));
    declared.filter_map(|line| text(line).map(|(start, end)| &line[start..end])).collect()
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_page_of_the_protocol_lacks_is_found() {
    let schema = "syntax = \"proto3\";\n// x\nmessage A {\n  reserved 2;\n  // The id.\n  bytes id = 1; // y\n}\n\
                  message B {\n  oneof c {\n    A a = 3;\n  }\n}\n";
    let code = "        ONE = \"sigillo v1 one\";\n";
    let found = |page: &str| {
        let files = [File::new(PAGE, page), File::new("proto/x.proto", schema), File::new(LABELS, code)];
        unwritten(&files).len()
    };
    let whole = "A { bytes id = 1; }\nB    { oneof c\n  { A a = 3; } }\n`L(\"one\")`";
    assert_eq!(found(whole), 0);
    assert_eq!(found(&whole.replace("bytes", "string")), 1, "another type");
    assert_eq!(found(&whole.replace("= 3", "= 4")), 1, "another number");
    assert_eq!(found(&whole.replace("one\")", "two\")")), 1, "no such label");
    assert_eq!(found(""), 3);
    assert_eq!(unwritten(&[File::new("proto/x.proto", schema)]).len(), 1, "no page");
}
