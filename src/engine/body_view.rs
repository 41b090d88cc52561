//! How what was said is shown: every kind of it, what it answers, and what was changed of it.

use serde::Serialize;

use crate::base::id::{AccountId, MessageId};
use crate::base::said_limits;
use crate::base::time::Time;
use crate::domain::chat::changes::{Changes, Named, Side};
use crate::domain::chat::conversation;
use crate::domain::chat::timeline::{Body, Notice};
use crate::domain::identity::address;
use crate::store::table::Rows;
use crate::wire::billing::EventKind;
use crate::wire::content;
use crate::wire::said::card::Card;
use crate::wire::said::location::Location;
use crate::wire::said::menu::{Menu, Row};
use crate::wire::said::message::Said;
use crate::wire::said::unknown::Unknown;

/// What was said.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BodyView {
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// A place.
    Location(LocationView),
    /// Somebody.
    Card(CardView),
    /// What a business lets a person choose from.
    Menu(MenuView),
    /// What a person chose of a menu.
    Choice {
        /// The message that is the menu.
        menu: MessageId,
        /// The row's id.
        row: String,
        /// The row's title.
        text: String,
    },
    /// A message that this version can't show.
    Unknown {
        /// The number of its kind.
        number: u32,
    },
    /// A message that its author took back.
    Deleted {
        /// When, by the author's clock.
        deleted_at: Time,
    },
    /// An event of charging.
    Billing {
        /// Which event.
        event: &'static str,
        /// Its id.
        id: String,
        /// In a few words.
        text: String,
    },
    /// A message that the sender counted and that never came.
    Missing,
    /// Something that happened to the conversation itself.
    Notice {
        /// What.
        notice: Notice,
    },
}

/// A place.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct LocationView {
    /// Degrees north of the equator.
    pub latitude: f64,
    /// Degrees east of Greenwich.
    pub longitude: f64,
    /// What the place is called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its address, on one line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
}

/// Somebody, as the sender knows them. Nothing of it is verified.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct CardView {
    /// What they are called.
    pub name: String,
    /// For whom they work.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub organization: String,
    /// Their address here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Telephone numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// Their website.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub website: String,
}

/// What a business lets a person choose from: buttons, a list, or a link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct MenuView {
    /// What stands above the text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub header: String,
    /// The text.
    pub text: String,
    /// What stands below it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub footer: String,
    /// Buttons under the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<RowView>,
    /// What opens the list.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<SectionView>,
    /// A link to follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkView>,
}

/// One thing to choose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct RowView {
    /// By which it is chosen.
    pub id: String,
    /// For people.
    pub title: String,
    /// More about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
}

/// A part of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct SectionView {
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What can be chosen.
    pub rows: Vec<RowView>,
}

/// A link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct LinkView {
    /// For people.
    pub title: String,
    /// Begins with `https://`.
    pub url: String,
}

/// A message that another one answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct QuoteView {
    /// Its id.
    pub id: MessageId,
    /// `out` for ours, `in` for theirs.
    pub direction: &'static str,
    /// How it begins, as it stands now; nothing where it isn't here, or was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What somebody feels about a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct ReactionView {
    /// `out` for us, `in` for them.
    pub by: &'static str,
    /// One emoji.
    pub emoji: String,
}

/// `out` for us, `in` for them.
pub const fn direction(side: Side) -> &'static str {
    match side {
        Side::Ours => "out",
        Side::Theirs => "in",
    }
}

/// How a line's body is shown.
pub(super) fn body_view(body: &Body) -> BodyView {
    match body {
        Body::Said(said) => said_view(said),
        Body::Deleted { at } => BodyView::Deleted { deleted_at: *at },
        Body::Billing { kind, id, summary } => {
            BodyView::Billing { event: event_name(*kind), id: id.to_string(), text: summary.clone() }
        }
        Body::Missing => BodyView::Missing,
        Body::Notice(notice) => BodyView::Notice { notice: *notice },
    }
}

/// What an event is called, by the number that timelines keep.
fn event_name(kind: u32) -> &'static str {
    EventKind::from_number(kind).map_or("unknown", EventKind::word)
}

fn said_view(said: &Said) -> BodyView {
    match said {
        Said::Text(text) => BodyView::Text { text: text.clone() },
        Said::Location(place) => BodyView::Location(location_view(place)),
        Said::Card(card) => BodyView::Card(card_view(card)),
        Said::Menu(menu) => BodyView::Menu(menu_view(menu)),
        Said::Choice(choice) => {
            BodyView::Choice { menu: choice.menu, row: choice.row.clone(), text: choice.title.clone() }
        }
        Said::Unknown(unknown) => match known_now(unknown) {
            Some(said) => said_view(&said),
            None => BodyView::Unknown { number: unknown.number },
        },
    }
}

