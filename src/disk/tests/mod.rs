//! Tests of the database as a whole.

mod copying;
mod fixtures;
#[cfg(unix)]
mod power;
mod reading;
mod recovery;
mod sealed;
mod stopping;
