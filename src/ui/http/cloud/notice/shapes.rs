//! What webhooks are sent, byte for byte: what other people's programs were written against.

use serde_json::{Value, json};

use crate::base::id::{AccountId, DeviceId, Digest, FileId, MessageId};
use crate::base::money::Money;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::chat::changes::{Changes, Edited, Mark};
use crate::domain::chat::conversation;
use crate::domain::chat::timeline::{Body, Entry, From, NewEntry, Notice};
use crate::domain::identity::contact::{Contact, Standing};
use crate::store::memory::NOTHING;
use crate::store::tx::Tx;
use crate::ui::http::cloud::account::Account;
use crate::ui::http::cloud::account::tests::account;
use crate::ui::http::cloud::alias::Alias;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::notice::envelope::body;
use crate::ui::http::cloud::notice::inbound::{self, Talk};
use crate::ui::http::cloud::notice::render::{noticed, preference};
use crate::ui::http::cloud::notice::status::{Status, document};
use crate::ui::http::cloud::party::Party;
use crate::ui::http::cloud::sent::Sent;
use crate::wire::file::Opening;
use crate::wire::said::card::Card;
use crate::wire::said::choice::Choice;
use crate::wire::said::file::SentFile;
use crate::wire::said::form::tests::form;
use crate::wire::said::form_answer::FormAnswer;
use crate::wire::said::form_answer::tests::answer;
use crate::wire::said::location::Location;
use crate::wire::said::menu::{Menu, Row, Section};
use crate::wire::said::message::Said;
use crate::wire::said::offer::tests::offer;
use crate::wire::said::order::tests::order;
use crate::wire::said::order::{Found, Order};

const NOW: Time = Time::from_millis(1_800_000_000_999);
const ANA: AccountId = {
    let mut bytes = [0; 32];
    bytes[30] = 1;
    AccountId::new(bytes)
};
const CONTACT: &str = r#"{"profile":{"name":"Ana"},"user_id":"XP.256","wa_id":"999000000000007"}"#;

fn talk() -> Talk {
    let mut contact = Contact::new(ANA, AccountId::new([9; 32]), Standing::Accepted, NOW);
    contact.name = "Ana".into();
    let alias = Alias::new(999_000_000_000_007).unwrap();
    Talk { party: Party::new(&contact, alias), contact, alias }
}

fn text(text: &str) -> Body {
    Body::Said(Said::Text(text.into()))
}

fn entry(body: Body) -> Entry {
    let from = From::Them { device: DeviceId::new([1; 32]), seq: 4 };
    NewEntry { sent_at: NOW, id: MessageId::new([7; 16]), from, body, reply: None }.at(1, NOW)
}

fn wamid() -> String {
    talk().wamid(&entry(Body::Missing))
}

/// The message, but for what every message has.
fn message(tx: &Tx<'_>, entry: &Entry, sha256: Option<&str>) -> Value {
    let message = inbound::message(tx, (&talk(), &account()), entry, sha256).unwrap();
    rest(message)
}

fn rest(mut message: Value) -> Value {
    let known = ["from", "from_user_id", "id", "timestamp"].map(|name| message[name].take());
    assert_eq!(known[..2], [json!("999000000000007"), json!("XP.256")]);
    assert!(known[2].as_str().unwrap().starts_with("wamid."));
    assert_eq!(known[3], "1800000000");
    message.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    message
}

fn said(said: Said) -> Value {
    message(&Tx::new(&NOTHING), &entry(Body::Said(said)), None)
}

#[test]
fn a_text_is_told_in_these_bytes() {
    let text =
        inbound::message(&Tx::new(&NOTHING), (&talk(), &account()), &entry(text("olá")), None).unwrap();
    let expected = format!(
        r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"contacts":[{CONTACT}],"messages":[{{"from":"999000000000007","from_user_id":"XP.256","id":"{}","text":{{"body":"olá"}},"timestamp":"1800000000","type":"text"}}],"messaging_product":"whatsapp","metadata":{{"display_phone_number":"999000000000001","phone_number_id":"100000000000002"}}}}}}],"id":"100000000000003"}}],"object":"whatsapp_business_account"}}"#,
        wamid()
    );
    assert_eq!(body(&account(), "messages", &talk().party, ("messages", text)), expected);
}

