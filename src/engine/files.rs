//! Files: those that are given to the node to be sent, those that others tell of, and those that nobody needs any more.

use crate::base::file_limits as limits;
use crate::base::id::{DeviceId, FileId};
use crate::domain::chat::timeline::{self, Body as Line, Entry, From, PAGES};
use crate::domain::files::kept::{self, End, FILES, Kept, Origin, Sides, State, Trouble};
use crate::domain::files::rules::Rules;
use crate::domain::identity::address::Address;
use crate::domain::identity::contact::{Contact, Standing};
use crate::domain::identity::moved;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::event::Event;
use crate::engine::file_order::FileOrder;
use crate::engine::file_state::Want;
use crate::engine::file_view::state_word;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::parcel::NewFile;
use crate::store::table::Rows;
use crate::wire::file::{is_file_name, is_media_type};
use crate::wire::said::file::SentFile;

impl Engine {
    /// What the node fetches by itself from now on, and how much it keeps.
    pub const fn keep_files(&mut self, rules: Rules) {
        self.files.rules = rules;
    }

    /// The node has started: soft state is made anew from the rows.
    pub(super) fn files_started(&mut self, step: &mut Step<'_, '_>) {
        let all = kept::all(step.tx);
        self.files.known = all.len();
        for (id, row) in all {
            self.files.unsent += usize::from(is_unsent(&row));
            if row.counts() {
                self.files.bytes += row.sealed();
            }
            if row.is_wanted() {
                self.files.wanted.insert(id, Want::new(&row, step.now));
            }
            if matches!(row.state, State::Gone(_)) {
                self.files.gone.insert((row.since, id));
            }
        }
        self.fetch_some(step);
    }

    /// The store was brought back from a backup, which has no files: those that others told of can be asked for again.
    pub(super) fn files_left_behind(step: &Step<'_, '_>) {
        for (id, row) in kept::all(step.tx) {
            let state = match row.state {
                State::Here if row.is_ours() => State::Gone(End::LeftBehind),
                State::Here => State::Waiting { wanted: false, trouble: None },
                State::Waiting { .. } | State::Asked { .. } | State::Gone(_) => continue,
            };
            kept::edit(step.tx, &id, |row| row.turn(state, step.now));
        }
    }

    /// A file is on the disk, to be sent.
    pub(super) fn take_file(&mut self, step: &Step<'_, '_>, new: NewFile) -> Result<Outcome, Refusal> {
        let NewFile { opening, name, media_type, picture } = new;
        if opening.shape().is_none() {
            return Err(Refusal::File(format!("a file has at most {} bytes", limits::FILE_MAX)));
        }
        if !is_file_name(&name) || !is_media_type(&media_type) {
            return Err(Refusal::File(NAME_WORDS.into()));
        }
        if picture.as_ref().is_some_and(|picture| !picture.is_valid()) {
            return Err(Refusal::File(PICTURE_WORDS.into()));
        }
        if self.files.unsent >= limits::FILES_UNSENT_MAX || !self.has_place(step) {
            return Err(Refusal::TooMany("files that belong to no message yet: send or forget some"));
        }
        let expires = step.now.plus(limits::UNSENT_LIFE);
        let id = opening.id();
        let row = Kept {
            opening,
            name,
            media_type,
            picture: picture.as_ref().map(Sides::of),
            origin: Origin::Here,
            state: State::Here,
            since: step.now,
            expires,
            uses: 0,
        };
        if !self.files.has_room(row.sealed()) {
            return Err(Refusal::File(ROOM_WORDS.into()));
        }
        self.files.bytes += row.sealed();
        self.files.known += 1;
        self.files.unsent += 1;
        kept::put(step.tx, row, picture);
        self.agenda.set(step.tx, Job::FileEnds(id), expires);
        Ok(Outcome::FileTaken { file: id, expires })
    }

    /// Whether a message may go out with this file: it was given to the node, and is still here.
    pub(super) fn may_send(&self, step: &Step<'_, '_>, id: &FileId) -> Result<(), Refusal> {
        let row = step.tx.row(&FILES, id.as_bytes()).ok_or(Refusal::NoSuchFile)?;
        if row.is_ours() && row.is_here() { Ok(()) } else { Err(Refusal::File(FOREIGN_WORDS.into())) }
    }

