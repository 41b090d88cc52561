//! Forms in the form of that API, which calls them flows.
//!
//! ```text
//! mistake    what of a flow's document can't be a form, and where
//! reference  `${form.x}`, `${data.x}` and `${screen.S.form.x}`
//! part       one component: a text, a field or the footer
//! translate  the whole document, from the screen that it begins with to its end
//! reply      an answer, as that API tells it
//! registry   flows by the ids that they have there
//! manage     flows shown, made, changed, published, removed
//! assets     the document of a flow, uploaded and fetched
//! ```

pub(super) mod assets;
pub(super) mod manage;
pub(super) mod mistake;
pub(super) mod part;
pub(super) mod reference;
pub(super) mod registry;
pub(super) mod reply;
pub(super) mod translate;

#[cfg(test)]
mod tests;
