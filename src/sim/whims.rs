//! What people say beside texts, and what they change of what was said.

use core::time::Duration;

use crate::base::file_limits;
use crate::base::id::{AccountId, Digest, MessageId};
use crate::base::kind::AccountKind;
use crate::crypto::secret::Secret;
use crate::domain::chat::changes::{Named, Side};
use crate::engine::body_view::{BodyView, RowView};
use crate::engine::command::Command;
use crate::engine::letter::Letter;
use crate::engine::parcel::NewFile;
use crate::engine::view::{self, EntryView};
use crate::sim::altered;
use crate::sim::oracle::Spoken;
use crate::sim::run::Run;
use crate::sim::script::Act;
use crate::store::table::Reader;
use crate::wire::file::Opening;
use crate::wire::said::card::Card;
use crate::wire::said::file::SentFile;
use crate::wire::said::location::Location;
use crate::wire::said::menu::{Menu, Row};
use crate::wire::said::message::Said;

/// Of a hundred messages, how many answer another one, are a place, a card or a file, are a menu where a business says them,
/// and how many menus somebody chooses from.
const REPLIES: u64 = 15;
const PLACES: u64 = 5;
const CARDS: u64 = 5;
const FILES: u64 = 8;
const MENUS: u64 = 25;
const CHOICES: u64 = 50;
/// Of a hundred, how many are edited or taken back by their author, and how many somebody reacts to.
const EDITED: u64 = 10;
const TAKEN_BACK: u64 = 4;
const FELT: u64 = 15;
/// Of a hundred changes, how many are changed once more.
const ONCE_MORE: u64 = 40;
/// How long one thinks about it.
const WHILE: Duration = Duration::from_secs(10 * 60);
/// How far one looks back.
const LOOK: usize = 8;
const EMOJI: [&str; 4] = ["👍", "❤️", "\u{1f96f}", ""];

impl Run {
    /// What somebody says to somebody: the command, and how it is told from all others.
    pub(super) fn something(&mut self, peer: usize, to: AccountId, text: String) -> (Command, Spoken) {
        let number = self.texts;
        let last = self.last_entries(peer, &to);
        let is_business = self.resident(peer).kind == AccountKind::Business;
        if let Some((menu, row)) = last.iter().rev().find_map(choosable)
            && !is_business
            && self.rng.chance(CHOICES)
        {
            let command = Command::Choose { to, menu, row: row.id.clone() };
            return (command, Spoken { text: row.title.clone(), number });
        }
        let mut text = text;
        let said = match self.rng.below(100) {
            at if at < PLACES => place(&text),
            at if at < PLACES + CARDS => {
                // A card's name is short: what tells it from others stands at the beginning.
                text = number.to_string();
                card(&text, to)
            }
            at if at < PLACES + CARDS + FILES => self.file(peer, &text),
            at if is_business && at < PLACES + CARDS + FILES + MENUS => menu(&text),
            _ => Said::Text(text.clone()),
        };
        let reply = last.last().filter(|_| self.rng.chance(REPLIES)).and_then(named);
        let letter = Letter { said, reply, template: None };
        (Command::Say { to, letter: Box::new(letter) }, Spoken { text, number })
    }

    /// A file that the node has just been given.
    fn file(&mut self, peer: usize, text: &str) -> Said {
        let size = self.rng.below(2 * file_limits::FETCHED_BY_PERSON);
        let (mut hash, mut key) = ([0; 32], [0; 32]);
        for bytes in [&mut hash, &mut key] {
            for part in bytes.chunks_exact_mut(8) {
                part.copy_from_slice(&self.rng.below(u64::MAX).to_be_bytes());
            }
        }
        let opening = Opening { hash: Digest::new(hash), key: Secret::new(key), size };
        self.world.files.put(peer, &opening);
        let (name, media_type) = ("menu.pdf".to_owned(), "application/pdf".to_owned());
        let file = SentFile { opening, name, media_type, caption: text.to_owned(), picture: None };
        let (opening, name, media_type) = (file.opening.clone(), file.name.clone(), file.media_type.clone());
        let new = NewFile { opening, name, media_type, picture: None };
        self.world.command(peer, Command::TakeFile(Box::new(new)));
        Said::File(Box::new(file))
    }

