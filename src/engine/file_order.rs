//! What the engine wants done with the bytes of files, and what it is told of them.

use crate::base::id::FileId;
use crate::wire::file::Opening;
use crate::wire::peer::{PeerAddress, PeerKey};

/// Something for the driver to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileOrder {
    /// Fetch a file, from where it was left: [`FileEvent::Fetched`] or [`FileEvent::NotFetched`].
    Fetch {
        /// Names the attempt.
        attempt: u64,
        /// What opens it, and by that its id.
        opening: Opening,
        /// Who may have it.
        from: PeerAddress,
    },
    /// Give what a peer asked for.
    Give {
        /// The number that [`FileEvent::Asked`] gave.
        ask: u64,
        /// What opens it, and by that its id.
        opening: Opening,
        /// From which chunk on.
        from: u32,
    },
    /// Don't.
    Refuse {
        /// The number that [`FileEvent::Asked`] gave.
        ask: u64,
    },
    /// Remove a file from the disk, and what was fetched of it; fetch it no more.
    Remove(FileId),
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileEvent {
    /// A peer asks for a file, from some chunk on.
    Asked {
        /// Names the question.
        ask: u64,
        /// Who asks.
        peer: PeerKey,
        /// Which file.
        id: FileId,
        /// From which chunk on.
        from: u32,
    },
    /// A file is on the disk now, whole, and is what was said.
    Fetched {
        /// Which file.
        id: FileId,
        /// The number that [`FileOrder::Fetch`] gave.
        attempt: u64,
    },
    /// It isn't, from this peer and for now.
    NotFetched {
        /// Which file.
        id: FileId,
        /// The number that [`FileOrder::Fetch`] gave.
        attempt: u64,
        /// Why.
        why: Miss,
        /// Whether some of it came.
        some: bool,
    },
}

/// Why a file wasn't fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Miss {
    /// The peer couldn't be reached, or stopped in the middle.
    Lost,
    /// It doesn't give the file.
    Refused,
    /// What it gave isn't what was said.
    Wrong,
    /// The disk has no room for it, or fails.
    NoRoom,
}
