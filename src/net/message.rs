//! What the node tells the network, and what the network tells the node.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::traffic::Totals;
use crate::wire::channel::{ChannelEvent, ChannelOrder};
use crate::wire::file::FileRequest;
use crate::wire::origin::Prefix;
use crate::wire::peer::{LinkId, PeerAddress, PeerKey};

/// Something for the network to do. Nothing here fails aloud: what can't be done is answered by an event, or,
/// for a link, request or record that is gone, ignored.
#[derive(Debug)]
pub enum Command {
    /// Open an envelope stream to a peer, or name the one that is open: [`Event::LinkUp`] or
    /// [`Event::Unreachable`].
    Connect {
        /// Whom to connect to, and where.
        peer: PeerAddress,
    },
    /// Send frames on a link that we opened. The nth frame ever given to a link has the number n, from 0.
    ///
    /// Each has 1 to `FRAME_MAX` bytes, and at most `FLIGHT_WINDOW` frames of a link are given and not taken:
    /// whatever breaks either is not sent and closes the link.
    Send {
        /// Which link.
        link: LinkId,
        /// What to send, in order.
        frames: Vec<Vec<u8>>,
    },
    /// Every frame of an inbound link with a number below `upto` is durable here, or was refused.
    ///
    /// A sender stops after `FLIGHT_WINDOW` frames that aren't taken, so refused ones must be taken too.
    Take {
        /// Which link.
        link: LinkId,
        /// One more than the last number taken.
        upto: u64,
    },
    /// A frame of an inbound link is of no use here. To be said before a [`Command::Take`] that covers it.
    Refuse {
        /// Which link.
        link: LinkId,
        /// The frame's number.
        number: u64,
    },
    /// Close a link of either direction.
    Close {
        /// Which link.
        link: LinkId,
    },
    /// Ask the nodes closest to a key to keep a record: [`Event::PutDone`]. Nothing is kept here.
    PutRecord {
        /// The caller's name for this query.
        query: u64,
        /// Where in the directory.
        key: [u8; 32],
        /// What to keep.
        value: Vec<u8>,
        /// For how long.
        expires_in: Duration,
    },
    /// Look a key up, at the nodes closest to it and in our own store: [`Event::GotRecords`].
    GetRecord {
        /// The caller's name for this query.
        query: u64,
        /// Where in the directory.
        key: [u8; 32],
    },
    /// Find the nodes closest to a key: [`Event::Closest`].
    ClosestPeers {
        /// The caller's name for this query.
        query: u64,
        /// Where in the directory.
        key: [u8; 32],
    },
    /// Keep a record for others to find here, in the place of an older one under the same key. When there is no
    /// room, the record furthest from us in the directory goes, which may be this one.
    Keep {
        /// Where in the directory.
        key: [u8; 32],
        /// What to keep.
        value: Vec<u8>,
        /// For how long.
        expires_in: Duration,
    },
    /// Keep the record under this key no longer.
    Forget {
        /// Where in the directory.
        key: [u8; 32],
    },
    /// Keep a place with our relay for a peer, for so long, where places are for those who pay.
    KeepPlace {
        /// For whom.
        peer: PeerKey,
        /// For how long.
        life: Duration,
    },
    /// Ask a peer something: [`Event::Answered`].
    Ask {
        /// The caller's name for this request.
        query: u64,
        /// Whom to ask.
        peer: PeerAddress,
        /// The request, at most `ASK_MAX` bytes.
        body: Vec<u8>,
    },
    /// Answer what a peer asked.
    Answer {
        /// The number that [`Event::Asked`] gave.
        ask: u64,
        /// The answer, at most `ASK_MAX` bytes; a longer one closes the request unanswered.
        body: Vec<u8>,
    },
    /// Open a channel to a mailbox, write on one, or close it: [`Event::Channel`].
    Channel(ChannelOrder),
    /// Fetch a file from a peer, from some chunk on.
    FetchFile {
        /// Who has it.
        peer: PeerAddress,
        /// Which file, and from which chunk on.
        request: FileRequest,
        /// Where its sealed chunks go, in order; hostile until they are opened. When nobody listens there any more, the
        /// stream is closed.
        chunks: mpsc::Sender<Vec<u8>>,
        /// Where to say how it ended; said once `chunks` is closed, or not at all where the connection was lost.
        ended: oneshot::Sender<FetchEnd>,
    },
    /// Give a peer the chunks that it asked for.
    GiveFile {
        /// The number that [`Event::FileAsked`] gave.
        ask: u64,
        /// The sealed chunks, in order; the end of the channel ends the stream.
        chunks: mpsc::Receiver<Vec<u8>>,
    },
    /// Don't give a peer the file that it asked for.
    RefuseFile {
        /// The number that [`Event::FileAsked`] gave.
        ask: u64,
    },
    /// Say how the network does.
    Status {
        /// Where to say it.
        reply: oneshot::Sender<Status>,
    },
    /// Close every link and connection, and end.
    Shutdown,
}