#[test]
fn each_kind_of_message_has_its_form() {
    let place = Location {
        latitude: -105_000_000,
        longitude: 202_500_000,
        name: "Loja".into(),
        address: String::new(),
    };
    let expected =
        json!({ "type": "location", "location": { "latitude": -10.5, "longitude": 20.25, "name": "Loja" } });
    assert_eq!(said(Said::Location(place)), expected);
    let card = Card {
        name: "João".into(),
        organization: "Padaria".into(),
        account: Some(ANA),
        phones: vec!["+55 11".into()],
        emails: vec!["a@b.example".into()],
        website: "https://b.example/".into(),
    };
    let expected = json!({ "type": "contacts", "contacts": [{
        "name": { "formatted_name": "João", "first_name": "João" },
        "org": { "company": "Padaria" },
        "phones": [{ "phone": "+55 11" }, { "user_id": "XP.256" }],
        "emails": [{ "email": "a@b.example" }],
        "urls": [{ "url": "https://b.example/" }],
    }] });
    assert_eq!(said(Said::Card(card)), expected);
    let billing = Body::Billing { kind: 1, id: Digest::new([1; 32]), summary: "paid".into() };
    let told = message(&Tx::new(&NOTHING), &entry(billing), None);
    assert_eq!((&told["type"], &told["errors"][0]["code"]), (&"unsupported".into(), &131_051.into()));
    let missing = inbound::message(&Tx::new(&NOTHING), (&talk(), &account()), &entry(Body::Missing), None);
    assert_eq!(missing, None);
}

#[test]
fn a_file_comes_by_what_it_is() {
    let file = |media_type: &str| {
        let opening = Opening { hash: Digest::new([1; 32]), key: Secret::new([2; 32]), size: 5 };
        let id: FileId = opening.id();
        let (name, caption) = ("a.bin".into(), "look".into());
        let sent = SentFile { opening, name, media_type: media_type.into(), caption, picture: None };
        let entry = entry(Body::Said(Said::File(Box::new(sent))));
        (message(&Tx::new(&NOTHING), &entry, Some("ab")), crate::ui::http::cloud::media_id::encode(&id))
    };
    let (image, id) = file("image/png");
    let expected = json!({ "type": "image", "image": { "id": id, "mime_type": "image/png", "sha256": "ab", "caption": "look" } });
    assert_eq!(image, expected);
    let (document, _) = file("text/plain");
    assert_eq!((&document["type"], &document["document"]["filename"]), (&"document".into(), &"a.bin".into()));
    assert_eq!(file("audio/ogg").0["audio"]["voice"], false);
}

#[test]
fn what_was_chosen_names_its_menu() {
    let tx = Tx::new(&NOTHING);
    let row = |id: &str| Row { id: id.into(), title: id.to_uppercase(), about: "more".into() };
    let sections = vec![Section { title: String::new(), rows: vec![row("rye")] }];
    let menu = Menu { text: "Which?".into(), sections, ..Menu::default() };
    let (id, from) = (MessageId::new([8; 16]), From::Us { seq: 1 });
    let new = NewEntry { sent_at: NOW, id, from, body: Body::Said(Said::Menu(menu)), reply: None };
    let filed = conversation::file(&tx, &ANA, new, NOW);
    let choice = |menu: MessageId, row: &str| {
        let choice = Choice { menu, row: row.into(), title: row.to_uppercase() };
        message(&tx, &entry(Body::Said(Said::Choice(choice))), None)
    };
    let expected = json!({
        "type": "interactive",
        "interactive": { "type": "list_reply", "list_reply": { "id": "rye", "title": "RYE", "description": "more" } },
        "context": { "from": "999000000000001", "id": talk().wamid(&filed) },
    });
    assert_eq!(choice(id, "rye"), expected);
    let unknown = json!({
        "type": "interactive",
        "interactive": { "type": "button_reply", "button_reply": { "id": "x", "title": "X" } },
    });
    assert_eq!(choice(MessageId::new([6; 16]), "x"), unknown);
    let made = Sent { at: NOW, opaque: None, category: Some(crate::wire::consent::Topic::Utility) };
    crate::ui::http::cloud::sent::keep(&tx, &ANA, filed.position, made);
    let button = choice(id, "rye");
    assert_eq!(button["button"], json!({ "payload": "rye", "text": "RYE" }));
}

