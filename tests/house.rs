//! Holds the code to the plan of the house (`ARCHITECTURE.md`): each test names every place that leaves it.
//!
//! The checks know Rust as words and marks, not as grammar; each shows on small samples that it can fail.

#[path = "house/attacks.rs"]
mod attacks;
#[path = "house/faces.rs"]
mod faces;
#[path = "house/floors.rs"]
mod floors;
#[path = "house/page.rs"]
mod page;
#[path = "house/paths.rs"]
mod paths;
#[path = "house/purity.rs"]
mod purity;
#[path = "house/source.rs"]
mod source;
#[path = "house/whole.rs"]
mod whole;

use std::io;

use source::{File, project};

fn holds(check: fn(&[File]) -> Vec<String>) -> io::Result<()> {
    let found = check(&project()?);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    Ok(())
}

#[test]
fn imports_point_down_only() -> io::Result<()> {
    holds(floors::upward)
}

#[test]
fn rooms_of_the_domain_import_only_along_the_listed_arrows() -> io::Result<()> {
    holds(floors::sideways)
}

#[test]
fn names_are_imported_from_the_file_that_defines_them() -> io::Result<()> {
    holds(floors::detours)
}

#[test]
fn no_files_need_each_other() -> io::Result<()> {
    holds(floors::circles)
}

#[test]
fn faces_define_nothing() -> io::Result<()> {
    holds(faces::definitions)
}

#[test]
fn every_file_opens_with_one_sentence() -> io::Result<()> {
    holds(faces::openings)
}

#[test]
fn every_file_fits_in_the_head() -> io::Result<()> {
    holds(faces::lengths)
}

#[test]
fn a_lint_is_silenced_only_with_a_reason() -> io::Result<()> {
    holds(faces::silenced)
}

#[test]
fn pure_rooms_touch_no_machine() -> io::Result<()> {
    holds(purity::impure)
}

#[test]
fn only_wire_knows_how_messages_are_encoded() -> io::Result<()> {
    holds(purity::prost_outside_wire)
}

#[test]
fn every_limit_limits_something() -> io::Result<()> {
    holds(whole::idle_limits)
}

#[test]
fn every_label_separates_something() -> io::Result<()> {
    holds(whole::idle_labels)
}

#[test]
fn every_schema_is_compiled_and_every_message_used() -> io::Result<()> {
    holds(whole::idle_messages)
}

#[test]
fn every_named_attack_has_its_test() -> io::Result<()> {
    holds(attacks::untested)
}

#[test]
fn the_page_of_the_protocol_has_every_message_and_label() -> io::Result<()> {
    holds(page::unwritten)
}

#[test]
fn nothing_tells_where_the_project_was_made() -> io::Result<()> {
    holds(whole::traces)
}
