//! Every kind of message over the Cloud-API-compatible surface, both ways, and files.

use serde_json::{Value, json};

use crate::cloud::Shop;
use crate::receiver::Receiver;

/// The shop with a receiver, and what Ana is called there.
pub(crate) fn shop() -> (Shop, Receiver, String) {
    let shop = Shop::open("read,send,manage,subscribe");
    let receiver = Receiver::listen();
    shop.subscribe(&receiver);
    shop.meet();
    let text = shop.wait(&receiver, "the text", |value| value["messages"][0]["type"] == "text");
    let ana = text["contacts"][0]["wa_id"].as_str().unwrap().to_owned();
    (shop, receiver, ana)
}

pub(crate) fn say(shop: &Shop, to: &str, more: &Value) -> String {
    let mut body = json!({ "messaging_product": "whatsapp", "to": to });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let sent = shop.post(&format!("{}/messages", shop.phone()), &body);
    sent["messages"][0]["id"].as_str().unwrap().to_owned()
}

/// Ana's newest entry of a kind.
pub(crate) fn came(shop: &Shop, kind: &str) -> Value {
    let is_it = |entry: &Value| entry["kind"] == kind && entry["direction"] == "in";
    let history = shop.ana.until(&["history", "Shop"], |history| {
        history["entries"].as_array().unwrap().last().is_some_and(is_it)
    });
    history["entries"].as_array().unwrap().last().unwrap().clone()
}

#[test]
fn a_menu_is_shown_and_what_was_chosen_comes_back() {
    let (shop, receiver, ana) = shop();
    let button = json!({ "type": "reply", "reply": { "id": "keep", "title": "Keep a loaf" } });
    let interactive = json!({
        "type": "button", "header": { "type": "text", "text": "Today" }, "body": { "text": "Rye?" },
        "action": { "buttons": [button] },
    });
    let wamid = say(&shop, &ana, &json!({ "type": "interactive", "interactive": interactive }));
    let menu = came(&shop, "menu");
    assert_eq!((&menu["header"], &menu["buttons"][0]["title"]), (&"Today".into(), &"Keep a loaf".into()));
    shop.ana.done(&["choose", "Shop", menu["id"].as_str().unwrap(), "keep"]);
    let chosen = shop.wait(&receiver, "the choice", |value| value["messages"][0]["type"] == "interactive");
    let expected =
        json!({ "type": "button_reply", "button_reply": { "id": "keep", "title": "Keep a loaf" } });
    assert_eq!(chosen["messages"][0]["interactive"], expected);
    let context = json!({ "from": shop.id("display_phone_number"), "id": wamid });
    assert_eq!(chosen["messages"][0]["context"], context);

    let rows = json!([{ "id": "rye", "title": "Rye", "description": "Dark" }]);
    let action = json!({ "button": "Open", "sections": [{ "title": "Bread", "rows": rows }] });
    let list = json!({ "type": "list", "body": { "text": "Which?" }, "action": action });
    say(&shop, &ana, &json!({ "interactive": list }));
    let menu = came(&shop, "menu");
    shop.ana.done(&["choose", "Shop", menu["id"].as_str().unwrap(), "rye"]);
    let is_list = |value: &Value| value["messages"][0]["interactive"]["type"] == "list_reply";
    let chosen = shop.wait(&receiver, "the other choice", is_list);
    let expected = json!({ "id": "rye", "title": "Rye", "description": "Dark" });
    assert_eq!(chosen["messages"][0]["interactive"]["list_reply"], expected);
}

