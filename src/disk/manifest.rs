//! The manifest: what a database is, and from where its journal must be replayed.

use std::path::Path;

use subtle::ConstantTimeEq as _;

use crate::base::limits;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{hkdf_sha256, hmac_sha256, label};
use crate::crypto::secret::Secret;
use crate::disk::error::OpenError;
use crate::disk::files;
use crate::disk::medium::Medium;
use crate::disk::vault::DATABASE_ID_LEN;

/// The version of everything in the database's directory that this program reads and writes.
pub(in crate::disk) const SCHEMA: u16 = 1;

const MAGIC: &[u8; 17] = b"sigillo manifest\n";
const BODY_LEN: usize = 17 + 2 + DATABASE_ID_LEN + 8 + 8 + 1;
const TAG_LEN: usize = 32;
const CHECKSUM_LEN: usize = 32;

/// What a database is, and from where its journal must be replayed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::disk) struct Manifest {
    /// The database's random name.
    pub(in crate::disk) database: [u8; DATABASE_ID_LEN],
    /// The number of the last checkpoint; sled holds at least what was durable then.
    pub(in crate::disk) checkpoint: u64,
    /// The first journal segment that isn't in sled yet.
    pub(in crate::disk) first_segment: u64,
    /// Whether that segment was there when this was written.
    pub(in crate::disk) begun: bool,
}

impl Manifest {
    /// Reads the manifest at `path`; `None` where there is no such file.
    pub(in crate::disk) fn read(path: &Path, data_key: &Secret<32>) -> Result<Option<Self>, OpenError> {
        match files::read_bounded(path, limits::MANIFEST_MAX) {
            Ok(bytes) => Self::decode(path, &bytes, data_key).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::io(path)(error)),
        }
    }

    /// Writes the manifest, whole or not at all.
    pub(in crate::disk) fn write(
        &self,
        medium: &dyn Medium,
        path: &Path,
        data_key: &Secret<32>,
    ) -> std::io::Result<()> {
        files::replace(medium, path, &self.encode(data_key))
    }

    fn encode(&self, data_key: &Secret<32>) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&SCHEMA.to_be_bytes());
        bytes.extend_from_slice(&self.database);
        bytes.extend_from_slice(&self.checkpoint.to_be_bytes());
        bytes.extend_from_slice(&self.first_segment.to_be_bytes());
        bytes.push(u8::from(self.begun));
        let tag = tag(data_key, &bytes);
        bytes.extend_from_slice(tag.expose());
        let checksum = sha256(&[&bytes]);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    /// The checksum comes first, so that damage isn't taken for a wrong key or a newer version.
    fn decode(path: &Path, bytes: &[u8], data_key: &Secret<32>) -> Result<Self, OpenError> {
        let damaged = || {
            let what = "the manifest is damaged or cut short: restore the home from a copy, or keep it and ask for help";
            OpenError::damaged(path, what)
        };
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or_else(damaged)?;
        let rest = content.strip_prefix(MAGIC).ok_or_else(damaged)?;
        if sha256(&[content]) != *checksum {
            return Err(damaged());
        }
        let (schema, rest) = rest.split_first_chunk::<2>().ok_or_else(damaged)?;
        let found = u16::from_be_bytes(*schema);
        if found > SCHEMA {
            return Err(OpenError::Newer { found, known: SCHEMA });
        }
        let (body, proof) = content.split_last_chunk::<TAG_LEN>().ok_or_else(damaged)?;
        if found != SCHEMA || body.len() != BODY_LEN {
            return Err(damaged());
        }
        if !bool::from(tag(data_key, body).expose().ct_eq(proof)) {
            return Err(OpenError::WrongKey);
        }
        let (database, rest) = rest.split_first_chunk::<DATABASE_ID_LEN>().ok_or_else(damaged)?;
        let (checkpoint, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        let (first_segment, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        Ok(Self {
            database: *database,
            checkpoint: u64::from_be_bytes(*checkpoint),
            first_segment: u64::from_be_bytes(*first_segment),
            begun: rest.first() == Some(&1),
        })
    }
}

fn tag(data_key: &Secret<32>, body: &[u8]) -> Secret<32> {
    let key: Secret<32> = hkdf_sha256(&[], data_key.expose(), &label::MANIFEST.encoded());
    hmac_sha256(key.expose(), &[body])
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: Manifest =
        Manifest { database: [3; DATABASE_ID_LEN], checkpoint: 9, first_segment: 11, begun: true };

    fn decode(bytes: &[u8], key: u8) -> Result<Manifest, OpenError> {
        Manifest::decode(Path::new("manifest"), bytes, &Secret::new([key; 32]))
    }

    #[test]
    fn a_manifest_reads_back_and_every_damage_is_called_damage() {
        let bytes = MANIFEST.encode(&Secret::new([1; 32]));
        assert_eq!(decode(&bytes, 1).unwrap(), MANIFEST);
        for at in 0..bytes.len() {
            assert!(matches!(decode(&bytes[..at], 1), Err(OpenError::Damaged { .. })), "cut at {at}");
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(matches!(decode(&flipped, 1), Err(OpenError::Damaged { .. })), "flip at {at}");
        }
    }

    #[test]
    fn another_key_and_a_newer_schema_are_told_apart_from_damage() {
        let bytes = MANIFEST.encode(&Secret::new([1; 32]));
        assert!(matches!(decode(&bytes, 2), Err(OpenError::WrongKey)));
        let newer = [MAGIC.as_slice(), &(SCHEMA + 1).to_be_bytes(), b"something else"].concat();
        let newer = [newer.as_slice(), &sha256(&[&newer])].concat();
        assert!(matches!(decode(&newer, 1), Err(OpenError::Newer { .. })));
    }
}
