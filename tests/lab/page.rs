//! Whether a page is one that every reader of HTML takes in the same way.

/// Elements that have no end.
const VOID: [&str; 3] = ["meta", "br", "!doctype"];

/// All tags closed in the order in which they were opened, and attributes in quotes.
pub(crate) fn is_well_formed(html: &str) -> bool {
    // Styles aren't markup.
    let (before, rest) = html.split_once("<style>").unwrap_or((html, ""));
    let after = rest.split_once("</style>").map_or(rest, |(_, after)| after);
    let mut open = Vec::new();
    for tag in before.split('<').skip(1).chain(after.split('<').skip(1)) {
        let Some((tag, _)) = tag.split_once('>') else { return false };
        if tag.matches('"').count() % 2 == 1 {
            return false;
        }
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) if open.pop() != Some(name) => return false,
            Some(_) => {}
            None if tag.ends_with('/') || VOID.contains(&name) => {}
            None => open.push(name),
        }
    }
    open.is_empty()
}

#[test]
fn what_is_not_closed_is_found() {
    assert!(is_well_formed("<!doctype html><html><style>a > b {}</style><p class=\"x\">1<br></p></html>"));
    for broken in ["<p>", "<p></b>", "<a b=\"></a>", "<p", "</p>"] {
        assert!(!is_well_formed(broken), "{broken}");
    }
}
