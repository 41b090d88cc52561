//! A file on its way into the node.

use crate::wire::file::Opening;
use crate::wire::said::file::Picture;

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
