//! One file for each type of message that can be sent.
//!
//! ```text
//! letter    a message, ready to be sent
//! text      a text
//! template  a text that a template makes
//! ```

pub(super) mod letter;
pub(super) mod template;
pub(super) mod text;
