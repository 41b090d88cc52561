//! What is said: every kind of message that has a line of its own in the conversation.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::{limits, said_limits};
use crate::wire::decode::{Malformed, is_text, message};
use crate::wire::said::bill::Bill;
use crate::wire::said::card::Card;
use crate::wire::said::change::Change;
use crate::wire::said::choice::Choice;
use crate::wire::said::file::SentFile;
use crate::wire::said::form::Form;
use crate::wire::said::form_answer::FormAnswer;
use crate::wire::said::headed::Headed;
use crate::wire::said::location::Location;
use crate::wire::said::menu::Menu;
use crate::wire::said::offer::Offer;
use crate::wire::said::order::Order;
use crate::wire::said::order_status::OrderStatus;
use crate::wire::said::place_request::PlaceRequest;
use crate::wire::said::target::Target;
use crate::wire::said::unknown::Unknown;
use crate::wire::schema;

/// A body as the wire has it.
type Wire = schema::content::Body;

/// What is said. It is stored as it is here: a new kind goes to the end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Said {
    /// A text.
    Text(String),
    /// A place.
    Location(Location),
    /// Somebody.
    Card(Card),
    /// What a business lets a person choose from.
    Menu(Menu),
    /// What a person chose of it.
    Choice(Choice),
    /// What a later version says.
    Unknown(Unknown),
    /// A file.
    File(Box<SentFile>),
    /// What a business sells.
    Offer(Box<Offer>),
    /// What a person orders of it.
    Order(Box<Order>),
    /// A business asks where a person is.
    PlaceRequest(PlaceRequest),
    /// A menu with a file above it.
    Headed(Box<Headed>),
    /// What becomes of an order.
    OrderStatus(Box<OrderStatus>),
    /// What an order comes to.
    Bill(Box<Bill>),
    /// What a business asks, field by field.
    Form(Box<Form>),
    /// What a person says to it.
    FormAnswer(Box<FormAnswer>),
}

