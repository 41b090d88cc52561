//! Selling on the command line: what is offered, ordered, and compared with what is sold.

use serde_json::{Value, json};

use crate::cloud::Shop;
use crate::cloud_kinds::came;
use crate::harness::{Place, document};

/// The error of a command that must fail, and its exit code.
fn refused(place: &Place, arguments: &[&str]) -> (i32, String) {
    let answer = place.run(&[arguments, &["--json"]].concat());
    let error = document(&answer.stdout)["error"].clone();
    (answer.code, error["message"].as_str().unwrap().to_owned())
}

/// A picture on the disk of a place.
pub(crate) fn picture(place: &Place, name: &str) -> String {
    let path = place.file(name);
    let mut encoder = png::Encoder::new(std::fs::File::create(&path).unwrap(), 400, 300);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&[128; 400 * 300]).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The shop sells two things, and knows Ana by her name, which she didn't tell it.
pub(crate) fn stock(shop: &Shop) {
    let ana = shop.shop.json(&["contacts"])[0]["address"].as_str().unwrap().to_owned();
    shop.shop.done(&["contacts", "rename", &ana, "Ana"]);
    let rye = picture(&shop.shop, "rye.png");
    let about = ["--about", "Dark, 800 g", "--image", &rye];
    let sold = shop.shop.json(
        &[
            &["catalog", "add", "rye", "--name", "Rye loaf", "--price", "19.90", "--currency", "BRL"],
            &about[..],
        ]
        .concat(),
    );
    assert_eq!(sold["image"], true);
    shop.shop.json(&["catalog", "add", "oat", "--name", "Oat bun", "--price", "4.50", "--currency", "BRL"]);
}

#[test]
fn what_is_sold_is_offered_and_ordered_and_the_shop_sees_what_is_not_as_it_was() {
    let shop = Shop::open("read,send");
    shop.meet();
    stock(&shop);
    let offered = ["offer", "Ana", "rye", "oat", "--text", "Fresh today", "--footer", "till 19:00", "--wait"];
    assert_eq!(shop.shop.json(&offered)["state"], "delivered");
    let offer = came(&shop, "offer");
    let expected = json!([{ "items": [
        { "id": "rye", "name": "Rye loaf", "about": "Dark, 800 g", "price": { "minor": 1990, "currency": "BRL" }, "picture": true },
        { "id": "oat", "name": "Oat bun", "price": { "minor": 450, "currency": "BRL" }, "picture": false },
    ] }]);
    assert_eq!((&offer["text"], &offer["shelves"]), (&"Fresh today".into(), &expected));
    let id = offer["id"].as_str().unwrap();
    let shown = shop.ana.done(&["history", "Shop"]);
    assert!(shown.contains("[rye] Rye loaf, BRL 19.90 (picture): Dark, 800 g"), "{shown}");
    shop.ana.done(&["picture", "Shop", id, "rye", "--output", "small.jpg"]);
    let small = std::fs::read(shop.ana.file("small.jpg")).unwrap();
    assert!(small.starts_with(&[0xFF, 0xD8, 0xFF]) && small.len() <= 7_168);
    assert!(refused(&shop.ana, &["picture", "Shop", id, "oat", "--output", "x"]).1.contains("no picture"));

    assert_eq!(
        refused(&shop.ana, &["order", "Shop", id, "bun"]).1,
        "there is no bun in the offer: there are rye, oat"
    );
    assert!(refused(&shop.ana, &["order", "Shop", id, "rye=0"]).1.contains("1 to 99,999"));
    assert!(refused(&shop.ana, &["order", "Shop", id, "rye", "rye=2"]).1.contains("twice"));
    assert_eq!(shop.ana.run(&["order", "Shop", id, "rye=two"]).code, 2);
    assert!(refused(&shop.shop, &["offer", "Ana", "bun"]).1.contains("no thing in the catalog bun"));
    assert!(refused(&shop.ana, &["offer", "Shop", "rye"]).1.contains("business"));
    assert!(refused(&shop.ana, &["send", "Shop", "--ask-location", "where?"]).1.contains("business"));
    let first = shop.ana.json(&["history", "Shop"])["entries"][0]["id"].as_str().unwrap().to_owned();
    let (code, words) = refused(&shop.shop, &["order", "Ana", &first, "rye"]);
    assert!(code != 0 && words.contains("no offer"), "{words}");

    shop.shop.done(&["catalog", "add", "oat", "--price", "5.00", "--currency", "BRL", "--name", "Oat bun"]);
    let ordered = shop.ana.json(&["order", "Shop", id, "rye=2", "oat", "--text", "before noon"]);
    let entry = &ordered["entry"];
    assert_eq!(
        (&entry["kind"], &entry["as_sold"], &entry["offer"]),
        (&"order".into(), &Value::Null, &id.into())
    );
    assert_eq!(entry["total"], json!({ "minor": 4430, "currency": "BRL" }));
    let is_order =
        |history: &Value| history["entries"].as_array().unwrap().last().unwrap()["kind"] == "order";
    let history = shop.shop.until(&["history", "Ana"], is_order);
    let order = history["entries"].as_array().unwrap().last().unwrap();
    let expected = json!([
        { "id": "rye", "name": "Rye loaf", "quantity": 2, "price": { "minor": 1990, "currency": "BRL" }, "found": "as_sold" },
        { "id": "oat", "name": "Oat bun", "quantity": 1, "price": { "minor": 450, "currency": "BRL" },
            "found": "other_price", "catalog_price": { "minor": 500, "currency": "BRL" } },
    ]);
    assert_eq!(
        (&order["items"], &order["as_sold"], &order["text"]),
        (&expected, &false.into(), &"before noon".into())
    );
    let shown = shop.shop.done(&["history", "Ana"]);
    assert!(shown.contains("1 × Oat bun [oat] at BRL 4.50  (the catalog says BRL 5.00)"), "{shown}");
    let found = shop.shop.json(&["history", "Ana", "--search", "noon"]);
    assert_eq!(found["entries"].as_array().unwrap().len(), 1);
    let case = &shop.shop.json(&["desk", "list", "--label", "order"])["conversations"][0];
    assert_eq!(
        (&case["name"], &case["status"], &case["last"]["kind"]),
        (&"Ana".into(), &"open".into(), &"order".into())
    );
}

