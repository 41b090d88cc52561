//! A message that this version can't show: kept whole for one that can.

use serde::{Deserialize, Serialize};

use crate::wire::decode::Malformed;

/// The lowest number of a field that may be a body of a later version.
const FIRST: u32 = 30;

/// A content whose body this version doesn't know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unknown {
    /// The number of the field that is its body.
    pub number: u32,
    /// The content as it came; nothing but that field, and nothing in it, where it was too large to be handed on.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
}

impl Unknown {
    /// What a content without a body that is known must be: one with a field that isn't known, of those that bodies
    /// have.
    pub(crate) fn of(content: &[u8]) -> Result<Self, Malformed> {
        let mut rest = content;
        while !rest.is_empty() {
            let number = field(&mut rest).ok_or(Malformed("not the expected message"))?;
            if number >= FIRST && !BESIDE.contains(&number) {
                return Ok(Self { number, content: content.to_vec() });
            }
        }
        Err(Malformed("a field is missing"))
    }

    /// What is handed on where the content is too large: its field, and nothing in it.
    pub(crate) fn stub(&self) -> Vec<u8> {
        let mut tag = u64::from(self.number) << 3 | 2;
        let mut bytes = Vec::new();
        while tag >= 0x80 {
            bytes.push(u8::try_from(tag & 0x7f).unwrap_or_default() | 0x80);
            tag >>= 7;
        }
        bytes.push(u8::try_from(tag).unwrap_or_default());
        bytes.push(0);
        bytes
    }
}

/// The fields from [`FIRST`] on that are no bodies: `reply` and `reader_head`.
const BESIDE: [u32; 2] = [39, 47];

/// Takes one field off and says which; none where the bytes are no message. Groups aren't read.
fn field(rest: &mut &[u8]) -> Option<u32> {
    let tag = varint(rest)?;
    let length = match tag & 7 {
        0 => return varint(rest).and_then(|_| u32::try_from(tag >> 3).ok()),
        1 => 8,
        2 => usize::try_from(varint(rest)?).ok()?,
        5 => 4,
        _ => return None,
    };
    *rest = rest.get(length..)?;
    u32::try_from(tag >> 3).ok()
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_later_version_is_a_body_and_nothing_else_is() {
        // Field 1 with one byte, then field 200 with two.
        let unknown = [0x0a, 1, 7, 0xc2, 0x0c, 2, 1, 2];
        assert_eq!(Unknown::of(&unknown).unwrap(), Unknown { number: 200, content: unknown.to_vec() });
        assert!(Unknown::of(&unknown[..3]).is_err(), "no body at all");
        for cut in 4..unknown.len() {
            assert!(Unknown::of(&unknown[..cut]).is_err(), "cut at {cut}");
        }
        let low = [0xaa, 0x01, 0];
        assert!(Unknown::of(&low).is_err(), "field 21 was given up");
        let reply = [0xba, 0x02, 0];
        assert!(Unknown::of(&reply).is_err(), "a reply is no body");
        assert!(Unknown::of(&[0xff; 11]).is_err());
    }
}
