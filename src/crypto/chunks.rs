//! The chunks of a file, each sealed by itself under the file's own key, at its place (STREAM; Hoang, Reyhanitabar,
//! Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015).

use crate::crypto::CryptoError;
use crate::crypto::aead::{self, NONCE_LEN};
use crate::crypto::kdf::{hkdf_sha256, label};
use crate::crypto::secret::Secret;

/// The key of one file's chunks. Each chunk has a nonce of its own, so a secret must never serve for two files.
#[derive(Clone, Debug)]
pub struct ChunkKey(Secret<32>);

impl ChunkKey {
    /// The key that follows from a file's secret.
    pub fn derive(secret: &Secret<32>) -> Self {
        Self(hkdf_sha256(&[], secret.expose(), &label::FILE_CHUNKS.encoded()))
    }

    /// Seals the chunk in `buffer` and appends the tag.
    pub fn seal(&self, chunk: u32, last: bool, buffer: &mut Vec<u8>) -> Result<(), CryptoError> {
        aead::seal(&self.0, &nonce(chunk, last), &[], buffer)
    }

    /// Opens the chunk in `buffer`, if it is the one of this place; on an error the buffer's content is worthless.
    pub fn open(&self, chunk: u32, last: bool, buffer: &mut Vec<u8>) -> Result<(), CryptoError> {
        aead::open(&self.0, &nonce(chunk, last), &[], buffer)
    }
}

/// Seven zeros, the chunk's number, and whether it is the last: so none can be moved, left out or cut off.
fn nonce(chunk: u32, last: bool) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[7..11].copy_from_slice(&chunk.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hash::sha256;

    #[test]
    fn a_chunk_opens_at_its_place_and_nowhere_else() {
        let key = ChunkKey::derive(&Secret::new([1; 32]));
        let mut sealed = b"a chunk".to_vec();
        key.seal(7, false, &mut sealed).unwrap();
        let open = |key: &ChunkKey, chunk, last, bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            key.open(chunk, last, &mut bytes).map(|()| bytes)
        };
        assert_eq!(open(&key, 7, false, &sealed).unwrap(), b"a chunk");
        for (chunk, last) in [(6, false), (8, false), (7, true), (7 << 8, false)] {
            assert!(open(&key, chunk, last, &sealed).is_err(), "{chunk} {last}");
        }
        assert!(open(&ChunkKey::derive(&Secret::new([2; 32])), 7, false, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert!(open(&key, 7, false, &broken).is_err(), "bit at {at}");
            assert!(open(&key, 7, false, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn no_two_chunks_of_a_file_have_one_nonce() {
        let mut nonces: Vec<_> = (0..70_000).map(|chunk| nonce(chunk, false)).collect();
        nonces.extend([nonce(0, true), nonce(69_999, true), nonce(u32::MAX, true)]);
        let all = nonces.len();
        nonces.sort_unstable();
        nonces.dedup();
        assert_eq!(nonces.len(), all);
    }

    #[test]
    fn the_bytes_of_chunks_stay_what_they_are() {
        let key = ChunkKey::derive(&Secret::new([3; 32]));
        let mut sealed = Vec::new();
        for (chunk, last, text) in [(0, false, &b"first"[..]), (1, true, b"")] {
            let mut bytes = text.to_vec();
            key.seal(chunk, last, &mut bytes).unwrap();
            sealed.extend(bytes);
        }
        let hash: String = sha256(&[&sealed]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, GOLDEN);
    }

    /// SHA-256 of the two chunks above, as an independent program seals them.
    const GOLDEN: &str = "48cff44f5a660e60443523c903f017358f7ed8c8a4874b38f4a331521fb861f6";
}
