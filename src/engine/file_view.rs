//! Files as the screens show them.

use serde::Serialize;

use crate::base::id::FileId;
use crate::base::time::Time;
use crate::domain::files::kept::{self, End, FILES, Kept, Origin, Sides, State, Trouble};
use crate::domain::identity::address;
use crate::domain::identity::moved;
use crate::store::table::Rows;
use crate::wire::file::Opening;
use crate::wire::said::file::{Picture, SentFile};

/// One file.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct FileView {
    /// Its id.
    pub id: FileId,
    /// Its name.
    pub name: String,
    /// What it is, as `image/jpeg`.
    pub media_type: String,
    /// Its bytes.
    pub size: u64,
    /// `here`, `waiting` for somebody who has it, `offered` and not asked for, `forgotten`, `expired` or `broken`.
    pub state: &'static str,
    /// What keeps it from being fetched: `no_room` or `refused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<&'static str>,
    /// Since when it stands so.
    pub since: Time,
    /// Whether it was given to this node.
    pub ours: bool,
    /// Who told of it first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// How many messages speak of it.
    pub messages: u64,
    /// Until when others can fetch it here, or it is waited for; nothing where it just stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// A picture's width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Its height.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Whether there is a thumbnail of it.
    pub thumbnail: bool,
    /// Bytes of it that are on the disk.
    pub received: u64,
}

/// So many files at most, the latest first.
pub fn files(rows: &impl Rows, most: usize) -> Vec<FileView> {
    let mut all = kept::all(rows);
    all.sort_by_key(|(_, row)| core::cmp::Reverse(row.since));
    all.truncate(most);
    all.into_iter().map(|(id, row)| view(rows, id, &row)).collect()
}

/// One file.
pub fn file(rows: &impl Rows, id: &FileId) -> Option<FileView> {
    rows.row(&FILES, id.as_bytes()).map(|row| view(rows, *id, &row))
}

/// The file that a person means by an id or the beginning of one; an error says how many fit.
pub fn resolve(rows: &impl Rows, text: &str) -> Result<FileId, usize> {
    if let Some(id) = FileId::from_hex(text) {
        return rows.row(&FILES, id.as_bytes()).map(|_| id).ok_or(0);
    }
    let text = text.to_ascii_lowercase();
    let fits = |id: &FileId| text.len() >= ID_PREFIX_LEAST && id.to_string().starts_with(&text);
    let found: Vec<FileId> = kept::all(rows).into_iter().map(|(id, _)| id).filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        _ => Err(found.len()),
    }
}

/// Fewer digits of an id name nothing.
const ID_PREFIX_LEAST: usize = 4;

/// What opens a file, and what it is called; none where it isn't on the disk.
pub fn opening(rows: &impl Rows, id: &FileId) -> Option<(Opening, String, String)> {
    let row = rows.row(&FILES, id.as_bytes()).filter(|row| row.is_here())?;
    Some((row.opening.clone(), row.name.clone(), row.media_type.clone()))
}

/// A file that was given to this node as a message would speak of it, with a text under it; none where it isn't here.
pub fn to_send(rows: &impl Rows, id: &FileId, caption: String) -> Option<SentFile> {
    let row = rows.row(&FILES, id.as_bytes()).filter(|row| row.is_here() && row.is_ours())?;
    Some(SentFile {
        opening: row.opening.clone(),
        name: row.name.clone(),
        media_type: row.media_type.clone(),
        caption,
        picture: row.picture.map(|Sides { width, height, .. }| Picture {
            width,
            height,
            thumbnail: kept::thumbnail(rows, id),
        }),
    })
}

/// The thumbnail of a picture.
pub fn thumbnail(rows: &impl Rows, id: &FileId) -> Option<Vec<u8>> {
    Some(kept::thumbnail(rows, id)).filter(|thumbnail| !thumbnail.is_empty())
}

/// The ids of files that are on the disk, or that are being fetched.
pub fn on_disk(rows: &impl Rows) -> Vec<FileId> {
    let all = kept::all(rows).into_iter();
    all.filter(|(_, row)| row.is_here() || row.is_wanted()).map(|(id, _)| id).collect()
}

/// Bytes of all files on the disk, and of those that a person asked for, sealed.
pub fn bytes(rows: &impl Rows) -> u64 {
    kept::all(rows).into_iter().filter(|(_, row)| row.counts()).map(|(_, row)| row.sealed()).sum()
}

/// How a file stands, in one word.
pub const fn state_word(state: State) -> &'static str {
    match state {
        State::Here => "here",
        State::Waiting { wanted: true, .. } | State::Asked { .. } => "waiting",
        State::Waiting { wanted: false, .. } => "offered",
        State::Gone(End::Forgotten) => "forgotten",
        State::Gone(End::Expired) => "expired",
        State::Gone(End::Broken) => "broken",
        State::Gone(End::LeftBehind) => "left_behind",
    }
}

/// How a file stands that a message speaks of; nothing is known any more of one whose message was taken back.
pub(super) fn state_of(rows: &impl Rows, id: &FileId) -> &'static str {
    rows.row(&FILES, id.as_bytes()).map_or("forgotten", |row| state_word(row.state))
}

fn view(rows: &impl Rows, id: FileId, row: &Kept) -> FileView {
    let (trouble, expires) = match row.state {
        State::Waiting { trouble, .. } | State::Asked { trouble } => (trouble, Some(row.expires)),
        State::Here => (None, row.is_ours().then_some(row.expires)),
        State::Gone(_) => (None, None),
    };
    let with = match row.origin {
        Origin::Told { thread, .. } => moved::contact(rows, &thread),
        Origin::Here => None,
    };
    FileView {
        id,
        name: row.name.clone(),
        media_type: row.media_type.clone(),
        size: row.opening.size,
        state: state_word(row.state),
        trouble: trouble.map(|trouble| match trouble {
            Trouble::NoRoom => "no_room",
            Trouble::Refused => "refused",
        }),
        since: row.since,
        ours: row.is_ours(),
        with: with.map(|contact| address::encode(&contact.account)),
        messages: row.uses,
        expires,
        width: row.picture.map(|sides| sides.width),
        height: row.picture.map(|sides| sides.height),
        thumbnail: row.picture.is_some_and(|sides| sides.thumbnail),
        received: if row.is_here() { row.opening.size } else { 0 },
    }
}
