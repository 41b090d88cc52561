//! Attacks on sessions, and their life under loss, reordering and repetition.

mod attacks;
mod bundles;
mod epochs;
mod flights;
mod frames;
mod model;
mod snapshots;
mod symbolic;

pub(super) mod fixtures;
