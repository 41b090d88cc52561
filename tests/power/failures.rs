//! Errors of the disk at every storage call.
