//! The names of the protocols that nodes speak.

use libp2p::StreamProtocol;

/// Kademlia, apart from every other network's.
pub(crate) const DIRECTORY: StreamProtocol = StreamProtocol::new("/sigillo/kad/1");
/// What identify says of us; never the version of the program.
pub(crate) const IDENTIFY: &str = "/sigillo/1";

const ENVELOPE: StreamProtocol = StreamProtocol::new("/sigillo/envelope/1");
const ASK: StreamProtocol = StreamProtocol::new("/sigillo/ask/1");
const MAIL: StreamProtocol = StreamProtocol::new("/sigillo/mail/1");
const FILE: StreamProtocol = StreamProtocol::new("/sigillo/file/1");

/// What a stream of ours is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Purpose {
    /// Frames one way, and how they fared the other way, for as long as the two sides like.
    Envelope,
    /// One request and one answer.
    Ask,
    /// Requests to a mailbox, and its words.
    Mail,
    /// The chunks of one file.
    File,
}

impl Purpose {
    /// Every purpose.
    pub(crate) const ALL: [Self; 4] = [Self::Envelope, Self::Ask, Self::Mail, Self::File];

    /// The protocol's name.
    pub(crate) const fn protocol(self) -> StreamProtocol {
        match self {
            Self::Envelope => ENVELOPE,
            Self::Ask => ASK,
            Self::Mail => MAIL,
            Self::File => FILE,
        }
    }
}
