//! Rows of conversations keep their bytes: what is stored must still be read by the next version.

use crate::base::id::{AccountId, DeviceId, Digest, MessageId};
use crate::base::time::Time;
use crate::domain::chat::changes::{Made, Named, Side};
use crate::domain::chat::conversation::{self, CONVERSATIONS};
use crate::domain::chat::names::{EARLY, NAMES};
use crate::domain::chat::timeline::{self, Body, Cause, From, NewEntry, Notice, PAGES};
use crate::store::memory::NOTHING;
use crate::store::table::{Row, Rows as _, Table};
use crate::store::tx::Tx;
use crate::wire::said::bill::tests::bill;
use crate::wire::said::card::Card;
use crate::wire::said::change::Change;
use crate::wire::said::choice::Choice;
use crate::wire::said::edit::Edit;
use crate::wire::said::file::tests::file;
use crate::wire::said::form::tests::form;
use crate::wire::said::form_answer::tests::answer;
use crate::wire::said::headed::tests::headed;
use crate::wire::said::location::Location;
use crate::wire::said::menu::tests::menu;
use crate::wire::said::message::Said;
use crate::wire::said::offer::tests::offer;
use crate::wire::said::order::Found;
use crate::wire::said::order::tests::order;
use crate::wire::said::order_status::tests::status;
use crate::wire::said::place_request::PlaceRequest;
use crate::wire::said::reaction::Reaction;
use crate::wire::said::target::Target;
use crate::wire::said::unknown::Unknown;

const WITH: AccountId = AccountId::new([1; 32]);
const NOW: Time = Time::from_millis(1_700_000_000_000);

fn id(byte: u8) -> MessageId {
    MessageId::new([byte; 16])
}

/// One line of each kind.
fn bodies() -> Vec<Body> {
    let place = Location { latitude: -235_505_200, longitude: 7, name: "Sé".into(), address: "1".into() };
    let card = Card {
        name: "Bento".into(),
        organization: "Padaria".into(),
        account: Some(AccountId::new([2; 32])),
        phones: vec!["+55 11 1".into()],
        emails: vec!["b@x.example".into()],
        website: "https://x.example".into(),
    };
    let choice = Choice { menu: id(4), row: "rye".into(), title: "Rye".into() };
    let said = [
        Said::Text("olá".into()),
        Said::Location(place),
        Said::Card(card),
        Said::Menu(menu()),
        Said::Choice(choice),
        Said::Unknown(Unknown { number: 200, content: vec![0xc2, 0x0c, 0] }),
    ];
    let others = [
        Body::Deleted { at: NOW },
        Body::Billing { kind: 3, id: Digest::new([5; 32]), summary: "paid".into() },
        Body::Missing,
        Body::Notice(Notice::DeviceAdded),
    ];
    said.into_iter().map(Body::Said).chain(others).collect()
}

fn digests<T: Row>(tx: &Tx<'_>, table: &Table<T>) -> Vec<String> {
    let rows = tx.scan(table, &table.all());
    let digest = |row: &T| {
        let bytes = table.encode(row).unwrap();
        assert!(table.encode(&table.decode(&bytes).unwrap()).unwrap() == bytes);
        let digest = Digest::new(crate::crypto::hash::sha256(&[&bytes]));
        format!("{} {:.16}", bytes.len(), digest.to_string())
    };
    rows.iter().map(|(_, row)| digest(row)).collect()
}

#[test]
fn what_is_stored_keeps_its_bytes() {
    let tx = Tx::new(&NOTHING);
    for (seq, body) in (1..).zip(bodies()) {
        let from = match seq % 3 {
            0 => From::Us { seq },
            1 => From::Them { device: DeviceId::new([8; 32]), seq },
            _ => From::Own { device: DeviceId::new([9; 32]), seq },
        };
        let reply = (seq == 2).then_some(Named { side: Side::Theirs, id: id(1) });
        let entry = NewEntry { sent_at: NOW, id: id(u8::try_from(seq).unwrap()), from, body, reply };
        conversation::file(&tx, &WITH, entry, NOW);
    }
    let target = Target { id: id(1), yours: true };
    let made = |by: Side, change: Change| Made { by, id: id(40), sent_at: NOW, change };
    let reaction = |target: Target| Change::Reaction(Reaction { target, emoji: "👍".into(), revision: 2 });
    let edit = |id: MessageId| Change::Edit(Edit { id, text: "oi".into(), revision: 3 });
    let elsewhere = id(99);
    for one in [
        made(Side::Ours, reaction(target)),
        made(Side::Theirs, edit(id(1))),
        made(Side::Theirs, edit(elsewhere)),
        made(Side::Ours, reaction(Target { id: elsewhere, ..target })),
        made(Side::Theirs, Change::Deletion(elsewhere)),
    ] {
        conversation::change(&tx, &WITH, &one, NOW);
    }
    timeline::edit(&tx, &WITH, 2, |entry| {
        (entry.failed, entry.unchanged) = (Some(Cause::Expired), Some(Cause::OverCap));
    });
    let rows =
        [digests(&tx, &PAGES), digests(&tx, &CONVERSATIONS), digests(&tx, &EARLY), digests(&tx, &NAMES)];
    assert_eq!(
        rows.concat(),
        [
            "997 35207abedcf07a98",
            "47 04a007b768828952",
            "145 0bbccba8eea68a8f",
            "21 224c030614bca57b",
            "21 219e8723350766c5",
            "21 ad604096f02e4f89",
            "21 e434972f9f2d455f",
            "21 8594c51439643f36",
            "21 53ffcef854220aea",
            "21 d0b469c5e9a3d8bc"
        ]
    );
}

/// What later versions added to what can be said: each went to the end, and what is above kept its bytes.
fn added() -> Vec<Said> {
    let mut order = order();
    order.items[0].found = Some(Found::AsSold);
    order.items[1].found = Some(Found::OtherPrice(order.items[0].price));
    let mut filled = answer();
    filled.compare(Some(&form()));
    vec![
        Said::File(Box::new(file())),
        Said::Offer(Box::new(offer())),
        Said::Order(Box::new(order)),
        Said::PlaceRequest(PlaceRequest { text: "where?".into() }),
        Said::Headed(Box::new(headed())),
        Said::OrderStatus(Box::new(status())),
        Said::Bill(Box::new(bill())),
        Said::Form(Box::new(form())),
        Said::FormAnswer(Box::new(filled)),
    ]
}

#[test]
fn what_was_added_keeps_its_bytes() {
    let rows = added().into_iter().map(|said| {
        let tx = Tx::new(&NOTHING);
        let from = From::Us { seq: 1 };
        let entry = NewEntry { sent_at: NOW, id: id(1), from, body: Body::Said(said), reply: None };
        conversation::file(&tx, &WITH, entry, NOW);
        digests(&tx, &PAGES).concat()
    });
    assert_eq!(
        rows.collect::<Vec<_>>(),
        [
            "169 65981e65e9dd9fee",
            "142 e5b6979b6ff8eca5",
            "133 4d3e42a4f4ff3210",
            "51 047a0fce800b52fa",
            "269 72015c6806c0099f",
            "90 3ba7eee4dd3b3fca",
            "170 81cc888cbadb0994",
            "320 5f46458c9a4d3422",
            "202 e64ec92e38165cec"
        ]
    );
}
