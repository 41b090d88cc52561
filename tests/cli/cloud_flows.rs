//! Flows over the Cloud-API-compatible surface: made, mended, published, sent, answered.

use serde_json::{Value, json};

use crate::cloud::Shop;
use crate::cloud_kinds::{came, say, shop};

/// A flow of one screen.
fn flow(label: &str) -> Value {
    let children = json!([
        { "type": "TextHeading", "text": "${data.greeting}" },
        { "type": "TextInput", "name": "who", "label": label, "required": true },
        { "type": "CheckboxesGroup", "name": "breads", "label": "Breads", "data-source": [{ "id": "rye", "title": "Rye" }, { "id": "oat", "title": "Oat" }] },
        { "type": "OptIn", "name": "terms", "label": "Keep my number" },
        { "type": "Footer", "label": "Done", "on-click-action": { "name": "complete", "payload": {
            "name": "${form.who}", "breads": "${form.breads}", "terms": "${form.terms}", "visit": "${data.visit}",
        } } },
    ]);
    let data = json!({
        "greeting": { "type": "string", "__example__": "Good morning" },
        "visit": { "type": "number", "__example__": 1 },
    });
    let layout = json!({ "type": "SingleColumnLayout", "children": children });
    let screen = json!({ "id": "ONLY", "title": "You", "terminal": true, "data": data, "layout": layout });
    json!({ "version": "7.2", "screens": [screen] })
}

/// Another document for a flow, as clients send it.
fn upload(shop: &Shop, flow: &str, document: &str, name: &str) -> (u16, Value) {
    let part =
        |head: &str, body: &str| format!("--XyZ\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n");
    let form = [
        part("name=\"file\"; filename=\"flow.json\"\r\nContent-Type: application/json", document),
        part("name=\"name\"", name),
        part("name=\"asset_type\"", "FLOW_JSON"),
        "--XyZ--\r\n".to_owned(),
    ];
    let api = shop.api.header("content-type: multipart/form-data; boundary=XyZ");
    let answered = api.ask(&format!("POST /v23.0/{flow}/assets"), &form.concat());
    (answered.status, answered.json())
}

#[test]
fn a_flow_is_made_mended_published_sent_and_answered() {
    let (shop, receiver, ana) = shop();
    let edge = format!("{}/flows", shop.business());
    let mut broken = flow("Your name");
    broken["screens"][0]["layout"]["children"][1]["type"] = "PhotoPicker".into();
    let body = json!({ "name": "Booking", "categories": ["APPOINTMENT_BOOKING"], "flow_json": broken.to_string(), "publish": true });
    let made = shop.post(&edge, &body);
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(id.len() == 15 && made["success"] == true, "{made}");
    let error = &made["validation_errors"][0];
    assert_eq!(error["pointers"][0]["path"], "screens[0].layout.children[1].type");
    assert_eq!(error["error_type"], "FLOW_JSON_ERROR");
    let shown = shop.get(&id);
    assert_eq!((&shown["status"], &shown["name"]), (&"DRAFT".into(), &"Booking".into()));
    assert_eq!(shown["validation_errors"], made["validation_errors"]);
    assert_eq!(shop.refused(&format!("POST /v23.0/{id}/publish"), &json!({})), (400, 100));
    assert_eq!(shop.refused(&format!("POST /v23.0/{edge}"), &body), (400, 100), "the name is taken");

    let (status, mended) = upload(&shop, &id, &flow("Your name").to_string(), "flow.json");
    assert_eq!((status, &mended), (200, &json!({ "success": true, "validation_errors": [] })));
    assert_eq!(upload(&shop, &id, "{", "other.json").0, 400);
    let assets = shop.get(&format!("{id}/assets"));
    let url = format!("http://{}/v23.0/{id}/assets/flow.json", shop.api.at);
    assert_eq!(
        assets["data"],
        json!([{ "name": "flow.json", "asset_type": "FLOW_JSON", "download_url": url }])
    );
    assert_eq!(shop.get(&format!("{id}/assets/flow.json")), flow("Your name"));
    shop.post(&id, &json!({ "name": "Tables", "categories": ["OTHER"] }));
    assert_eq!(shop.post(&format!("{id}/publish"), &json!({})), json!({ "success": true }));
    let fields = "id,name,status,categories,json_version,validation_errors";
    let expected = json!({
        "id": id, "name": "Tables", "status": "PUBLISHED", "categories": ["OTHER"], "json_version": "7.2", "validation_errors": [],
    });
    assert_eq!(shop.get(&format!("{edge}?fields={fields}"))["data"], json!([expected]));
    assert_eq!(upload(&shop, &id, &flow("Name").to_string(), "flow.json").0, 400, "it stays as it is");
    assert_eq!(shop.refused(&format!("DELETE /v23.0/{id}"), &json!({})), (400, 100));

    let parameters = json!({
        "flow_message_version": "3", "flow_id": id, "flow_token": "visit-7", "flow_cta": "Book",
        "flow_action": "navigate", "flow_action_payload": { "screen": "ONLY", "data": { "greeting": "Bom dia", "visit": 7 } },
    });
    let interactive = |parameters: &Value| {
        let action = json!({ "name": "flow", "parameters": parameters });
        json!({ "type": "interactive", "interactive": { "type": "flow", "body": { "text": "Who comes?" }, "action": action } })
    };
    let wamid = say(&shop, &ana, &interactive(&parameters));
    let form = came(&shop, "form");
    assert_eq!((&form["text"], &form["label"]), (&"Who comes?".into(), &"Book".into()));
    assert_eq!(
        (&form["screens"][0]["title"], &form["screens"][0]["text"]),
        (&"You".into(), &"Bom dia".into())
    );
    assert_eq!(form["screens"][0]["fields"][0]["id"], "name");
    let filled =
        ["fill", "Shop", form["id"].as_str().unwrap(), "--field", "name=Ana", "--field", "breads=oat"];
    shop.ana.done(&filled);
    let answer = shop.wait(&receiver, "her answer", |value| value["messages"][0]["type"] == "interactive");
    let reply = &answer["messages"][0]["interactive"];
    assert_eq!((&reply["type"], &reply["nfm_reply"]["name"]), (&"nfm_reply".into(), &"flow".into()));
    assert_eq!(reply["nfm_reply"]["body"], "Sent");
    let response: Value =
        serde_json::from_str(reply["nfm_reply"]["response_json"].as_str().unwrap()).unwrap();
    let expected =
        json!({ "flow_token": "visit-7", "name": "Ana", "breads": ["oat"], "terms": false, "visit": 7 });
    assert_eq!(response, expected);
    assert_eq!(answer["messages"][0]["context"]["id"], wamid);

    let refused = |name: &str, value: Value| {
        let mut parameters = parameters.clone();
        parameters[name] = value;
        let mut body = interactive(&parameters);
        (body["messaging_product"], body["to"]) = ("whatsapp".into(), ana.as_str().into());
        shop.refused(&format!("POST /v23.0/{}/messages", shop.phone()), &body)
    };
    assert_eq!(refused("flow_action", json!("data_exchange")), (400, 131_051));
    assert_eq!(refused("flow_action_payload", json!({ "screen": "ONLY" })), (400, 131_009), "it takes data");
    assert_eq!(refused("flow_id", json!("123456789012345")), (400, 131_009));
    assert_eq!(shop.post(&format!("{id}/deprecate"), &json!({})), json!({ "success": true }));
    assert_eq!(refused("flow_token", json!("x")), (400, 131_009));
}

