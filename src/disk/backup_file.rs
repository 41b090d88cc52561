//! The file of a backup: the keystore as it is, then the store's rows in sealed chunks.
//!
//! Front: magic (15) · version (1) · when it was made, in milliseconds (8) · length of the keystore (4) · keystore ·
//! salt (32). The rows are sealed under a key of this file alone, which follows from the salt and the data key that the
//! keystore holds: whoever has the file needs the home's passphrase, and nothing else.
//!
//! Chunk: length of the sealed part (4) · sealed part, ChaCha20-Poly1305 with the chunk's index (8) and whether it is
//! the last (4: 0 or 1) as nonce, and the front's hash as associated data. So no chunk is left out, moved or cut off
//! without being noticed.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::aead::{self, NONCE_LEN, TAG_LEN};
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{hkdf_sha256, label};
use crate::crypto::secret::Secret;
use crate::store::key::Value;

const MAGIC: &[u8; 15] = b"sigillo backup\n";
const VERSION: u8 = 1;
const SALT_LEN: usize = 32;

/// A row of a backup, or word that there is none any more. Of one key the last word counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackupRow {
    /// The table's number.
    pub table: u8,
    /// What it belongs to.
    pub id: Vec<u8>,
    /// Where it stands among the rows of its id.
    pub order: Vec<u8>,
    /// Its value; none where it is deleted.
    pub value: Option<Value>,
}

/// What a backup begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Front {
    /// When it was made.
    pub made: Time,
    /// The home's keystore, sealed under its passphrase.
    pub keystore: Vec<u8>,
    salt: [u8; SALT_LEN],
}

/// Why a backup can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The system's word.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("this is no backup of a sigillo home")]
    Foreign,
    /// A later program made it.
    #[error("the backup has version {0}, and this program reads version {VERSION}: use a newer sigillo")]
    Newer(u8),
    /// Bytes are missing or changed.
    #[error("the backup is damaged or cut short: use another one")]
    Damaged,
}

impl Front {
    /// The front of a new backup.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn new(made: Time, keystore: Vec<u8>) -> io::Result<Self> {
        let mut salt = [0; SALT_LEN];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        Ok(Self { made, keystore, salt })
    }

    fn encode(&self) -> io::Result<Vec<u8>> {
        let length = u32::try_from(self.keystore.len()).map_err(io::Error::other)?;
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.made.as_millis().to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.keystore);
        bytes.extend_from_slice(&self.salt);
        Ok(bytes)
    }

    /// Reads the front of a backup.
    ///
    /// # Errors
    /// Where it is none, or one that this program doesn't know.
    pub fn read(from: &mut impl Read) -> Result<Self, BackupError> {
        let magic: [u8; MAGIC.len()] = exactly(from)?.ok_or(BackupError::Foreign)?;
        if magic != *MAGIC {
            return Err(BackupError::Foreign);
        }
        let [version] = exactly(from)?.ok_or(BackupError::Damaged)?;
        if version != VERSION {
            return Err(BackupError::Newer(version));
        }
        let made = u64::from_be_bytes(exactly(from)?.ok_or(BackupError::Damaged)?);
        let length = u32::from_be_bytes(exactly(from)?.ok_or(BackupError::Damaged)?);
        let length = length as usize;
        if length > limits::KEYSTORE_MAX {
            return Err(BackupError::Damaged);
        }
        let mut keystore = vec![0; length];
        fill(from, &mut keystore)?.ok_or(BackupError::Damaged)?;
        let salt = exactly(from)?.ok_or(BackupError::Damaged)?;
        Ok(Self { made: Time::from_millis(made), keystore, salt })
    }

    fn seal(&self, data_key: &Secret<32>) -> io::Result<Seal> {
        let key = hkdf_sha256(&self.salt, data_key.expose(), &label::BACKUP.encoded());
        Ok(Seal { key, front: sha256(&[&self.encode()?]), index: 0 })
    }
}

/// Seals and opens chunks in their order.
struct Seal {
    key: Secret<32>,
    front: [u8; 32],
    index: u64,
}

impl Seal {
    fn nonce(&mut self, last: bool) -> [u8; NONCE_LEN] {
        let mut nonce = [0; NONCE_LEN];
        nonce[..8].copy_from_slice(&self.index.to_be_bytes());
        nonce[NONCE_LEN - 1] = u8::from(last);
        self.index += 1;
        nonce
    }
}

/// Writes a backup.
pub struct BackupWriter<W> {
    out: W,
    seal: Seal,
    chunk: Zeroizing<Vec<u8>>,
    rows: u64,
    bytes: u64,
}

