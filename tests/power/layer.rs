//! A disk that can lose its power or fail at any call, and knows what it would leave.
//!
//! What was synced survives. Of what was written since, any pages may, in any of the states that were seen, and the
//! write under way may be torn. Names that were made, changed or removed survive when their directory is synced;
//! before that any of these changes may, each whole. sled writes past this layer: at each call its files are looked
//! at, and whatever changed in them counts as written and not synced.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread::{self, ThreadId};

use sigillo::disk::medium::{Medium, SystemMedium};
use sigillo::sim::random::Random;

use crate::file::{Left, PAGE, Stored, is_empty};
use crate::store::new_home;

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plan {
    /// Nothing.
    Sound,
    /// Nothing, but what a power cut would leave is kept at every call.
    Watched,
    /// The call of this number, from 0, fails; those after it don't.
    Fails(usize, Failure),
    /// The program is killed at the call of this number, from 0: neither it nor a later one does anything.
    Dies(usize),
}

/// How a call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// The disk is full.
    Full,
    /// The disk can't.
    Broken,
}

impl Failure {
    fn error(self) -> io::Error {
        match self {
            Self::Full => io::Error::from_raw_os_error(28),
            Self::Broken => io::Error::from_raw_os_error(5),
        }
    }
}

/// What a power cut left.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) home: PathBuf,
    /// During which call.
    pub(crate) call: String,
    pub(crate) left: Left,
    /// The number of the last batch that was confirmed before.
    pub(crate) confirmed: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Entry {
    File(usize),
    Directory,
}

/// A change of names that isn't safe yet.
#[derive(Clone, Debug)]
struct Change {
    from: Option<PathBuf>,
    to: Option<(PathBuf, Entry)>,
}

impl Change {
    fn is_in(&self, directory: &Path) -> bool {
        let paths = self.from.iter().chain(self.to.iter().map(|(path, _)| path));
        paths.into_iter().any(|path| path.parent() == Some(directory))
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Entry>) {
        if let Some(from) = &self.from {
            names.remove(from);
        }
        if let Some((to, entry)) = &self.to {
            names.insert(to.clone(), *entry);
        }
    }
}

/// The disk under one directory.
pub(crate) struct Layer {
    root: PathBuf,
    images: tempfile::TempDir,
    state: Mutex<State>,
    /// The number of the last batch that was confirmed.
    pub(crate) confirmed: AtomicU64,
}

struct State {
    plan: Plan,
    random: Random,
    files: Vec<Stored>,
    /// Names as programs see them.
    here: BTreeMap<PathBuf, Entry>,
    /// Names that a power cut leaves.
    safe: BTreeMap<PathBuf, Entry>,
    changes: Vec<Change>,
    calls: Vec<String>,
    /// Which thread each of them came from.
    callers: Vec<ThreadId>,
    cuts: Vec<Cut>,
}

impl Layer {
    /// A disk on which everything that is under `root` now is safe.
    pub(crate) fn over(root: &Path, plan: Plan, seed: u64) -> Self {
        let mut state = State {
            plan,
            random: Random::new(seed),
            files: Vec::new(),
            here: BTreeMap::new(),
            safe: BTreeMap::new(),
            changes: Vec::new(),
            calls: Vec::new(),
            callers: Vec::new(),
            cuts: Vec::new(),
        };
        state.look(root);
        for file in &mut state.files {
            *file = Stored::old(core::mem::take(&mut file.here), file.foreign);
        }
        state.safe = state.here.clone();
        state.changes.clear();
        let images = new_home();
        Self { root: root.to_owned(), images, state: Mutex::new(state), confirmed: AtomicU64::new(0) }
    }

    /// What the calls so far did, in their order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// The calls behind one of them: those of its own thread, and those of others.
    pub(crate) fn behind(&self, call: usize) -> (Vec<String>, Vec<String>) {
        let state = self.lock();
        let Some(caller) = state.callers.get(call).copied() else { return (Vec::new(), Vec::new()) };
        let later = state.calls.iter().zip(&state.callers).skip(call + 1);
        let (own, others): (Vec<_>, Vec<_>) = later.partition(|(_, by)| **by == caller);
        let names =
            |calls: Vec<(&String, &ThreadId)>| calls.into_iter().map(|(name, _)| name.clone()).collect();
        (names(own), names(others))
    }

    /// From the next call on, something else goes wrong, or nothing; calls are counted anew.
    pub(crate) fn plan(&self, plan: Plan) {
        let mut state = self.lock();
        state.plan = plan;
        state.calls.clear();
        state.callers.clear();
    }

