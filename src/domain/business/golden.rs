//! The desk's rows as they are stored.

use crate::base::id::{AccountId, Digest};
use crate::base::money::Money;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::domain::business::bot::tests::bakery;
use crate::domain::business::catalog::{CATALOG, Item, PICTURES};
use crate::domain::business::desk::{self, Change, DESK, INDEX, Status};
use crate::domain::business::forms::{self, FORMS, SOURCES};
use crate::domain::business::note::{NOTES, Note};
use crate::domain::business::quick::{QUICK, Quick};
use crate::domain::business::reception::{Greeting, OpenHours, Reception};
use crate::domain::business::seat::{Person, SEATS, Seat};
use crate::domain::business::template::tests::definition;
use crate::domain::business::templates::{self, TEMPLATES};
use crate::domain::business::{bot, reception};
use crate::store::memory::NOTHING;
use crate::store::table::Rows as _;
use crate::store::tx::Tx;
use crate::wire::said::file::Picture;

#[test]
fn what_is_stored_keeps_its_bytes() {
    let (tx, thread, now) =
        (Tx::new(&NOTHING), AccountId::new([1; 32]), Time::from_millis(1_800_000_000_000));
    let change = Change {
        status: Some(Status::Pending),
        agent: Some("Bia".into()),
        label: vec!["bread".into()],
        unlabel: Vec::new(),
    };
    let case = desk::change(&tx, &thread, &change, now).unwrap().unwrap();
    let note = Note { at: now, by: "Bia".into(), text: "likes rye".into() };
    let mut seat = Seat::default();
    (seat.heard, seat.excused, seat.at) = (Some(now), Some(now), Some(("main".into(), now)));
    (seat.misses, seat.person) = (1, Some(Person::Until(now)));
    seat.count(now);
    let quick = Quick { name: "ready".into(), text: "{{what}} is ready".into() };
    templates::put(&tx, definition(), now);
    let template = tx.get(&TEMPLATES, &TEMPLATES.key_at(b"loaves", 1)).unwrap();
    let price = Money::parse("4.50", "BRL".parse().unwrap()).unwrap();
    let item = Item { id: "rye".into(), name: "Rye".into(), about: "dark".into(), price };
    let picture = Picture { width: 800, height: 600, thumbnail: vec![0xFF, 0xD8, 0xFF] };
    let said = Reception {
        hours: Some(OpenHours { hours: "24/7".into(), zone: "-03:00".into() }),
        greeting: Some(Greeting { text: "oi".into(), again_after_days: Some(7) }),
        away: Some("asleep".into()),
    };
    forms::put(&tx, forms::tests::draft("table"), now).unwrap();
    let form = forms::get(&tx, "table").unwrap();
    let rows = [
        DESK.encode(&case).unwrap(),
        INDEX.encode(&thread).unwrap(),
        NOTES.encode(&note).unwrap(),
        SEATS.encode(&seat).unwrap(),
        QUICK.encode(&quick).unwrap(),
        TEMPLATES.encode(&template).unwrap(),
        CATALOG.encode(&item).unwrap(),
        PICTURES.encode(&picture).unwrap(),
        FORMS.encode(&form).unwrap(),
        SOURCES.encode(&"{}".to_owned()).unwrap(),
        reception::encoded(&said),
        bot::encoded(&bakery()),
    ];
    let digests = rows.map(|row| {
        let digest = Digest::new(sha256(&[&row]));
        format!("{} {:.16}", row.len(), digest.to_string())
    });
    assert_eq!(
        digests,
        [
            "54 db485367e2dc0202",
            "34 244cf8f2d5eba233",
            "21 9254bc4bc8c58f23",
            "50 2168523627ed66f4",
            "25 f461076bc46dc9e2",
            "257 1945d652268e2f52",
            "20 3b727ddb64e3ca6d",
            "9 50c4df617d8bd28f",
            "282 7dc84dd4011aec95",
            "4 e8d5c4f3bdeebd50",
            "28 cc1bb0fdb635af19",
            "291 d02658507e0d233f"
        ]
    );
}