impl<W: Write> BackupWriter<W> {
    /// Begins a backup with its front.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn begin(mut out: W, front: &Front, data_key: &Secret<32>) -> io::Result<Self> {
        let bytes = front.encode()?;
        out.write_all(&bytes)?;
        let chunk = Zeroizing::new(Vec::with_capacity(limits::BACKUP_CHUNK));
        Ok(Self { out, seal: front.seal(data_key)?, chunk, rows: 0, bytes: bytes.len() as u64 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn row(&mut self, table: u8, id: &[u8], order: &[u8], value: Option<&[u8]>) -> io::Result<()> {
        const FIXED: usize = 1 + 2 + 2 + 1 + 4;
        let size = FIXED + id.len() + order.len() + value.map_or(0, <[u8]>::len);
        if !self.chunk.is_empty() && self.chunk.len() + size > limits::BACKUP_CHUNK {
            self.flush(false)?;
        }
        let short = |length: usize| u16::try_from(length).map_err(io::Error::other);
        self.chunk.push(table);
        self.chunk.extend_from_slice(&short(id.len())?.to_be_bytes());
        self.chunk.extend_from_slice(&short(order.len())?.to_be_bytes());
        self.chunk.push(u8::from(value.is_some()));
        let length = u32::try_from(value.map_or(0, <[u8]>::len)).map_err(io::Error::other)?;
        self.chunk.extend_from_slice(&length.to_be_bytes());
        [id, order, value.unwrap_or_default()].iter().for_each(|part| self.chunk.extend_from_slice(part));
        self.rows += 1;
        Ok(())
    }

    /// Ends the backup; answers what it was written to, how many rows, and how many bytes.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn finish(mut self) -> io::Result<(W, u64, u64)> {
        self.flush(true)?;
        self.out.flush()?;
        Ok((self.out, self.rows, self.bytes))
    }

    fn flush(&mut self, last: bool) -> io::Result<()> {
        let nonce = self.seal.nonce(last);
        aead::seal(&self.seal.key, &nonce, &self.seal.front, &mut self.chunk).map_err(io::Error::other)?;
        let length = u32::try_from(self.chunk.len()).map_err(io::Error::other)?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(&self.chunk)?;
        self.bytes += 4 + u64::from(length);
        self.chunk.clear();
        Ok(())
    }
}

/// Reads the rows of a backup behind its front.
pub struct BackupReader<R> {
    from: R,
    seal: Seal,
    over: bool,
}

impl<R: Read> BackupReader<R> {
    /// Reads on behind the front.
    ///
    /// # Errors
    /// None but the system's.
    pub fn new(from: R, front: &Front, data_key: &Secret<32>) -> io::Result<Self> {
        Ok(Self { from, seal: front.seal(data_key)?, over: false })
    }

    /// The rows of the next chunk, in their order; none behind the last one.
    ///
    /// # Errors
    /// Where the backup is damaged, or goes on behind its last chunk.
    pub fn chunk(&mut self) -> Result<Option<Vec<BackupRow>>, BackupError> {
        if self.over {
            let is_end = exactly::<1>(&mut self.from)?.is_none();
            return if is_end { Ok(None) } else { Err(BackupError::Damaged) };
        }
        let length = exactly(&mut self.from)?.map(u32::from_be_bytes).ok_or(BackupError::Damaged)? as usize;
        let most = limits::BACKUP_CHUNK + limits::VALUE_MAX + 2 * limits::KEY_PART_MAX + TAG_LEN;
        if !(TAG_LEN..=most).contains(&length) {
            return Err(BackupError::Damaged);
        }
        let mut sealed = vec![0; length];
        fill(&mut self.from, &mut sealed)?.ok_or(BackupError::Damaged)?;
        let index = self.seal.index;
        for last in [false, true] {
            self.seal.index = index;
            let nonce = self.seal.nonce(last);
            let mut body = Zeroizing::new(sealed.clone());
            if aead::open(&self.seal.key, &nonce, &self.seal.front, &mut body).is_ok() {
                self.over = last;
                return rows(&body).map(Some).ok_or(BackupError::Damaged);
            }
        }
        Err(BackupError::Damaged)
    }
}

fn rows(mut bytes: &[u8]) -> Option<Vec<BackupRow>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let [table] = part(&mut bytes)?;
        let (id, order) = (u16::from_be_bytes(part(&mut bytes)?), u16::from_be_bytes(part(&mut bytes)?));
        let [is_there] = part(&mut bytes)?;
        let length = u32::from_be_bytes(part(&mut bytes)?) as usize;
        if table == 0 || is_there > 1 || (is_there == 0 && length > 0) {
            return None;
        }
        let id = bytes.split_off(..usize::from(id))?.to_vec();
        let order = bytes.split_off(..usize::from(order))?.to_vec();
        let value = bytes.split_off(..length)?;
        let value = (is_there == 1).then(|| Value::new(value.to_vec()));
        rows.push(BackupRow { table, id, order, value });
    }
    Some(rows)
}

