//! The epochs alone, walked by a model checker through everything that loss, repetition, reordering and crashes
//! can make of a short conversation.

mod checks;
mod side;
mod world;

pub(super) mod symbols;
