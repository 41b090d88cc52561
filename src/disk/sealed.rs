//! The sealed chunks of one file: written once, read at any place, taken in as they come.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use zeroize::{Zeroize as _, Zeroizing};

use crate::base::chunks::{Shape, TAG_LEN};
use crate::base::file_limits::{CHUNK_LEN, FILE_MAX, UNSYNCED_MAX};
use crate::crypto::chunks::ChunkKey;
use crate::crypto::hash::Hasher;
use crate::disk::blobs::Draft;

/// Seals a file as its bytes come.
pub struct Sealer {
    draft: Draft,
    key: ChunkKey,
    hasher: Hasher,
    /// Bytes that aren't sealed yet: as long as more may come, nobody knows whether they are the last.
    waiting: Zeroizing<Vec<u8>>,
    chunk: u32,
    size: u64,
}

/// What came of sealing a file.
pub struct Written {
    /// The file, which has no name yet.
    pub draft: Draft,
    /// Bytes of the file, without padding.
    pub size: u64,
    /// SHA-256 of all sealed chunks.
    pub hash: [u8; 32],
}

impl Sealer {
    /// Begins with a key that serves for no other file.
    pub fn new(draft: Draft, key: ChunkKey) -> Self {
        let waiting = Zeroizing::new(Vec::with_capacity((CHUNK_LEN + TAG_LEN) as usize));
        Self { draft, key, hasher: Hasher::default(), waiting, chunk: 0, size: 0 }
    }

    /// Takes more bytes; `FileTooLarge` where the file would have more than [`FILE_MAX`].
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size += bytes.len() as u64;
        if self.size > FILE_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.take(bytes)
    }

    /// Pads the file, and seals what is left of it.
    pub fn finish(mut self) -> io::Result<Written> {
        let shape = Shape::of(self.size).ok_or(io::ErrorKind::FileTooLarge)?;
        let mut padding = shape.padded() - self.size;
        while padding > 0 {
            let zeros = padding.min(ZEROS.len() as u64);
            self.take(&ZEROS[..zeros as usize])?;
            padding -= zeros;
        }
        self.seal(true)?;
        Ok(Written { draft: self.draft, size: self.size, hash: self.hasher.finish() })
    }

    /// As if so many bytes had come already.
    #[cfg(test)]
    pub(in crate::disk) const fn pretend(&mut self, size: u64) {
        self.size = size;
    }

    fn take(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.waiting.len() as u64 == CHUNK_LEN {
                self.seal(false)?;
            }
            let room = CHUNK_LEN as usize - self.waiting.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.waiting.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        self.key.seal(self.chunk, last, &mut self.waiting).map_err(io::Error::other)?;
        self.hasher.update(&self.waiting);
        self.draft.file().write_all(&self.waiting)?;
        self.waiting.clear();
        self.chunk += 1;
        Ok(())
    }
}

const ZEROS: [u8; 4_096] = [0; 4_096];

/// Reads sealed chunks of a whole file, one after the other.
pub struct Chunks {
    file: File,
    shape: Shape,
    next: u32,
}

impl Chunks {
    /// Begins with the chunk `from`; `InvalidData` where the file isn't as long as its shape.
    pub fn new(mut file: File, shape: Shape, from: u32) -> io::Result<Self> {
        if file.metadata()?.len() != shape.sealed() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        file.seek(SeekFrom::Start(Shape::sealed_at(from.min(shape.chunks()))))?;
        Ok(Self { file, shape, next: from })
    }

    /// The next chunk, sealed; none after the last.
    pub fn next_sealed(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.next >= self.shape.chunks() {
            return Ok(None);
        }
        let mut chunk = vec![0; (self.shape.chunk_len(self.next) + TAG_LEN) as usize];
        self.file.read_exact(&mut chunk)?;
        self.next += 1;
        Ok(Some(chunk))
    }

