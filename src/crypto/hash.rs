//! SHA-256 and SHA-512 (FIPS 180-4).

use sha2::{Digest as _, Sha256, Sha512};

/// SHA-256 over the parts, one after the other. The caller makes their borders unambiguous.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// SHA-512 over the parts, one after the other. The caller makes their borders unambiguous.
pub fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    let mut hasher = Sha512::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// SHA-256 over bytes that come one part after the other.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// More bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash over all of them.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kdf::tests::hex;

    #[test]
    fn pieces_hash_as_the_whole_does() {
        let mut hasher = Hasher::default();
        [&b"a"[..], b"", b"bc"].into_iter().for_each(|piece| hasher.update(piece));
        assert_eq!(hasher.finish(), sha256(&[b"abc"]));
    }

    #[test]
    fn fips_180_4_vectors_hold() {
        assert_eq!(
            sha256(&[b"a", b"bc"]).to_vec(),
            hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        assert_eq!(
            sha512(&[b"abc"]).to_vec(),
            hex(
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            )
        );
    }
}
