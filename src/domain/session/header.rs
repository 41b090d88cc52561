//! Frames: the layout of their bytes, and the encrypted header that hides the counters.

use crate::base::id::SessionId;
use crate::base::limits;
use crate::crypto::aead::{self, XNONCE_LEN};
use crate::crypto::secret::Secret;
use crate::crypto::x25519;
use crate::domain::session::padding;
use crate::domain::session::quantum::Slot;
use crate::domain::session::whole_key::{PAYLOAD_LEN, Payload};
use crate::wire::flight::{KIND_FRAME, VERSION};

/// Bytes before the header's nonce: version, kind, length of the encrypted header.
const CLEAR_LEN: usize = 4;
const HEADER_AT: usize = CLEAR_LEN + XNONCE_LEN;
/// Bytes of a header whose slot has no payload; then of the two kinds of encrypted headers.
const HEADER_LEN: usize = x25519::PUBLIC_LEN + 5 * 4 + 1;
const SHORT_LEN: usize = HEADER_LEN + aead::TAG_LEN;
const LONG_LEN: usize = SHORT_LEN + PAYLOAD_LEN;

/// What the slot for the post-quantum ratchet holds.
const SLOT_EMPTY: u8 = 0;
const SLOT_OFFER: u8 = 1;
const SLOT_ANSWER: u8 = 2;
const SLOT_RECEIVED: u8 = 3;

/// Bytes that a frame without a payload in its slot has beside its padded content.
pub(super) const OVERHEAD: usize = HEADER_AT + SHORT_LEN + aead::TAG_LEN;

