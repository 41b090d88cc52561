//! The named attacks: each has one test, which the page on testing names.

use std::collections::BTreeSet;

use crate::source::{File, Token};

const PAGE: &str = "docs/testing.md";
const SECTION: &str = "## Named attacks";
/// How far an attribute of a test stands before its name, in tokens.
const REACH: usize = 24;

/// Rows of the page whose test doesn't exist or serves another attack already.
pub(crate) fn untested(files: &[File]) -> Vec<String> {
    let Some(page) = files.iter().find(|file| file.path == PAGE) else {
        return vec![format!("there is no {PAGE}")];
    };
    let section = page.text.split(SECTION).nth(1).map(|rest| rest.split("\n## ").next().unwrap_or(rest));
    let rows = section.unwrap_or_default().lines().filter_map(row);
    let (mut found, mut seen, mut count) = (Vec::new(), BTreeSet::new(), 0);
    for (attack, test) in rows {
        count += 1;
        let tests = files.iter().map(|file| places(&file.tokens, test)).sum::<usize>();
        if tests != 1 {
            found.push(format!("{PAGE}: {attack}: {tests} tests are named {test}"));
        }
        if !seen.insert(test) {
            found.push(format!("{PAGE}: {attack}: {test} stands for another attack, too"));
        }
    }
    if count == 0 {
        found.push(format!("{PAGE}: no attack is named under {SECTION}"));
    }
    found
}

/// An attack and the name of its test.
fn row(line: &str) -> Option<(&str, &str)> {
    let (attack, rest) = line.strip_prefix("| ")?.split_once(" | `")?;
    Some((attack, rest.split_once('`')?.0))
}

/// How many tests of this name there are.
fn places(tokens: &[Token], name: &str) -> usize {
    let named = tokens.windows(2).enumerate().filter(|(_, pair)| pair[0].is("fn") && pair[1].is(name));
    let is_test = |at: usize| tokens[at.saturating_sub(REACH)..at].iter().any(|token| token.is("test"));
    named.filter(|(at, _)| is_test(*at)).count()
}

#[test]
fn an_attack_without_its_own_test_is_found() {
    let page = |rows: &str| {
        File::new(PAGE, &format!("# Testing\n\n{SECTION}\n\n{rows}\n\n## Else\n\n| x | `y` |\n"))
    };
    let code =
        File::new("src/a.rs", "#[test]\nfn one() {}\n#[tokio::test(flavor = \"x\")]\nasync fn two() {}");
    let found = |rows: &str| untested(&[page(rows), code.clone()]).len();
    assert_eq!(found("| attack | test |\n|---|---|\n| replay | `one` |\n| flood | `two`, in words |"), 0);
    assert_eq!(found("| replay | `three` |"), 1, "no such test");
    assert_eq!(found("| replay | `one` |\n| flood | `one` |"), 1, "one test for two attacks");
    assert_eq!(found(""), 1, "no attacks");
    assert_eq!(untested(std::slice::from_ref(&code)).len(), 1, "no page");
    let far = format!("#[test]\nfn before() {{}}\n{}fn one() {{}}", "const A: u8 = 1;\n".repeat(9));
    assert_eq!(untested(&[page("| replay | `one` |"), File::new("src/b.rs", &far)]).len(), 1, "no test");
}
