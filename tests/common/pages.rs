//! The pages of the project, and what shell there is in them.

use std::path::Path;

/// The words of a line of shell, without its comment.
pub(crate) fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    for character in line.chars() {
        match character {
            '"' => (quoted, any) = (!quoted, true),
            '#' if !quoted && word.is_empty() => break,
            ' ' if !quoted => {
                if any || !word.is_empty() {
                    words.push(core::mem::take(&mut word));
                }
                any = false;
            }
            other => word.push(other),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

/// The lines of all blocks of shell between two headings.
pub(crate) fn shell<'t>(text: &'t str, from: &str, until: &str) -> Vec<&'t str> {
    let part = text.split_once(from).unwrap().1.split_once(until).unwrap().0;
    let blocks = part.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    blocks.flat_map(str::lines).filter(|line| !line.trim().is_empty()).collect()
}

/// A page of the project.
pub(crate) fn read(page: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap()
}
