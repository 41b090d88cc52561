//! One journal segment as bytes: a header, then sealed records one after the other.
//!
//! Header, in the first [`RECORDS_AT`] bytes, rest zero: magic (16) · version (4) · number (8) · database (16) ·
//! salt (16) · tag of the segment before (16) · tag over all of that (16). Each segment has a fresh salt and so
//! a key of its own; a record's nonce is its index, and a segment is never appended to after the process that
//! made it has ended, so no nonce is used twice.
//!
//! Record: magic (4) · length of the sealed part (4) · index (8) · sealed part, ChaCha20-Poly1305 with the
//! record's own 16 bytes and the header's tag as associated data. One record is one sync: record n + 1 is
//! written only after record n was synced, so a broken record with a sound one behind it is damage, and a
//! broken record at the end is one that was never confirmed.

use std::path::Path;

use zeroize::Zeroizing;

use crate::base::limits;
use crate::crypto::aead::{self, NONCE_LEN, TAG_LEN};
use crate::crypto::kdf::{hkdf_sha256, label};
use crate::crypto::secret::Secret;
use crate::disk::error::OpenError;
use crate::disk::vault::DATABASE_ID_LEN;

/// Where the first record begins: the header has a page of its own, so that no torn write reaches it.
pub(in crate::disk) const RECORDS_AT: usize = 4096;
/// Bytes of a segment's salt.
pub(in crate::disk) const SALT_LEN: usize = 16;

const MAGIC: &[u8; 16] = b"sigillo journal\n";
const VERSION: u32 = 1;
const HEADER_LEN: usize = 16 + 4 + 8 + DATABASE_ID_LEN + SALT_LEN + TAG_LEN;
const RECORD_MAGIC: [u8; 4] = [0xA7, 0x53, 0x47, 0x4C];
const RECORD_HEADER_LEN: usize = 16;

/// The tag that ends a header or a record; the next segment's header names the last one.
pub(in crate::disk) type Tag = [u8; TAG_LEN];

/// What a segment belongs to.
#[derive(Clone)]
pub(in crate::disk) struct Origin {
    /// Seals all segments of the database.
    pub(in crate::disk) key: Secret<32>,
    /// The database's random name.
    pub(in crate::disk) database: [u8; DATABASE_ID_LEN],
}

impl Origin {
    pub(in crate::disk) fn new(data_key: &Secret<32>, database: [u8; DATABASE_ID_LEN]) -> Self {
        Self { key: hkdf_sha256(&database, data_key.expose(), &label::JOURNAL.encoded()), database }
    }
}

/// Seals and opens the records of one segment.
pub(in crate::disk) struct Segment {
    key: Secret<32>,
    header_tag: Tag,
}

/// What a segment held.
pub(in crate::disk) struct Contents {
    /// The segment's number.
    pub(in crate::disk) number: u64,
    /// The last tag of the segment before it.
    pub(in crate::disk) previous: Tag,
    /// The records' plaintexts.
    pub(in crate::disk) records: Vec<Zeroizing<Vec<u8>>>,
    /// The last tag: of the last record, or of the header where there is none.
    pub(in crate::disk) last: Tag,
    /// Where the sound records end.
    pub(in crate::disk) end: usize,
    /// Bytes of an unfinished record after that.
    pub(in crate::disk) torn: usize,
}