/// Something that happened on the network.
#[derive(Debug)]
pub enum Event {
    /// The addresses at which others may reach us, best first: the whole list, each time it changes.
    /// Loopback addresses are in it only when there are no others.
    Listening {
        /// Textual multiaddresses without a peer id, at most `ADDRESSES_MAX`.
        addresses: Vec<String>,
    },
    /// The first connection to a peer is up.
    PeerConnected {
        /// The peer.
        peer: PeerKey,
    },
    /// The last connection to a peer is gone.
    PeerGone {
        /// The peer.
        peer: PeerKey,
    },
    /// A link that we opened is ready for frames.
    LinkUp {
        /// The link.
        link: LinkId,
        /// Where it leads.
        peer: PeerKey,
    },
    /// A link that we opened is gone; what wasn't taken on it must be sent again on another.
    LinkDown {
        /// The link.
        link: LinkId,
        /// Where it led.
        peer: PeerKey,
    },
    /// No link to this peer could be opened.
    Unreachable {
        /// The peer.
        peer: PeerKey,
    },
    /// Frames from a peer on a link that it opened, in order and without gaps. There is no event when such a
    /// link ends: a new one begins at 0 again under another id.
    Frames {
        /// The link.
        link: LinkId,
        /// Who sent them.
        peer: PeerKey,
        /// The number of the first.
        first: u64,
        /// The frames, 1 to `BATCH_FRAMES_MAX`, each of 1 to `FRAME_MAX` bytes.
        frames: Vec<Vec<u8>>,
    },
    /// The peer has every frame of a link with a number below `upto`.
    Taken {
        /// The link.
        link: LinkId,
        /// One more than the last number taken.
        upto: u64,
    },
    /// The peer has no use for a frame.
    Refused {
        /// The link.
        link: LinkId,
        /// The frame's number.
        number: u64,
    },
    /// A peer asks us to keep a record. It is not kept unless [`Command::Keep`] says so; the peer is told "ok"
    /// either way, as Kademlia has it.
    RecordOffered {
        /// Where in the directory.
        key: [u8; 32],
        /// What to keep.
        value: Vec<u8>,
        /// Who asks.
        from: PeerKey,
    },
    /// A record has been offered to the nodes closest to its key.
    PutDone {
        /// The caller's name for the query.
        query: u64,
        /// How many nodes were asked to keep it; 0 if none is known.
        peers_asked: u32,
        /// How many said "ok", which doesn't prove that they kept it: read back.
        stored: u32,
    },
    /// A look-up is over.
    GotRecords {
        /// The caller's name for the query.
        query: u64,
        /// Every distinct value seen, at most `VALUES_MAX`: hostile until verified.
        values: Vec<Vec<u8>>,
        /// How many nodes answered.
        peers_asked: u32,
    },
    /// A search for the nodes closest to a key is over.
    Closest {
        /// The caller's name for the query.
        query: u64,
        /// The nodes that answered, closest first, with the addresses that others gave for them.
        peers: Vec<PeerAddress>,
    },
    /// A peer asks something, and waits at most `ASK_PATIENCE` for [`Command::Answer`].
    Asked {
        /// The network's number for the request.
        ask: u64,
        /// Who asks.
        peer: PeerKey,
        /// From which network, where it has one.
        from: Option<Prefix>,
        /// The request.
        body: Vec<u8>,
    },
    /// What became of a request of ours.
    Answered {
        /// The caller's name for the request.
        query: u64,
        /// The answer, or `None` when there is none: too long, unreachable, refused or late.
        body: Option<Vec<u8>>,
    },
    /// Something happened on a channel to or from a mailbox.
    Channel(ChannelEvent),
    /// A peer asks for a file, and waits at most `GRANT_PATIENCE` for [`Command::GiveFile`] or [`Command::RefuseFile`].
    FileAsked {
        /// The network's number for the request.
        ask: u64,
        /// Who asks.
        peer: PeerKey,
        /// From which network, where it has one.
        from: Option<Prefix>,
        /// The request.
        request: FileRequest,
    },
    /// The routing table has been filled or refreshed.
    Bootstrapped {
        /// How many peers are in it now.
        peers: usize,
    },
}

/// How the fetching of a file from one peer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FetchEnd {
    /// The peer couldn't be reached.
    Unreachable,
    /// It doesn't give the file.
    Refused,
    /// It said nothing, or nonsense.
    Broken,
    /// It gave chunks; whether all of them, their number shows.
    Over,
}

/// How the network does at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// Peers with a connection.
    pub peers: usize,
    /// Connections that others opened.
    pub connections_in: usize,
    /// Connections that we opened.
    pub connections_out: usize,
    /// Links that others opened.
    pub links_in: usize,
    /// Links that we opened.
    pub links_out: usize,
    /// Peers in the routing table.
    pub routing: usize,
    /// Records kept for others to find.
    pub records: usize,
    /// Directory queries that run or wait.
    pub queries: usize,
    /// Whether we serve the directory.
    pub server: bool,
    /// What went over links, since the start.
    pub traffic: Totals,
    /// Peers that broke the protocol and were cut off, since the start.
    pub cut_off: u64,
    /// The addresses of [`Event::Listening`].
    pub listening: Vec<String>,
    /// Whom we are connected to and how, and who is gone.
    pub paths: Vec<PeerStatus>,
    /// Whether others can reach us.
    pub outside: Outside,
}

