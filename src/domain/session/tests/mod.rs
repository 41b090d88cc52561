//! Attacks on sessions, and their life under loss, reordering and repetition.

mod attacks;
mod bundles;
mod concurrent;
mod epoch_model;
mod epochs;
mod flights;
mod frames;
mod from_rust;
mod golden;
mod golden_forms;
mod golden_ratchet;
mod model;
mod snapshots;
mod symbolic;

pub(super) mod fixtures;