    /// The next chunk's bytes of the file itself; none after the last. `InvalidData` where it isn't what was sealed.
    pub fn next_open(&mut self, key: &ChunkKey) -> io::Result<Option<Vec<u8>>> {
        let chunk = self.next;
        let Some(mut bytes) = self.next_sealed()? else { return Ok(None) };
        open(key, &self.shape, chunk, &mut bytes)?;
        bytes.truncate(self.shape.told_len(chunk) as usize);
        Ok(Some(bytes))
    }
}

/// Opens a chunk in place, if it is as long as it has to be, is the one of its place, and is padded with zeros.
fn open(key: &ChunkKey, shape: &Shape, chunk: u32, bytes: &mut Vec<u8>) -> io::Result<()> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    if bytes.len() as u64 != shape.chunk_len(chunk) + TAG_LEN || chunk >= shape.chunks() {
        return Err(wrong());
    }
    key.open(chunk, shape.is_last(chunk), bytes).map_err(|_| wrong())?;
    let padding = bytes.get(shape.told_len(chunk) as usize..).unwrap_or_default();
    if padding.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(wrong()) }
}

/// Takes in the chunks of a file that is fetched, from where it was left.
pub struct Intake {
    file: File,
    key: ChunkKey,
    shape: Shape,
    hash: [u8; 32],
    hasher: Hasher,
    next: u32,
    unsynced: u64,
}

impl Intake {
    /// Goes on with what is there of the file: as many chunks as are what they have to be; the rest is cut off.
    pub fn resume(mut file: File, key: ChunkKey, shape: Shape, hash: [u8; 32]) -> io::Result<Self> {
        let mut hasher = Hasher::default();
        let there = file.metadata()?.len().min(shape.sealed());
        file.rewind()?;
        let mut next = 0;
        while next < shape.chunks() {
            let length = shape.chunk_len(next) + TAG_LEN;
            if Shape::sealed_at(next) + length > there {
                break;
            }
            let mut sealed = vec![0; length as usize];
            file.read_exact(&mut sealed)?;
            let mut opened = sealed.clone();
            let sound = open(&key, &shape, next, &mut opened);
            opened.zeroize();
            if sound.is_err() {
                break;
            }
            hasher.update(&sealed);
            next += 1;
        }
        let mut intake = Self { file, key, shape, hash, hasher, next, unsynced: 0 };
        intake.cut()?;
        Ok(intake)
    }

    /// The first chunk that is still wanted.
    pub const fn next(&self) -> u32 {
        self.next
    }

    /// Bytes of the file, without padding, that are there.
    pub fn told(&self) -> u64 {
        (u64::from(self.next) * CHUNK_LEN).min(self.shape.size())
    }

    /// Bytes that are still to be written.
    pub const fn missing(&self) -> u64 {
        self.shape.sealed() - self.written()
    }

    /// Whether all chunks are there.
    pub const fn is_whole(&self) -> bool {
        self.next == self.shape.chunks()
    }

    /// Takes the next chunk; `InvalidData`, and nothing is taken, where it isn't the one.
    pub fn take(&mut self, sealed: &[u8]) -> io::Result<()> {
        let mut opened = sealed.to_vec();
        let sound = open(&self.key, &self.shape, self.next, &mut opened);
        opened.zeroize();
        sound?;
        if let Err(error) = self.file.write_all(sealed) {
            // Half a chunk is none; where even that can't be taken back, the next look at the file does it.
            let _ = self.cut();
            return Err(error);
        }
        self.hasher.update(sealed);
        self.next += 1;
        self.unsynced += sealed.len() as u64;
        if self.unsynced >= UNSYNCED_MAX {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// The file, where its chunks are together what was said; else all of them go, and `InvalidData` is the answer.
    pub fn finish(mut self) -> io::Result<File> {
        if self.hasher.clone().finish() == self.hash {
            return Ok(self.file);
        }
        self.next = 0;
        self.cut()?;
        Err(io::ErrorKind::InvalidData.into())
    }

    const fn written(&self) -> u64 {
        if self.is_whole() { self.shape.sealed() } else { Shape::sealed_at(self.next) }
    }

    fn cut(&mut self) -> io::Result<()> {
        let length = self.written();
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length)).map(drop)
    }
}
