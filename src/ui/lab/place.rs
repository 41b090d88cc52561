//! Where a node of the laboratory lives, and how it is set up.

use std::path::PathBuf;

use crate::disk::options::Options;
use crate::domain::identity::keystore::Keystore;
use crate::node::config::Config;

/// What was in the way, or what was seen, in words.
pub(in crate::ui) type Saw = String;

/// What a node needs to run.
pub(super) struct Place {
    pub(super) home: PathBuf,
    pub(super) keystore: Keystore,
    pub(super) config: Config,
}

/// Hundreds of nodes share one machine: each has little, and is otherwise as everywhere.
pub(in crate::ui) fn small() -> Options {
    Options {
        cache_bytes: 4 * 1024 * 1024,
        segment_bytes: 256 * 1024,
        checkpoint_bytes: 2 * 1024 * 1024,
        ..Options::default()
    }
}
