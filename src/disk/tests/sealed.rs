//! Sealed files as they are written, read, and taken in by pieces.

use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};

use crate::base::chunks::{Shape, TAG_LEN};
use crate::base::file_limits::{CHUNK_LEN, FILE_MAX};
use crate::base::id::FileId;
use crate::crypto::chunks::ChunkKey;
use crate::crypto::hash::sha256;
use crate::crypto::secret::Secret;
use crate::disk::blobs::Blobs;
use crate::disk::sealed::{Chunks, Intake, Sealer};

const ID: FileId = FileId::new([1; 32]);
const OTHER: FileId = FileId::new([2; 32]);

fn key() -> ChunkKey {
    ChunkKey::derive(&Secret::new([3; 32]))
}

fn text(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 % 251) as u8).collect()
}

/// A directory with a file, sealed from pieces of a size that fits nothing; its shape, and its hash.
fn sealed(text: &[u8]) -> (tempfile::TempDir, Blobs, Shape, [u8; 32]) {
    let home = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(home.path()).unwrap();
    let mut sealer = Sealer::new(blobs.draft().unwrap(), key());
    text.chunks(10_007).for_each(|piece| sealer.write(piece).unwrap());
    let written = sealer.finish().unwrap();
    assert_eq!(written.size, text.len() as u64);
    written.draft.keep(&ID).unwrap();
    (home, blobs, Shape::of(text.len() as u64).unwrap(), written.hash)
}

fn chunks(blobs: &Blobs, shape: Shape) -> Vec<Vec<u8>> {
    let mut chunks = Chunks::new(blobs.whole(&ID).unwrap(), shape, 0).unwrap();
    core::iter::from_fn(|| chunks.next_sealed().unwrap()).collect()
}

#[test]
fn a_file_reads_back_whatever_its_size() {
    let edge = CHUNK_LEN as usize;
    for size in [0, 1, edge - 1, edge, edge + 1, 2 * edge, 3 * edge + 17] {
        let text = text(size);
        let (_home, blobs, shape, hash) = sealed(&text);
        let mut chunks = Chunks::new(blobs.whole(&ID).unwrap(), shape, 0).unwrap();
        let mut read = Vec::new();
        while let Some(piece) = chunks.next_open(&key()).unwrap() {
            read.extend(piece);
        }
        assert!(read == text, "{size} bytes");
        let all = self::chunks(&blobs, shape);
        assert_eq!(all.len(), shape.chunks() as usize);
        assert_eq!(sha256(&[&all.concat()]), hash);
        let clear = all.concat();
        assert!(
            size < 1_000 || !clear.windows(64).any(|part| part == &text[..64]),
            "nothing is in the clear"
        );
    }
}

#[test]
fn a_file_over_the_bound_is_not_written() {
    let home = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(home.path()).unwrap();
    let mut sealer = Sealer::new(blobs.draft().unwrap(), key());
    sealer.write(b"x").unwrap();
    // The bound is looked at before the bytes are.
    sealer.pretend(FILE_MAX);
    assert_eq!(sealer.write(b"x").unwrap_err().kind(), ErrorKind::FileTooLarge);
    drop(sealer);
    assert!(blobs.list().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn what_is_fetched_goes_on_where_it_was_left() {
    let text = text(4 * CHUNK_LEN as usize + 5);
    let (_home, blobs, shape, hash) = sealed(&text);
    let all = chunks(&blobs, shape);
    let mut intake = Intake::resume(blobs.partial(&OTHER).unwrap(), key(), shape, hash).unwrap();
    assert_eq!((intake.next(), intake.told(), intake.missing()), (0, 0, shape.sealed()));
    all[..2].iter().for_each(|chunk| intake.take(chunk).unwrap());
    drop(intake);
    // A power cut leaves half a chunk, and perhaps another one that is nothing.
    for (junk, kept) in [(all[2][..100].to_vec(), 2), (vec![0; all[2].len()], 2), (all[2].clone(), 3)] {
        let mut file = blobs.partial(&OTHER).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(&junk).unwrap();
        let intake = Intake::resume(file, key(), shape, hash).unwrap();
        assert_eq!(intake.next(), kept);
        assert_eq!(intake.told(), u64::from(kept) * CHUNK_LEN);
    }
    let mut intake = Intake::resume(blobs.partial(&OTHER).unwrap(), key(), shape, hash).unwrap();
    all[3..].iter().for_each(|chunk| intake.take(chunk).unwrap());
    assert!(intake.is_whole() && intake.missing() == 0 && intake.told() == text.len() as u64);
    let file = intake.finish().unwrap();
    blobs.finish(&OTHER, &file).unwrap();
    assert_eq!(blobs.whole(&OTHER).unwrap().metadata().unwrap().len(), shape.sealed());
}

#[test]
fn nothing_is_taken_but_the_next_chunk_as_it_was_sealed() {
    let text = text(2 * CHUNK_LEN as usize + 5);
    let (_home, blobs, shape, hash) = sealed(&text);
    let all = chunks(&blobs, shape);
    let mut intake = Intake::resume(blobs.partial(&OTHER).unwrap(), key(), shape, hash).unwrap();
    intake.take(&all[0]).unwrap();
    let mut broken = all[1].clone();
    broken[77] ^= 1;
    let long = [&all[1][..], &[0]].concat();
    for wrong in [&all[0], &all[2], &broken, &long, &all[1][..all[1].len() - 1].to_vec(), &Vec::new()] {
        assert_eq!(intake.take(wrong).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(intake.next(), 1);
    }
    all[1..].iter().for_each(|chunk| intake.take(chunk).unwrap());
    assert!(intake.take(&all[2]).is_err(), "there is none behind the last");
    assert!(intake.finish().is_ok());
}

#[test]
fn chunks_that_open_but_are_not_the_ones_that_were_named_all_go() {
    let (_home, blobs, shape, _) = sealed(&text(2 * CHUNK_LEN as usize));
    let all = chunks(&blobs, shape);
    let mut intake = Intake::resume(blobs.partial(&OTHER).unwrap(), key(), shape, [9; 32]).unwrap();
    all.iter().for_each(|chunk| intake.take(chunk).unwrap());
    assert_eq!(intake.finish().unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(blobs.partial(&OTHER).unwrap().metadata().unwrap().len(), 0);
}

#[test]
fn padding_that_says_something_is_refused() {
    // 100 bytes are padded to 104.
    let shape = Shape::of(100).unwrap();
    let mut sealed = vec![7; 104];
    key().seal(0, true, &mut sealed).unwrap();
    let home = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(home.path()).unwrap();
    let mut intake = Intake::resume(blobs.partial(&ID).unwrap(), key(), shape, sha256(&[&sealed])).unwrap();
    assert_eq!(intake.take(&sealed).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn a_file_of_another_length_is_not_read() {
    let (_home, blobs, shape, _) = sealed(&text(100));
    let other = Shape::of(105).unwrap();
    assert!(Chunks::new(blobs.whole(&ID).unwrap(), other, 0).is_err());
    let mut beyond = Chunks::new(blobs.whole(&ID).unwrap(), shape, u32::MAX).unwrap();
    assert_eq!(beyond.next_sealed().unwrap(), None);
    assert_eq!(shape.sealed(), 104 + TAG_LEN);
}