#[test]
fn a_draft_is_tried_out_cloned_and_deleted_and_a_form_made_here_is_a_flow() {
    let (shop, _receiver, ana) = shop();
    let edge = format!("{}/flows", shop.business());
    let made = shop.post(&edge, &json!({ "name": "Empty", "categories": ["SURVEY"] }));
    let empty = made["id"].as_str().unwrap();
    assert_eq!(shop.refused(&format!("POST /v23.0/{empty}/publish"), &json!({})), (400, 100));
    assert_eq!(shop.get(&format!("{empty}/assets"))["data"], json!([]));
    for (name, value) in [("endpoint_uri", json!("https://shop.example/")), ("categories", json!(["NONE"]))] {
        let mut body = json!({ "name": "Other", "categories": ["SURVEY"] });
        body[name] = value;
        assert_eq!(shop.refused(&format!("POST /v23.0/{edge}"), &body).0, 400, "{name}");
    }
    let path = shop.shop.file("form.toml");
    let form = "id = \"visit\"\nname = \"Visit\"\ntext = \"When?\"\n[[screens]]\nfields = [{ id = \"day\", kind = \"date\", label = \"Day\" }]\n";
    std::fs::write(&path, form).unwrap();
    shop.shop.done(&["form", "add", path.to_str().unwrap()]);
    let listed = shop.get(&edge);
    let names: Vec<&str> =
        listed["data"].as_array().unwrap().iter().map(|flow| flow["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Empty", "Visit"]);
    let send = |flow: &str, mode: &str| {
        let parameters = json!({ "flow_name": flow, "flow_cta": "Open", "mode": mode });
        let action = json!({ "name": "flow", "parameters": parameters });
        json!({ "type": "interactive", "interactive": { "type": "flow", "body": { "text": "Say" }, "action": action } })
    };
    say(&shop, &ana, &send("Visit", "draft"));
    assert_eq!(came(&shop, "form")["screens"][0]["fields"][0]["id"], "day");
    let mut body = send("Visit", "published");
    (body["messaging_product"], body["to"]) = ("whatsapp".into(), ana.as_str().into());
    assert_eq!(shop.refused(&format!("POST /v23.0/{}/messages", shop.phone()), &body), (400, 131_009));
    let visit = listed["data"][1]["id"].as_str().unwrap();
    let cloned =
        shop.post(&edge, &json!({ "name": "Again", "categories": ["OTHER"], "clone_flow_id": visit }));
    say(&shop, &ana, &send("Again", "draft"));
    let again = cloned["id"].as_str().unwrap();
    for flow in [empty, again, visit] {
        assert_eq!(shop.api.done(&format!("DELETE /v23.0/{flow}"), ""), json!({ "success": true }));
    }
    assert_eq!(shop.get(&edge)["data"], json!([]));
    assert_eq!(shop.refused(&format!("GET /v23.0/{visit}"), &json!(null)).0, 400);
}