#[test]
fn places_cards_reactions_answers_and_edits_go_both_ways() {
    let (shop, receiver, ana) = shop();
    let text = shop.wait(&receiver, "the text", |value| value["messages"][0]["type"] == "text");
    let asked = text["messages"][0]["id"].clone();
    let quoted = json!({ "text": { "body": "Bom dia, Ana" }, "context": { "message_id": asked } });
    say(&shop, &ana, &quoted);
    let answer = came(&shop, "text");
    let first = shop.ana.json(&["history", "Shop"])["entries"][0]["id"].clone();
    assert_eq!(answer["reply_to"]["id"], first);
    let unknown = json!({ "messaging_product": "whatsapp", "to": ana, "text": { "body": "x" }, "context": { "message_id": "wamid.x" } });
    assert_eq!(shop.refused(&format!("POST /v23.0/{}/messages", shop.phone()), &unknown), (400, 100));

    say(&shop, &ana, &json!({ "reaction": { "message_id": asked, "emoji": "👍" } }));
    shop.ana.until(&["history", "Shop"], |history| history["entries"][0]["reactions"][0]["emoji"] == "👍");
    say(&shop, &ana, &json!({ "type": "reaction", "reaction": { "message_id": asked, "emoji": "" } }));
    shop.ana.until(&["history", "Shop"], |history| history["entries"][0]["reactions"].is_null());

    say(&shop, &ana, &json!({ "location": { "latitude": -23.5, "longitude": "-46.25", "name": "Shop" } }));
    assert_eq!(came(&shop, "location")["longitude"], -46.25);
    let card = json!([{ "name": { "formatted_name": "João" }, "phones": [{ "phone": "+55 11 5555-0001" }] }]);
    say(&shop, &ana, &json!({ "type": "contacts", "contacts": card }));
    assert_eq!(came(&shop, "card")["phones"][0], "+55 11 5555-0001");

    shop.ana.done(&["send", "Shop", "--location", "-10.5,20.25"]);
    let place = shop.wait(&receiver, "her place", |value| value["messages"][0]["type"] == "location");
    assert_eq!(place["messages"][0]["location"], json!({ "latitude": -10.5, "longitude": 20.25 }));
    let newest = |shop: &Shop| {
        shop.ana.json(&["history", "Shop"])["entries"].as_array().unwrap().last().unwrap().clone()
    };
    let shown = answer["id"].as_str().unwrap();
    shop.ana.done(&["react", "Shop", shown, "🎉"]);
    let reacted = shop.wait(&receiver, "her reaction", |value| value["messages"][0]["type"] == "reaction");
    assert_eq!(reacted["messages"][0]["reaction"]["emoji"], "🎉");
    shop.ana.done(&["send", "Shop", "Two loafs"]);
    let said = newest(&shop);
    shop.ana.done(&["edit", "Shop", said["id"].as_str().unwrap(), "Two loaves"]);
    let edited = shop.wait(&receiver, "her edit", |value| value["messages"][0]["type"] == "unsupported");
    let error = &edited["messages"][0]["errors"][0];
    assert_eq!(error["code"], 131_051);
    assert!(error["error_data"]["details"].as_str().unwrap().ends_with(": Two loaves"), "{edited}");
}

/// A form with a file, as clients send it.
pub(crate) fn upload(shop: &Shop, name: &str, kind: &str, bytes: &str) -> (u16, Value) {
    let part =
        |head: &str, body: &str| format!("--XyZ\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n");
    let form = [
        part("name=\"messaging_product\"", "whatsapp"),
        part(&format!("name=\"file\"; filename=\"{name}\"\r\nContent-Type: {kind}"), bytes),
        part("name=\"type\"", kind),
        "--XyZ--\r\n".to_owned(),
    ];
    let api = shop.api.header("content-type: multipart/form-data; boundary=XyZ");
    let answered = api.ask(&format!("POST /v23.0/{}/media", shop.phone()), &form.concat());
    (answered.status, answered.json())
}

