//! The Cloud-API-compatible surface, asked as its clients ask it, with a second node as the customer.

use serde_json::{Value, json};

use crate::harness::{Place, Running};
use crate::receiver::{Receiver, VERIFY_TOKEN};
use crate::tcp::{self, Tcp};

/// A shop that is asked over this surface, and Ana, a customer.
pub(crate) struct Shop {
    pub(crate) shop: Place,
    pub(crate) ana: Place,
    pub(crate) api: Tcp,
    /// The ids of this business, and its app secret.
    ids: Value,
    /// The directory by which Ana finds the shop.
    bootstrap: String,
    _directory: (Place, Running),
    nodes: [Running; 2],
}

impl Shop {
    pub(crate) fn open(scopes: &str) -> Self {
        let (directory, shop, ana) =
            (Place::person("Directory"), Place::business("Shop"), Place::person("Ana"));
        let server = directory.start(&["--directory", "server"]);
        let bootstrap = server.listen();
        let node = shop.start(&["--bootstrap", &bootstrap, "--api", "127.0.0.1:0"]);
        let api = Tcp::of(&node).with(&tcp::token(&shop, scopes));
        let nodes = [node, ana.start(&["--bootstrap", &bootstrap])];
        let ids = shop.json(&["cloud"]);
        Self { shop, ana, api, ids, bootstrap, _directory: (directory, server), nodes }
    }

    /// Ana finds the shop and writes to it.
    pub(crate) fn meet(&self) {
        let address = self.shop.address();
        let is_found = |found: &Value| found["businesses"].as_array().is_some_and(|all| !all.is_empty());
        self.ana.until(&["find", &address], is_found);
        assert_eq!(self.ana.json(&["send", &address, "Bom dia", "--wait"])["state"], "delivered");
    }

    pub(crate) fn id(&self, name: &str) -> &str {
        self.ids[name].as_str().unwrap()
    }

    pub(crate) fn phone(&self) -> &str {
        self.id("phone_number_id")
    }

