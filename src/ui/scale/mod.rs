//! What the directory costs against its size: real nodes, and a model of the same rules for sizes beyond them.
//!
//! ```text
//! figures   what was measured or modelled, as one row for each size
//! real      real nodes on loopback, metered
//! modelled  the model of sim/routing with the sizes of what real nodes send
//! report    a page with all of it
//! ```

pub(in crate::ui) mod figures;
pub(in crate::ui) mod modelled;
pub(in crate::ui) mod real;
pub(in crate::ui) mod report;