#[test]
fn a_file_is_uploaded_sent_received_fetched_and_removed() {
    let (shop, receiver, ana) = shop();
    let bytes = "%PDF-1.4 a list of loaves\n".repeat(20_000);
    let (status, uploaded) = upload(&shop, "loaves.pdf", "application/pdf", &bytes);
    assert_eq!(status, 200, "{uploaded}");
    let id = uploaded["id"].as_str().unwrap();
    assert!(id.bytes().all(|byte| byte.is_ascii_digit()));
    let known = shop.get(&format!("{id}?phone_number_id={}", shop.phone()));
    let hash = sigillo::crypto::hash::sha256(&[bytes.as_bytes()]);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let url = format!("http://{}/v23.0/{id}/content", shop.api.at);
    let expected = json!({
        "messaging_product": "whatsapp", "id": id, "url": url, "mime_type": "application/pdf", "sha256": hash,
        "file_size": bytes.len(),
    });
    assert_eq!(known, expected);
    let fetched = shop.api.ask(&format!("GET /v23.0/{id}/content"), "");
    assert!(fetched.status == 200 && fetched.body == bytes, "{}", fetched.head);
    assert!(fetched.head.contains("content-type: application/pdf"), "{}", fetched.head);
    let nobody = crate::tcp::Tcp { token: None, ..shop.api.clone() };
    assert_eq!(nobody.ask(&format!("GET /v23.0/{id}/content"), "").status, 401);

    say(&shop, &ana, &json!({ "document": { "id": id, "caption": "All we bake", "filename": "menu.pdf" } }));
    let file = came(&shop, "file");
    assert_eq!((&file["file_name"], &file["caption"]), (&"menu.pdf".into(), &"All we bake".into()));
    let path = shop.ana.file("wish.txt");
    std::fs::write(&path, "two loaves").unwrap();
    shop.ana.done(&[
        "send",
        "Shop",
        "--file",
        path.to_str().unwrap(),
        "--type",
        "text/plain",
        "--caption",
        "Please",
    ]);
    let wish = shop.wait(&receiver, "her file", |value| value["messages"][0]["type"] == "document");
    let document = &wish["messages"][0]["document"];
    let hash = sigillo::crypto::hash::sha256(&[b"two loaves"]);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = json!({
        "id": document["id"], "mime_type": "text/plain", "sha256": hash, "caption": "Please", "filename": "wish.txt",
    });
    assert_eq!(*document, expected);
    let hers = shop.api.ask(&format!("GET /v23.0/{}/content", document["id"].as_str().unwrap()), "");
    assert_eq!(hers.body, "two loaves");
    assert_eq!(shop.api.done(&format!("DELETE /v23.0/{id}"), ""), json!({ "success": true }));
    assert_eq!(shop.refused(&format!("GET /v23.0/{id}"), &json!({})), (400, 131_052));
}

#[test]
fn a_file_that_cannot_be_taken_leaves_nothing() {
    let shop = Shop::open("read,send,manage");
    let code =
        |answered: (u16, Value)| (answered.0, answered.1["error"]["code"].as_u64().unwrap_or_default());
    assert_eq!(code(upload(&shop, "a", "text", "x")), (400, 131_053));
    assert_eq!(code(upload(&shop, "a.txt", "text/plain", "")), (400, 131_053));
    assert_eq!(code(upload(&shop, "a.webp", "image/webp", &"x".repeat(500 * 1_024 + 1))), (400, 131_053));
    let cut = shop.api.header("content-type: multipart/form-data; boundary=XyZ");
    let answered = cut.ask(&format!("POST /v23.0/{}/media", shop.phone()), "--XyZ\r\n\r\nx");
    assert_eq!((answered.status, &answered.json()["error"]["code"]), (400, &131_053.into()));
    assert_eq!(shop.shop.json(&["file", "list"]), json!([]));
    let messages = format!("POST /v23.0/{}/messages", shop.phone());
    let image = |image: Value| json!({ "messaging_product": "whatsapp", "to": "5511", "type": "image", "image": image });
    assert_eq!(shop.refused(&messages, &image(json!({}))), (400, 131_008));
    assert_eq!(shop.refused(&messages, &image(json!({ "id": "12345" }))), (400, 100));
    for link in [
        "http://shop.example/a.png",
        "https://127.0.0.1:9/a.png",
        "https://[::1]/a.png",
        "ftp://shop.example/a",
    ] {
        assert_eq!(shop.refused(&messages, &image(json!({ "link": link }))), (400, 131_052), "{link}");
    }
}

