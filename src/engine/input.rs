//! What happens to the node.

use crate::engine::command::Command;
use crate::engine::file_order::FileEvent;
use crate::wire::channel::ChannelEvent;
use crate::wire::origin::Prefix;
use crate::wire::peer::{LinkId, PeerAddress, PeerKey};

/// Names a command's answer.
pub type Ticket = u64;
/// Names the answer to a question.
pub type QueryId = u64;

/// One thing that happened. Whatever comes from the network is hostile and not parsed yet.
#[derive(Clone, Debug)]
pub enum Input {
    /// The node has started.
    Started {
        /// Its libp2p peer id, if it has a network at all.
        peer: Option<PeerKey>,
    },
    /// Time has passed; see what is due.
    Tick,
    /// Somebody asks for something.
    Command {
        /// Names the answer.
        ticket: Ticket,
        /// What.
        command: Command,
    },
    /// The addresses under which this node can be reached, whole.
    Listening(Vec<String>),
    /// The routing table has so many peers now.
    Bootstrapped(usize),
    /// A first connection with a peer is up.
    PeerConnected(PeerKey),
    /// The last connection with a peer is down.
    PeerGone(PeerKey),
    /// An outgoing link is up.
    LinkUp {
        /// The link.
        link: LinkId,
        /// To whom.
        peer: PeerKey,
    },
    /// An outgoing link is down.
    LinkDown {
        /// The link.
        link: LinkId,
    },
    /// No link to the peer can be had now.
    Unreachable(PeerKey),
    /// Frames came in.
    Frames {
        /// On which link.
        link: LinkId,
        /// From whom.
        peer: PeerKey,
        /// The number of the first.
        first: u64,
        /// The frames.
        frames: Vec<Vec<u8>>,
    },
    /// The other side took all our frames with a number below `upto`.
    Taken {
        /// The link.
        link: LinkId,
        /// The first number that isn't taken.
        upto: u64,
    },
    /// The other side can't use one of our frames.
    Refused {
        /// The link.
        link: LinkId,
        /// The frame's number.
        number: u64,
    },
    /// A peer asks us to keep a record.
    RecordOffered {
        /// Under which key.
        key: Vec<u8>,
        /// The record.
        value: Vec<u8>,
    },
    /// A record was stored, or not.
    PutDone {
        /// Which question.
        query: QueryId,
        /// Peers that were asked.
        peers_asked: u32,
    },
    /// Records were read.
    GotRecords {
        /// Which question.
        query: QueryId,
        /// All different values.
        values: Vec<Vec<u8>>,
        /// Peers that were asked.
        peers_asked: u32,
    },
    /// The peers closest to a key.
    Closest {
        /// Which question.
        query: QueryId,
        /// The peers.
        peers: Vec<PeerAddress>,
    },
    /// A peer asks something.
    Asked {
        /// Names the question.
        ask: u64,
        /// Who asks.
        peer: PeerKey,
        /// From which network, where that is known.
        from: Option<Prefix>,
        /// The question.
        body: Vec<u8>,
    },
    /// A peer's answer, or none.
    Answered {
        /// Which question.
        query: QueryId,
        /// The answer.
        body: Option<Vec<u8>>,
    },
    /// A puzzle is solved.
    Worked {
        /// Which question.
        query: QueryId,
        /// The number that was searched for.
        work: u64,
    },
    /// Something happened on a channel to or from a mailbox.
    Channel(ChannelEvent),
    /// Something happened to the bytes of a file.
    File(FileEvent),
}