fn part<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (part, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*part)
}

fn exactly<const N: usize>(from: &mut impl Read) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    Ok(fill(from, &mut bytes)?.map(|()| bytes))
}

/// Fills the buffer; none where there are fewer bytes.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<Option<()>> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(Some(())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Secret<32> = Secret::new([7; 32]);

    fn front() -> Front {
        Front { made: Time::from_millis(5), keystore: vec![1, 2, 3], salt: [9; SALT_LEN] }
    }

    fn written(rows: usize, value: usize) -> Vec<u8> {
        let mut writer = BackupWriter::begin(Vec::new(), &front(), &KEY).unwrap();
        for number in 0..rows {
            writer.row(4, b"who", &(number as u64).to_be_bytes(), Some(&vec![1; value])).unwrap();
        }
        writer.row(4, b"whom", b"", None).unwrap();
        let (bytes, count, length) = writer.finish().unwrap();
        assert_eq!((count, length), (rows as u64 + 1, bytes.len() as u64));
        bytes
    }

    fn read(mut bytes: &[u8], key: &Secret<32>) -> Result<Vec<BackupRow>, BackupError> {
        let front = Front::read(&mut bytes)?;
        let mut reader = BackupReader::new(bytes, &front, key)?;
        let mut rows = Vec::new();
        while let Some(chunk) = reader.chunk()? {
            rows.extend(chunk);
        }
        Ok(rows)
    }

    #[test]
    fn a_backup_reads_back_over_many_chunks() {
        let value = 20_000;
        let bytes = written(2 * limits::BACKUP_CHUNK / value + 1, value);
        let rows = read(&bytes, &KEY).unwrap();
        assert_eq!(rows.len(), 2 * limits::BACKUP_CHUNK / value + 2);
        assert_eq!(rows[1].order, 1u64.to_be_bytes());
        assert_eq!(rows[0].value.as_deref(), Some(&[1; 20_000][..]));
        let last = rows.last().unwrap();
        assert_eq!((last.table, last.id.as_slice(), &last.value), (4, &b"whom"[..], &None));
        assert!(matches!(read(&bytes, &Secret::new([8; 32])), Err(BackupError::Damaged)));
    }

    #[test]
    fn malleable_backup_every_change_of_a_byte_a_chunk_or_its_order_is_noticed() {
        let bytes = written(2, 10);
        for at in 0..bytes.len() {
            assert!(read(&bytes[..at], &KEY).is_err(), "cut at {at}");
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(read(&flipped, &KEY).is_err(), "flip at {at}");
        }
        assert!(read(&[bytes.as_slice(), &[0]].concat(), &KEY).is_err(), "one byte more");
        // Whole chunks, moved or left out.
        let many = written(2 * limits::BACKUP_CHUNK / 20_000, 20_000);
        let head = front().encode().unwrap().len();
        let length = u32::from_be_bytes(many[head..head + 4].try_into().unwrap()) as usize + 4;
        let without = [&many[..head], &many[head + length..]].concat();
        assert!(matches!(read(&without, &KEY), Err(BackupError::Damaged)));
        assert!(matches!(read(&many[..head + length], &KEY), Err(BackupError::Damaged)), "without the last");
        let mut newer = bytes;
        newer[MAGIC.len()] = VERSION + 1;
        assert!(matches!(read(&newer, &KEY), Err(BackupError::Newer(2))));
        assert!(matches!(read(b"something else", &KEY), Err(BackupError::Foreign)));
    }

    #[test]
    fn a_backup_keeps_its_encoding() {
        let bytes = written(1, 1);
        let head =
            [&b"sigillo backup\n\x01"[..], &5u64.to_be_bytes(), &3u32.to_be_bytes(), &[1, 2, 3]].concat();
        assert_eq!(bytes[..head.len()], head);
        let sealed = u32::from_be_bytes(bytes[head.len() + SALT_LEN..][..4].try_into().unwrap()) as usize;
        let (whole, deleted) = (10 + 3 + 8 + 1, 10 + 4);
        assert_eq!(sealed, whole + deleted + TAG_LEN);
        assert_eq!(bytes.len(), head.len() + SALT_LEN + 4 + sealed);
    }
}
