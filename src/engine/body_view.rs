//! How what was said is shown: every kind of it, what it answers, and what was changed of it.

use serde::Serialize;

use crate::base::id::{AccountId, FileId, MessageId};
use crate::base::said_limits;
use crate::base::time::Time;
use crate::domain::chat::changes::{Changes, Named, Side};
use crate::domain::chat::conversation;
use crate::domain::chat::timeline::{Body, Entry, From, Notice};
use crate::domain::identity::address;
use crate::engine::bill_view::{BillView, StatusView, bill_view, status_view};
use crate::engine::compared::compare;
use crate::engine::file_view;
use crate::engine::form_view::{FormAnswerView, FormView, answer_view, answer_words, form_view, form_words};
use crate::engine::order_view::{OfferView, OrderView, offer_view, offer_words, order_view, order_words};
use crate::store::table::Rows;
use crate::wire::billing::EventKind;
use crate::wire::content;
use crate::wire::said::card::Card;
use crate::wire::said::file::SentFile;
use crate::wire::said::form_answer::FormAnswer;
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
    /// A file.
    File(FilePartView),
    /// Things that a business sells.
    Offer(OfferView),
    /// What a person orders of them.
    Order(OrderView),
    /// What becomes of an order.
    OrderStatus(StatusView),
    /// What an order comes to.
    Bill(BillView),
    /// What a business asks, field by field.
    Form(FormView),
    /// What a person says to a form.
    FormAnswer(FormAnswerView),
    /// A business asks where a person is: a location that replies to it answers it.
    PlaceRequest {
        /// What it is asked for.
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

/// A file, as its message speaks of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct FilePartView {
    /// The file's id.
    pub file: FileId,
    /// Its name.
    pub file_name: String,
    /// What it is, as `image/jpeg`.
    pub media_type: String,
    /// Its bytes.
    pub size: u64,
    /// The text under it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub caption: String,
    /// How it stands here: as in `GET /v1/files/{id}`.
    pub file_state: &'static str,
    /// A picture's width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Its height.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Whether there is a thumbnail of it.
    pub thumbnail: bool,
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
    /// The file above the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<Box<FilePartView>>,
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

/// How a line's body is shown, with what stands elsewhere about it.
pub(super) fn whole_body_view(rows: &impl Rows, thread: &AccountId, entry: &Entry) -> BodyView {
    if let Some(answer) = answer_of(rows, thread, entry) {
        return BodyView::FormAnswer(answer_view(&answer));
    }
    let mut view = body_view(&entry.body);
    let file = match &mut view {
        BodyView::File(file) => Some(file),
        BodyView::Menu(menu) => menu.file.as_deref_mut(),
        _ => None,
    };
    if let Some(file) = file {
        file.file_state = file_view::state_of(rows, &file.file);
    }
    view
}

/// The answer to a form that a line is. One of a contact's is compared with our form here where that wasn't done when it came:
/// by a version that didn't know it, or on another device.
pub fn answer_of(rows: &impl Rows, thread: &AccountId, entry: &Entry) -> Option<FormAnswer> {
    let Body::Said(said) = &entry.body else { return None };
    let mut answer = match said {
        Said::FormAnswer(answer) => FormAnswer::clone(answer),
        Said::Unknown(unknown) => match known_now(unknown)? {
            Said::FormAnswer(answer) => *answer,
            _ => return None,
        },
        _ => return None,
    };
    if answer.fit.is_none() && matches!(entry.from, From::Them { .. }) {
        compare(rows, thread, &mut answer);
    }
    Some(answer)
}

/// What is said of a file's state before the file is looked at.
const NOT_LOOKED_AT: &str = "";

/// How a line's body is shown, as far as it tells that itself.
fn body_view(body: &Body) -> BodyView {
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
        Said::File(file) => BodyView::File(file_part(file)),
        Said::Headed(headed) => {
            let file = Some(Box::new(file_part(&headed.file)));
            BodyView::Menu(MenuView { file, ..menu_view(&headed.menu) })
        }
        Said::Offer(offer) => BodyView::Offer(offer_view(offer)),
        Said::Order(order) => BodyView::Order(order_view(order)),
        Said::PlaceRequest(request) => BodyView::PlaceRequest { text: request.text.clone() },
        Said::OrderStatus(status) => BodyView::OrderStatus(status_view(status)),
        Said::Bill(bill) => BodyView::Bill(bill_view(bill)),
        Said::Form(form) => BodyView::Form(form_view(form)),
        Said::FormAnswer(answer) => BodyView::FormAnswer(answer_view(answer)),
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

fn file_part(file: &SentFile) -> FilePartView {
    let picture = file.picture.as_ref();
    FilePartView {
        file: file.opening.id(),
        file_name: file.name.clone(),
        media_type: file.media_type.clone(),
        size: file.opening.size,
        caption: file.caption.clone(),
        file_state: NOT_LOOKED_AT,
        width: picture.map(|picture| picture.width),
        height: picture.map(|picture| picture.height),
        thumbnail: picture.is_some_and(|picture| !picture.thumbnail.is_empty()),
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
        file: None,
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
        Body::Said(Said::Menu(menu)) => Some(menu_words(menu)),
        Body::Said(Said::Headed(headed)) => Some(menu_words(&headed.menu)),
        Body::Said(Said::Offer(offer)) => Some(offer_words(offer)),
        Body::Said(Said::Order(order)) => Some(order_words(order)),
        Body::Said(Said::PlaceRequest(request)) => Some(request.text.clone()),
        Body::Said(Said::OrderStatus(status)) => {
            let parts = [status.text.as_str(), status.about.as_str(), status.reference.as_str()].into_iter();
            Some(parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"))
        }
        Body::Said(Said::Bill(bill)) => {
            let names = bill.items.iter().map(|item| item.name.as_str());
            let parts = [bill.text.as_str(), bill.reference.as_str()].into_iter().chain(names);
            Some(parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"))
        }
        Body::Said(Said::Choice(choice)) => Some(choice.title.clone()),
        Body::Said(Said::Form(form)) => Some(form_words(form)),
        Body::Said(Said::FormAnswer(answer)) => Some(answer_words(answer)),
        Body::Said(Said::File(file)) if file.caption.is_empty() => Some(file.name.clone()),
        Body::Said(Said::File(file)) => Some(format!("{} {}", file.name, file.caption)),
        Body::Said(Said::Unknown(_)) | Body::Deleted { .. } | Body::Missing | Body::Notice(_) => None,
    }
}

fn menu_words(menu: &Menu) -> String {
    let edges = [menu.header.as_str(), menu.text.as_str(), menu.footer.as_str()].into_iter();
    let rows = menu.rows().map(|row| row.title.as_str());
    edges.chain(rows).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
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
            reader_head: 0,
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
