//! Attacks on sessions, and their life under loss, reordering and repetition.

mod bundles;
mod flights;
mod frames;
mod model;
mod snapshots;

pub(super) mod fixtures;