#[test]
fn an_order_names_its_offer_and_says_what_is_not_as_it_was() {
    let tx = Tx::new(&NOTHING);
    let (id, from) = (MessageId::new([4; 16]), From::Us { seq: 1 });
    let body = Body::Said(Said::Offer(Box::new(offer())));
    let filed = conversation::file(&tx, &ANA, NewEntry { sent_at: NOW, id, from, body, reply: None }, NOW);
    let mut order = order();
    let told = |order: &Order| message(&tx, &entry(Body::Said(Said::Order(Box::new(order.clone())))), None);
    let item = |id: &str, quantity: u32, price: f64| json!({ "product_retailer_id": id, "quantity": quantity, "item_price": price, "currency": "BRL" });
    let mut expected = json!({
        "type": "order",
        "order": {
            "catalog_id": "100000000000005",
            "text": "before noon\nplease",
            "product_items": [item("rye", 2, 19.9), item("oat", 1, 4.5)],
        },
        "context": { "from": "999000000000001", "id": talk().wamid(&filed) },
    });
    assert_eq!(told(&order), expected);
    order.items[0].found = Some(Found::AsSold);
    assert_eq!(told(&order), expected);
    order.items[0].found = Some(Found::OtherPrice(Money::parse("1.234", "KWD".parse().unwrap()).unwrap()));
    order.items[1].found = Some(Found::Unknown);
    order.text.clear();
    let items = &mut expected["order"]["product_items"];
    (items[0]["found"], items[1]["found"]) = ("other_price".into(), "unknown".into());
    (items[0]["catalog_price"], items[0]["catalog_currency"]) = (1.234.into(), "KWD".into());
    expected["order"].as_object_mut().unwrap().remove("text");
    assert_eq!(told(&order), expected);
}

#[test]
fn an_answer_to_a_form_has_the_forms_token_and_what_is_none_says_so() {
    let tx = Tx::new(&NOTHING);
    let (id, from) = (MessageId::new([4; 16]), From::Us { seq: 1 });
    let body = Body::Said(Said::Form(Box::new(form())));
    let filed = conversation::file(&tx, &ANA, NewEntry { sent_at: NOW, id, from, body, reply: None }, NOW);
    let mut answer = answer();
    let told = |answer: &FormAnswer| {
        message(&tx, &entry(Body::Said(Said::FormAnswer(Box::new(answer.clone())))), None)
    };
    let response = r#"{"breads":["oat","rye"],"day":"2027-05-01","flow_token":"visit-7","name":"Ana","seats":"","source":"poster","terms":true}"#;
    let expected = json!({
        "type": "interactive",
        "interactive": {
            "type": "nfm_reply",
            "nfm_reply": { "name": "flow", "body": "Sent", "response_json": response },
        },
        "context": { "from": "999000000000001", "id": talk().wamid(&filed) },
    });
    assert_eq!(told(&answer), expected, "one that came over another device is compared when it is told");
    answer.compare(Some(&form()));
    assert_eq!(told(&answer), expected);
    let elsewhere = FormAnswer { form: MessageId::new([9; 16]), fit: None, ..answer.clone() };
    assert_eq!(told(&elsewhere)["type"], "unsupported");
    answer.fields[0].values.clear();
    answer.compare(Some(&form()));
    let misfit = told(&answer);
    assert_eq!((&misfit["type"], &misfit["errors"][0]["code"]), (&"unsupported".into(), &131_051.into()));
    assert!(
        misfit["interactive"].is_null() && !misfit.to_string().contains("2027-05-01"),
        "nothing that it claims"
    );
    answer.compare(None);
    assert_eq!(told(&answer)["type"], "unsupported");
}

