//! What is known of each file: what opens it, where it is from, and whether it is on the disk.

use serde::{Deserialize, Serialize};

use crate::base::chunks::Shape;
use crate::base::id::{AccountId, DeviceId, FileId};
use crate::base::time::Time;
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::file::Opening;
use crate::wire::said::file::Picture;

/// Files by their ids.
pub const FILES: Table<Kept> = Table::new(TableId::Files, 2);
/// The small pictures of those that have one, by their ids: whoever lists files doesn't read them.
const THUMBNAILS: Table<Vec<u8>> = Table::new(TableId::Thumbnails, 1);
/// A row for each entry of a timeline that speaks of a file; by file and thread, at the entry's position.
pub const USES: Table<()> = Table::new(TableId::FileUses, 1);

/// What is known of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// What opens it.
    pub opening: Opening,
    /// Its name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Where it is a picture.
    pub picture: Option<Sides>,
    /// Where it is from.
    pub origin: Origin,
    /// How it stands.
    pub state: State,
    /// Since when it stands so.
    pub since: Time,
    /// When it ends: one that waits is waited for no more, one from here is offered no more.
    pub expires: Time,
    /// How many entries of timelines speak of it.
    pub uses: u64,
}

/// What is known of a picture, besides the small one of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sides {
    /// In pixels, at least 1.
    pub width: u32,
    /// In pixels, at least 1.
    pub height: u32,
    /// Whether there is a small one of it.
    pub thumbnail: bool,
}

/// Where a file is from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Origin {
    /// It was given to this node.
    Here,
    /// A device told of it.
    Told {
        /// In which conversation: the account under which the contact was known first.
        thread: AccountId,
        /// Which device.
        device: DeviceId,
        /// Whether that is another device of ours.
        own: bool,
    },
}

/// How a file stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum State {
    /// It is on the disk, whole.
    Here,
    /// It isn't, or not whole.
    Waiting {
        /// Whether it is to be fetched; otherwise a person has to say so first.
        wanted: bool,
        /// What keeps it from being fetched.
        trouble: Option<Trouble>,
    },
    /// It isn't on the disk, and nothing will bring it back by itself.
    Gone(End),
    /// It isn't, or not whole; a person asked for it, so it has its room already.
    Asked {
        /// What keeps it from being fetched.
        trouble: Option<Trouble>,
    },
}

/// What keeps a file from being fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Trouble {
    /// There is no room for it: the disk is full, or files take as much as they may.
    NoRoom,
    /// Those that may have it, and that could be asked, don't give it.
    Refused,
}

/// Why a file is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum End {
    /// A person had it removed.
    Forgotten,
    /// Its time is over.
    Expired,
    /// What came of it, again and again, wasn't what was said.
    Broken,
    /// The store was brought back from a backup, which has no files.
    LeftBehind,
}

impl Kept {
    /// The bytes that it takes on the disk, whole; 0 for one of a size that no file has.
    pub fn sealed(&self) -> u64 {
        self.opening.shape().map_or(0, |shape: Shape| shape.sealed())
    }

    /// Whether it is on the disk, whole.
    pub fn is_here(&self) -> bool {
        self.state == State::Here
    }

    /// Whether it is to be fetched.
    pub const fn is_wanted(&self) -> bool {
        matches!(self.state, State::Waiting { wanted: true, .. } | State::Asked { .. })
    }

    /// Whether it takes of the room that files may have: nobody fills that by announcing.
    pub fn counts(&self) -> bool {
        self.is_here() || self.is_asked_for()
    }

    /// Whether it is to be fetched because a person said so.
    pub const fn is_asked_for(&self) -> bool {
        matches!(self.state, State::Asked { .. })
    }

    /// Whether it was given to this node.
    pub fn is_ours(&self) -> bool {
        self.origin == Origin::Here
    }

    /// It stands otherwise from now on.
    pub fn turn(&mut self, state: State, now: Time) {
        if self.state != state {
            (self.state, self.since) = (state, now);
        }
    }
}

impl Sides {
    /// Of a picture as a message speaks of it.
    pub const fn of(picture: &Picture) -> Self {
        Self { width: picture.width, height: picture.height, thumbnail: !picture.thumbnail.is_empty() }
    }
}

/// A file is known of, as `row` says; of a picture the small one is kept beside it.
pub fn put(tx: &Tx<'_>, row: Kept, picture: Option<Picture>) {
    let id = row.opening.id();
    let key = THUMBNAILS.key(id.as_bytes());
    match picture.filter(|picture| !picture.thumbnail.is_empty()) {
        Some(picture) => tx.put(&THUMBNAILS, key, picture.thumbnail),
        None => tx.delete(&THUMBNAILS, key),
    }
    tx.put(&FILES, FILES.key(id.as_bytes()), row);
}

/// A file isn't known of any more.
pub fn forget(tx: &Tx<'_>, file: &FileId) {
    tx.delete(&THUMBNAILS, THUMBNAILS.key(file.as_bytes()));
    tx.delete(&FILES, FILES.key(file.as_bytes()));
}

/// The small picture of a file; empty where there is none.
pub fn thumbnail(rows: &impl Rows, file: &FileId) -> Vec<u8> {
    rows.copy(&THUMBNAILS, file.as_bytes()).unwrap_or_default()
}

/// Changes a file's row, where there is one.
pub fn edit<R>(tx: &Tx<'_>, file: &FileId, change: impl FnOnce(&mut Kept) -> R) -> Option<R> {
    tx.edit(&FILES, &FILES.key(file.as_bytes()), change)
}

/// The entry at `position` of a thread speaks of a file.
pub fn used(tx: &Tx<'_>, file: &FileId, thread: &AccountId, position: u64) {
    let key = use_key(file, thread, position);
    if tx.with(&USES, &key, |()| ()).is_none() {
        tx.put(&USES, key, ());
        edit(tx, file, |row| row.uses += 1);
    }
}

/// It doesn't any more. Whether no entry does now.
pub fn unused(tx: &Tx<'_>, file: &FileId, thread: &AccountId, position: u64) -> bool {
    let key = use_key(file, thread, position);
    if tx.with(&USES, &key, |()| ()).is_none() {
        return false;
    }
    tx.delete(&USES, key);
    edit(tx, file, |row| {
        row.uses = row.uses.saturating_sub(1);
        row.uses == 0
    }) == Some(true)
}

/// The places of the entries of one conversation that speak of it.
pub fn places(rows: &impl Rows, file: &FileId, thread: &AccountId) -> Vec<u64> {
    let uses = rows.scan(&USES, &USES.of(&use_key(file, thread, 0).id));
    uses.into_iter().filter_map(|(key, _)| key.position()).collect()
}

/// It isn't remembered any more which entries of a conversation speak of it.
pub fn forget_uses(tx: &Tx<'_>, file: &FileId, thread: &AccountId) {
    for position in places(tx, file, thread) {
        tx.delete(&USES, use_key(file, thread, position));
    }
}

/// All files, by their ids.
pub fn all(rows: &impl Rows) -> Vec<(FileId, std::sync::Arc<Kept>)> {
    let found = rows.scan(&FILES, &FILES.all());
    found.into_iter().filter_map(|(key, row)| Some((FileId::from_slice(&key.id)?, row))).collect()
}

/// The part of a key that the disk can read is the position alone.
fn use_key(file: &FileId, thread: &AccountId, position: u64) -> Key {
    USES.key_at(&[&file.as_bytes()[..], thread.as_bytes()].concat(), position)
}
