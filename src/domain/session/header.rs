//! Frames: the layout of their bytes, and the encrypted header that hides the counters.

use crate::base::id::SessionId;
use crate::base::limits;
use crate::crypto::aead::{self, XNONCE_LEN};
use crate::crypto::secret::Secret;
use crate::crypto::x25519;
use crate::domain::session::padding;
use crate::wire::flight::{KIND_FRAME, VERSION};

/// Bytes before the header's nonce: version, kind, length of the encrypted header.
const CLEAR_LEN: usize = 4;
const HEADER_AT: usize = CLEAR_LEN + XNONCE_LEN;
/// Bytes of a header that carries nothing in its slot.
const HEADER_LEN: usize = x25519::PUBLIC_LEN + 5 * 4 + 1;
const SEALED_HEADER_LEN: usize = HEADER_LEN + aead::TAG_LEN;
/// Where the body begins.
const BODY_AT: usize = HEADER_AT + SEALED_HEADER_LEN;
/// The slot for keys of the post-quantum ratchet is empty.
const SLOT_EMPTY: u8 = 0;

/// Bytes that a frame has beside its padded content.
pub(super) const OVERHEAD: usize = BODY_AT + aead::TAG_LEN;

const _: () = {
    let largest = limits::PADDING_BUCKETS[limits::PADDING_BUCKETS.len() - 1];
    assert!(crate::base::id::RouteId::LEN + largest + OVERHEAD <= limits::FRAME_MAX, "a frame fits the wire");
    assert!(SEALED_HEADER_LEN < 256, "the length's second byte is enough");
};

/// Who sends, of the two sides of a session. Bound into header and body, so that nothing can be reflected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Direction {
    /// From the side that opened the session.
    FromInitiator = 0,
    /// From the side that was written to.
    FromResponder = 1,
}

impl Direction {
    /// The byte that stands for it.
    pub(super) const fn byte(self) -> u8 {
        self as u8
    }
}

/// What the encrypted header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    /// The sender's ratchet key.
    pub(super) key: [u8; x25519::PUBLIC_LEN],
    /// How many messages the sender's chain before this one had.
    pub(super) previous: u32,
    /// The message's number in its chain, from 0.
    pub(super) number: u32,
    /// How many messages the sender has sealed in this session, this one included.
    pub(super) sequence: u32,
    /// The highest sequence that the sender has opened from us.
    pub(super) echo: u32,
    /// The KEM epoch of the chain.
    pub(super) epoch: u32,
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEALED_HEADER_LEN);
        bytes.extend_from_slice(&self.key);
        for counter in [self.previous, self.number, self.sequence, self.echo, self.epoch] {
            bytes.extend_from_slice(&counter.to_be_bytes());
        }
        bytes.push(SLOT_EMPTY);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk::<{ x25519::PUBLIC_LEN }>()?;
        let (counters, slot) = rest.as_chunks::<4>();
        let [previous, number, sequence, echo, epoch] = *counters else { return None };
        let number_of = u32::from_be_bytes;
        (slot == [SLOT_EMPTY]).then(|| Self {
            key: *key,
            previous: number_of(previous),
            number: number_of(number),
            sequence: number_of(sequence),
            echo: number_of(echo),
            epoch: number_of(epoch),
        })
    }

    /// Writes the front of a frame: everything before the body.
    pub(super) fn seal(
        &self,
        key: &Secret<32>,
        nonce: &[u8; XNONCE_LEN],
        session: &SessionId,
        direction: Direction,
    ) -> Result<Vec<u8>, crate::crypto::CryptoError> {
        let clear = clear();
        let mut header = self.encode();
        aead::seal_random(key, nonce, &associated(session, direction, &clear), &mut header)?;
        let mut front = Vec::with_capacity(limits::PADDING_BUCKETS[0] + OVERHEAD);
        front.extend_from_slice(&clear);
        front.extend_from_slice(nonce);
        front.extend_from_slice(&header);
        Ok(front)
    }
}

/// A frame whose outer form is right; nothing in it is verified.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    /// The header's nonce.
    pub(super) nonce: &'a [u8; XNONCE_LEN],
    /// Everything before the body.
    pub(super) front: &'a [u8],
    /// The body with its tag.
    pub(super) body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Checks version, kind and every length.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (front, body) = bytes.split_at_checked(BODY_AT)?;
        let nonce = front[CLEAR_LEN..].first_chunk()?;
        let content = body.len().checked_sub(aead::TAG_LEN)?;
        (front[..CLEAR_LEN] == clear() && padding::is_bucket(content)).then_some(Self { nonce, front, body })
    }

    /// The header, if it was sealed under this key.
    pub(super) fn header(
        &self,
        key: &Secret<32>,
        session: &SessionId,
        direction: Direction,
    ) -> Option<Header> {
        let mut header = self.front[HEADER_AT..].to_vec();
        let associated = associated(session, direction, &self.front[..CLEAR_LEN]);
        aead::open_random(key, self.nonce, &associated, &mut header).ok()?;
        Header::decode(&header)
    }
}

fn clear() -> [u8; CLEAR_LEN] {
    [VERSION, KIND_FRAME, 0, SEALED_HEADER_LEN as u8]
}

fn associated(
    session: &SessionId,
    direction: Direction,
    clear: &[u8],
) -> [u8; SessionId::LEN + 1 + CLEAR_LEN] {
    let mut bytes = [0; SessionId::LEN + 1 + CLEAR_LEN];
    bytes[..SessionId::LEN].copy_from_slice(session.as_bytes());
    bytes[SessionId::LEN] = direction.byte();
    bytes[SessionId::LEN + 1..].copy_from_slice(clear);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId::new([7; 32]);

    fn header() -> Header {
        Header { key: [1; 32], previous: 2, number: 3, sequence: 4, echo: 5, epoch: 6 }
    }

    #[test]
    fn a_header_opens_with_its_key_session_and_direction_only() {
        let key = Secret::new([9; 32]);
        let mut bytes = header().seal(&key, &[8; 24], &SESSION, Direction::FromInitiator).unwrap();
        bytes.resize(BODY_AT + 512 + aead::TAG_LEN, 0);
        let frame = Frame::parse(&bytes).unwrap();
        assert_eq!(frame.header(&key, &SESSION, Direction::FromInitiator), Some(header()));
        assert_eq!(frame.header(&key, &SESSION, Direction::FromResponder), None);
        assert_eq!(frame.header(&key, &SessionId::new([0; 32]), Direction::FromInitiator), None);
        assert_eq!(frame.header(&Secret::new([0; 32]), &SESSION, Direction::FromInitiator), None);
    }

    #[test]
    fn a_slot_that_is_not_empty_is_refused() {
        let mut bytes = header().encode();
        assert_eq!(Header::decode(&bytes), Some(header()));
        *bytes.last_mut().unwrap() = 1;
        assert_eq!(Header::decode(&bytes), None);
        assert_eq!(Header::decode(&bytes[..HEADER_LEN - 1]), None);
    }
}
