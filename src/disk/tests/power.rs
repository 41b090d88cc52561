//! Power cuts: any of the pages that were written since the last sync may be there or not.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::fixtures::*;
use crate::disk::medium::{Medium, SystemMedium};
use crate::disk::options::Options;
use crate::store::key::Key;

const PAGE: usize = 4096;

/// A medium that, before it syncs sled's log, keeps what a power cut at that moment could leave.
struct Cuts {
    home: OnceLock<std::path::PathBuf>,
    kept: tempfile::TempDir,
    /// The number of the last batch that was confirmed.
    confirmed: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    synced: Vec<u8>,
    syncs: u64,
    random: u64,
    /// What each cut left, and the last batch that was confirmed before.
    cuts: Vec<(std::path::PathBuf, u64)>,
}

impl State {
    fn next(&mut self) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.random >> 33
    }
}

impl Cuts {
    fn cut(&self, home: &Path) {
        let mut state = self.state.lock().unwrap();
        let written = std::fs::read(home.join("sled/db")).unwrap();
        state.syncs += 1;
        if state.syncs.is_multiple_of(7) {
            let confirmed = self.confirmed.load(Ordering::SeqCst);
            let path = self.kept.path().join(state.syncs.to_string());
            copy(home, &path);
            let mut left = state.synced.clone();
            let keeps = state.next() % 5;
            left.resize(if keeps == 0 { left.len() } else { left.len().max(written.len()) }, 0);
            for (left, written) in left.chunks_mut(PAGE).zip(written.chunks(PAGE)) {
                if left != written && state.next() % 4 < keeps {
                    let length = left.len().min(written.len());
                    left[..length].copy_from_slice(&written[..length]);
                }
            }
            std::fs::write(path.join("sled/db"), left).unwrap();
            state.cuts.push((path, confirmed));
        }
        state.synced = written;
    }
}

impl Medium for Cuts {
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        SystemMedium.write(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt as _;
        if let Some(home) = self.home.get()
            && std::fs::metadata(home.join("sled/db"))?.ino() == file.metadata()?.ino()
        {
            self.cut(home);
        }
        SystemMedium.sync(file)
    }
}

/// The changes of batch `number`; one row always holds the number.
fn changes(random: &mut State, number: u64) -> Vec<(Key, Option<Vec<u8>>)> {
    let rows = (0..8).map(|_| {
        let key = BYTES.key_at(&[random.next() as u8 % 8], random.next() % 100);
        let length = (random.next() % 4_000) as usize;
        (key, (!random.next().is_multiple_of(5)).then(|| vec![random.next() as u8; length]))
    });
    rows.chain([(BYTES.key(b"last"), Some(number.to_be_bytes().to_vec()))]).collect()
}

#[test]
fn nothing_confirmed_is_lost_when_any_unsynced_pages_of_sled_are() {
    let setting = |name: &str, otherwise| {
        std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(otherwise)
    };
    let (rounds, seed) = (setting("SIGILLO_POWER_ROUNDS", 300), setting("SIGILLO_POWER_SEED", 1));
    let home = tempfile::tempdir().unwrap();
    let cuts = Arc::new(Cuts {
        home: OnceLock::new(),
        kept: tempfile::tempdir().unwrap(),
        confirmed: AtomicU64::new(0),
        state: Mutex::new(State { random: seed, ..State::default() }),
    });
    let options = Options {
        medium: cuts.clone(),
        settle: Duration::from_millis(1),
        overlay_soft_bytes: 64 * 1024,
        overlay_hard_bytes: 512 * 1024,
        checkpoint_bytes: 512 * 1024,
        ..lazy()
    };
    let (database, _) = open(home.path(), options).unwrap();
    cuts.state.lock().unwrap().synced = std::fs::read(home.path().join("sled/db")).unwrap();
    cuts.home.set(home.path().to_owned()).unwrap();
    let mut random = State { random: seed ^ 0xABCD, ..State::default() };
    let mut history = Vec::new();
    for number in 1..=rounds {
        let changes = changes(&mut random, number);
        let rows: Vec<_> = changes.iter().map(|(key, value)| (key.clone(), value.as_deref())).collect();
        commit(&database, number, &rows);
        cuts.confirmed.store(number, Ordering::SeqCst);
        history.push(changes);
    }
    drop(database);
    let cuts = core::mem::take(&mut cuts.state.lock().unwrap().cuts);
    assert!(cuts.len() > 3);
    let (mut model, mut applied) = (Model::new(), 0);
    for (path, confirmed) in cuts {
        let (database, _) = open(&path, lazy()).unwrap_or_else(|error| panic!("{error}"));
        let found = everything(&database);
        let last = found.get(&BYTES.key(b"last"));
        let last = last.map_or(0, |bytes| u64::from_be_bytes(bytes.as_slice().try_into().unwrap()));
        // Commits went on while the cut was copied, so more may be found.
        assert!(last >= confirmed, "{confirmed} confirmed, {last} found");
        // Cuts are in the order of time, so that one model follows them all.
        for (key, value) in history[applied..last as usize].iter().flatten().cloned() {
            match value {
                Some(value) => model.insert(key, value),
                None => model.remove(&key),
            };
        }
        applied = last as usize;
        let differs = found.iter().find(|(key, value)| model.get(key) != Some(value));
        assert!(differs.is_none(), "batch {last}: {:?} differs", differs.map(|(key, _)| key));
        assert_eq!(found.len(), model.len(), "batch {last}");
    }
}
