//! Kademlia's messages, as far as they are counted: what is asked about which key, and whom an answer names.
//!
//! The messages themselves are libp2p's (specs/kad-dht, "RPC messages"); nothing is decided on what is read here.

use crate::base::limits::{DIRECTORY_PACKET_MAX, PEER_KEY_MAX};
use crate::wire::peer::PeerKey;

/// The most peers of a message that are looked at.
const PEERS_MAX: usize = 64;

/// What a message is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A record is to be kept.
    Put,
    /// A record is asked for.
    Get,
    /// The peers closest to a key are asked for.
    Find,
    /// Anything else.
    Other,
}

/// A request, or the answer to one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// What it is about.
    pub kind: Kind,
    /// The key, where there is one; empty in answers of some implementations.
    pub key: Vec<u8>,
    /// Whether it carries a record.
    pub has_record: bool,
    /// The peers that it names as closer.
    pub closer: Vec<PeerKey>,
}

impl Message {
    /// Reads a message without its length; `None` where it isn't one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > DIRECTORY_PACKET_MAX {
            return None;
        }
        let mut message = Self { kind: Kind::Put, key: Vec::new(), has_record: false, closer: Vec::new() };
        let mut fields = Fields(bytes);
        while !fields.0.is_empty() {
            match fields.next()? {
                (1, Value::Number(kind)) => message.kind = kind_of(kind),
                (2, Value::Bytes(key)) if key.len() <= PEER_KEY_MAX => message.key = key.to_vec(),
                (3, Value::Bytes(_)) => message.has_record = true,
                (8, Value::Bytes(peer)) if message.closer.len() < PEERS_MAX => {
                    message.closer.extend(peer_of(peer));
                }
                _ => {}
            }
        }
        Some(message)
    }
}

/// The length in front of a message on a stream (an unsigned varint), and how many bytes it takes; `None` where more
/// bytes are needed, or none would help.
pub fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut fields = Fields(bytes);
    let length = fields.varint()?;
    Some((usize::try_from(length).ok()?, bytes.len() - fields.0.len()))
}

const fn kind_of(number: u64) -> Kind {
    match number {
        0 => Kind::Put,
        1 => Kind::Get,
        4 => Kind::Find,
        _ => Kind::Other,
    }
}

fn peer_of(bytes: &[u8]) -> Option<PeerKey> {
    let mut fields = Fields(bytes);
    while !fields.0.is_empty() {
        if let (1, Value::Bytes(id)) = fields.next()? {
            return PeerKey::new(id.to_vec());
        }
    }
    None
}

/// What is left of a message in protobuf's encoding.
struct Fields<'b>(&'b [u8]);

enum Value<'b> {
    Number(u64),
    Bytes(&'b [u8]),
    Skipped,
}

impl<'b> Fields<'b> {
    fn next(&mut self) -> Option<(u64, Value<'b>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Skipped)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Skipped)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for at in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F).checked_shl(7 * at)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        field.extend_from_slice(bytes);
        field
    }

    #[test]
    fn an_answer_names_its_peers() {
        let peer = |id: u8| field(8, &[field(1, &[id; 38]), field(2, b"address"), vec![3 << 3, 1]].concat());
        let bytes = [vec![8, 4, 10 << 3, 0], field(2, &[7; 32]), peer(1), peer(2)].concat();
        let message = Message::read(&bytes).unwrap();
        assert_eq!((message.kind, message.key.as_slice()), (Kind::Find, [7; 32].as_slice()));
        assert_eq!(message.closer, [1, 2].map(|id| PeerKey::new(vec![id; 38]).unwrap()));
        assert!(!message.has_record);
        let put = Message::read(&[field(2, &[7; 32]), field(3, b"record")].concat()).unwrap();
        assert_eq!((put.kind, put.has_record), (Kind::Put, true));
    }

    #[test]
    fn no_bytes_do_harm() {
        for bytes in
            [&[0xFF; 20][..], &[8], &[0x12, 200, 1], &[0x42, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], &[3, 4]]
        {
            assert_eq!(Message::read(bytes), None, "{bytes:?}");
        }
        assert_eq!(Message::read(&vec![0; DIRECTORY_PACKET_MAX + 1]), None);
        let many: Vec<u8> = (0..200).flat_map(|_| field(8, &field(1, &[9; 38]))).collect();
        assert_eq!(Message::read(&many).unwrap().closer.len(), PEERS_MAX);
    }

    #[test]
    fn a_length_is_read_when_all_of_it_is_there() {
        assert_eq!(length(&[5, 1]), Some((5, 1)));
        assert_eq!(length(&[0x80, 0x02]), Some((256, 2)));
        assert_eq!(length(&[0x80]), None);
        assert_eq!(length(&[0xFF; 11]), None);
    }
}