/// What an earlier version kept without knowing it.
fn known_now(unknown: &Unknown) -> Option<Said> {
    match content::Content::decode(&unknown.content).ok()?.body {
        content::Body::Said(Said::Unknown(_)) => None,
        content::Body::Said(said) => Some(said),
        _ => None,
    }
}

fn location_view(place: &Location) -> LocationView {
    let degrees = |units: i32| f64::from(units) / f64::from(said_limits::DEGREE);
    LocationView {
        latitude: degrees(place.latitude),
        longitude: degrees(place.longitude),
        name: place.name.clone(),
        address: place.address.clone(),
    }
}

fn card_view(card: &Card) -> CardView {
    let encode = |account: &AccountId| address::encode(account);
    CardView {
        name: card.name.clone(),
        organization: card.organization.clone(),
        address: card.account.as_ref().map(encode),
        phones: card.phones.clone(),
        emails: card.emails.clone(),
        website: card.website.clone(),
    }
}

fn menu_view(menu: &Menu) -> MenuView {
    let row = |row: &Row| RowView { id: row.id.clone(), title: row.title.clone(), about: row.about.clone() };
    let rows = |rows: &[Row]| rows.iter().map(row).collect::<Vec<_>>();
    let sections = menu.sections.iter();
    MenuView {
        header: menu.header.clone(),
        text: menu.text.clone(),
        footer: menu.footer.clone(),
        buttons: rows(&menu.buttons),
        label: menu.label.clone(),
        sections: sections
            .map(|section| SectionView { title: section.title.clone(), rows: rows(&section.rows) })
            .collect(),
        link: menu.link.as_ref().map(|link| LinkView { title: link.title.clone(), url: link.url.clone() }),
    }
}

/// The message that another one answers, as it stands now.
pub(super) fn quote_view(rows: &impl Rows, thread: &AccountId, named: Named) -> QuoteView {
    let entry = conversation::find(rows, thread, named);
    let text = entry.as_ref().and_then(|entry| words(&entry.body));
    let text = text.map(|text| text.chars().take(said_limits::QUOTE_MAX).collect());
    QuoteView { id: named.id, direction: direction(named.side), text }
}

/// The reactions that hold, ours first.
pub(super) fn reactions(changes: &Changes) -> Vec<ReactionView> {
    let both = [Side::Ours, Side::Theirs].into_iter();
    let marks = both.filter_map(|side| Some((side, changes.mark(side)?)));
    let felt = marks.filter(|(_, mark)| !mark.emoji.is_empty());
    felt.map(|(side, mark)| ReactionView { by: direction(side), emoji: mark.emoji.clone() }).collect()
}

/// Whatever of a line can be read and searched; nothing where it is none of somebody's words.
pub(super) fn words(body: &Body) -> Option<String> {
    match body {
        Body::Said(Said::Text(text)) | Body::Billing { summary: text, .. } => Some(text.clone()),
        Body::Said(Said::Location(place)) => Some(format!("{} {}", place.name, place.address)),
        Body::Said(Said::Card(card)) => {
            let lines = [card.name.as_str(), card.organization.as_str(), card.website.as_str()].into_iter();
            let more = card.phones.iter().chain(&card.emails).map(String::as_str);
            Some(lines.chain(more).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "))
        }
        Body::Said(Said::Menu(menu)) => {
            let edges = [menu.header.as_str(), menu.text.as_str(), menu.footer.as_str()].into_iter();
            let rows = menu.rows().map(|row| row.title.as_str());
            Some(edges.chain(rows).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"))
        }
        Body::Said(Said::Choice(choice)) => Some(choice.title.clone()),
        Body::Said(Said::Unknown(_)) | Body::Deleted { .. } | Body::Missing | Body::Notice(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Digest;
    use crate::wire::account::LogHead;
    use crate::wire::content::Content;

    #[test]
    fn what_an_earlier_version_kept_without_knowing_it_is_shown() {
        let kept = Content {
            id: MessageId::new([1; 16]),
            seq: 1,
            sent_at: Time::EPOCH,
            log_head: LogHead { seq: 0, hash: Digest::new([2; 32]) },
            introduction: None,
            ground: None,
            reply: None,
            body: content::Body::text("known by now"),
        };
        let unknown = |content: Vec<u8>| Body::Said(Said::Unknown(Unknown { number: 11, content }));
        let shown = body_view(&unknown(kept.encode()));
        assert_eq!(shown, BodyView::Text { text: "known by now".into() });
        assert_eq!(body_view(&unknown(vec![0xc2, 0x0c, 0])), BodyView::Unknown { number: 11 });
    }
}
