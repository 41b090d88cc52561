//! Files on their way into the node, and out of it in a message.

use crate::base::id::FileId;
use crate::domain::chat::changes::Named;
use crate::wire::file::Opening;
use crate::wire::said::file::Picture;
use crate::wire::template::Template;

/// A file that is on the disk and that nobody knows of yet.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// What opens it.
    pub opening: Opening,
    /// Its name.
    pub name: String,
    /// What it is, as `image/jpeg`.
    pub media_type: String,
    /// Where it is a picture.
    pub picture: Option<Picture>,
}

/// A message with a file.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The file, which was given to the node.
    pub file: FileId,
    /// The text under it; may be empty.
    pub caption: String,
    /// The message that it answers.
    pub reply: Option<Named>,
    /// By which template a business sends it.
    pub template: Option<Template>,
}
