//! What a business and a customer say where something is sold.

use sigillo::base::id::{Digest, MessageId};
use sigillo::base::money::Money;
use sigillo::crypto::secret::Secret;
use sigillo::wire::file::Opening;
use sigillo::wire::rail::Rail;
use sigillo::wire::said::bill::{Bill, BilledItem, Extra, ExtraKind, Way, sum};
use sigillo::wire::said::file::{Picture, SentFile};
use sigillo::wire::said::headed::Headed;
use sigillo::wire::said::menu::{Menu, Row};
use sigillo::wire::said::message::Said;
use sigillo::wire::said::offer::{Offer, Shelf, Ware};
use sigillo::wire::said::order::{Order, Ordered};
use sigillo::wire::said::order_status::{OrderStatus, Stage};
use sigillo::wire::said::place_request::PlaceRequest;

/// One of each.
pub(crate) fn sold() -> Vec<Said> {
    let price = Money { minor: 1_990, currency: "BRL".parse().unwrap() };
    let picture = Picture { width: 800, height: 600, thumbnail: vec![0xFF, 0xD8, 0xFF, 0xE0] };
    let ware = |id: &str, picture: Option<Picture>| Ware {
        id: id.into(),
        name: id.to_uppercase(),
        about: "800 g".into(),
        price,
        picture,
    };
    let wares = vec![ware("rye", Some(picture.clone())), ware("oat", None)];
    let shelf = |title: &str| Shelf { title: title.into(), wares: wares.clone() };
    let one = Offer { text: "Fresh".into(), shelves: vec![shelf("")], more: 3, ..Offer::default() };
    let part = |title: &str, ware: Ware| Shelf { title: title.into(), wares: vec![ware] };
    let shelves = vec![part("Bread", wares[0].clone()), part("Cake", wares[1].clone())];
    let several = Offer { header: "Today".into(), footer: "till 19:00".into(), shelves, ..one.clone() };
    let item = |id: &str, quantity: u32| Ordered {
        id: id.into(),
        name: id.to_uppercase(),
        quantity,
        price,
        found: None,
    };
    let items = vec![item("rye", 2), item("oat", 1)];
    let order = Order { offer: MessageId::new([7; 16]), items, text: "before noon".into() };
    let billed = |id: &str| BilledItem { id: id.into(), name: id.to_uppercase(), quantity: 1, price };
    let shipping = Extra { kind: ExtraKind::Shipping, amount: price, about: "by bicycle".into() };
    let (items, extras) = (vec![billed("rye"), billed("oat")], vec![shipping]);
    let bill = Bill {
        reference: "order-7".into(),
        text: "Here".into(),
        footer: String::new(),
        total: sum(&items, &extras).unwrap(),
        items,
        extras,
        ways: vec![Way { rail: Rail::Pix, name: "Padaria".into(), text: "000201".into() }],
    };
    let status = OrderStatus {
        reference: "order-7".into(),
        stage: Stage::Shipped,
        about: "by bicycle".into(),
        text: "It comes".into(),
        footer: String::new(),
    };
    let file = SentFile {
        opening: Opening { hash: Digest::new([1; 32]), key: Secret::new([2; 32]), size: 70_000 },
        name: "rye.jpg".into(),
        media_type: "image/jpeg".into(),
        caption: String::new(),
        picture: Some(picture),
    };
    let row = Row { id: "rye".into(), title: "Rye".into(), about: String::new() };
    let menu = Menu { text: "Which?".into(), buttons: vec![row], ..Menu::default() };
    vec![
        Said::Offer(Box::new(one)),
        Said::Offer(Box::new(several)),
        Said::Order(Box::new(order)),
        Said::Bill(Box::new(bill)),
        Said::OrderStatus(Box::new(status)),
        Said::PlaceRequest(PlaceRequest { text: "Where to?".into() }),
        Said::Headed(Box::new(Headed::new(file, menu))),
    ]
}