    pub(crate) fn business(&self) -> &str {
        self.id("business_account_id")
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.api.done(&format!("GET /v23.0/{path}"), "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.api.done(&format!("POST /v23.0/{path}"), &body.to_string())
    }

    /// The status and the number of the error.
    pub(crate) fn refused(&self, request: &str, body: &Value) -> (u16, u64) {
        refused(&self.api, request, body)
    }

    pub(crate) fn send(&self, to: &str, text: &str) -> Value {
        let body = json!({ "messaging_product": "whatsapp", "to": to, "text": { "body": text } });
        self.post(&format!("{}/messages", self.phone()), &body)
    }

    pub(crate) fn subscribe(&self, receiver: &Receiver) {
        let body = json!({ "override_callback_uri": receiver.url(), "verify_token": VERIFY_TOKEN });
        assert_eq!(
            self.post(&format!("{}/subscribed_apps", self.business()), &body),
            json!({ "success": true })
        );
    }

    pub(crate) fn wait(&self, receiver: &Receiver, what: &str, good: impl Fn(&Value) -> bool) -> Value {
        receiver.wait(self.id("app_secret"), what, good)
    }

    pub(crate) fn status(&self, receiver: &Receiver, wamid: &str, status: &str) -> Value {
        let is_it =
            |value: &Value| value["statuses"][0]["id"] == wamid && value["statuses"][0]["status"] == status;
        self.wait(receiver, &format!("the status {status}"), is_it)["statuses"][0].clone()
    }
}

fn refused(api: &Tcp, request: &str, body: &Value) -> (u16, u64) {
    let answered = api.ask(request, &body.to_string());
    assert!(answered.head.contains("content-type: application/json; charset=utf-8"), "{answered:?}");
    let error = &answered.json()["error"];
    assert_eq!(error["type"], "OAuthException", "{answered:?}");
    assert!(
        error["message"].as_str().unwrap().starts_with(&format!("(#{}) ", error["code"])),
        "{answered:?}"
    );
    assert_eq!(error["error_data"]["messaging_product"], "whatsapp");
    assert!(error["error_data"]["details"].is_string() && error["fbtrace_id"].is_string(), "{answered:?}");
    (answered.status, error["code"].as_u64().unwrap())
}

#[test]
fn a_business_is_written_to_answers_and_is_told_how_far_its_answer_got() {
    let shop = Shop::open("read,send,subscribe");
    let receiver = Receiver::listen();
    shop.subscribe(&receiver);
    shop.meet();
    let value = shop.wait(&receiver, "the text", |value| value["messages"][0]["type"] == "text");
    let metadata =
        json!({ "display_phone_number": shop.id("display_phone_number"), "phone_number_id": shop.phone() });
    assert_eq!((&value["messaging_product"], &value["metadata"]), (&"whatsapp".into(), &metadata));
    let (message, contact) = (&value["messages"][0], &value["contacts"][0]);
    let (from, wamid) = (message["from"].as_str().unwrap(), message["id"].as_str().unwrap());
    assert_eq!(message["text"], json!({ "body": "Bom dia" }));
    assert!(message["timestamp"].as_str().unwrap().parse::<u64>().unwrap() > 1_700_000_000);
    assert_eq!((&contact["wa_id"], &contact["user_id"]), (&message["from"], &message["from_user_id"]));
    assert!(from.len() == 15 && from.starts_with("999"), "{from}");

    let read = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": wamid, "typing_indicator": { "type": "text" } });
    assert_eq!(shop.post(&format!("{}/messages", shop.phone()), &read), json!({ "success": true }));
    shop.ana.until(&["history", "Shop"], |history| history["entries"][0]["state"] == "read");

    let body = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": format!("+{from}"), "type": "text",
        "text": { "preview_url": false, "body": "Pronto" }, "biz_opaque_callback_data": "order 7", "unknown": 1,
    });
    let sent = shop.post(&format!("{}/messages", shop.phone()), &body);
    let wamid = sent["messages"][0]["id"].as_str().unwrap();
    let expected = json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": format!("+{from}"), "wa_id": from, "user_id": contact["user_id"] }],
        "messages": [{ "id": wamid, "message_status": "accepted" }],
    });
    assert_eq!(sent, expected);
    shop.ana.until(&["history", "Shop"], |history| history["entries"][1]["text"] == "Pronto");
    let delivered = shop.status(&receiver, wamid, "delivered");
    let pricing = json!({ "billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "service" });
    let expected = json!({
        "id": wamid, "status": "delivered", "timestamp": delivered["timestamp"], "recipient_id": from,
        "recipient_user_id": contact["user_id"], "pricing": pricing, "biz_opaque_callback_data": "order 7",
    });
    assert_eq!(delivered, expected);
    shop.ana.done(&["history", "Shop", "--read"]);
    shop.status(&receiver, wamid, "read");
    let order: Vec<String> = receiver
        .values(shop.id("app_secret"))
        .iter()
        .filter(|(_, value)| value["statuses"][0]["id"] == wamid)
        .map(|(_, value)| value["statuses"][0]["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(order, ["sent", "delivered", "read"]);
    for other in [contact["user_id"].as_str().unwrap().to_owned(), customer_address(&shop)] {
        let body = json!({ "messaging_product": "whatsapp", "recipient": other, "text": { "body": "by another name" } });
        let sent = shop.api.done(&format!("POST /{}/messages", shop.phone()), &body.to_string());
        assert_eq!(sent["contacts"][0]["wa_id"], *from, "{sent}");
    }
}

fn customer_address(shop: &Shop) -> String {
    shop.shop.json(&["inbox"])["conversations"][0]["address"].as_str().unwrap().to_owned()
}

#[test]
fn what_cannot_arrive_is_accepted_and_fails_later_with_the_reason() {
    let shop = Shop::open("read,send,manage,subscribe");
    let receiver = Receiver::listen();
    shop.subscribe(&receiver);
    let sent = shop.send("+55 11 99999-9999", "Olá");
    let failed = shop.status(&receiver, sent["messages"][0]["id"].as_str().unwrap(), "failed");
    assert_eq!(
        (&failed["recipient_id"], &failed["errors"][0]["code"]),
        (&"5511999999999".into(), &131_026.into())
    );
    let error = &failed["errors"][0];
    assert!(["title", "message", "href"].iter().all(|name| error[name].is_string()), "{failed}");
    assert!(error["error_data"]["details"].is_string());

    shop.meet();
    let text = shop.wait(&receiver, "the text", |value| value["messages"][0]["type"] == "text");
    let from = text["contacts"][0]["wa_id"].as_str().unwrap().to_owned();
    // A message can be answered so often; then the window that it opened is shut, and an invite's own as well.
    let mut shut = String::new();
    for number in 0..70 {
        let sent = shop.send(&from, &number.to_string());
        sent["messages"][0]["id"].as_str().unwrap().clone_into(&mut shut);
    }
    let failed = shop.status(&receiver, &shut, "failed");
    assert_eq!(failed["errors"][0]["code"], 131_047, "{failed}");

    let block =
        json!({ "messaging_product": "whatsapp", "block_users": [{ "user": from }, { "user": "5511" }] });
    let blocked = shop.post(&format!("{}/block_users", shop.phone()), &block);
    assert_eq!(blocked["block_users"]["added_users"][0]["wa_id"], *from);
    assert_eq!(blocked["block_users"]["failed_users"][0]["input"], "5511");
    let listed = shop.get(&format!("{}/block_users?limit=1", shop.phone()));
    assert_eq!(
        (&listed["data"][0]["wa_id"], &listed["paging"]["next"]),
        (&from.as_str().into(), &Value::Null)
    );
    let sent = shop.send(&from, "blocked");
    let failed = shop.status(&receiver, sent["messages"][0]["id"].as_str().unwrap(), "failed");
    assert_eq!(failed["errors"][0]["code"], 131_026, "{failed}");
    let block = json!({ "messaging_product": "whatsapp", "block_users": [{ "user": from }] });
    let freed = shop.api.done(&format!("DELETE /v23.0/{}/block_users", shop.phone()), &block.to_string());
    assert_eq!(freed["block_users"]["removed_users"][0]["input"], *from);
}

#[test]
fn each_mistake_has_its_number() {
    let shop = Shop::open("read,send,manage,subscribe");
    let messages = format!("POST /v23.0/{}/messages", shop.phone());
    let message = |more: Value| {
        let mut body =
            json!({ "messaging_product": "whatsapp", "to": "5511999999999", "text": { "body": "x" } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let ours = shop.id("display_phone_number").to_owned();
    for (body, code) in [
        (json!({}), 131_008),
        (json!({ "messaging_product": "telegram" }), 131_009),
        (json!({ "messaging_product": "whatsapp", "text": { "body": "x" } }), 131_008),
        (message(json!({ "to": "Ana" })), 131_009),
        (message(json!({ "to": ours })), 131_021),
        (message(json!({ "to": shop.shop.address() })), 131_021),
        (message(json!({ "text": null })), 131_008),
        (message(json!({ "text": "x" })), 131_009),
        (message(json!({ "text": { "body": "" } })), 131_008),
        (message(json!({ "text": { "body": "x".repeat(4_097) } })), 100),
        (message(json!({ "type": "hologram" })), 131_051),
        (message(json!({ "recipient_type": "group" })), 131_051),
        (message(json!({ "biz_opaque_callback_data": "x".repeat(513) })), 131_009),
        (message(json!({ "status": "seen" })), 131_009),
        (json!({ "messaging_product": "whatsapp", "status": "read" }), 131_008),
        (json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x" }), 100),
        (
            message(
                json!({ "type": "template", "template": { "name": "none", "language": { "code": "en" } } }),
            ),
            132_001,
        ),
    ] {
        assert_eq!(shop.refused(&messages, &body), (400, code), "{body}");
    }
    for request in ["GET /v23.0/123456789", "POST /v23.0/123456789/messages", "GET /v23.0/123456789/x/y"] {
        assert_eq!(shop.refused(request, &json!({})), (400, 100), "{request}");
    }
    assert_eq!(shop.refused(&format!("PUT /v23.0/{}/messages", shop.phone()), &json!({})), (400, 100));
}

#[test]
fn nobody_gets_in_without_a_token_and_each_does_what_its_scopes_allow() {
    let shop = Shop::open("read");
    let (phone, business) = (shop.phone().to_owned(), shop.business().to_owned());
    let nobody = Tcp { token: None, ..shop.api.clone() };
    for request in
        [format!("GET /v23.0/{phone}"), "GET /v23.0/1".to_owned(), "POST /123456/messages".to_owned()]
    {
        assert_eq!(refused(&nobody, &request, &json!({})), (401, 190), "{request}");
    }
    assert_eq!(refused(&shop.api.with("sigillo_x"), &format!("GET /{phone}"), &json!({})), (401, 190));
    assert_eq!(shop.refused(&format!("POST /v23.0/{phone}/messages"), &json!({})), (403, 200));
    assert_eq!(
        shop.refused(&format!("POST /v23.0/{phone}/whatsapp_business_profile"), &json!({})),
        (403, 200)
    );
    assert_eq!(shop.refused(&format!("POST /v23.0/{business}/subscribed_apps"), &json!({})), (403, 200));
    let token = shop.api.token.clone().unwrap();
    let in_query = nobody.done(&format!("GET /v23.0/{phone}?fields=verified_name&access_token={token}"), "");
    assert_eq!(in_query, json!({ "id": phone, "verified_name": "Shop" }));
    let own = nobody.ask(&format!("GET /v1/id?access_token={token}"), "");
    assert_eq!(own.status, 401, "the local API's own tokens don't come in addresses");
    let debugged = shop.get(&format!("debug_token?input_token={token}"));
    assert_eq!((&debugged["data"]["is_valid"], &debugged["data"]["scopes"]), (&true.into(), &json!([])));
    assert_eq!(shop.get("debug_token?input_token=x")["data"]["is_valid"], false);
    let exchanged =
        shop.get(&format!("oauth/access_token?grant_type=fb_exchange_token&fb_exchange_token={token}"));
    assert_eq!((&exchanged["access_token"], &exchanged["token_type"]), (&token.into(), &"bearer".into()));
    let foreign = Tcp { host: Some("evil.example".into()), ..shop.api.clone() };
    assert_eq!(refused(&foreign, &format!("GET /{phone}"), &json!({})), (400, 100));
}

#[test]
fn a_person_has_no_such_surface() {
    let ana = Place::person("Ana");
    let (_node, api) = tcp::start(&ana, "read,send");
    let answered = api.ask("GET /v23.0/123456789", "");
    assert_eq!(answered.refusal(), (404, "no_route".into()));
    assert_eq!(ana.run(&["cloud"]).code, 1);
}

#[test]
fn the_profile_is_the_published_one_and_what_that_api_knows_beside() {
    let shop = Shop::open("read,manage");
    let profile = format!("{}/whatsapp_business_profile", shop.phone());
    let fields = "about,address,description,email,profile_picture_url,websites,vertical";
    let empty = json!({ "data": [{
        "messaging_product": "whatsapp", "about": "", "address": "", "description": "", "email": "",
        "profile_picture_url": "", "websites": [], "vertical": "OTHER",
    }] });
    assert_eq!(shop.get(&format!("{profile}?fields={fields}")), empty);
    let change = json!({
        "messaging_product": "whatsapp", "about": "Aberto", "address": "Rua 1", "description": "Pães", "email": "a@b.example",
        "websites": ["https://shop.example/", "https://other.example/"], "vertical": "RETAIL",
    });
    assert_eq!(shop.post(&profile, &change), json!({ "success": true }));
    let mut expected = change.clone();
    expected["profile_picture_url"] = "".into();
    assert_eq!(shop.get(&profile), json!({ "data": [expected] }));
    assert_eq!(
        shop.get(&format!("{profile}?fields=vertical")),
        json!({ "data": [{ "messaging_product": "whatsapp", "vertical": "RETAIL" }] })
    );
    let published = shop.shop.json(&["profile", "show"]);
    assert_eq!(
        (&published["about"], &published["website"]),
        (&"Pães".into(), &"https://shop.example/".into())
    );
    let post = format!("POST /v23.0/{profile}");
    for (change, code) in [
        (json!({ "about": "x".repeat(140) }), 100),
        (json!({ "websites": ["https://a.example", "https://b.example", "https://c.example"] }), 100),
        (json!({ "vertical": "BAKERY" }), 100),
        (json!({ "profile_picture_handle": "4::x" }), 131_051),
    ] {
        assert_eq!(shop.refused(&post, &change), (400, code), "{change}");
    }
}

#[test]
fn objects_have_the_fields_that_are_asked_for_and_lists_have_pages() {
    let shop = Shop::open("read,send,manage,subscribe");
    let fields =
        "id,display_phone_number,verified_name,quality_rating,code_verification_status,name_status,nonsense";
    let expected = json!({
        "id": shop.phone(), "display_phone_number": shop.id("display_phone_number"), "verified_name": "Shop",
        "quality_rating": "UNKNOWN", "code_verification_status": "VERIFIED", "name_status": "AVAILABLE_WITHOUT_REVIEW",
    });
    assert_eq!(shop.get(&format!("{}?fields={fields}", shop.phone())), expected);
    let numbers = shop.get(&format!("{}/phone_numbers", shop.business()));
    assert_eq!(
        (&numbers["data"][0]["id"], numbers["data"].as_array().unwrap().len()),
        (&shop.phone().into(), 1)
    );
    assert!(numbers["paging"]["cursors"]["after"].is_string() && numbers["paging"]["next"].is_null());
    for edge in ["register", "deregister", "request_code", "verify_code"] {
        let done = shop.post(
            &format!("{}/{edge}", shop.phone()),
            &json!({ "messaging_product": "whatsapp", "pin": "123456" }),
        );
        assert_eq!(done, json!({ "success": true }));
    }
    let commerce = shop.get(&format!("{}/whatsapp_commerce_settings", shop.phone()));
    let settings = &commerce["data"][0];
    assert_eq!(
        (&settings["is_catalog_visible"], &settings["is_cart_enabled"]),
        (&false.into(), &true.into())
    );
    let wish = format!("POST /v23.0/{}/whatsapp_commerce_settings?is_catalog_visible=true", shop.phone());
    assert_eq!(shop.refused(&wish, &json!({})), (400, 131_051));
    let automation = format!("POST /v23.0/{}/conversational_automation", shop.phone());
    assert_eq!(shop.refused(&automation, &json!({ "prompts": ["Hours?"] })), (400, 131_051));
    let links = format!("{}/message_qrdls", shop.phone());
    assert_eq!(shop.get(&links), json!({ "data": [] }));
    assert_eq!(
        shop.refused(&format!("POST /v23.0/{links}"), &json!({ "prefilled_message": "x" })),
        (400, 131_051)
    );
}

#[test]
fn a_receiver_counts_once_it_gave_the_challenge_back_and_no_longer_than_it_is_wanted() {
    let shop = Shop::open("read,subscribe");
    let receiver = Receiver::listen();
    let edge = format!("{}/subscribed_apps", shop.business());
    let post = format!("POST /v23.0/{edge}");
    let wrong = json!({ "override_callback_uri": receiver.url(), "verify_token": "another" });
    assert_eq!(shop.refused(&post, &wrong), (400, 100));
    assert_eq!(shop.refused(&post, &json!({})), (400, 100), "there is nobody to tell");
    assert_eq!(
        shop.refused(&post, &json!({ "override_callback_uri": "http://shop.example", "verify_token": "x" })),
        (400, 100)
    );
    assert_eq!(shop.get(&edge), json!({ "data": [] }));
    shop.subscribe(&receiver);
    shop.subscribe(&receiver);
    assert_eq!(shop.shop.json(&["webhook", "list"]).as_array().unwrap().len(), 1, "it is there once");
    let listed = shop.get(&edge);
    assert_eq!(listed["data"][0]["override_callback_uri"], receiver.url());
    assert_eq!(listed["data"][0]["whatsapp_business_api_data"]["id"], shop.id("app_id"));
    assert_eq!(shop.post(&edge, &json!({})), json!({ "success": true }));

    let app = format!("{}/subscriptions", shop.id("app_id"));
    let query = format!(
        "callback_url=http%3A%2F%2F127.0.0.1%3A{}%2Fhook%3Fshop%3D1",
        receiver.url().split([':', '/']).nth(4).unwrap()
    );
    let asked = format!(
        "{app}?object=whatsapp_business_account&{query}&verify_token=a%20word%20%26%20more&fields=messages,account_update"
    );
    assert_eq!(shop.api.done(&format!("POST /v23.0/{asked}"), ""), json!({ "success": true }));
    let fields = json!([{ "name": "messages", "version": "v23.0" }]);
    assert_eq!(shop.get(&app)["data"][0]["fields"], fields);
    assert_eq!(shop.shop.json(&["webhook", "list"]).as_array().unwrap().len(), 2);
    shop.api.done(&format!("DELETE /v23.0/{edge}"), "");
    assert_eq!(shop.get(&edge), json!({ "data": [] }));
    assert_eq!(shop.shop.json(&["webhook", "list"]), json!([]));

    let refused =
        shop.shop.run(&["webhook", "add", &receiver.url(), "--cloud", "--verify-token", "another", "--json"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let made =
        shop.shop.json(&["webhook", "add", &receiver.url(), "--cloud", "--verify-token", VERIFY_TOKEN]);
    assert_eq!((&made["cloud"], &made["secret"]), (&true.into(), &shop.ids["app_secret"]));
    assert_eq!(shop.shop.json(&["webhook", "test", made["id"].as_str().unwrap()])["delivered"], true);
}

#[test]
fn ids_stay_over_a_restart() {
    let shop = Shop::open("read,send,subscribe");
    let receiver = Receiver::listen();
    shop.subscribe(&receiver);
    shop.meet();
    let text = shop.wait(&receiver, "the text", |value| value["messages"][0]["type"] == "text");
    let Shop { shop: place, ana, ids, api, bootstrap, nodes: [node, _ana], _directory } = shop;
    node.stop("-TERM");
    let node = place.start(&["--bootstrap", &bootstrap, "--api", "127.0.0.1:0"]);
    assert_eq!(place.json(&["cloud"]), ids);
    let api = Tcp::of(&node).with(&api.token.unwrap());
    let read =
        json!({ "messaging_product": "whatsapp", "status": "read", "message_id": text["messages"][0]["id"] });
    let phone = ids["phone_number_id"].as_str().unwrap();
    assert_eq!(api.done(&format!("POST /{phone}/messages"), &read.to_string()), json!({ "success": true }));
    ana.until(&["history", "Shop"], |history| history["entries"][0]["state"] == "read");
}
