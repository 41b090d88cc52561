//! The write-ahead journal: segments in their order, the last one open for appending.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::limits;
use crate::disk::error::OpenError;
use crate::disk::files;
use crate::disk::medium::Medium;
use crate::disk::segment::{self, Origin, RECORDS_AT, SALT_LEN, Segment, Tag};

/// Where a journal lives and how it writes.
#[derive(Clone)]
pub(in crate::disk) struct Place {
    pub(in crate::disk) directory: PathBuf,
    pub(in crate::disk) origin: Origin,
    pub(in crate::disk) segment_bytes: u64,
    pub(in crate::disk) medium: Arc<dyn Medium>,
    /// Bytes of all segments on the disk.
    pub(in crate::disk) allocated: Arc<AtomicU64>,
}

/// The segment that records are appended to.
pub(in crate::disk) struct Journal {
    place: Place,
    number: u64,
    segment: Segment,
    file: File,
    index: u64,
    offset: u64,
    length: u64,
    last: Tag,
    rolls: u64,
}

/// What was found when a journal was opened.
#[derive(Clone, Copy, Default)]
pub(in crate::disk) struct Found {
    /// Segments read.
    pub(in crate::disk) segments: u64,
    /// Bytes of an unfinished record at the end.
    pub(in crate::disk) torn: u64,
}

impl Journal {
    /// Hands all records from segment number `first` on to `replay`, oldest first, makes them durable, and begins
    /// a new segment.
    ///
    /// Where `begun`, segment `first` must be there. Older segments are leftovers of a checkpoint and removed.
    pub(in crate::disk) fn open(
        place: Place,
        first: u64,
        begun: bool,
        replay: &mut dyn FnMut(&[u8]) -> Result<(), OpenError>,
    ) -> Result<(Self, Found), OpenError> {
        let directory = place.directory.clone();
        files::make_directory(&*place.medium, &directory).map_err(OpenError::io(&directory))?;
        let (mut found, mut last, mut next) = (Found::default(), Tag::default(), first);
        let (mut read, mut empty) = (Vec::new(), None);
        for (number, path) in list(&directory).map_err(OpenError::io(&directory))? {
            if number < first {
                continue;
            }
            if number != next {
                return Err(OpenError::damaged(&place.path(next), missing()));
            }
            let contents = read_segment(&path, number, &place.origin)?;
            if number > first && contents.previous != last {
                let end = read.last().map_or(0, |(_, end)| *end);
                let what = format!(
                    "records that later ones build on are missing after offset {end}: confirmed rows would be \
                     lost; restore the home from a copy, or keep it and ask for help"
                );
                return Err(OpenError::damaged(&place.path(number - 1), what));
            }
            last = contents.last;
            found.torn = contents.torn as u64;
            found.segments += 1;
            contents.records.iter().try_for_each(|record| replay(record))?;
            // A segment in which nothing was confirmed gives its number to the new one: else a program that dies again
            // and again would fill the disk.
            empty = contents.records.is_empty().then_some(contents.previous);
            read.push((path, contents.end));
            next = number + 1;
        }
        if begun && next == first {
            return Err(OpenError::damaged(&place.path(first), missing()));
        }
        // A killed process may have left records and names that only the system's memory holds. They are about to be
        // relied on, so they are made durable first.
        for (path, _) in &read {
            let synced = OpenOptions::new().write(true).open(path).and_then(|file| place.medium.sync(&file));
            synced.map_err(OpenError::io(path))?;
        }
        place.medium.sync_directory(&directory).map_err(OpenError::io(&directory))?;
        remove_before(&place, first).map_err(OpenError::io(&directory))?;
        if let Some(previous) = empty {
            (next, last) = (next - 1, previous);
            read.pop();
        }
        let allocated = read.iter().map(|(path, _)| path.metadata().map_or(0, |data| data.len())).sum();
        place.allocated.store(allocated, Ordering::Relaxed);
        let journal = Self::begin(place, next, &last).map_err(OpenError::io(&directory))?;
        Ok((journal, found))
    }

    /// Appends one record and syncs it. After an error nothing more may be appended: what the disk holds of the
    /// record is unknown, and another sync would prove nothing.
    pub(in crate::disk) fn append(&mut self, body: Vec<u8>) -> io::Result<()> {
        let room = self.place.segment_bytes.saturating_sub(self.offset);
        if Segment::sealed_len(body.len()) > room && self.index > 0 {
            self.roll()?;
        }
        let (record, tag) = self.segment.seal(self.index, body)?;
        self.place.medium.write(&mut self.file, &record)?;
        self.place.medium.sync(&self.file)?;
        self.index += 1;
        self.offset += record.len() as u64;
        self.last = tag;
        if self.offset > self.length {
            self.place.allocated.fetch_add(self.offset - self.length, Ordering::Relaxed);
            self.length = self.offset;
        }
        Ok(())
    }

