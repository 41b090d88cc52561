//! Reads what to do from a fuzzer's bytes, front to back.

/// The bytes that are left.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// All of them.
    pub const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// The next byte; none at the end.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number below `bound`, which is 1 to 256; 0 at the end.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte().unwrap_or_default()) % bound.max(1)
    }

    /// A number: small ones mostly, and the largest of each width.
    pub fn number(&mut self) -> u64 {
        match self.below(8) {
            0 => u64::MAX,
            1 => u64::from(u32::MAX) + self.below(3) as u64,
            2 => self.array::<8>().map_or(0, u64::from_le_bytes),
            _ => self.below(256) as u64,
        }
    }

    /// Exactly `N` bytes, if there are as many.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    /// A part with its length (two bytes, little-endian) before it, cut where the bytes end.
    pub fn part(&mut self) -> &'a [u8] {
        let length = self.array::<2>().map_or(0, u16::from_le_bytes);
        let (part, rest) = self.0.split_at(usize::from(length).min(self.0.len()));
        self.0 = rest;
        part
    }

    /// Whatever is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    /// `whole` as a hostile hand leaves it: a bit flipped, cut, lengthened, or with a part overwritten.
    pub fn spoilt(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut spoilt = whole.to_vec();
        let place = usize::from(self.array::<2>().map_or(0, u16::from_le_bytes)) % whole.len().max(1);
        match self.below(4) {
            0 => spoilt.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << self.below(8)),
            1 => spoilt.truncate(place),
            2 => spoilt.extend_from_slice(self.part()),
            _ => spoilt.iter_mut().skip(place).zip(self.part()).for_each(|(byte, other)| *byte = *other),
        }
        spoilt
    }
}

/// A part as [`Bytes::part`] reads it.
pub fn part(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_le_bytes(), &bytes[..usize::from(length)]].concat()
}
