//! Padding: contents are as long as one of a few buckets, their own length inside.

use zeroize::Zeroizing;

use crate::base::limits::PADDING_BUCKETS;
use crate::crypto::aead;

/// Bytes at the end of a padded content that tell how long it was.
pub(super) const LENGTH_LEN: usize = 2;

/// The largest content that can be padded.
pub(super) const CONTENT_MAX: usize = PADDING_BUCKETS[PADDING_BUCKETS.len() - 1] - LENGTH_LEN;

const _: () = assert!(CONTENT_MAX <= u16::MAX as usize, "a length fits its two bytes");

/// The content, zeros, and the content's length (big-endian), in the smallest bucket; `None` where it fits
/// none. There is room for a tag, so that sealing in place moves nothing.
pub(super) fn pad(content: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let bucket = PADDING_BUCKETS.into_iter().find(|bucket| content.len() + LENGTH_LEN <= *bucket)?;
    let length = u16::try_from(content.len()).ok()?;
    let mut padded = Zeroizing::new(Vec::with_capacity(bucket + aead::TAG_LEN));
    padded.extend_from_slice(content);
    padded.resize(bucket - LENGTH_LEN, 0);
    padded.extend_from_slice(&length.to_be_bytes());
    Some(padded)
}

/// Cuts a padded content back, in place; `None` where it isn't one that [`pad`] makes.
pub(super) fn unpad(padded: &mut Vec<u8>) -> Option<()> {
    let (rest, length) = padded.split_last_chunk::<LENGTH_LEN>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (_, zeros) = rest.split_at_checked(length)?;
    let smallest = PADDING_BUCKETS.into_iter().find(|bucket| length + LENGTH_LEN <= *bucket)?;
    if smallest != padded.len() || zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    padded.truncate(length);
    Some(())
}

/// Whether a padded content can have this length.
pub(super) fn is_bucket(length: usize) -> bool {
    PADDING_BUCKETS.contains(&length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_fill_their_bucket_and_come_back_at_every_edge() {
        let edges = PADDING_BUCKETS.iter().flat_map(|bucket| [bucket - 3, bucket - 2, bucket - 1, *bucket]);
        for length in [0, 1].into_iter().chain(edges) {
            let content = vec![0xA5; length];
            let Some(mut padded) = pad(&content) else {
                assert!(length > CONTENT_MAX, "{length}");
                continue;
            };
            assert!(length <= CONTENT_MAX && is_bucket(padded.len()));
            let smaller = PADDING_BUCKETS.iter().rev().find(|bucket| **bucket < padded.len());
            assert!(smaller.is_none_or(|bucket| length + LENGTH_LEN > *bucket), "the smallest bucket");
            assert_eq!(unpad(&mut padded), Some(()));
            assert_eq!(*padded, content);
        }
    }

    #[test]
    fn padding_that_is_not_zeros_or_not_the_smallest_is_refused() {
        for position in 5..510 {
            let mut padded = pad(b"hello").unwrap();
            padded[position] = 1;
            assert_eq!(unpad(&mut padded), None, "byte {position}");
        }
        let mut large = vec![0; 1_024];
        assert_eq!(unpad(&mut large), None, "an empty content in the second bucket");
        let mut lying = vec![0; 512];
        lying[510..].copy_from_slice(&511u16.to_be_bytes());
        assert_eq!(unpad(&mut lying), None, "a length beyond the bucket");
        assert_eq!(unpad(&mut Vec::new()), None);
    }
}
