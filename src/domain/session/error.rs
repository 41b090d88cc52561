//! Why a session couldn't be made or used; for the node's own eyes, never for the other side.

/// Why a bundle, a handshake or a seal didn't work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SessionError {
    /// The device doesn't speak for the account, or not for messages.
    #[error("this device doesn't speak for this account")]
    NotOurs,
    /// The bytes of a bundle or prekey don't parse, or their suite is unknown.
    #[error("the prekeys are malformed")]
    Malformed,
    /// The bundle's account log, device or signature doesn't hold.
    #[error("the prekeys aren't those of the account")]
    Untrusted,
    /// The bundle or prekey is too old.
    #[error("the prekeys have expired")]
    Expired,
    /// The bundle or prekey says that it was made in the future.
    #[error("the prekeys come from the future: compare the clocks")]
    Future,
    /// A session with oneself.
    #[error("a device has no session with itself")]
    Oneself,
    /// The content, or the account log beside it, doesn't fit.
    #[error("the content is too long")]
    TooLong,
    /// The session has sealed as many messages as it can.
    #[error("the session is used up")]
    UsedUp,
    /// A cryptographic check failed. Deliberately without detail.
    #[error("refused")]
    Refused,
}

impl SessionError {
    /// Whether only the clock speaks against it: a mailbox kept it for too long, or the clocks differ. Nobody cheats by that.
    pub const fn is_of_time(self) -> bool {
        matches!(self, Self::Expired | Self::Future)
    }
}

impl From<crate::crypto::CryptoError> for SessionError {
    fn from(_: crate::crypto::CryptoError) -> Self {
        Self::Refused
    }
}