impl Segment {
    /// A new segment and its header, [`RECORDS_AT`] bytes long.
    pub(in crate::disk) fn create(
        origin: &Origin,
        number: u64,
        salt: &[u8; SALT_LEN],
        previous: &Tag,
    ) -> std::io::Result<(Self, Vec<u8>)> {
        let mut header = Vec::with_capacity(RECORDS_AT);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&VERSION.to_be_bytes());
        header.extend_from_slice(&number.to_be_bytes());
        header.extend_from_slice(&origin.database);
        header.extend_from_slice(salt);
        header.extend_from_slice(previous);
        let key = segment_key(origin, number, salt);
        let mut tag = Vec::with_capacity(TAG_LEN);
        aead::seal(&key, &nonce(u64::MAX), &header, &mut tag).map_err(std::io::Error::other)?;
        header.extend_from_slice(&tag);
        header.resize(RECORDS_AT, 0);
        Ok((Self { key, header_tag: tag.try_into().unwrap_or_default() }, header))
    }

    /// Bytes on the disk of a record with so many bytes of content.
    pub(in crate::disk) const fn sealed_len(body_len: usize) -> u64 {
        (RECORD_HEADER_LEN + body_len + TAG_LEN) as u64
    }

    /// What the first record of the next segment follows, where this one has no records.
    pub(in crate::disk) const fn header_tag(&self) -> Tag {
        self.header_tag
    }

    /// The record of index `index` as it is written, and its tag.
    pub(in crate::disk) fn seal(&self, index: u64, mut body: Vec<u8>) -> std::io::Result<(Vec<u8>, Tag)> {
        let too_large = || std::io::Error::other("a record is too large");
        let sealed_len = body.len() + TAG_LEN;
        let length = u32::try_from(sealed_len).map_err(|_| too_large())?;
        let mut record = Vec::with_capacity(RECORD_HEADER_LEN + sealed_len);
        record.extend_from_slice(&RECORD_MAGIC);
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(&index.to_be_bytes());
        let associated = [record.as_slice(), &self.header_tag].concat();
        body.reserve_exact(TAG_LEN);
        aead::seal(&self.key, &nonce(index), &associated, &mut body).map_err(std::io::Error::other)?;
        record.append(&mut body);
        let tag = record.last_chunk::<TAG_LEN>().copied().unwrap_or_default();
        Ok((record, tag))
    }

    /// The sound record at the beginning of `bytes`: index, plaintext, length on the disk.
    fn open(&self, bytes: &[u8]) -> Option<(u64, Zeroizing<Vec<u8>>, usize)> {
        let (header, rest) = bytes.split_first_chunk::<RECORD_HEADER_LEN>()?;
        let length = u32::from_be_bytes(header.get(4..8)?.try_into().ok()?) as usize;
        let index = u64::from_be_bytes(header.get(8..16)?.try_into().ok()?);
        if header[..4] != RECORD_MAGIC || length > limits::JOURNAL_RECORD_MAX + TAG_LEN {
            return None;
        }
        let mut body = Zeroizing::new(rest.get(..length)?.to_vec());
        let associated = [header.as_slice(), &self.header_tag].concat();
        aead::open(&self.key, &nonce(index), &associated, &mut body).ok()?;
        Some((index, body, RECORD_HEADER_LEN + length))
    }
}

/// Reads the segment file `path` whose content is `bytes`.
pub(in crate::disk) fn read(path: &Path, bytes: &[u8], origin: &Origin) -> Result<Contents, OpenError> {
    let (segment, number, previous) = read_header(bytes, origin).ok_or_else(|| {
        let what = "the header of this journal segment is damaged (at offset 0): restore the home from a copy, or keep \
                    it and ask for help";
        OpenError::damaged(path, what)
    })?;
    let mut contents = Contents {
        number,
        previous,
        records: Vec::new(),
        last: segment.header_tag,
        end: RECORDS_AT.min(bytes.len()),
        torn: 0,
    };
    loop {
        let rest = &bytes[contents.end..];
        match segment.open(rest) {
            Some((index, body, length)) if index == contents.records.len() as u64 => {
                contents.last = rest[..length].last_chunk().copied().unwrap_or_default();
                contents.records.push(body);
                contents.end += length;
            }
            _ => break,
        }
    }
    let rest = &bytes[contents.end..];
    if let Some(behind) = sound_record_in(&segment, rest) {
        let what = format!(
            "the journal record at offset {} is damaged, and a sound one follows at offset {}: confirmed rows \
             would be lost; restore the home from a copy, or keep it and ask for help",
            contents.end,
            contents.end + behind
        );
        return Err(OpenError::damaged(path, what));
    }
    contents.torn = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    Ok(contents)
}

fn read_header(bytes: &[u8], origin: &Origin) -> Option<(Segment, u64, Tag)> {
    let header = bytes.get(..HEADER_LEN)?;
    let (magic, rest) = header.split_first_chunk::<16>()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let (database, rest) = rest.split_first_chunk::<DATABASE_ID_LEN>()?;
    let (salt, rest) = rest.split_first_chunk::<SALT_LEN>()?;
    let previous: Tag = rest.try_into().ok()?;
    let number = u64::from_be_bytes(*number);
    if magic != MAGIC || *version != VERSION.to_be_bytes() || *database != origin.database {
        return None;
    }
    let header_tag: Tag = bytes.get(HEADER_LEN..HEADER_LEN + TAG_LEN)?.try_into().ok()?;
    let key = segment_key(origin, number, salt);
    aead::open(&key, &nonce(u64::MAX), header, &mut header_tag.to_vec()).ok()?;
    Some((Segment { key, header_tag }, number, previous))
}

/// Where a sound record begins in `bytes`. The one at their beginning is not the one that was due.
fn sound_record_in(segment: &Segment, bytes: &[u8]) -> Option<usize> {
    let starts = bytes.windows(RECORD_MAGIC.len()).enumerate();
    let mut starts = starts.filter(|(_, window)| *window == RECORD_MAGIC);
    starts.find(|(at, _)| segment.open(&bytes[*at..]).is_some()).map(|(at, _)| at)
}

fn segment_key(origin: &Origin, number: u64, salt: &[u8; SALT_LEN]) -> Secret<32> {
    let info = label::JOURNAL.with(&[&origin.database, &number.to_be_bytes()]);
    hkdf_sha256(salt, origin.key.expose(), &info)
}

fn nonce(index: u64) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - 8..].copy_from_slice(&index.to_be_bytes());
    nonce
}
