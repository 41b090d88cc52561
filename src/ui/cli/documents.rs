//! Documents as people keep them: written to new files, read within bounds, and what is expected of them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::disk::files;
use crate::domain::identity::address;
use crate::node::clock;
use crate::ui::cli::failure::Failure;

/// JSON that people can read.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Writes a file that isn't there yet.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |what: String| Failure::failed("file", format!("{}: {what}", path.display()));
    // Absolute, so that it has a directory, which is synced.
    let path = std::path::absolute(path).map_err(|error| failed(error.to_string()))?;
    if path.exists() {
        return Err(failed("there is a file of this name already: choose another".to_owned()));
    }
    files::write_whole(&path, bytes).map_err(|error| failed(error.to_string()))
}

/// A file that isn't there yet, written piece by piece: it has its name once it is whole.
pub(super) struct NewFile {
    path: PathBuf,
    pieces: tempfile::NamedTempFile,
}

impl NewFile {
    /// Begins it, in the directory that it will be in; only its owner may read it.
    pub(super) fn begin(path: &Path) -> Result<Self, Failure> {
        let path = std::path::absolute(path).map_err(|error| unwritten(path, &error))?;
        let beside = path.parent().unwrap_or(Path::new("/"));
        let pieces = tempfile::NamedTempFile::new_in(beside).map_err(|error| unwritten(&path, &error))?;
        Ok(Self { path, pieces })
    }

    /// Writes the next piece.
    pub(super) fn write(&mut self, piece: &str) -> Result<(), Failure> {
        self.pieces.write_all(piece.as_bytes()).map_err(|error| unwritten(&self.path, &error))
    }

    /// Makes it durable and gives it its name, if no other file has that by now.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Self { path, pieces } = self;
        pieces.as_file().sync_all().map_err(|error| unwritten(&path, &error))?;
        pieces.persist_noclobber(&path).map_err(|error| unwritten(&path, &error.error))?;
        Ok(())
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let what = match error.kind() {
        ErrorKind::AlreadyExists => "there is a file of this name already: choose another".to_owned(),
        _ => error.to_string(),
    };
    Failure::failed("file", format!("{}: {what}", path.display()))
}

/// The account of an address that an option gives.
pub(super) fn account(flag: &str, text: &str) -> Result<AccountId, Failure> {
    address::decode(text).map_err(|error| Failure::misused(format!("{flag}: {error}")))
}

/// A moment that an option gives; none for `any`.
pub(super) fn moment(text: &str) -> Result<Option<Time>, Failure> {
    match text {
        "now" => return Ok(Some(clock::now())),
        "any" => return Ok(None),
        _ => {}
    }
    time("--at", text).map(Some)
}

/// A moment as it is written.
pub(super) fn time(flag: &str, text: &str) -> Result<Time, Failure> {
    let parsed: Option<jiff::Timestamp> = text.parse().ok();
    let millis = parsed.and_then(|timestamp| u64::try_from(timestamp.as_millisecond()).ok());
    let wrong = || Failure::misused(format!("{flag}: a moment is written as 2026-11-22T16:00:00Z"));
    millis.map(Time::from_millis).ok_or_else(wrong)
}

/// Reads a file of at most so many bytes, or stdin.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let failed = |what: String| Failure::failed("file", format!("{} can't be read: {what}", path.display()));
    if path != Path::new("-") {
        return files::read_bounded(path, most).map_err(|error| failed(error.to_string()));
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 > most {
        return Err(failed(format!("standard input is longer than {most} bytes")));
    }
    Ok(bytes)
}

/// Reads a file of TOML that a person wrote, or stdin.
pub(super) fn toml<T: DeserializeOwned>(path: &Path, most: u64) -> Result<T, Failure> {
    let bytes = read(path, most)?;
    let wrong = |words: String| Failure::misused(format!("{}: {words}", path.display()));
    let text = String::from_utf8(bytes).map_err(|_| wrong("this isn't text in UTF-8".to_owned()))?;
    toml::from_str(&text).map_err(|error| wrong(error.to_string().trim().to_owned()))
}