#[test]
fn a_template_is_made_used_and_removed_and_its_button_comes_back() {
    let (shop, receiver, ana) = shop();
    let edge = format!("{}/message_templates", shop.business());
    let components = json!([
        { "type": "HEADER", "format": "TEXT", "text": "Order {{1}}" },
        { "type": "BODY", "text": "Hello {{1}}, {{2}} loaves are ready." },
        { "type": "BUTTONS", "buttons": [{ "type": "QUICK_REPLY", "text": "I come" }] },
    ]);
    let body =
        json!({ "name": "ready", "language": "pt_BR", "category": "UTILITY", "components": components });
    let made = shop.post(&edge, &body);
    assert_eq!((&made["status"], &made["category"]), (&"APPROVED".into(), &"UTILITY".into()));
    let id = made["id"].as_str().unwrap();
    let told = |value: &Value| value["message_template_name"] == "ready" && value["event"] == "APPROVED";
    assert_eq!(shop.wait(&receiver, "the template", told)["message_template_id"], id);
    let listed = shop.get(&format!("{edge}?name=ready&limit=1"));
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["components"]), (&id.into(), &components));
    assert_eq!(shop.get(id)["language"], "pt_BR");
    assert_eq!(shop.get(&format!("{edge}?name=other")), json!({ "data": [] }));
    let own = shop.shop.json(&["template", "list"]);
    assert_eq!(own[0]["name"], "ready", "it is the front desk's own");

    let text = |text: &str| json!({ "type": "text", "text": text });
    let template = |components: Value| {
        let template = json!({ "name": "ready", "language": { "code": "pt_BR" }, "components": components });
        json!({ "messaging_product": "whatsapp", "to": ana, "type": "template", "template": template })
    };
    let head = json!({ "type": "header", "parameters": [text("7")] });
    let payload = json!({ "type": "payload", "payload": "come-7" });
    let good = json!([
        head, { "type": "body", "parameters": [text("Ana"), text("two")] },
        { "type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [payload] },
    ]);
    let messages = format!("POST /v23.0/{}/messages", shop.phone());
    for (components, code) in [
        (json!([]), 132_000),
        (json!([head, { "type": "body", "parameters": [text("Ana")] }]), 132_000),
        (json!([head, { "type": "body", "parameters": [text("Ana"), text("two"), text("more")] }]), 132_000),
        (json!([{ "type": "header", "parameters": [{ "type": "image", "image": { "id": "1" } }] }]), 132_012),
    ] {
        assert_eq!(shop.refused(&messages, &template(components.clone())), (400, code), "{components}");
    }
    let sent = shop.api.done(&messages, &template(good.clone()).to_string());
    let failed = shop.status(&receiver, sent["messages"][0]["id"].as_str().unwrap(), "failed");
    assert_eq!(
        (&failed["errors"][0]["code"], &failed["pricing"]["category"]),
        (&131_050.into(), &"utility".into())
    );
    shop.ana.done(&["consent", "give", "Shop", "utility", "--days", "9"]);
    shop.shop.until(&["consent", "list"], |all| all[0]["in_force"] == true);
    shop.api.done(&messages, &template(good).to_string());
    let menu = came(&shop, "menu");
    assert_eq!(
        (&menu["header"], &menu["text"]),
        (&"Order 7".into(), &"Hello Ana, two loaves are ready.".into())
    );
    shop.ana.done(&["choose", "Shop", menu["id"].as_str().unwrap(), "come-7"]);
    let button = shop.wait(&receiver, "the button", |value| value["messages"][0]["type"] == "button");
    assert_eq!(button["messages"][0]["button"], json!({ "payload": "come-7", "text": "I come" }));
    shop.ana.done(&["consent", "give", "Shop", "marketing", "--days", "9"]);
    let resumed = |value: &Value| value["user_preferences"][0]["value"] == "resume";
    assert_eq!(shop.wait(&receiver, "her wish", resumed)["user_preferences"][0]["wa_id"], *ana);

    assert_eq!(
        shop.api.done(&format!("DELETE /v23.0/{edge}?name=ready&hsm_id={id}"), ""),
        json!({ "success": true })
    );
    assert_eq!(shop.get(&edge), json!({ "data": [] }));
    assert_eq!(shop.refused(&format!("DELETE /v23.0/{edge}?name=ready"), &json!({})), (400, 100));
}