impl Said {
    /// Whether everything is within its bounds, and it is something.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        match self {
            Self::Text(text) if text.is_empty() => Err(Malformed("a text has at least one byte")),
            Self::Text(text) if is_text(text, limits::TEXT_MAX) => Ok(()),
            Self::Text(_) => Err(Malformed("not a text")),
            Self::Location(place) => place.check(),
            Self::Card(card) => card.check(),
            Self::Menu(menu) => menu.check(),
            Self::Choice(choice) => choice.check(),
            Self::Unknown(_) => Err(Malformed("nobody says what they don't know")),
            Self::File(file) => file.check(),
            Self::Offer(offer) => offer.check(),
            Self::Order(order) => order.check(),
            Self::PlaceRequest(request) => request.check(),
            Self::Headed(headed) => headed.check(),
            Self::OrderStatus(status) => status.check(),
            Self::Bill(bill) => bill.check(),
            Self::Form(form) => form.check(),
            Self::FormAnswer(answer) => answer.check(),
        }
    }

    /// The file that it carries.
    pub fn file(&self) -> Option<&SentFile> {
        match self {
            Self::File(file) => Some(file),
            Self::Headed(headed) => Some(&headed.file),
            _ => None,
        }
    }

    /// What can be chosen from in it.
    pub fn menu(&self) -> Option<&Menu> {
        match self {
            Self::Menu(menu) => Some(menu),
            Self::Headed(headed) => Some(&headed.menu),
            _ => None,
        }
    }

    /// Roughly how many bytes it takes where it is stored or handed on.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Unknown(unknown) => unknown.content.len() + 8,
            Self::FormAnswer(answer) => answer.to_schema().encoded_len() + answer.fit_size(),
            other => other.to_wire().map_or(0, |body| body.encoded_len()),
        }
    }

    /// As a content's body; none for what isn't known, which is handed on as it came.
    pub(crate) fn to_wire(&self) -> Option<Wire> {
        Some(match self {
            Self::Text(text) => Wire::Text(text.clone()),
            Self::Location(place) => Wire::Location(place.to_schema()),
            Self::Card(card) => Wire::Card(card.to_schema()),
            Self::Menu(menu) => Wire::Menu(menu.to_schema()),
            Self::Choice(choice) => Wire::Choice(choice.to_schema()),
            Self::File(file) => Wire::File(file.to_schema()),
            Self::Offer(offer) => Wire::Offer(offer.to_schema()),
            Self::Order(order) => Wire::Order(order.to_schema()),
            Self::PlaceRequest(request) => Wire::PlaceRequest(request.to_schema()),
            Self::Headed(headed) => Wire::HeadedMenu(headed.to_schema()),
            Self::OrderStatus(status) => Wire::OrderStatus(status.to_schema()),
            Self::Bill(bill) => Wire::OrderBill(bill.to_schema()),
            Self::Form(form) => Wire::Form(form.to_schema()),
            Self::FormAnswer(answer) => Wire::FormAnswer(answer.to_schema()),
            Self::Unknown(_) => return None,
        })
    }

    /// What a body says; the body again where it says nothing.
    pub(crate) fn from_wire(body: Wire) -> Result<Result<Self, Wire>, Malformed> {
        Ok(Ok(match body {
            Wire::Text(text) if is_text(&text, limits::TEXT_MAX) => Self::Text(text),
            Wire::Text(_) => return Err(Malformed("not a text")),
            Wire::Location(place) => Self::Location(Location::from_schema(place)?),
            Wire::Card(card) => Self::Card(Card::from_schema(card)?),
            Wire::Menu(menu) => Self::Menu(Menu::from_schema(menu)?),
            Wire::Choice(choice) => Self::Choice(Choice::from_schema(choice)?),
            Wire::File(file) => Self::File(Box::new(SentFile::from_schema(file)?)),
            Wire::Offer(offer) => Self::Offer(Box::new(Offer::from_schema(offer)?)),
            Wire::Order(order) => Self::Order(Box::new(Order::from_schema(order)?)),
            Wire::PlaceRequest(request) => Self::PlaceRequest(PlaceRequest::from_schema(request)?),
            Wire::HeadedMenu(headed) => Self::Headed(Box::new(Headed::from_schema(headed)?)),
            Wire::OrderStatus(status) => Self::OrderStatus(Box::new(OrderStatus::from_schema(status)?)),
            Wire::OrderBill(bill) => Self::Bill(Box::new(Bill::from_schema(bill)?)),
            Wire::Form(form) => Self::Form(Box::new(Form::from_schema(form)?)),
            Wire::FormAnswer(answer) => Self::FormAnswer(Box::new(FormAnswer::from_schema(answer)?)),
            other => return Ok(Err(other)),
        }))
    }
}

/// What the devices of one account tell each other of a message: the thing itself, or a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// Something was said, perhaps in answer to something.
    Said(Said, Option<Target>),
    /// Something that was said is changed.
    Change(Change),
}

/// The largest encoded piece: what is said, and what it answers.
const PIECE_MAX: usize = said_limits::SAID_MAX + 64;

