//! First flights: what is readable on the outside, and what their seal holds.

use prost::Message as _;

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::{aead, kem, x25519};
use crate::wire::account::{log_from_schema, log_to_schema};
use crate::wire::decode::{Malformed, array, message, time};
use crate::wire::prekeys::SUITE;
use crate::wire::schema;
use crate::wire::signed::Signed;

/// The version of frames and first flights.
pub const VERSION: u8 = 1;
/// The kind byte of a session's frame.
pub const KIND_FRAME: u8 = 1;
/// The kind byte of a first flight.
pub const KIND_FIRST_FLIGHT: u8 = 2;

const SET_AT: usize = 4;
const EXCHANGE_AT: usize = 8;
const KEM_AT: usize = EXCHANGE_AT + x25519::PUBLIC_LEN;

/// Bytes of the outside: version, kind, suite, set, ephemeral key and ciphertext of the seal.
pub const FRONT_LEN: usize = KEM_AT + kem::CIPHERTEXT_LEN;
/// Bytes that the seal holds, padding included.
pub const INSIDE_LEN: usize = limits::FIRST_FLIGHT_LEN - FRONT_LEN - aead::TAG_LEN;

/// A first flight from the outside.
#[derive(Clone, Copy, Debug)]
pub struct SealedFlight<'a> {
    /// The prekey set that it is sealed to.
    pub set: u32,
    /// The seal's ephemeral X25519 key.
    pub exchange: &'a [u8; x25519::PUBLIC_LEN],
    /// The seal's ML-KEM-768 ciphertext.
    pub ciphertext: &'a [u8],
    /// Everything before the sealed part.
    pub front: &'a [u8],
    /// The sealed part, tag included.
    pub sealed: &'a [u8],
}

impl<'a> SealedFlight<'a> {
    /// Parses a flight of exactly [`limits::FIRST_FLIGHT_LEN`] bytes and the one known suite.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() != limits::FIRST_FLIGHT_LEN {
            return Err(Malformed("another length"));
        }
        let (front, sealed) = bytes.split_at(FRONT_LEN);
        let suite = SUITE.to_be_bytes();
        if front[..SET_AT] != [VERSION, KIND_FIRST_FLIGHT, suite[0], suite[1]] {
            return Err(Malformed("another version, kind or suite"));
        }
        let exchange = front[EXCHANGE_AT..KEM_AT].try_into().map_err(|_| Malformed("another length"))?;
        let set = u32::from_be_bytes(array(&front[SET_AT..EXCHANGE_AT])?);
        Ok(Self { set, exchange, ciphertext: &front[KEM_AT..], front, sealed })
    }

    /// The outside of a flight, [`FRONT_LEN`] bytes for a ciphertext of the right length.
    pub fn front(set: u32, exchange: &[u8; x25519::PUBLIC_LEN], ciphertext: &[u8]) -> Vec<u8> {
        let mut front = Vec::with_capacity(limits::FIRST_FLIGHT_LEN);
        front.extend_from_slice(&[VERSION, KIND_FIRST_FLIGHT]);
        front.extend_from_slice(&SUITE.to_be_bytes());
        front.extend_from_slice(&set.to_be_bytes());
        front.extend_from_slice(exchange);
        front.extend_from_slice(ciphertext);
        front
    }
}

/// What the seal of a first flight holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirstFlight {
    /// The initiator's account log.
    pub log: Vec<Signed>,
    /// The initiator's account.
    pub account: AccountId,
    /// The initiator's device.
    pub device: DeviceId,
    /// The initiator's ephemeral X25519 key (EK).
    pub ephemeral: [u8; x25519::PUBLIC_LEN],
    /// The ML-KEM-768 ciphertext.
    pub ciphertext: Vec<u8>,
    /// The one-time prekey that was used, if any.
    pub one_time: Option<u32>,
    /// The one-time KEM prekey that was used, if any.
    pub one_time_kem: Option<u32>,
    /// From when on the flight is refused.
    pub expires: Time,
    /// The session's first frame.
    pub frame: Vec<u8>,
}

