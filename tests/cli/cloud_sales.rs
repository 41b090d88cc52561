//! Selling over the Cloud-API-compatible surface, asking for places, and files above menus.

use serde_json::{Value, json};

use crate::cloud_kinds::{came, say, shop, upload};
use crate::orders::stock;

fn interactive(content: Value) -> Value {
    json!({ "type": "interactive", "interactive": content })
}

#[test]
fn products_are_shown_and_what_is_ordered_comes_back() {
    let (shop, receiver, ana) = shop();
    stock(&shop);
    let catalog = shop.id("catalog_id");
    let catalogs = shop.get(&format!("{}/product_catalogs", shop.business()));
    assert_eq!(catalogs["data"], json!([{ "id": catalog, "name": "Shop" }]));
    assert_eq!(
        shop.get(&format!("{catalog}?fields=product_count")),
        json!({ "id": catalog, "product_count": 2 })
    );
    let products = shop.get(&format!("{catalog}/products?fields=retailer_id,name,price,currency&limit=1"));
    let oat = json!({ "id": "oat", "retailer_id": "oat", "name": "Oat bun", "price": "BRL 4.50", "currency": "BRL" });
    assert_eq!(products["data"], json!([oat]));

    let one = json!({ "catalog_id": catalog, "product_retailer_id": "rye" });
    let wamid = say(
        &shop,
        &ana,
        &interactive(json!({ "type": "product", "body": { "text": "The last" }, "action": one })),
    );
    let offer = came(&shop, "offer");
    assert_eq!(
        (&offer["text"], &offer["shelves"][0]["items"][0]["picture"]),
        (&"The last".into(), &true.into())
    );
    let of = |offer: &Value| offer["id"].as_str().unwrap().to_owned();
    shop.ana.done(&["order", "Shop", &of(&offer), "rye=2", "--text", "please"]);
    let told = shop.wait(&receiver, "the order", |value| value["messages"][0]["type"] == "order");
    let item = json!({ "product_retailer_id": "rye", "quantity": 2, "item_price": 19.9, "currency": "BRL" });
    let expected = json!({ "catalog_id": catalog, "text": "please", "product_items": [item] });
    assert_eq!(told["messages"][0]["order"], expected);
    let context = json!({ "from": shop.id("display_phone_number"), "id": wamid });
    assert_eq!(told["messages"][0]["context"], context);

    let id = |id: &str| json!({ "product_retailer_id": id });
    let sections = json!([{ "title": "Loaves", "product_items": [id("rye")] }, { "title": "Small", "product_items": [id("oat")] }]);
    let list = json!({
        "type": "product_list", "header": { "type": "text", "text": "Today" }, "body": { "text": "Which?" },
        "footer": { "text": "till 19:00" }, "action": { "catalog_id": catalog, "sections": sections },
    });
    say(&shop, &ana, &interactive(list));
    let offer = came(&shop, "offer");
    assert_eq!((&offer["header"], &offer["shelves"][1]["title"]), (&"Today".into(), &"Small".into()));
    shop.shop.done(&["catalog", "remove", "oat"]);
    shop.ana.done(&["order", "Shop", &of(&offer), "rye", "oat"]);
    let is_second = |value: &Value| value["messages"][0]["order"]["product_items"][1].is_object();
    let told = shop.wait(&receiver, "the other order", is_second);
    let items = &told["messages"][0]["order"]["product_items"];
    assert_eq!((&items[0]["found"], &items[1]["found"]), (&Value::Null, &"unknown".into()));

    let parameters = json!({ "thumbnail_product_retailer_id": "rye" });
    let action = json!({ "name": "catalog_message", "parameters": parameters });
    say(
        &shop,
        &ana,
        &interactive(json!({ "type": "catalog_message", "body": { "text": "All" }, "action": action })),
    );
    assert_eq!(came(&shop, "offer")["shelves"][0]["items"].as_array().unwrap().len(), 1);

    let messages = format!("POST /v23.0/{}/messages", shop.phone());
    let refused = |content: Value| {
        let mut body = interactive(content);
        (body["messaging_product"], body["to"]) = ("whatsapp".into(), ana.as_str().into());
        shop.refused(&messages, &body)
    };
    let product = |action: Value| json!({ "type": "product", "action": action });
    assert_eq!(
        refused(product(json!({ "catalog_id": catalog, "product_retailer_id": "oat" }))),
        (400, 131_009)
    );
    assert_eq!(
        refused(product(json!({ "catalog_id": "123456", "product_retailer_id": "rye" }))),
        (400, 131_009)
    );
    let carousel = json!({ "type": "carousel", "body": { "text": "x" }, "action": { "cards": [] } });
    assert_eq!(refused(carousel), (400, 131_051), "what can't be shown isn't sent");
}

