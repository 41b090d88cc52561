//! What a contact said, as a message of that API.

use serde_json::{Value, json};

use crate::base::money::Money;
use crate::base::said_limits::DEGREE;
use crate::domain::chat::changes::{Named, Side};
use crate::domain::chat::conversation;
use crate::domain::chat::timeline::{Body, Entry, From};
use crate::domain::identity::contact::Contact;
use crate::engine::body_view::answer_of;
use crate::engine::form_view::NO_FORM;
use crate::store::table::Rows;
use crate::ui::http::cloud::account::Account;
use crate::ui::http::cloud::alias::Alias;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::flow::reply;
use crate::ui::http::cloud::media_id;
use crate::ui::http::cloud::notice::envelope::seconds;
use crate::ui::http::cloud::party::Party;
use crate::ui::http::cloud::sent;
use crate::ui::http::cloud::user_id;
use crate::ui::http::cloud::wamid::Wamid;
use crate::wire::said::card::Card;
use crate::wire::said::choice::Choice;
use crate::wire::said::file::SentFile;
use crate::wire::said::form_answer::{Fit, FormAnswer};
use crate::wire::said::location::Location;
use crate::wire::said::message::Said;
use crate::wire::said::order::{Found, Order, Ordered};

/// A conversation, as far as a message of it has to name it.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) contact: Contact,
    pub(super) alias: Alias,
    pub(super) party: Party,
}

impl Talk {
    /// The id of a message of it.
    pub(super) fn wamid(&self, entry: &Entry) -> String {
        Wamid { with: self.alias, position: entry.position, id: entry.id }.text()
    }

    /// A message of the contact's: `content` under the name of its type.
    pub(super) fn message(
        &self,
        wamid: &str,
        at: crate::base::time::Time,
        (kind, content): (&str, Value),
    ) -> Value {
        let mut message = json!({
            "from": self.party.wa_id,
            "from_user_id": self.party.user_id,
            "id": wamid,
            "timestamp": seconds(at),
            "type": kind,
        });
        // What has no form says so in another place.
        message[if kind == "unsupported" { "errors" } else { kind }] = content;
        message
    }
}

/// The message that an entry is; nothing where the contact said nothing by it. `sha256` is the hash of its file, if it has one.
pub(super) fn message(
    rows: &impl Rows,
    (talk, account): (&Talk, &Account),
    entry: &Entry,
    sha256: Option<&str>,
) -> Option<Value> {
    if !matches!(entry.from, From::Them { .. }) {
        return None;
    }
    let answer = answer_of(rows, &talk.contact.thread, entry);
    let content = match (&entry.body, &answer) {
        (_, Some(answer)) => filled_in(answer),
        (Body::Said(said), None) => of_said(rows, (talk, account), said, sha256),
        (Body::Billing { summary, .. }, None) => {
            unsupported(&format!("this API has no form for it: {summary}"))
        }
        (Body::Deleted { .. }, None) => unsupported("its author took it back"),
        // What never came is told when it comes.
        (Body::Missing | Body::Notice(_), None) => return None,
    };
    // A clock that is ahead is no reason to be told first.
    let mut message = talk.message(&talk.wamid(entry), entry.sent_at.min(entry.at), content);
    let answered = match &entry.body {
        Body::Said(Said::Choice(choice)) => Some(Named { side: Side::Ours, id: choice.menu }),
        Body::Said(Said::Order(order)) => Some(Named { side: Side::Ours, id: order.offer }),
        _ => answer.map_or(entry.reply, |answer| Some(Named { side: Side::Ours, id: answer.form })),
    };
    if let Some(found) = answered.and_then(|named| conversation::find(rows, &talk.contact.thread, named)) {
        message["context"] = context(talk, account, &found);
    }
    Some(message)
}

/// A message that another one answers.
fn context(talk: &Talk, account: &Account, answered: &Entry) -> Value {
    let from = match answered.from {
        From::Them { .. } => talk.party.wa_id.clone(),
        From::Us { .. } | From::Own { .. } => account.number(),
    };
    json!({ "from": from, "id": talk.wamid(answered) })
}

/// What a contact felt about a message, edited or took back.
pub(super) fn change(talk: &Talk, entry: &Entry, at: crate::base::time::Time) -> Option<Value> {
    let changed = talk.wamid(entry);
    let by = |id| Wamid { with: talk.alias, position: entry.position, id }.text();
    let is_theirs = matches!(entry.from, From::Them { .. });
    match (&entry.body, &entry.changes.theirs, &entry.changes.edit) {
        (Body::Deleted { .. }, ..) if is_theirs => {
            let content = unsupported(&format!("the message {changed} was taken back by its author"));
            Some(talk.message(&by(entry.id), at, content))
        }
        (Body::Said(Said::Text(text)), _, Some(edit)) if is_theirs => {
            let content = unsupported(&format!("the message {changed} was edited by its author: {text}"));
            Some(talk.message(&by(edit.by), at, content))
        }
        (Body::Said(_), Some(mark), _) => {
            let mut reaction = json!({ "message_id": changed });
            if !mark.emoji.is_empty() {
                reaction["emoji"] = mark.emoji.as_str().into();
            }
            Some(talk.message(&by(mark.by), at, ("reaction", reaction)))
        }
        _ => None,
    }
}