    /// A message with a file went out: it is offered from now on.
    pub(super) fn file_sent(&mut self, step: &Step<'_, '_>, id: &FileId, contact: &Contact, position: u64) {
        let was_unsent = step.tx.with(&FILES, &FILES.key(id.as_bytes()), is_unsent) == Some(true);
        self.files.unsent = self.files.unsent.saturating_sub(usize::from(was_unsent));
        kept::used(step.tx, id, &contact.thread, position);
        let expires = step.now.plus(limits::OFFER_LIFE);
        kept::edit(step.tx, id, |row| row.expires = expires);
        self.agenda.set(step.tx, Job::FileEnds(*id), expires);
    }

    /// A person wants a file to be fetched.
    pub(super) fn want_file(&mut self, step: &mut Step<'_, '_>, id: &FileId) -> Result<Outcome, Refusal> {
        let row = step.tx.row(&FILES, id.as_bytes()).ok_or(Refusal::NoSuchFile)?;
        match row.state {
            State::Here => return Ok(Outcome::Done),
            State::Asked { .. } => {
                let want = self.files.wanted.entry(*id).or_insert_with(|| Want::new(&row, step.now));
                want.wake(step.now);
            }
            State::Waiting { wanted: true, .. } => {
                if self.files.has_room(row.sealed()) {
                    self.asked_for(step, id, &row);
                }
                let want = self.files.wanted.entry(*id).or_insert_with(|| Want::new(&row, step.now));
                want.wake(step.now);
            }
            _ if row.is_ours() => return Err(Refusal::File(OURS_WORDS.into())),
            State::Waiting { .. } | State::Gone(_) => {
                if !self.files.has_room(row.sealed()) {
                    return Err(Refusal::File(ROOM_WORDS.into()));
                }
                if self.files.wanted.len() >= limits::WANTED_MAX {
                    return Err(Refusal::TooMany("files that are to be fetched"));
                }
                self.want(step, *id, &row);
                self.asked_for(step, id, &row);
                let expires = row.expires.max(step.now.plus(limits::UNSENT_LIFE));
                kept::edit(step.tx, id, |row| row.expires = expires);
                self.agenda.set(step.tx, Job::FileEnds(*id), expires);
            }
        }
        self.fetch_some(step);
        Ok(Outcome::Done)
    }

    /// A person wants a file off the disk.
    pub(super) fn forget_file(&mut self, step: &Step<'_, '_>, id: &FileId) -> Result<Outcome, Refusal> {
        let row = step.tx.row(&FILES, id.as_bytes()).ok_or(Refusal::NoSuchFile)?;
        match row.state {
            // Once more: it isn't even remembered what it was.
            State::Gone(_) => self.drop_file(step, id),
            _ if row.uses == 0 => {
                self.files.unsent = self.files.unsent.saturating_sub(usize::from(is_unsent(&row)));
                self.drop_file(step, id);
            }
            _ => self.end_file(step, id, End::Forgotten),
        }
        Ok(Outcome::Done)
    }

    /// A message of theirs, or of another device of ours, was filed: if it is a file, it is known from now on, and
    /// fetched where that needs nobody's word.
    pub(super) fn file_filed(&mut self, step: &Step<'_, '_>, contact: &Contact, entry: &Entry) {
        let Some(file) = file_of(entry) else { return };
        let Some((device, own)) = told_by(entry) else { return };
        if self.file_told(step, contact, (device, own), file) {
            self.want_if_small(step, contact, file);
        }
        kept::used(step.tx, &file.opening.id(), &contact.thread, entry.position);
        self.fetch_some(step);
    }

    /// Another device of ours told what was said at these places, before this one was linked: its files are there to be
    /// asked for.
    pub(super) fn files_told(&mut self, step: &Step<'_, '_>, contact: &Contact, positions: &[u64]) {
        for position in positions {
            let there = timeline::since(step.tx, &contact.thread, *position, 1).pop();
            let Some(entry) = there.filter(|entry| entry.position == *position) else { continue };
            let (Some((device, own)), Some(file)) = (told_by(&entry), file_of(&entry)) else { continue };
            self.file_told(step, contact, (device, own), file);
            kept::used(step.tx, &file.opening.id(), &contact.thread, *position);
        }
    }

