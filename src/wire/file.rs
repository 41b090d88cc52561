//! What opens a file, by which id it is known, and how its chunks are asked for.

use serde::{Deserialize, Serialize};

use crate::base::chunks::Shape;
use crate::base::file_limits as limits;
use crate::base::id::{Digest, FileId};
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::crypto::secret::Secret;
use crate::wire::decode::is_line;

/// What opens a file.
///
/// A file's id is a hash over all of this, so that nobody can take an id for another file's. It is as good as random to
/// whoever doesn't know the secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// SHA-256 of all sealed chunks.
    pub hash: Digest,
    /// The secret that the chunks' key follows from; it serves for this file alone.
    pub key: Secret<32>,
    /// Bytes of the file, without padding.
    pub size: u64,
}

/// What a stream for a file begins with: which file, and from which chunk on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileRequest {
    /// The file.
    pub id: FileId,
    /// The first chunk that is wanted; whether the file has it is for whoever has the file.
    pub from: u32,
}

impl Opening {
    /// The file's id.
    pub fn id(&self) -> FileId {
        let label = label::FILE_ID.encoded();
        let parts = [&label[..], self.hash.as_bytes(), self.key.expose(), &self.size.to_be_bytes()];
        FileId::new(sha256(&parts))
    }

    /// How the file is cut; none where it is larger than any that is taken.
    pub const fn shape(&self) -> Option<Shape> {
        Shape::of(self.size)
    }
}

impl FileRequest {
    /// Bytes of a request.
    pub const LEN: usize = FileId::LEN + 4;

    /// The bytes of the request.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (id, from) = bytes.split_at_mut(FileId::LEN);
        id.copy_from_slice(self.id.as_bytes());
        from.copy_from_slice(&self.from.to_be_bytes());
        bytes
    }

    /// Reads a request: any bytes of this length are one.
    pub fn decode(bytes: &[u8; Self::LEN]) -> Self {
        let mut id = [0; FileId::LEN];
        let mut from = [0; 4];
        id.copy_from_slice(&bytes[..FileId::LEN]);
        from.copy_from_slice(&bytes[FileId::LEN..]);
        Self { id: FileId::new(id), from: u32::from_be_bytes(from) }
    }
}

/// Whether a file may have this name: one line of at most [`limits::FILE_NAME_MAX`] bytes that leads nowhere.
pub fn is_file_name(name: &str) -> bool {
    let leads = name.contains(['/', '\\']) || name == "." || name == "..";
    !name.is_empty() && !leads && is_line(name, limits::FILE_NAME_MAX)
}

/// Whether it is a media type without parameters (RFC 6838, section 4.2).
pub fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        name.len() <= limits::MEDIA_TYPE_MAX / 2
            && bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.len() <= limits::MEDIA_TYPE_MAX
        && text.split_once('/').is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::chunks::ChunkKey;
    use crate::crypto::golden::Case;

    #[test]
    fn an_id_hangs_on_all_that_opens_the_file() {
        let (hash, key, size) = (Digest::new([1; 32]), Secret::new([2; 32]), 70_000);
        let id = Opening { hash, key: key.clone(), size }.id();
        assert_eq!(id.to_string(), "d4cee27f18e08cc9a5c2384a45734946510b852a23e9aa15118b27afdfcdbeca");
        let others = [
            Opening { hash: Digest::new([9; 32]), key: key.clone(), size },
            Opening { hash, key: Secret::new([9; 32]), size },
            Opening { hash, key, size: size + 1 },
        ];
        assert!(others.iter().all(|other| other.id() != id));
    }

    /// What an independent model made; `docs/vectors/README.md` tells how to read it.
    #[test]
    fn files_are_those_of_the_model() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../docs/vectors/files.json")).unwrap();
        let vectors = Case(&vectors);
        for case in vectors.cases("lengths") {
            let shape = Shape::of(case.number("size")).unwrap();
            assert_eq!(shape.padded(), case.number("padded"), "{}", shape.size());
        }
        let mut count = 0;
        for case in vectors.cases("files") {
            let (key, size) = (case.secret("key"), case.number("size"));
            let shape = Shape::of(size).unwrap();
            let sealed = seal(&ChunkKey::derive(&key), shape);
            assert_eq!(sealed.len() as u64, case.number("chunks"));
            let all = sealed.concat();
            assert_eq!((all.len() as u64, shape.sealed()), (case.number("sealed"), case.number("sealed")));
            assert!(sealed.last().unwrap().ends_with(&case.bytes("last chunk")));
            let opening = Opening { hash: Digest::new(sha256(&[&all])), key, size };
            assert_eq!(*opening.hash.as_bytes(), case.array("hash"));
            assert_eq!(*opening.id().as_bytes(), case.array("id"));
            count += 1;
        }
        assert!(count > 9);
    }

    /// The chunks of a file whose bytes count.
    fn seal(key: &ChunkKey, shape: Shape) -> Vec<Vec<u8>> {
        let byte = |at: u64| if at < shape.size() { u8::try_from(at * 31 % 251).unwrap() } else { 0 };
        let chunks = 0..shape.chunks();
        let sealed = chunks.map(|chunk| {
            let begins = u64::from(chunk) * limits::CHUNK_LEN;
            let mut bytes: Vec<u8> = (begins..begins + shape.chunk_len(chunk)).map(byte).collect();
            key.seal(chunk, shape.is_last(chunk), &mut bytes).unwrap();
            bytes
        });
        sealed.collect()
    }

    #[test]
    fn a_request_reads_back() {
        let request = FileRequest { id: FileId::new([7; 32]), from: 0x0102_0304 };
        let bytes = request.encode();
        assert_eq!(bytes[32..], [1, 2, 3, 4]);
        assert_eq!(FileRequest::decode(&bytes), request);
    }
}
