//! One file of the failing disk: what is safe in it, and what was written since.

use std::collections::{BTreeMap, BTreeSet};

use sigillo::sim::random::Random;

/// Bytes that reach the platter together, or not at all.
pub(crate) const PAGE: usize = 4096;

/// Whether a page was never written, or with nothing but zeros.
pub(crate) fn is_empty(page: &[u8]) -> bool {
    *page == [0; PAGE][..page.len()]
}

/// How much of what wasn't synced a power cut leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    Nothing,
    Everything,
    /// So many of a hundred pages and names, chosen by chance.
    Some(u64),
}

impl Left {
    pub(crate) fn any(random: &mut Random) -> Self {
        match random.below(6) {
            0 => Self::Nothing,
            1 => Self::Everything,
            _ => Self::Some(10 + random.below(81)),
        }
    }

    pub(crate) fn keeps(self, random: &mut Random) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some(percent) => random.chance(percent),
        }
    }
}

/// A file's content, twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    /// What was synced.
    pub(crate) safe: Vec<u8>,
    /// What a program reads.
    pub(crate) here: Vec<u8>,
    /// Pages that were written since the last sync, with what was seen in them meanwhile.
    dirty: BTreeMap<usize, Vec<Vec<u8>>>,
    /// Whether the length changed since the last sync.
    resized: bool,
    /// Pages that the call under way writes.
    torn: BTreeSet<usize>,
    /// Whether somebody else writes it, past the layer.
    pub(crate) foreign: bool,
}

impl Stored {
    /// A file that was synced long ago.
    pub(crate) fn old(content: Vec<u8>, foreign: bool) -> Self {
        Self { safe: content.clone(), here: content, foreign, ..Self::default() }
    }

    /// A file that somebody else has made, past the layer.
    pub(crate) fn of_others() -> Self {
        Self { foreign: true, ..Self::default() }
    }

    /// Notes the whole content as it is now.
    pub(crate) fn look(&mut self, content: &[u8]) {
        self.torn.clear();
        self.resize(content.len());
        for page in 0..content.len().div_ceil(PAGE) {
            let range = page * PAGE..content.len().min((page + 1) * PAGE);
            self.touch(page, &content[range]);
        }
    }

    /// Notes a call that writes `bytes` at `offset`.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.torn.clear();
        let end = offset + bytes.len();
        self.resize(self.here.len().max(end));
        for page in offset / PAGE..end.div_ceil(PAGE) {
            let start = page * PAGE;
            let mut content = self.here[start..self.here.len().min(start + PAGE)].to_vec();
            let (from, to) = (offset.max(start), end.min(start + PAGE));
            content[from - start..to - start].copy_from_slice(&bytes[from - offset..to - offset]);
            self.touch(page, &content);
            self.torn.insert(page);
        }
    }

    /// The file was cut or made longer.
    pub(crate) fn resize(&mut self, length: usize) {
        if length != self.here.len() {
            self.resized = true;
            self.here.resize(length, 0);
        }
    }

    fn touch(&mut self, page: usize, content: &[u8]) {
        let start = page * PAGE;
        let now = &mut self.here[start..start + content.len()];
        if now == content {
            return;
        }
        let versions = self.dirty.entry(page).or_default();
        if !is_empty(now) {
            versions.push(now.to_vec());
        }
        now.copy_from_slice(content);
    }

    /// The call under way is over.
    pub(crate) fn settle(&mut self) {
        self.torn.clear();
    }

    /// A sync has returned.
    pub(crate) fn synced(&mut self) {
        self.sync_some(&mut Random::new(0), Left::Everything);
    }

    /// A sync has failed: what it left is unknown, and what is in memory counts as written from now on.
    pub(crate) fn sync_failed(&mut self, random: &mut Random) {
        let left = Left::any(random);
        self.sync_some(random, left);
    }

    fn sync_some(&mut self, random: &mut Random, left: Left) {
        if core::mem::take(&mut self.resized) && left.keeps(random) {
            self.safe.resize(self.here.len(), 0);
        }
        for page in core::mem::take(&mut self.dirty).into_keys() {
            let start = page * PAGE;
            let end = self.here.len().min(start + PAGE).min(self.safe.len());
            if start < end && left.keeps(random) {
                self.safe[start..end].copy_from_slice(&self.here[start..end]);
            }
        }
    }

    /// The system forgets what it holds in memory; what isn't on the platter is gone.
    pub(crate) fn forget(&mut self) {
        self.here.clone_from(&self.safe);
        self.dirty.clear();
        self.resized = false;
    }

    /// What a power cut now may leave.
    pub(crate) fn cut(&self, random: &mut Random, left: Left) -> Vec<u8> {
        let mut content = self.safe.clone();
        if self.resized && left.keeps(random) {
            content.resize(self.here.len(), 0);
        }
        let torn = self.torn.iter().nth(random.below(self.torn.len() as u64) as usize);
        for (page, versions) in &self.dirty {
            let start = page * PAGE;
            let end = self.here.len().min(start + PAGE).min(content.len());
            if start >= end || !left.keeps(random) {
                continue;
            }
            let newest = &self.here[start..end];
            let earlier = versions.get(random.below(versions.len() as u64 * 3 + 1) as usize);
            let chosen = earlier.filter(|_| left != Left::Everything).map_or(newest, Vec::as_slice);
            let mut length = chosen.len().min(end - start);
            if torn == Some(page) && left != Left::Everything {
                length = random.below(length as u64 + 1) as usize;
            }
            content[start..start + length].copy_from_slice(&chosen[..length]);
        }
        content
    }
}