    /// A message is taken back: if it was a file, it is another's perhaps, and else nobody's.
    pub(super) fn file_taken_back(&mut self, step: &Step<'_, '_>, contact: &Contact, entry: &Entry) {
        if let Some(file) = file_of(entry)
            && kept::unused(step.tx, &file.opening.id(), &contact.thread, entry.position)
        {
            self.drop_file(step, &file.opening.id());
        }
    }

    /// A conversation is erased: files that no other one speaks of go with it.
    pub(super) fn files_erased(&mut self, step: &Step<'_, '_>, contact: &Contact) {
        for (_, page) in step.tx.scan(&PAGES, &PAGES.of(contact.thread.as_bytes())) {
            page.entries.iter().for_each(|entry| self.file_taken_back(step, contact, entry));
        }
    }

    /// A device told of a file. Whether that is news.
    fn file_told(
        &mut self,
        step: &Step<'_, '_>,
        contact: &Contact,
        (device, own): (DeviceId, bool),
        file: &SentFile,
    ) -> bool {
        let id = file.opening.id();
        let known = step.tx.row(&FILES, id.as_bytes());
        if known.as_ref().is_some_and(|row| row.is_ours() || !matches!(row.state, State::Gone(_))) {
            return false;
        }
        if known.is_none() && !self.has_place(step) {
            self.counters.over_limit += 1;
            return false;
        }
        known.iter().for_each(|row| {
            self.files.gone.remove(&(row.since, id));
        });
        self.files.known += usize::from(known.is_none());
        let expires = step.now.plus(limits::OFFER_LIFE);
        let row = Kept {
            opening: file.opening.clone(),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            picture: file.picture.as_ref().map(Sides::of),
            origin: Origin::Told { thread: contact.thread, device, own },
            state: State::Waiting { wanted: false, trouble: None },
            since: step.now,
            expires,
            uses: known.map_or(0, |row| row.uses),
        };
        kept::put(step.tx, row, file.picture.clone());
        self.agenda.set(step.tx, Job::FileEnds(id), expires);
        true
    }

    /// Nothing is fetched of strangers, nor what is large, unless a person says so.
    fn want_if_small(&mut self, step: &Step<'_, '_>, contact: &Contact, file: &SentFile) {
        let (id, size) = (file.opening.id(), file.opening.size);
        if size > self.files.rules.fetched || contact.standing != Standing::Accepted {
            return;
        }
        let Some(row) = step.tx.row(&FILES, id.as_bytes()) else { return };
        if self.files.may_want(&contact.thread, row.sealed()) {
            self.want(step, id, &row);
        } else {
            let state = State::Waiting { wanted: false, trouble: Some(Trouble::NoRoom) };
            kept::edit(step.tx, &id, |row| row.turn(state, step.now));
        }
    }

    fn want(&mut self, step: &Step<'_, '_>, id: FileId, row: &Kept) {
        let state = State::Waiting { wanted: true, trouble: None };
        kept::edit(step.tx, &id, |row| row.turn(state, step.now));
        self.files.gone.remove(&(row.since, id));
        self.files.wanted.insert(id, Want { asked_for: false, ..Want::new(row, step.now) });
    }

    /// A person asked for a file that is wanted: it has its room from now on.
    fn asked_for(&mut self, step: &Step<'_, '_>, id: &FileId, row: &Kept) {
        let state = State::Asked { trouble: None };
        kept::edit(step.tx, id, |row| row.turn(state, step.now));
        self.files.bytes += row.sealed();
        self.files.wanted.get_mut(id).into_iter().for_each(|want| want.asked_for = true);
    }

    /// The time of a file is over.
    pub(super) fn file_ends(&mut self, step: &Step<'_, '_>, id: &FileId) {
        let Some(row) = step.tx.row(&FILES, id.as_bytes()) else { return };
        if row.expires > step.now {
            return self.agenda.set(step.tx, Job::FileEnds(*id), row.expires);
        }
        match row.state {
            State::Here if is_unsent(&row) => {
                self.files.unsent = self.files.unsent.saturating_sub(1);
                self.drop_file(step, id);
            }
            // What came stays until somebody removes it.
            State::Here if !row.is_ours() => {}
            State::Here | State::Waiting { .. } | State::Asked { .. } => {
                self.end_file(step, id, End::Expired);
            }
            State::Gone(_) => {}
        }
    }