const _: () = {
    let largest = limits::PADDING_BUCKETS[limits::PADDING_BUCKETS.len() - 1];
    let around = crate::base::id::RouteId::LEN + OVERHEAD + PAYLOAD_LEN;
    assert!(around <= limits::FRAME_OVERHEAD_MAX, "the bound of what is around a content holds");
    assert!(largest + around <= limits::FRAME_MAX, "a frame fits the wire");
    assert!(LONG_LEN <= u16::MAX as usize, "a length fits its two bytes");
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
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// The epoch that the chain began in.
    pub(super) epoch: u32,
    /// What is said about the epoch after that one.
    pub(super) slot: Slot<Payload>,
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let (kind, payload) = match &self.slot {
            Slot::Empty => (SLOT_EMPTY, None),
            Slot::Offer(payload) => (SLOT_OFFER, Some(payload)),
            Slot::Answer(payload) => (SLOT_ANSWER, Some(payload)),
            Slot::Received => (SLOT_RECEIVED, None),
        };
        let mut bytes = Vec::with_capacity(if payload.is_some() { LONG_LEN } else { SHORT_LEN });
        bytes.extend_from_slice(&self.key);
        for counter in [self.previous, self.number, self.sequence, self.echo, self.epoch] {
            bytes.extend_from_slice(&counter.to_be_bytes());
        }
        bytes.push(kind);
        payload.into_iter().for_each(|payload| bytes.extend_from_slice(payload.as_bytes()));
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (fixed, payload) = bytes.split_at_checked(HEADER_LEN)?;
        let (key, rest) = fixed.split_first_chunk::<{ x25519::PUBLIC_LEN }>()?;
        let (counters, kind) = rest.as_chunks::<4>();
        let [previous, number, sequence, echo, epoch] = *counters else { return None };
        let slot = match (kind, payload) {
            ([SLOT_EMPTY], []) => Slot::Empty,
            ([SLOT_OFFER], payload) => Slot::Offer(Payload::from_slice(payload)?),
            ([SLOT_ANSWER], payload) => Slot::Answer(Payload::from_slice(payload)?),
            ([SLOT_RECEIVED], []) => Slot::Received,
            _ => return None,
        };
        let number_of = u32::from_be_bytes;
        Some(Self {
            key: *key,
            previous: number_of(previous),
            number: number_of(number),
            sequence: number_of(sequence),
            echo: number_of(echo),
            epoch: number_of(epoch),
            slot,
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
        let mut header = self.encode();
        let clear = clear(header.len() + aead::TAG_LEN);
        aead::seal_random(key, nonce, &associated(session, direction, &clear), &mut header)?;
        let mut front =
            Vec::with_capacity(limits::PADDING_BUCKETS[0] + HEADER_AT + header.len() + aead::TAG_LEN);
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
        let start = bytes.first_chunk::<CLEAR_LEN>()?;
        let sealed = [SHORT_LEN, LONG_LEN].into_iter().find(|length| *start == clear(*length))?;
        let (front, body) = bytes.split_at_checked(HEADER_AT + sealed)?;
        let nonce = front[CLEAR_LEN..].first_chunk()?;
        let content = body.len().checked_sub(aead::TAG_LEN)?;
        padding::is_bucket(content).then_some(Self { nonce, front, body })
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

/// The beginning of a frame whose encrypted header has `sealed` bytes, one of the two lengths that there are.
fn clear(sealed: usize) -> [u8; CLEAR_LEN] {
    let [high, low] = (sealed as u16).to_be_bytes();
    [VERSION, KIND_FRAME, high, low]
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

    fn header(slot: Slot<Payload>) -> Header {
        Header { key: [1; 32], previous: 2, number: 3, sequence: 4, echo: 5, epoch: 6, slot }
    }

    fn slots() -> [Slot<Payload>; 4] {
        let payload = Payload::from_slice(&[7; PAYLOAD_LEN]).unwrap();
        [Slot::Empty, Slot::Offer(payload.clone()), Slot::Answer(payload), Slot::Received]
    }

    #[test]
    fn a_header_opens_with_its_key_session_and_direction_only() {
        let key = Secret::new([9; 32]);
        for header in slots().map(header) {
            let mut bytes = header.seal(&key, &[8; 24], &SESSION, Direction::FromInitiator).unwrap();
            bytes.resize(bytes.len() + 512 + aead::TAG_LEN, 0);
            let frame = Frame::parse(&bytes).unwrap();
            assert_eq!(frame.header(&key, &SESSION, Direction::FromInitiator), Some(header));
            assert_eq!(frame.header(&key, &SESSION, Direction::FromResponder), None);
            assert_eq!(frame.header(&key, &SessionId::new([0; 32]), Direction::FromInitiator), None);
            assert_eq!(frame.header(&Secret::new([0; 32]), &SESSION, Direction::FromInitiator), None);
        }
    }

    #[test]
    fn frames_have_two_lengths_and_show_nothing_else_of_their_slot() {
        let key = Secret::new([9; 32]);
        let front = |slot| header(slot).seal(&key, &[8; 24], &SESSION, Direction::FromInitiator).unwrap();
        let [empty, offer, answer, received] = slots().map(front);
        assert_eq!((empty.len(), received.len()), (97, 97));
        assert_eq!((offer.len(), answer.len()), (97 + 1_216, 97 + 1_216));
        assert_eq!((&empty[..4], &offer[..4]), (&[1, 1, 0, 0x45][..], &[1, 1, 5, 5][..]));
        assert_eq!((&received[..4], &answer[..4]), (&empty[..4], &offer[..4]));
    }

    #[test]
    fn a_slot_of_an_unknown_kind_or_of_another_kinds_length_is_refused() {
        for header in slots().map(header) {
            let bytes = header.encode();
            assert_eq!(Header::decode(&bytes), Some(header));
            for kind in 0..=255 {
                let mut other = bytes.clone();
                other[HEADER_LEN - 1] = kind;
                let long = bytes.len() > HEADER_LEN;
                let fits = if long { [SLOT_OFFER, SLOT_ANSWER] } else { [SLOT_EMPTY, SLOT_RECEIVED] };
                assert_eq!(Header::decode(&other).is_some(), fits.contains(&kind), "{kind}");
            }
            for length in 0..bytes.len() {
                assert_eq!(Header::decode(&bytes[..length]), None, "{length}");
            }
            assert_eq!(Header::decode(&[&bytes[..], &[0]].concat()), None);
        }
    }

    #[test]
    fn a_frame_that_says_another_length_is_refused() {
        let key = Secret::new([9; 32]);
        for header in slots().map(header) {
            let mut bytes = header.seal(&key, &[8; 24], &SESSION, Direction::FromInitiator).unwrap();
            bytes.resize(bytes.len() + 2_048 + aead::TAG_LEN, 0);
            let length = u16::from_be_bytes([bytes[2], bytes[3]]);
            for other in 0..=u16::MAX {
                bytes[2..4].copy_from_slice(&other.to_be_bytes());
                assert_eq!(Frame::parse(&bytes).is_some(), other == length, "{other}");
            }
        }
    }
}
