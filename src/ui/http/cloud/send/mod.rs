//! One file for each type of message that can be sent.
//!
//! ```text
//! letter       a message, ready to be sent
//! text         a text
//! media        a file: a picture, sound, a document
//! location     a place
//! contacts     a contact's card
//! reaction     what is felt about a message
//! interactive  a menu, or a question where somebody is
//! flow         a form
//! offer        things of the catalog
//! order        what an order comes to, and what becomes of it
//! template     a text that a template makes
//! ```

pub(super) mod contacts;
pub(super) mod flow;
pub(super) mod interactive;
pub(super) mod letter;
pub(super) mod location;
pub(super) mod media;
pub(super) mod offer;
pub(super) mod order;
pub(super) mod reaction;
pub(super) mod template;
pub(super) mod text;