    /// A file isn't on the disk any more, nor fetched; it is remembered what it was.
    pub(super) fn end_file(&mut self, step: &Step<'_, '_>, id: &FileId, end: End) {
        self.let_go(step, id);
        let turned = kept::edit(step.tx, id, |row| {
            let before = (row.state, row.since);
            row.turn(State::Gone(end), step.now);
            (before, row.since)
        });
        let Some(((state, before), since)) = turned else { return };
        self.files.gone.remove(&(before, *id));
        self.files.gone.insert((since, *id));
        if state != State::Gone(end) {
            self.show_file(step, id);
        }
    }

    /// Whether one more file can be known of. Of those that are gone the oldest makes place: what its message says of it
    /// stays.
    fn has_place(&mut self, step: &Step<'_, '_>) -> bool {
        if self.files.known < limits::FILES_MAX {
            return true;
        }
        let Some((_, oldest)) = self.files.gone.first().copied() else { return false };
        self.drop_file(step, &oldest);
        true
    }

    /// Nobody needs to know of a file any more. If it belonged to no message, whoever drops it counts one less of those.
    fn drop_file(&mut self, step: &Step<'_, '_>, id: &FileId) {
        let Some(row) = step.tx.row(&FILES, id.as_bytes()) else { return };
        self.let_go(step, id);
        self.files.known = self.files.known.saturating_sub(1);
        self.files.gone.remove(&(row.since, *id));
        if let (Origin::Told { thread, .. }, 1..) = (row.origin, row.uses) {
            kept::forget_uses(step.tx, id, &thread);
        }
        kept::forget(step.tx, id);
        self.agenda.clear(step.tx, &Job::FileEnds(*id));
    }

    fn let_go(&mut self, step: &Step<'_, '_>, id: &FileId) {
        let held = step
            .tx
            .with(&FILES, &FILES.key(id.as_bytes()), |row| if row.counts() { row.sealed() } else { 0 });
        self.files.bytes = self.files.bytes.saturating_sub(held.unwrap_or(0));
        self.files.wanted.remove(id);
        self.files.running.remove(id);
        self.effects.push(Effect::File(FileOrder::Remove(*id)));
    }

    /// The screens are told how a file stands that others told of.
    pub(super) fn show_file(&mut self, step: &Step<'_, '_>, id: &FileId) {
        let Some(row) = step.tx.row(&FILES, id.as_bytes()) else { return };
        let Origin::Told { thread, .. } = row.origin else { return };
        let Some(contact) = moved::contact(step.tx, &thread) else { return };
        self.show(Event::File {
            with: Address(contact.account),
            name: contact.name.clone(),
            file: *id,
            file_name: row.name.clone(),
            state: state_word(row.state),
        });
    }
}

/// The file that a message carries.
fn file_of(entry: &Entry) -> Option<&SentFile> {
    if let Line::Said(said) = &entry.body { said.file() } else { None }
}

/// Which device told of an entry, and whether it is one of ours; none where it was said here.
const fn told_by(entry: &Entry) -> Option<(DeviceId, bool)> {
    match entry.from {
        From::Them { device, .. } => Some((device, false)),
        From::Own { device, .. } => Some((device, true)),
        From::Us { .. } => None,
    }
}

/// Whether a file was given to the node and belongs to no message.
const fn is_unsent(row: &Kept) -> bool {
    matches!(row.origin, Origin::Here) && row.uses == 0
}

const NAME_WORDS: &str =
    "a file's name is one line of at most 255 bytes without strokes, and its type is one as image/jpeg";
const PICTURE_WORDS: &str =
    "a picture has sides of 1 to 65,535 pixels, and a thumbnail is a JPEG or PNG of at most 7,168 bytes";
const FOREIGN_WORDS: &str =
    "only a file that was given to this node, and is still here, can be sent: give it to the node again";
const OURS_WORDS: &str =
    "this file was sent from here and isn't here any more: it is where it was taken from";
const ROOM_WORDS: &str = "files take as much room as they may: forget some (`sigillo file forget`), or raise `kept_mebibytes` under \
     [files] in config.toml";