    /// Begins a new segment, unless this one is empty, and answers its number: everything appended so far lies
    /// in older ones.
    pub(in crate::disk) fn roll(&mut self) -> io::Result<u64> {
        if self.index == 0 {
            return Ok(self.number);
        }
        let rolls = self.rolls + 1;
        *self = Self { rolls, ..Self::begin(self.place.clone(), self.number + 1, &self.last)? };
        Ok(self.number)
    }

    /// Segments begun since the journal was opened, the first aside.
    pub(in crate::disk) const fn rolls(&self) -> u64 {
        self.rolls
    }

    /// The number of the segment that records are appended to.
    pub(in crate::disk) const fn number(&self) -> u64 {
        self.number
    }

    /// The number that the next segment would have.
    pub(in crate::disk) const fn next_number(&self) -> u64 {
        self.number + 1
    }

    fn begin(place: Place, number: u64, last: &Tag) -> io::Result<Self> {
        let mut salt = [0; SALT_LEN];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        let (segment, header) = Segment::create(&place.origin, number, &salt, last)?;
        let next = place.directory.join("next.new");
        match place.medium.rename(&place.spare(), &next) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => write_zeros(&place, &next)?,
            result => result?,
        }
        let mut file = OpenOptions::new().read(true).write(true).open(&next)?;
        let length = file.metadata()?.len();
        place.medium.write(&mut file, &header)?;
        place.medium.sync(&file)?;
        place.medium.rename(&next, &place.path(number))?;
        place.medium.sync_directory(&place.directory)?;
        place.allocated.fetch_add(length, Ordering::Relaxed);
        let last = segment.header_tag();
        Ok(Self { place, number, segment, file, index: 0, offset: RECORDS_AT as u64, length, last, rolls: 0 })
    }
}

impl Place {
    /// The file of a segment.
    pub(in crate::disk) fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:016x}.journal"))
    }

    fn spare(&self) -> PathBuf {
        self.directory.join("spare")
    }
}

/// Makes an empty segment ahead of time, so that the next roll needn't wait for it.
pub(in crate::disk) fn prepare_spare(place: &Place) -> io::Result<()> {
    if place.spare().exists() {
        return Ok(());
    }
    let temporary = place.directory.join("spare.new");
    write_zeros(place, &temporary)?;
    place.medium.rename(&temporary, &place.spare())
}

/// Removes a segment made ahead of time, when a database is closed.
pub(in crate::disk) fn remove_spare(place: &Place) -> io::Result<()> {
    match place.medium.remove(&place.spare()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes the segments before number `first`, which a checkpoint has made unnecessary.
pub(in crate::disk) fn remove_before(place: &Place, first: u64) -> io::Result<()> {
    let mut freed = 0;
    for (number, path) in list(&place.directory)? {
        if number < first {
            freed += path.metadata()?.len();
            place.medium.remove(&path)?;
        }
    }
    if freed > 0 {
        place.medium.sync_directory(&place.directory)?;
        // Saturating: segments that were left over when the journal was opened were never counted.
        let _ = place.allocated.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |allocated| {
            Some(allocated.saturating_sub(freed))
        });
    }
    Ok(())
}

/// The segment files of a directory, in the order of their numbers; none where there is no such directory.
pub(in crate::disk) fn list(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".journal"));
        if let Some(number) = number.and_then(|number| u64::from_str_radix(number, 16).ok()) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

fn read_segment(path: &Path, number: u64, origin: &Origin) -> Result<segment::Contents, OpenError> {
    // A segment holds many small records, or one of any legal size.
    let most = (limits::JOURNAL_RECORD_MAX * 2) as u64;
    let bytes = files::read_bounded(path, most).map_err(OpenError::io(path))?;
    let contents = segment::read(path, &bytes, origin)?;
    if contents.number != number {
        let what = format!(
            "this file is journal segment {:016x} under another's name: give it its own back, or restore the home \
             from a copy",
            contents.number
        );
        return Err(OpenError::damaged(path, what));
    }
    Ok(contents)
}

fn write_zeros(place: &Place, path: &Path) -> io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut file = place.medium.create(path)?;
    let mut left = place.segment_bytes.max(RECORDS_AT as u64);
    while left > 0 {
        let part = left.min(ZEROS.len() as u64);
        place.medium.write(&mut file, &ZEROS[..part as usize])?;
        left -= part;
    }
    place.medium.sync(&file)
}

fn missing() -> &'static str {
    "this journal segment is missing: confirmed rows would be lost; restore the home from a copy, or keep it and \
     ask for help"
}