#[test]
fn a_change_is_a_reaction_or_has_no_form() {
    let by = MessageId::new([5; 16]);
    let mark = |emoji: &str| Changes {
        theirs: Some(Mark { emoji: emoji.into(), revision: 1, by }),
        ..Changes::default()
    };
    let change = |entry: &Entry| rest(inbound::change(&talk(), entry, NOW).unwrap());
    let reacted = |emoji| Entry { changes: mark(emoji), from: From::Us { seq: 1 }, ..entry(text("x")) };
    let expected = json!({ "type": "reaction", "reaction": { "message_id": wamid(), "emoji": "👍" } });
    assert_eq!(change(&reacted("👍")), expected);
    assert_eq!(change(&reacted("")), json!({ "type": "reaction", "reaction": { "message_id": wamid() } }));
    let edit = Some(Edited { revision: 1, by, at: NOW });
    let edited = Entry { changes: Changes { edit, ..Changes::default() }, ..entry(text("better")) };
    assert_eq!(change(&edited)["type"], "unsupported");
    assert_eq!(change(&entry(Body::Deleted { at: NOW }))["errors"][0]["code"], 131_051);
}

#[test]
fn a_status_has_its_price_and_what_was_to_come_back() {
    let sent = Sent { at: NOW, opaque: Some("order 7".into()), category: None };
    let (code, words) = Code::of(crate::domain::chat::timeline::Cause::OutsideWindow, false);
    let error = Graph::new(code, words);
    let status = document(("wamid.x", Status::Failed), NOW, &talk().party, &sent, Some(&error));
    let expected = json!({
        "id": "wamid.x",
        "status": "failed",
        "timestamp": "1800000000",
        "recipient_id": "999000000000007",
        "recipient_user_id": "XP.256",
        "pricing": { "billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "service" },
        "biz_opaque_callback_data": "order 7",
        "errors": [error.later()],
    });
    assert_eq!(status, expected);
}

fn value(account: &Account, letters: &[(&'static str, String)]) -> (String, Value) {
    let [(field, body)] = letters else { panic!("{letters:?}") };
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["entry"][0]["id"], account.business());
    let change = &body["entry"][0]["changes"][0];
    assert_eq!(change["field"], *field);
    assert_eq!(change["value"]["contacts"], json!([serde_json::from_str::<Value>(CONTACT).unwrap()]));
    ((*field).to_owned(), change["value"].clone())
}

#[test]
fn another_key_and_another_wish_are_told() {
    let mut talk = talk();
    talk.contact.former = Some(AccountId::new([0; 32]));
    let of = |notice| noticed(&account(), &talk, notice, ("wamid.x", NOW));
    let (field, rotated) = value(&account(), &of(Notice::IdentityRotated).letters);
    assert_eq!(field, "user_id_update");
    let ids = json!({ "previous": "XP.0", "current": "XP.256" });
    assert_eq!(
        (&rotated["user_id_update"][0]["user_id"], &rotated["user_id_update"][0]["timestamp"]),
        (&ids, &"1800000000".into())
    );
    let (_, restored) = value(&account(), &of(Notice::IdentityRestored).letters);
    let system = &restored["messages"][0];
    assert_eq!(
        (&system["type"], &system["system"]["type"]),
        (&"system".into(), &"customer_identity_changed".into())
    );
    assert!(of(Notice::DeviceAdded).letters.is_empty());
    let (field, stopped) = value(&account(), &preference(&account(), &talk, false, NOW).letters);
    let expected = json!([{
        "wa_id": "999000000000007",
        "user_id": "XP.256",
        "detail": "User requested to stop marketing messages",
        "category": "marketing_messages",
        "value": "stop",
        "timestamp": 1_800_000_000,
    }]);
    assert_eq!((field.as_str(), &stopped["user_preferences"]), ("user_preferences", &expected));
}