    fn last_entries(&self, peer: usize, with: &AccountId) -> Vec<EntryView> {
        let seen = self.world.peers[peer].disk.seen();
        view::history(&Reader::new(&seen), with, None, LOOK)
    }

    /// Somebody said something, and thinks about it.
    pub(super) fn thinks(&mut self, peer: usize, id: MessageId) {
        let Some(to) = self.oracle.said.get(&id).filter(|said| said.from == peer).map(|said| said.to) else {
            return;
        };
        if self.is_over() {
            return;
        }
        if self.rng.chance(EDITED) {
            let at = self.in_a_while(WHILE);
            self.script.put(at, Act::Edit(peer, to, id));
        }
        if self.rng.chance(TAKEN_BACK) {
            let at = self.in_a_while(WHILE);
            self.script.put(at, Act::TakeBack(peer, to, id));
        }
    }

    /// Somebody read something, and feels something.
    pub(super) fn feels(&mut self, peer: usize, with: AccountId, entry: &EntryView) {
        if let Some(named) = named(entry).filter(|_| !self.is_over() && self.rng.chance(FELT)) {
            let at = self.in_a_while(WHILE);
            self.script.put(at, Act::Feel(peer, with, named));
        }
    }

    pub(super) fn edit(&mut self, peer: usize, with: AccountId, message: MessageId) {
        let Some(said) = self.oracle.said.get(&message) else { return };
        self.texts += 1;
        let text = format!("{} or rather {}", said.number, self.texts);
        self.alter(peer, Command::Edit { with, message, text });
        if self.rng.chance(ONCE_MORE) {
            let at = self.in_a_while(WHILE);
            self.script.put(at, Act::Edit(peer, with, message));
        }
    }

    pub(super) fn take_message_back(&mut self, peer: usize, with: AccountId, message: MessageId) {
        self.alter(peer, Command::Delete { with, message });
    }

    pub(super) fn feel(&mut self, peer: usize, with: AccountId, message: Named) {
        let emoji = EMOJI[self.rng.index(EMOJI.len())].to_owned();
        self.alter(peer, Command::React { with, message, emoji });
        if self.rng.chance(ONCE_MORE) {
            let at = self.in_a_while(WHILE);
            self.script.put(at, Act::Feel(peer, with, message));
        }
    }

    fn alter(&mut self, peer: usize, command: Command) {
        if self.world.peers[peer].on {
            let ticket = self.world.command(peer, command.clone());
            self.oracle.altered.asks(peer, ticket, &command, self.world.now);
        }
    }
}

/// A message that can be answered and felt about.
fn named(entry: &EntryView) -> Option<Named> {
    altered::words(&entry.body).filter(|_| !matches!(entry.body, BodyView::Billing { .. }))?;
    let side = if entry.direction == "out" { Side::Ours } else { Side::Theirs };
    Some(Named { side, id: entry.id })
}

/// A menu of theirs, and the row of it that everybody likes.
fn choosable(entry: &EntryView) -> Option<(MessageId, &RowView)> {
    match &entry.body {
        BodyView::Menu(menu) if entry.direction == "in" => Some((entry.id, menu.buttons.last()?)),
        _ => None,
    }
}

fn place(name: &str) -> Said {
    let (name, address) = (name.to_owned(), "Praça da Sé".to_owned());
    Said::Location(Location { latitude: -235_505_200, longitude: -466_333_090, name, address })
}

fn card(name: &str, account: AccountId) -> Said {
    Said::Card(Card {
        name: name.to_owned(),
        organization: String::new(),
        account: Some(account),
        phones: Vec::new(),
        emails: Vec::new(),
        website: String::new(),
    })
}

fn menu(text: &str) -> Said {
    let number = text.split(' ').next().unwrap_or_default();
    // What is chosen is its title, which is like no other.
    let row = |word: &str| {
        let id = format!("{number} {word}");
        Row { title: id.clone(), id, about: String::new() }
    };
    let buttons = vec![row("rye"), row("wheat")];
    Said::Menu(Menu { text: text.to_owned(), buttons, ..Menu::default() })
}
