//! Why a file is no scenario, in words that name the line.

use core::fmt;

/// What is wrong, where, and what is expected there.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct FormatError(pub(super) String);

/// What is wrong in a line.
pub(super) fn at_line(line: usize, words: impl fmt::Display) -> FormatError {
    FormatError(format!("line {line}: {words}"))
}
