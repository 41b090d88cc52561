//! How a file is cut: its padded length, its chunks, and how many bytes each takes sealed.

use crate::base::file_limits::{CHUNK_LEN, FILE_MAX};

/// Bytes that the seal adds to each chunk.
pub const TAG_LEN: u64 = 16;

/// The shape of a file of a given size.
///
/// The file is padded with zeros to a length that tells little of its own (Padmé), and cut into chunks of
/// [`CHUNK_LEN`] bytes, of which the last may be shorter. An empty file has one chunk without a byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    size: u64,
    padded: u64,
}

impl Shape {
    /// The shape of a file of `size` bytes; none where it has more than [`FILE_MAX`].
    pub const fn of(size: u64) -> Option<Self> {
        if size > FILE_MAX { None } else { Some(Self { size, padded: padded(size) }) }
    }

    /// Bytes of the file itself.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Bytes with the zeros behind.
    pub const fn padded(&self) -> u64 {
        self.padded
    }

    /// How many chunks there are; at least one.
    pub const fn chunks(&self) -> u32 {
        let chunks = self.padded.div_ceil(CHUNK_LEN);
        // At most FILE_MAX / CHUNK_LEN, which fits.
        if chunks == 0 { 1 } else { chunks as u32 }
    }

    /// Bytes of all chunks, sealed.
    pub const fn sealed(&self) -> u64 {
        self.padded + self.chunks() as u64 * TAG_LEN
    }

    /// Whether a chunk is the last one.
    pub const fn is_last(&self, chunk: u32) -> bool {
        chunk + 1 == self.chunks()
    }

    /// Bytes of one chunk, not sealed; 0 beyond the last.
    pub const fn chunk_len(&self, chunk: u32) -> u64 {
        let left = self.padded.saturating_sub(chunk as u64 * CHUNK_LEN);
        if left < CHUNK_LEN { left } else { CHUNK_LEN }
    }

    /// Where a sealed chunk begins among all of them.
    pub const fn sealed_at(chunk: u32) -> u64 {
        chunk as u64 * (CHUNK_LEN + TAG_LEN)
    }

    /// Bytes of the file itself in one chunk; the rest of it is padding.
    pub const fn told_len(&self, chunk: u32) -> u64 {
        let left = self.size.saturating_sub(chunk as u64 * CHUNK_LEN);
        if left < CHUNK_LEN { left } else { CHUNK_LEN }
    }
}

/// The length to which so many bytes are padded: the next one whose last bits are zero, so many that at most 12 per
/// cent are added, and that an observer learns of a length L no more than some log log L bits (Padmé; Nikitin and
/// others, "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019, section 4).
const fn padded(size: u64) -> u64 {
    if size < 2 {
        return size;
    }
    let exponent = size.ilog2();
    let kept = if exponent == 0 { 1 } else { exponent.ilog2() + 1 };
    let mask = (1u64 << exponent.saturating_sub(kept)) - 1;
    (size + mask) & !mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_padded_as_published() {
        // From the definition: floor(log2 9) = 3, floor(log2 3) + 1 = 2 bits of the exponent are kept, 1 bit is zero.
        for (size, expected) in [
            (0, 0),
            (1, 1),
            (2, 2),
            (8, 8),
            (9, 10),
            (10, 10),
            (100, 104),
            (1_000, 1_024),
            (1_000_000, 1_015_808),
        ] {
            assert_eq!(padded(size), expected, "{size}");
        }
        assert_eq!(padded(FILE_MAX), FILE_MAX);
    }

    #[test]
    fn a_file_over_the_bound_has_no_shape_and_the_largest_one_has_a_whole_number_of_chunks() {
        assert_eq!(Shape::of(FILE_MAX + 1), None);
        assert_eq!(Shape::of(u64::MAX), None);
        let largest = Shape::of(FILE_MAX).unwrap();
        assert_eq!((largest.chunks(), largest.sealed()), (32_768, FILE_MAX + 32_768 * TAG_LEN));
        assert_eq!(largest.chunk_len(32_767), CHUNK_LEN);
        assert_eq!(largest.chunk_len(32_768), 0);
    }

    #[test]
    fn an_empty_file_has_one_empty_chunk() {
        let empty = Shape::of(0).unwrap();
        assert_eq!((empty.chunks(), empty.sealed(), empty.is_last(0)), (1, TAG_LEN, true));
        assert_eq!((empty.chunk_len(0), empty.told_len(0)), (0, 0));
    }

    proptest! {
        #[test]
        fn chunks_add_up_and_padding_stays_small(size in 0..=FILE_MAX) {
            let shape = Shape::of(size).unwrap();
            prop_assert!(shape.padded() >= size && (shape.padded() - size) * 100 <= size * 12);
            prop_assert!(shape.padded() <= FILE_MAX);
            let chunks = 0..shape.chunks();
            prop_assert_eq!(chunks.clone().map(|chunk| shape.chunk_len(chunk)).sum::<u64>(), shape.padded());
            prop_assert_eq!(chunks.clone().map(|chunk| shape.told_len(chunk)).sum::<u64>(), size);
            prop_assert_eq!(chunks.filter(|chunk| shape.is_last(*chunk)).count(), 1);
            let last = shape.chunks() - 1;
            prop_assert_eq!(Shape::sealed_at(last) + shape.chunk_len(last) + TAG_LEN, shape.sealed());
        }
    }
}
