//! Forms in the form of that API, which calls them flows.
//!
//! ```text
//! reply      an answer, as that API tells it
//! ```

pub(super) mod reply;