    /// What the cuts so far left.
    pub(crate) fn take_cuts(&self) -> Vec<Cut> {
        core::mem::take(&mut self.lock().cuts)
    }

    /// What a power cut now would leave.
    pub(crate) fn cut_now(&self) -> Cut {
        let mut state = self.lock();
        state.look(&self.root);
        state.calls.push("afterwards".to_owned());
        state.callers.push(thread::current().id());
        self.cut(&mut state);
        state.cuts.pop().unwrap()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Begins a call, and says whether it is to fail. An error, where the program is no more.
    fn begin(&self, what: &str, path: &Path) -> io::Result<(MutexGuard<'_, State>, Option<Failure>)> {
        let mut state = self.lock();
        let name = path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        state.files.iter_mut().for_each(Stored::settle);
        let number = state.calls.len();
        state.calls.push(format!("{what} {name}"));
        state.callers.push(thread::current().id());
        state.look(&self.root);
        let fails = match state.plan {
            Plan::Fails(call, failure) if call == number => Some(failure),
            Plan::Dies(call) if call <= number => return Err(io::Error::other("killed")),
            _ => None,
        };
        Ok((state, fails))
    }

    /// Keeps what a power cut during this call would leave.
    fn watch(&self, state: &mut State) {
        if state.plan == Plan::Watched {
            self.cut(state);
        }
    }

    fn cut(&self, state: &mut State) {
        let confirmed = self.confirmed.load(Ordering::SeqCst);
        let home = self.images.path().join(state.calls.len().to_string());
        let left = Left::any(&mut state.random);
        state.write_image(&self.root, &home, left);
        let call = state.calls.last().cloned().unwrap_or_default();
        let call = format!("call {} ({call})", state.calls.len());
        state.cuts.push(Cut { home, call, left, confirmed });
    }
}

impl Medium for Layer {
    fn create(&self, path: &Path) -> io::Result<File> {
        let (mut state, fails) = self.begin("create", path)?;
        if let Some(failure) = fails {
            return Err(failure.error());
        }
        let file = SystemMedium.create(path)?;
        match state.here.get(path).copied() {
            Some(Entry::File(index)) => state.files[index].look(&[]),
            _ => {
                let index = state.files.len();
                state.files.push(Stored::default());
                state.change(None, Some((path.to_owned(), Entry::File(index))));
            }
        }
        self.watch(&mut state);
        Ok(file)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let (mut state, fails) = self.begin("write", &self.path_of(file))?;
        let index = state.file(&self.root, file);
        let offset = usize::try_from(file.stream_position()?).unwrap();
        let bytes = if fails.is_some() { &bytes[..bytes.len() / 2] } else { bytes };
        file.write_all(bytes)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap();
        state.files[index].resize(length);
        state.files[index].write(offset, bytes);
        if let Some(failure) = fails {
            return Err(failure.error());
        }
        self.watch(&mut state);
        Ok(())
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let (mut state, fails) = self.begin("sync", &self.path_of(file))?;
        self.watch(&mut state);
        let index = state.file(&self.root, file);
        let length = usize::try_from(file.metadata()?.len()).unwrap();
        let State { files, random, .. } = &mut *state;
        files[index].resize(length);
        if let Some(failure) = fails {
            files[index].sync_failed(random);
            return Err(failure.error());
        }
        files[index].synced();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (mut state, fails) = self.begin("rename", to)?;
        if let Some(failure) = fails.filter(|_| from.exists()) {
            if state.random.chance(50) {
                return Err(failure.error());
            }
            std::fs::rename(from, to)?;
            state.moved(from, to);
            return Err(failure.error());
        }
        std::fs::rename(from, to)?;
        state.moved(from, to);
        self.watch(&mut state);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (mut state, fails) = self.begin("remove", path)?;
        if let Some(failure) = fails.filter(|_| path.exists()) {
            return Err(failure.error());
        }
        std::fs::remove_file(path)?;
        state.change(Some(path.to_owned()), None);
        self.watch(&mut state);
        Ok(())
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let (mut state, fails) = self.begin("create directory", path)?;
        if let Some(failure) = fails {
            return Err(failure.error());
        }
        SystemMedium.create_directory(path)?;
        state.change(None, Some((path.to_owned(), Entry::Directory)));
        self.watch(&mut state);
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let (mut state, fails) = self.begin("sync directory", path)?;
        self.watch(&mut state);
        let State { changes, safe, random, .. } = &mut *state;
        let (due, rest): (Vec<_>, Vec<_>) = changes.drain(..).partition(|change| change.is_in(path));
        *changes = rest;
        for change in due {
            // After an error nobody knows which.
            if fails.is_none() || random.chance(50) {
                change.apply(safe);
            } else {
                changes.push(change);
            }
        }
        fails.map_or(Ok(()), |failure| Err(failure.error()))
    }