#[test]
fn an_order_is_billed_at_the_prices_of_the_catalog_and_told_what_becomes_of_it() {
    let shop = Shop::open("read,send");
    shop.meet();
    stock(&shop);
    shop.shop.done(&["profile", "set", "--name", "Shop"]);
    shop.shop.done(&["rail", "add", "pix", "pix@shop.example", "--name", "Shop", "--city", "Recife"]);
    shop.shop.done(&["offer", "Ana", "rye", "oat", "--wait"]);
    let offer = came(&shop, "offer")["id"].as_str().unwrap().to_owned();
    shop.shop.done(&["catalog", "add", "oat", "--name", "Oat bun", "--price", "5.00", "--currency", "BRL"]);
    let order = shop.ana.json(&["order", "Shop", &offer, "rye=2", "oat"]);
    let order = order["entry"]["id"].as_str().unwrap().to_owned();
    let is_order =
        |history: &Value| history["entries"].as_array().unwrap().last().unwrap()["kind"] == "order";
    shop.shop.until(&["history", "Ana"], is_order);
    let first = shop.ana.json(&["history", "Shop"])["entries"][0]["id"].as_str().unwrap().to_owned();
    assert!(refused(&shop.shop, &["bill", "Ana", &first]).1.contains("no order"));
    assert!(
        refused(&shop.shop, &["bill", "Ana", &order, "--discount", "99"]).1.contains("no less than nothing")
    );
    let bill =
        ["bill", "Ana", &order, "--shipping", "6", "--discount", "1.00", "--text", "Thank you!", "--wait"];
    assert_eq!(shop.shop.json(&bill)["state"], "delivered");
    let bill = came(&shop, "bill");
    assert_eq!(
        (&bill["reference"], &bill["reply_to"]["id"]),
        (&order.as_str().into(), &order.as_str().into())
    );
    let price = |minor: u64| json!({ "minor": minor, "currency": "BRL" });
    assert_eq!((&bill["subtotal"], &bill["total"]), (&price(4_480), &price(4_980)), "at what oat costs now");
    let pay = &bill["pay"][0];
    assert!(pay["rail"] == "pix" && pay["text"].as_str().unwrap().contains("540549.80"), "{pay}");
    let shown = shop.ana.done(&["history", "Shop"]);
    assert!(
        shown.contains("  and shipping BRL 6.00") && shown.contains("  pay by pix to Shop: 0002"),
        "{shown}"
    );
    shop.shop.done(&["order-status", "Ana", &order, "shipped", "--about", "by bicycle", "--wait"]);
    let status = came(&shop, "order_status");
    assert_eq!((&status["status"], &status["about"]), (&"shipped".into(), &"by bicycle".into()));
    assert_eq!(shop.shop.run(&["order-status", "Ana", &order, "lost"]).code, 2);
    assert_eq!(shop.ana.json(&["invoice", "list"]), json!([]), "it is no invoice of the books");
    shop.shop.done(&["catalog", "remove", "oat"]);
    assert!(refused(&shop.shop, &["bill", "Ana", &order]).1.contains("no thing in the catalog oat"));
}

#[test]
fn a_thing_keeps_its_picture_until_it_has_another_one_or_none() {
    let shop = Place::business("Shop");
    let rye = picture(&shop, "rye.png");
    let add = ["catalog", "add", "rye", "--price", "1", "--currency", "BRL"];
    assert_eq!(shop.json(&[&add[..], &["--image", &rye]].concat())["image"], true);
    assert_eq!(shop.json(&["file", "list"]), json!([]), "the file itself isn't kept");
    assert_eq!(shop.json(&add)["image"], true, "the picture stays");
    shop.done(&["catalog", "image", "rye", "--output", "small.jpg"]);
    assert!(std::fs::read(shop.file("small.jpg")).unwrap().starts_with(&[0xFF, 0xD8, 0xFF]));
    assert!(shop.done(&["catalog", "list"]).contains("yes"));
    assert_eq!(shop.json(&[&add[..], &["--no-image"]].concat())["image"], false);
    assert!(refused(&shop, &["catalog", "image", "rye", "--output", "x"]).1.contains("no picture"));
    std::fs::write(shop.file("rye.txt"), "rye").unwrap();
    let text = shop.file("rye.txt");
    let (code, words) = refused(&shop, &[&add[..], &["--image", text.to_str().unwrap()]].concat());
    assert!(code != 0 && words.contains("a JPEG or a PNG"), "{words}");
    assert_eq!(shop.json(&["file", "list"]), json!([]));

    for arguments in
        [&["offer", "Ana"][..], &["offer", "Ana", "rye", "--all"], &["offer", "Ana", "--shelf", "x"]]
    {
        assert_eq!(shop.run(arguments).code, 2, "{arguments:?}");
    }
}