/// The type of what was said, and its part that has that type's name.
fn of_said(
    rows: &impl Rows,
    (talk, account): (&Talk, &Account),
    said: &Said,
    sha256: Option<&str>,
) -> (&'static str, Value) {
    match said {
        Said::Text(text) => ("text", json!({ "body": text })),
        Said::Location(place) => ("location", location(place)),
        Said::Card(one) => ("contacts", json!([card(one)])),
        Said::Choice(choice) => chosen(rows, talk, choice),
        Said::File(sent) => file(sent, sha256),
        Said::Order(order) => ("order", ordered(account, order)),
        Said::FormAnswer(answer) => filled_in(answer),
        Said::Menu(_)
        | Said::Headed(_)
        | Said::Offer(_)
        | Said::PlaceRequest(_)
        | Said::OrderStatus(_)
        | Said::Bill(_)
        | Said::Form(_) => unsupported("this API has no form for what a business says to a business"),
        Said::Unknown(_) => unsupported("this version can't show it"),
    }
}

fn unsupported(words: &str) -> (&'static str, Value) {
    ("unsupported", json!([Graph::new(Code::Unsupported, words).later()]))
}

fn location(place: &Location) -> Value {
    let degrees = |units: i32| f64::from(units) / f64::from(DEGREE);
    let mut location = json!({ "latitude": degrees(place.latitude), "longitude": degrees(place.longitude) });
    for (name, text) in [("name", &place.name), ("address", &place.address)] {
        if !text.is_empty() {
            location[name] = text.as_str().into();
        }
    }
    location
}

fn card(card: &Card) -> Value {
    let list = |name: &str, lines: &[String]| -> Value {
        lines.iter().map(|line| json!({ name: line })).collect::<Vec<_>>().into()
    };
    let mut phones = list("phone", &card.phones);
    if let (Some(account), Some(phones)) = (&card.account, phones.as_array_mut()) {
        phones.push(json!({ "user_id": user_id::encode(account) }));
    }
    let mut contact = json!({
        "name": { "formatted_name": card.name, "first_name": card.name },
        "phones": phones,
        "emails": list("email", &card.emails),
    });
    if !card.organization.is_empty() {
        contact["org"] = json!({ "company": card.organization });
    }
    if !card.website.is_empty() {
        contact["urls"] = json!([{ "url": card.website }]);
    }
    contact
}

/// What a customer orders, at the prices that they were shown. What isn't as the catalog has it says so, under names that
/// programs which don't know them pass over.
fn ordered(account: &Account, order: &Order) -> Value {
    let item = |item: &Ordered| {
        let mut product = json!({
            "product_retailer_id": item.id,
            "quantity": item.quantity,
            "item_price": decimal(&item.price),
            "currency": item.price.currency.code(),
        });
        match &item.found {
            None | Some(Found::AsSold) => {}
            Some(Found::Unknown) => product["found"] = "unknown".into(),
            Some(Found::OtherPrice(price)) => {
                product["found"] = "other_price".into();
                product["catalog_price"] = decimal(price).into();
                product["catalog_currency"] = price.currency.code().into();
            }
        }
        product
    };
    let mut ordered = json!({
        "catalog_id": account.catalog(),
        "product_items": order.items.iter().map(item).collect::<Vec<Value>>(),
    });
    if !order.text.is_empty() {
        ordered["text"] = order.text.as_str().into();
    }
    ordered
}

/// An amount as that API writes it: a number of whole units, with decimals.
#[expect(
    clippy::cast_precision_loss,
    reason = "that API has it so; an amount that a price can be is exact to 15 digits"
)]
fn decimal(money: &Money) -> f64 {
    money.minor as f64 / 10_f64.powi(i32::try_from(money.currency.exponent()).unwrap_or(0))
}

/// A row of a menu: of its list where it is there and has it in one, a template's button where one made it, else a button.
fn chosen(rows: &impl Rows, talk: &Talk, choice: &Choice) -> (&'static str, Value) {
    let thread = &talk.contact.thread;
    let menu = conversation::find(rows, thread, Named { side: Side::Ours, id: choice.menu });
    let is_made = menu.as_ref().is_some_and(|menu| sent::of(rows, thread, menu.position).category.is_some());
    if is_made {
        return ("button", json!({ "payload": choice.row, "text": choice.title }));
    }
    let row = menu.and_then(|entry| match entry.body {
        Body::Said(said) => {
            let menu = said.menu()?;
            menu.sections.iter().flat_map(|section| &section.rows).find(|row| row.id == choice.row).cloned()
        }
        _ => None,
    });
    let mut reply = json!({ "id": choice.row, "title": choice.title });
    let kind = match row {
        None => "button_reply",
        Some(row) => {
            if !row.about.is_empty() {
                reply["description"] = row.about.into();
            }
            "list_reply"
        }
    };
    let mut interactive = json!({ "type": kind });
    interactive[kind] = reply;
    ("interactive", interactive)
}

/// An answer to a form of ours. What is none says so, and nothing of what it claims.
fn filled_in(answer: &FormAnswer) -> (&'static str, Value) {
    match &answer.fit {
        Some(Fit::Fits { token, known }) => ("interactive", reply::interactive(answer, token, known)),
        Some(Fit::Misfits(words)) => {
            unsupported(&format!("it is no answer to the flow that it names: {words}"))
        }
        Some(Fit::NoForm) => unsupported(NO_FORM),
        None => unsupported("nobody compared it with the flow that it answers"),
    }
}

/// By what a file is, as that API sorts them.
fn file(sent: &SentFile, sha256: Option<&str>) -> (&'static str, Value) {
    let kind = media_id::kind(&sent.media_type);
    let mut media = json!({ "id": media_id::encode(&sent.opening.id()), "mime_type": sent.media_type });
    if let Some(sha256) = sha256 {
        media["sha256"] = sha256.into();
    }
    if !sent.caption.is_empty() {
        media["caption"] = sent.caption.as_str().into();
    }
    match kind {
        "document" => media["filename"] = sent.name.as_str().into(),
        "audio" => media["voice"] = false.into(),
        _ => {}
    }
    (kind, media)
}