impl FirstFlight {
    /// The inside of the seal: two bytes of length, the message, zeros; `None` where it doesn't fit.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let message = schema::FirstFlight {
            log: log_to_schema(&self.log),
            account: self.account.as_bytes().to_vec(),
            device: self.device.as_bytes().to_vec(),
            ephemeral: self.ephemeral.to_vec(),
            ciphertext: self.ciphertext.clone(),
            one_time: self.one_time,
            one_time_kem: self.one_time_kem,
            expires: self.expires.as_millis(),
            frame: self.frame.clone(),
        };
        let length = message.encoded_len();
        if length > INSIDE_LEN - 2 {
            return None;
        }
        let mut inside = Vec::with_capacity(INSIDE_LEN + aead::TAG_LEN);
        inside.extend_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
        inside.extend_from_slice(&message.encode_to_vec());
        inside.resize(INSIDE_LEN, 0);
        Some(inside)
    }

    /// Parses the inside of the seal; the padding must be zeros.
    pub fn decode(inside: &[u8]) -> Result<Self, Malformed> {
        let (length, rest) = inside.split_first_chunk::<2>().ok_or(Malformed("too short"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (body, padding) = rest.split_at_checked(length).ok_or(Malformed("too short"))?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Malformed("padding that isn't zeros"));
        }
        let flight: schema::FirstFlight = message(body, INSIDE_LEN)?;
        if flight.ciphertext.len() != kem::CIPHERTEXT_LEN {
            return Err(Malformed("a field of another length"));
        }
        Ok(Self {
            log: log_from_schema(flight.log)?,
            account: AccountId::new(array(&flight.account)?),
            device: DeviceId::new(array(&flight.device)?),
            ephemeral: array(&flight.ephemeral)?,
            ciphertext: flight.ciphertext,
            one_time: flight.one_time,
            one_time_kem: flight.one_time_kem,
            expires: time(flight.expires),
            frame: flight.frame,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight(frame: usize) -> FirstFlight {
        FirstFlight {
            log: Vec::new(),
            account: AccountId::new([1; 32]),
            device: DeviceId::new([2; 32]),
            ephemeral: [3; 32],
            ciphertext: vec![4; kem::CIPHERTEXT_LEN],
            one_time: Some(0),
            one_time_kem: None,
            expires: Time::from_millis(5),
            frame: vec![6; frame],
        }
    }

    #[test]
    fn the_inside_reads_back_and_fills_the_seal_exactly() {
        let inside = flight(100).encode().unwrap();
        assert_eq!(inside.len(), INSIDE_LEN);
        assert_eq!(FirstFlight::decode(&inside), Ok(flight(100)));
        assert_eq!(flight(INSIDE_LEN).encode(), None);
    }

    #[test]
    fn padding_that_is_not_zeros_is_refused() {
        let mut inside = flight(100).encode().unwrap();
        inside[INSIDE_LEN - 1] = 1;
        assert_eq!(FirstFlight::decode(&inside), Err(Malformed("padding that isn't zeros")));
        assert!(FirstFlight::decode(&[0xFF; INSIDE_LEN]).is_err());
        assert!(FirstFlight::decode(&[]).is_err());
    }

    #[test]
    fn another_length_version_kind_or_suite_is_refused() {
        let mut bytes = SealedFlight::front(9, &[1; 32], &[2; kem::CIPHERTEXT_LEN]);
        assert_eq!(bytes.len(), FRONT_LEN);
        bytes.resize(limits::FIRST_FLIGHT_LEN, 0);
        assert_eq!(SealedFlight::parse(&bytes).unwrap().set, 9);
        assert!(SealedFlight::parse(&bytes[1..]).is_err());
        for position in 0..4 {
            let mut other = bytes.clone();
            other[position] ^= 2;
            assert!(SealedFlight::parse(&other).is_err(), "byte {position}");
        }
    }
}