/// How one peer is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerStatus {
    /// The peer.
    pub peer: PeerKey,
    /// Its connections, direct ones first; none where it is gone.
    pub ways: Vec<Way>,
    /// For how long it has been connected, or gone; nothing where it never was, since we started.
    pub since: Option<Duration>,
    /// Why the last attempt to connect failed; empty where there was none, or it is connected.
    pub reason: String,
}

impl PeerStatus {
    pub(crate) const fn new(peer: PeerKey) -> Self {
        Self { peer, ways: Vec::new(), since: None, reason: String::new() }
    }
}

/// What one connection goes over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// Nobody between.
    Direct {
        /// QUIC rather than TCP.
        quic: bool,
        /// The other end's address.
        address: String,
    },
    /// A circuit.
    Relayed {
        /// The relay's peer id, in base58.
        relay: String,
    },
}

impl Way {
    /// The relay between, in base58.
    pub fn relay(&self) -> Option<&str> {
        match self {
            Self::Direct { .. } => None,
            Self::Relayed { relay } => Some(relay),
        }
    }

    /// Whether it is QUIC without a relay.
    pub const fn is_quic(&self) -> bool {
        matches!(self, Self::Direct { quic: true, .. })
    }

    /// The other end's address; nothing through a relay.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Direct { address, .. } => Some(address),
            Self::Relayed { .. } => None,
        }
    }
}

/// What is known of how others can reach us.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outside {
    /// Whether anybody can dial us without a relay, as far as is known.
    pub public: bool,
    /// Whether a NAT stands between.
    pub nat: Nat,
    /// Addresses at which somebody dialled us to see whether it works.
    pub confirmed: Vec<String>,
    /// Addresses at which that failed last.
    pub refuted: Vec<String>,
    /// What the router does for us.
    pub router: Router,
    /// Addresses that it forwards.
    pub mapped: Vec<String>,
    /// The relays that we know.
    pub relays: Vec<RelayStatus>,
    /// Whether we relay for others.
    pub relaying: bool,
    /// Circuits that were replaced by a direct connection, since the start.
    pub punched: u64,
    /// Circuits for which that failed.
    pub unpunched: u64,
    /// How many nodes we were told to begin with.
    pub seeds: usize,
    /// How often the machine slept or its clock was set, since the start.
    pub wakes: u64,
}

/// Whether a NAT stands between us and others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Nat {
    /// Nobody outside has said how it sees us.
    #[default]
    Unknown,
    /// Others see an address of this machine.
    Absent,
    /// They see another.
    Present,
    /// Several see the same, so that holes can be punched.
    Steady,
    /// Each sees another, so that they can't.
    Changing,
}

impl Nat {
    /// Whether no hole can be punched through it.
    pub const fn defeats_punching(self) -> bool {
        matches!(self, Self::Changing)
    }

    /// In words for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unknown => "nobody outside has said yet how it sees this node",
            Self::Absent => "others see an address of this machine: there is no NAT",
            Self::Present => "this node is behind a NAT",
            Self::Steady => "this node is behind a NAT that holes can be punched through",
            Self::Changing => "this node is behind a NAT that holes can't be punched through",
        }
    }
}

/// What the router says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Router {
    /// It wasn't asked.
    #[default]
    Unasked,
    /// It is being looked for, or hasn't answered yet.
    Searching,
    /// None speaks UPnP.
    Silent,
    /// It does, but has no public address itself.
    Inner,
    /// It forwards addresses to us.
    Forwards,
}

impl Router {
    /// In words for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unasked => "it wasn't asked to forward ports",
            Self::Searching => "no answer about forwarding ports yet",
            Self::Silent => "none forwards ports when asked (UPnP)",
            Self::Inner => "it would forward ports, but has no public address itself",
            Self::Forwards => "it forwards ports to this node",
        }
    }
}

/// How it stands with a relay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelayStatus {
    /// Its key.
    pub peer: PeerKey,
    /// The same in base58.
    pub name: String,
    /// Where it is; empty where that isn't known.
    pub address: String,
    /// Whether it keeps a reservation for us.
    pub state: RelayState,
    /// Since when it does, or was asked.
    pub since: Option<Duration>,
    /// What went wrong the last time.
    pub trouble: Option<String>,
}

/// Whether a relay keeps a reservation for us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelayState {
    /// It isn't needed.
    Unused,
    /// It is being asked.
    Asked,
    /// It does.
    Reserved,
    /// It failed, and is tried again later.
    Resting,
}

impl RelayState {
    /// Whether it keeps a reservation for us.
    pub const fn is_reserved(self) -> bool {
        matches!(self, Self::Reserved)
    }

    /// In words for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unused => "isn't needed",
            Self::Asked => "is being asked",
            Self::Reserved => "keeps a place",
            Self::Resting => "doesn't work now",
        }
    }
}