impl Piece {
    /// The bytes: a content of which nothing but the body and the reply is set.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (body, reply) = match self {
            Self::Said(Said::Unknown(unknown), _) if unknown.content.len() > PIECE_MAX => {
                return unknown.stub();
            }
            Self::Said(Said::Unknown(unknown), _) => return unknown.content.clone(),
            Self::Said(said, reply) => (said.to_wire(), reply.map(Target::to_schema)),
            Self::Change(change) => (Some(change.to_wire()), None),
        };
        schema::Content { body, reply, ..schema::Content::default() }.encode_to_vec()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let content: schema::Content = message(bytes, PIECE_MAX)?;
        let reply = content.reply.as_ref().map(Target::from_schema).transpose()?;
        let Some(body) = content.body else {
            return Ok(Self::Said(Said::Unknown(Unknown::of(bytes)?), reply));
        };
        match Said::from_wire(body)? {
            Ok(said) => Ok(Self::Said(said, reply)),
            Err(body) => match Change::from_wire(body)? {
                Ok(change) => Ok(Self::Change(change)),
                Err(_) => Err(Malformed("nothing that is said")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::MessageId;
    use crate::wire::said::edit::Edit;
    use crate::wire::said::menu::tests::menu;
    use crate::wire::said::reaction::Reaction;

    #[test]
    fn what_own_devices_tell_of_a_message_reads_back() {
        let target = Target { id: MessageId::new([4; 16]), yours: true };
        let reaction = Reaction { target, emoji: "👍".into(), revision: 2 };
        let edit = Edit { id: target.id, text: "olá".into(), revision: 1 };
        let unknown = Unknown::of(&[0xc2, 0x0c, 2, 1, 2]).unwrap();
        let all = [
            Piece::Said(Said::Text("x".repeat(limits::TEXT_MAX)), Some(target)),
            Piece::Said(Said::Menu(menu()), None),
            Piece::Said(Said::File(Box::new(crate::wire::said::file::tests::file())), Some(target)),
            Piece::Said(Said::Offer(Box::new(crate::wire::said::offer::tests::offer())), None),
            Piece::Said(Said::Order(Box::new(crate::wire::said::order::tests::order())), Some(target)),
            Piece::Said(Said::PlaceRequest(PlaceRequest { text: "where?".into() }), None),
            Piece::Said(Said::Headed(Box::new(crate::wire::said::headed::tests::headed())), None),
            Piece::Said(Said::OrderStatus(Box::new(crate::wire::said::order_status::tests::status())), None),
            Piece::Said(Said::Bill(Box::new(crate::wire::said::bill::tests::bill())), Some(target)),
            Piece::Said(Said::Form(Box::new(crate::wire::said::form::tests::form())), None),
            Piece::Said(Said::FormAnswer(Box::new(crate::wire::said::form_answer::tests::answer())), None),
            Piece::Said(Said::Unknown(unknown), None),
            Piece::Change(Change::Reaction(Reaction { emoji: String::new(), ..reaction.clone() })),
            Piece::Change(Change::Reaction(reaction)),
            Piece::Change(Change::Edit(edit)),
            Piece::Change(Change::Deletion(target.id)),
        ];
        for one in all {
            assert_eq!(Piece::decode(&one.encode()), Ok(one));
        }
    }

    #[test]
    fn what_is_too_large_to_be_handed_on_is_named_by_its_number() {
        let mut content = vec![0xc2, 0x0c, 0xff, 0x7f];
        content.resize(4 + 0x3fff, 7);
        let unknown = Unknown::of(&content).unwrap();
        let stub = Piece::decode(&Piece::Said(Said::Unknown(unknown), None).encode()).unwrap();
        let Piece::Said(Said::Unknown(stub), None) = stub else { panic!("{stub:?}") };
        assert_eq!((stub.number, stub.content.len()), (200, 3));
    }

    #[test]
    fn a_change_is_within_its_bounds() {
        let target = Target { id: MessageId::new([4; 16]), yours: false };
        let reaction =
            |emoji: &str, revision| Change::Reaction(Reaction { target, emoji: emoji.into(), revision });
        let edit = |text: &str, revision| Change::Edit(Edit { id: target.id, text: text.into(), revision });
        let wrong = [
            reaction("word", 1),
            reaction("👍", 0),
            reaction("👍", said_limits::REVISIONS_MAX + 1),
            edit("", 1),
            edit("\u{1b}[2J", 1),
            edit("x", 0),
        ];
        for wrong in wrong {
            assert!(Piece::decode(&Piece::Change(wrong).encode()).is_err());
        }
    }
}