    fn read_anew(&self, path: &Path) -> io::Result<()> {
        let (mut state, fails) = self.begin("read anew", path)?;
        if let Some(failure) = fails {
            return Err(failure.error());
        }
        let Entry::File(index) = state.here[path] else { panic!("{} is a directory", path.display()) };
        state.files[index].synced();
        state.files[index].forget();
        let file = File::options().write(true).open(path)?;
        file.set_len(state.files[index].here.len() as u64)?;
        file.write_all_at(&state.files[index].here, 0)
    }
}

impl Layer {
    fn path_of(&self, file: &File) -> PathBuf {
        self.lock().path(&self.root, file)
    }
}

impl State {
    fn change(&mut self, from: Option<PathBuf>, to: Option<(PathBuf, Entry)>) {
        let change = Change { from, to };
        change.apply(&mut self.here);
        self.changes.push(change);
    }

    fn moved(&mut self, from: &Path, to: &Path) {
        let entry = self.here[from];
        self.change(Some(from.to_owned()), Some((to.to_owned(), entry)));
    }

    fn file(&mut self, root: &Path, file: &File) -> usize {
        let path = self.path(root, file);
        let Entry::File(index) = self.here[&path] else { panic!("{} is a directory", path.display()) };
        index
    }

    fn path(&mut self, root: &Path, file: &File) -> PathBuf {
        let number = file.metadata().unwrap().ino();
        let is_it = |path: &Path| path.metadata().is_ok_and(|data| data.ino() == number);
        if let Some(path) = self.here.keys().find(|path| is_it(path)) {
            return path.clone();
        }
        self.look(root);
        self.here.keys().find(|path| is_it(path)).expect("a file under the root").clone()
    }

    /// Notes what somebody else did to names and files, past the layer.
    fn look(&mut self, root: &Path) {
        let mut found = BTreeMap::new();
        walk(root, &mut found);
        let gone: Vec<_> = self.here.keys().filter(|path| !found.contains_key(*path)).cloned().collect();
        let new: Vec<_> = found.iter().filter(|(path, _)| !self.here.contains_key(*path)).collect();
        // Whether a name is a new one of an old file can't be seen any more: it counts as a new file.
        gone.into_iter().for_each(|path| self.change(Some(path), None));
        for (path, is_directory) in new {
            let entry = if *is_directory { Entry::Directory } else { Entry::File(self.files.len()) };
            if !is_directory {
                self.files.push(Stored::of_others());
            }
            self.change(None, Some((path.clone(), entry)));
        }
        for (path, entry) in &self.here {
            if let Entry::File(index) = entry
                && self.files[*index].foreign
                && let Ok(content) = std::fs::read(path)
            {
                self.files[*index].look(&content);
            }
        }
    }

    /// Writes what a power cut leaves of `root` to `home`.
    fn write_image(&mut self, root: &Path, home: &Path, left: Left) {
        let mut names = self.safe.clone();
        let in_order = self.random.chance(50);
        for change in &self.changes {
            if left.keeps(&mut self.random) {
                change.apply(&mut names);
            } else if in_order {
                break;
            }
        }
        std::fs::create_dir_all(home).unwrap();
        for (path, entry) in &names {
            let mut above = path.ancestors().skip(1).take_while(|directory| *directory != root);
            if !above.all(|directory| names.get(directory) == Some(&Entry::Directory)) {
                continue;
            }
            let target = home.join(path.strip_prefix(root).unwrap());
            match entry {
                Entry::Directory => std::fs::create_dir(target).unwrap(),
                Entry::File(index) => write_sparse(&target, &self.files[*index].cut(&mut self.random, left)),
            }
        }
    }
}

/// Every name under a directory, and whether it is a directory's.
fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, bool>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let is_directory = path.is_dir();
        if is_directory {
            walk(&path, found);
        }
        found.insert(path, is_directory);
    }
}

fn write_sparse(path: &Path, content: &[u8]) {
    let file = File::create(path).unwrap();
    file.set_len(content.len() as u64).unwrap();
    for (number, page) in content.chunks(PAGE).enumerate() {
        if !is_empty(page) {
            file.write_all_at(page, (number * PAGE) as u64).unwrap();
        }
    }
}
