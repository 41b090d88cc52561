//! Channels between a mailbox and whoever speaks with it, as the network tells of them and is told.

use crate::wire::origin::Prefix;
use crate::wire::peer::{PeerAddress, PeerKey};

/// One channel, named by the node that speaks of it. Numbers are never used twice while the network runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChannelId(u64);

impl ChannelId {
    /// The channel with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Something for the network to do.
#[derive(Clone, Debug)]
pub enum ChannelOrder {
    /// Open a channel to a mailbox: [`ChannelEvent::Up`] or [`ChannelEvent::Unreachable`].
    Open(PeerAddress),
    /// Write a message of at most [`crate::base::mail_limits::MAIL_MESSAGE_MAX`] bytes on a channel.
    Say {
        /// Which channel.
        channel: ChannelId,
        /// The message.
        message: Vec<u8>,
    },
    /// Close a channel.
    Close(ChannelId),
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum ChannelEvent {
    /// A channel is up.
    Up {
        /// The channel.
        channel: ChannelId,
        /// Who is at its other end.
        peer: PeerKey,
        /// From which network, where that is known.
        from: Option<Prefix>,
        /// Whether we opened it; otherwise the other side did, and we are its mailbox.
        ours: bool,
    },
    /// No channel to this mailbox could be opened.
    Unreachable(PeerKey),
    /// A message came. Hostile, and not parsed yet.
    Heard {
        /// On which channel.
        channel: ChannelId,
        /// The message.
        message: Vec<u8>,
    },
    /// A channel is down.
    Down(ChannelId),
}