#[test]
fn an_order_is_told_what_it_comes_to_and_what_becomes_of_it() {
    let (shop, _receiver, ana) = shop();
    let amount = |value: u64| json!({ "value": value, "offset": 100 });
    let item = json!({ "retailer_id": "rye", "name": "Rye loaf", "amount": amount(1_990), "quantity": 2 });
    let order = json!({
        "status": "pending", "items": [item], "subtotal": amount(3_980), "tax": amount(0), "shipping": amount(500),
    });
    let pix = json!({ "code": "00020101", "merchant_name": "Shop", "key": "pix@shop.example", "key_type": "EMAIL" });
    let mut parameters = json!({
        "reference_id": "order-7", "type": "physical-goods", "payment_type": "br", "currency": "BRL",
        "payment_settings": [{ "type": "pix_dynamic_code", "pix_dynamic_code": pix }],
        "total_amount": amount(4_480), "order": order,
    });
    let details = |parameters: &Value| {
        let action = json!({ "name": "review_and_pay", "parameters": parameters });
        interactive(json!({ "type": "order_details", "body": { "text": "Here" }, "action": action }))
    };
    say(&shop, &ana, &details(&parameters));
    let bill = came(&shop, "bill");
    assert_eq!((&bill["reference"], &bill["total"]["minor"]), (&"order-7".into(), &4_480.into()));
    assert_eq!(bill["pay"], json!([{ "rail": "pix", "name": "Shop", "text": "00020101" }]));

    let refused = |parameters: &Value| {
        let mut body = details(parameters);
        (body["messaging_product"], body["to"]) = ("whatsapp".into(), ana.as_str().into());
        shop.refused(&format!("POST /v23.0/{}/messages", shop.phone()), &body)
    };
    parameters["payment_settings"] = json!([]);
    assert_eq!(refused(&parameters), (400, 131_051), "nobody could pay it");
    shop.shop.done(&["profile", "set", "--name", "Shop"]);
    shop.shop.done(&["rail", "add", "manual", "in cash"]);
    say(&shop, &ana, &details(&parameters));
    assert_eq!(came(&shop, "bill")["pay"], json!([{ "rail": "manual", "text": "in cash" }]));
    parameters["total_amount"] = amount(4_479);
    assert_eq!(refused(&parameters), (400, 131_009), "it doesn't add up");

    let parameters =
        json!({ "reference_id": "order-7", "order": { "status": "completed", "description": "Enjoy" } });
    let action = json!({ "name": "review_order", "parameters": parameters });
    say(
        &shop,
        &ana,
        &interactive(json!({ "type": "order_status", "body": { "text": "Done" }, "action": action })),
    );
    let status = came(&shop, "order_status");
    assert_eq!(
        (&status["reference"], &status["status"], &status["text"]),
        (&"order-7".into(), &"completed".into(), &"Done".into())
    );
}

#[test]
fn a_customer_who_is_asked_for_a_place_answers_with_one() {
    let (shop, receiver, ana) = shop();
    let asked = json!({
        "type": "location_request_message", "body": { "text": "Where to?" }, "action": { "name": "send_location" },
    });
    let wamid = say(&shop, &ana, &interactive(asked));
    let request = came(&shop, "place_request");
    assert_eq!(request["text"], "Where to?");
    assert!(shop.ana.done(&["history", "Shop"]).contains("--location LAT,LON --reply-to ID"));
    let id = request["id"].as_str().unwrap();
    shop.ana.done(&["send", "Shop", "--location", "-10.5,20.25", "--reply-to", id]);
    let place = shop.wait(&receiver, "her place", |value| value["messages"][0]["type"] == "location");
    assert_eq!(place["messages"][0]["location"], json!({ "latitude": -10.5, "longitude": 20.25 }));
    assert_eq!(place["messages"][0]["context"]["id"], wamid);
}

#[test]
fn a_file_stands_above_a_menu_and_is_fetched_and_the_menu_chosen_from() {
    let (shop, receiver, ana) = shop();
    let (status, uploaded) = upload(&shop, "loaves.pdf", "application/pdf", "%PDF-1.4 all loaves");
    assert_eq!(status, 200, "{uploaded}");
    let button = json!({ "type": "reply", "reply": { "id": "keep", "title": "Keep one" } });
    let header = json!({ "type": "document", "document": { "id": uploaded["id"], "filename": "menu.pdf" } });
    let menu = json!({
        "type": "button", "header": header, "body": { "text": "Which?" }, "action": { "buttons": [button] },
    });
    say(&shop, &ana, &interactive(menu.clone()));
    let shown = came(&shop, "menu");
    assert_eq!((&shown["text"], &shown["file"]["file_name"]), (&"Which?".into(), &"menu.pdf".into()));
    let file = shown["file"]["file"].as_str().unwrap();
    shop.ana.done(&["file", "get", file, "--output", "menu.pdf"]);
    assert_eq!(std::fs::read(shop.ana.file("menu.pdf")).unwrap(), b"%PDF-1.4 all loaves");
    assert!(shop.ana.done(&["history", "Shop"]).contains("menu.pdf"));
    shop.ana.done(&["choose", "Shop", shown["id"].as_str().unwrap(), "keep"]);
    let chosen = shop.wait(&receiver, "the choice", |value| value["messages"][0]["type"] == "interactive");
    let expected = json!({ "type": "button_reply", "button_reply": { "id": "keep", "title": "Keep one" } });
    assert_eq!(chosen["messages"][0]["interactive"], expected);

    let mut unknown = interactive(menu);
    (unknown["messaging_product"], unknown["to"]) = ("whatsapp".into(), ana.as_str().into());
    unknown["interactive"]["header"]["document"] = json!({ "id": "12345" });
    let messages = format!("POST /v23.0/{}/messages", shop.phone());
    assert_eq!(shop.refused(&messages, &unknown), (400, 100));
    unknown["interactive"]["header"]["document"] = json!({});
    assert_eq!(shop.refused(&messages, &unknown), (400, 131_008));
}

#[test]
fn a_message_that_was_read_leaves_what_came_after_it_unread() {
    let (shop, receiver, _) = shop();
    let first = shop.wait(&receiver, "the text", |value| value["messages"][0]["type"] == "text");
    assert_eq!(shop.ana.json(&["send", "Shop", "Are you there?", "--wait"])["state"], "delivered");
    let read = |wamid: &Value| {
        let body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": wamid });
        assert_eq!(shop.post(&format!("{}/messages", shop.phone()), &body), json!({ "success": true }));
    };
    read(&first["messages"][0]["id"]);
    let history = shop.ana.until(&["history", "Shop"], |history| history["entries"][0]["state"] == "read");
    assert_eq!(history["entries"][1]["state"], "delivered");
    assert_eq!(shop.shop.json(&["inbox"])["conversations"][0]["unread"], 1);
    let second = shop
        .wait(&receiver, "the other text", |value| value["messages"][0]["text"]["body"] == "Are you there?");
    read(&second["messages"][0]["id"]);
    shop.ana.until(&["history", "Shop"], |history| history["entries"][1]["state"] == "read");
    assert_eq!(shop.shop.json(&["inbox"])["conversations"][0]["unread"], 0);
}

#[test]
fn a_template_with_a_file_above_it_is_made_and_sent() {
    let (shop, _receiver, ana) = shop();
    let (status, uploaded) = upload(&shop, "loaves.pdf", "application/pdf", "%PDF-1.4 all loaves");
    assert_eq!(status, 200, "{uploaded}");
    let components =
        json!([{ "type": "HEADER", "format": "DOCUMENT" }, { "type": "BODY", "text": "Hello {{1}}" }]);
    let body = json!({ "name": "loaves", "language": "en", "category": "UTILITY", "components": components });
    let edge = format!("{}/message_templates", shop.business());
    shop.post(&edge, &body);
    assert_eq!(shop.get(&edge)["data"][0]["components"], components);
    shop.ana.done(&["consent", "give", "Shop", "utility", "--days", "9"]);
    shop.shop.until(&["consent", "list"], |all| all[0]["in_force"] == true);
    let template = |parameter: Value| {
        let body = json!({ "type": "body", "parameters": [{ "type": "text", "text": "Ana" }] });
        let components = json!([{ "type": "header", "parameters": [parameter] }, body]);
        let template = json!({ "name": "loaves", "language": { "code": "en" }, "components": components });
        json!({ "type": "template", "template": template })
    };
    let document =
        json!({ "type": "document", "document": { "id": uploaded["id"], "filename": "menu.pdf" } });
    say(&shop, &ana, &template(document));
    let file = came(&shop, "file");
    assert_eq!((&file["file_name"], &file["caption"]), (&"menu.pdf".into(), &"Hello Ana".into()));
    let refused = |parameter: Value| {
        let mut body = template(parameter);
        (body["messaging_product"], body["to"]) = ("whatsapp".into(), ana.as_str().into());
        shop.refused(&format!("POST /v23.0/{}/messages", shop.phone()), &body)
    };
    assert_eq!(refused(json!({ "type": "text", "text": "x" })), (400, 132_012));
    assert_eq!(refused(json!({ "type": "image", "image": { "id": uploaded["id"] } })), (400, 132_012));
}
