//! Flows' documents and the forms that they make.

use serde_json::{Map, Value, json};

use crate::ui::http::cloud::flow::translate::{Begin, Made, translate};
use crate::wire::said::field::{Field, FieldKind};

/// A flow of two screens, with every component that there is.
fn flow() -> Value {
    let option = |id: &str| json!({ "id": id, "title": id.to_uppercase(), "description": "fresh" });
    let options = json!([option("rye"), option("oat")]);
    json!({
        "version": "7.2",
        "routing_model": { "FIRST": ["LAST"], "LAST": [] },
        "screens": [
            {
                "id": "FIRST", "title": "You",
                "data": { "shop": { "type": "string", "__example__": "Padaria" }, "visit": { "type": "number", "__example__": 1 } },
                "layout": { "type": "SingleColumnLayout", "children": [
                    { "type": "TextHeading", "text": "${data.shop}" },
                    { "type": "TextBody", "text": "Who comes?" },
                    { "type": "Form", "name": "form", "children": [
                        { "type": "TextInput", "name": "who", "label": "Your name", "required": true, "helper-text": "as on your card", "min-chars": 2, "max-chars": "40" },
                        { "type": "TextInput", "name": "seats", "label": "Seats", "input-type": "number" },
                        { "type": "TextInput", "name": "mail", "label": "E-mail", "input-type": "email" },
                        { "type": "TextInput", "name": "phone", "label": "Phone", "input-type": "phone", "visible": true },
                        { "type": "Footer", "label": "On", "on-click-action": {
                            "name": "navigate", "next": { "type": "screen", "name": "LAST" },
                            "payload": { "who": "${form.who}", "visit": "${data.visit}", "seats": "${form.seats}" },
                        } },
                    ] },
                ] },
            },
            {
                "id": "LAST", "terminal": true, "success": true,
                "data": { "who": { "type": "string", "__example__": "Ana" }, "visit": { "type": "number", "__example__": 1 } },
                "layout": { "type": "SingleColumnLayout", "children": [
                    { "type": "TextSubheading", "text": "When?" },
                    { "type": "DatePicker", "name": "day", "label": "Day", "required": true, "min-date": "2027-01-01", "max-date": "2027-12-31" },
                    { "type": "TextArea", "name": "wish", "label": "Wishes", "max-length": 300 },
                    { "type": "TextCaption", "text": "All of today" },
                    { "type": "RadioButtonsGroup", "name": "size", "label": "Size", "data-source": options },
                    { "type": "CheckboxesGroup", "name": "breads", "label": "Breads", "description": "two at most", "data-source": options, "max-selected-items": 2 },
                    { "type": "Dropdown", "name": "cake", "label": "Cake", "data-source": options },
                    { "type": "OptIn", "name": "terms", "label": "I agree", "required": true },
                    { "type": "Footer", "label": "Done", "on-click-action": { "name": "complete", "payload": {
                        "name": "${data.who}", "visit": "${data.visit}", "from": "poster", "seats": "${screen.FIRST.form.seats}",
                        "mail": "${screen.FIRST.form.mail}", "phone": "${screen.FIRST.form.phone}", "day": "${form.day}",
                        "wish": "${form.wish}", "size": "${form.size}", "breads": "${form.breads}", "cake": "${form.cake}", "terms": "${form.terms}",
                    } } },
                ] },
            },
        ],
    })
}

fn made(flow: &Value, begin: Option<Begin<'_>>) -> Made {
    translate(flow, begin).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

fn field<'m>(made: &'m Made, id: &str) -> &'m Field {
    made.screens.iter().flat_map(|screen| &screen.fields).find(|field| field.id == id).unwrap()
}

/// A screen's title and text, and its fields with their kinds.
type Shown<'m> = (&'m str, &'m str, Vec<(&'m str, &'m str)>);

#[test]
fn every_component_of_a_static_flow_is_a_part_of_the_form() {
    let made = made(&flow(), None);
    let shown: Vec<Shown<'_>> = made
        .screens
        .iter()
        .map(|screen| {
            let fields = screen.fields.iter().map(|field| (field.id.as_str(), field.kind.word())).collect();
            (screen.title.as_str(), screen.text.as_str(), fields)
        })
        .collect();
    let expected = [
        (
            "You",
            "Padaria\nWho comes?",
            vec![("name", "line"), ("seats", "number"), ("mail", "email"), ("phone", "phone")],
        ),
        ("", "When?", vec![("day", "date"), ("wish", "text")]),
        (
            "",
            "All of today",
            vec![("size", "one"), ("breads", "several"), ("cake", "one"), ("terms", "agreement")],
        ),
    ];
    assert_eq!(shown, expected, "each by the name under which it comes back, words above what follows them");
    let name = field(&made, "name");
    assert_eq!(
        (name.required, name.shortest, name.longest, name.hint.as_str()),
        (true, Some(2), Some(40), "as on your card")
    );
    let day = field(&made, "day");
    assert_eq!((day.earliest.as_str(), day.latest.as_str()), ("2027-01-01", "2027-12-31"));
    let breads = field(&made, "breads");
    assert_eq!((breads.most, breads.options.len(), breads.options[0].about.as_str()), (Some(2), 2, "fresh"));
    assert_eq!(breads.hint, "two at most");
    assert_eq!(field(&made, "wish").longest, Some(300));
    assert_eq!(field(&made, "terms").kind, FieldKind::Agreement);
    let known: Vec<(&str, &str)> =
        made.known.iter().map(|known| (known.id.as_str(), known.value.as_str())).collect();
    assert_eq!(known, [("from", "\"poster\""), ("visit", "1")]);
    assert!(made.takes_data);
}

#[test]
fn what_a_flow_is_sent_with_takes_the_place_of_its_examples() {
    let data = json!({ "shop": "${form.who}", "visit": 7 });
    let begin =
        |screen: Option<&'static str>, data: &'static Map<String, Value>| Some(Begin { screen, data });
    let data: &'static Map<String, Value> = Box::leak(Box::new(data.as_object().unwrap().clone()));
    let sent = made(&flow(), begin(Some("FIRST"), data));
    assert_eq!(sent.screens[0].text, "${form.who}\nWho comes?", "what is given is shown as it is");
    assert_eq!(sent.known[1].value, "7");
    let none: &'static Map<String, Value> = Box::leak(Box::default());
    let paths = |begin| {
        let mistakes = translate(&flow(), begin).unwrap_err();
        mistakes.into_iter().map(|mistake| mistake.path).collect::<Vec<_>>()
    };
    let missing = paths(begin(None, none));
    assert!(missing.contains(&"screens[0].layout.children[0].text".to_owned()), "{missing:?}");
    assert_eq!(paths(begin(Some("LAST"), data)), ["screens"], "it isn't the one to begin with");
}

/// What is wrong where one thing of the flow is changed.
fn wrong(pointer: &str, value: Value) -> Vec<String> {
    let mut flow = flow();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match flow.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.insert(name.to_owned(), value)),
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer}"),
    }
    match translate(&flow, None) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.into_iter().map(|mistake| mistake.path).collect(),
    }
}

#[test]
fn what_is_no_part_of_a_form_is_told_with_its_path() {
    let first = "/screens/0/layout/children/2/children";
    let last = "/screens/1/layout/children";
    let at = "screens[0].layout.children[2].children";
    let cases = [
        ("/version".to_owned(), json!("1.0"), "version".to_owned()),
        ("/version".to_owned(), json!(7), "version".to_owned()),
        ("/data_api_version".to_owned(), json!("3.0"), "data_api_version".to_owned()),
        ("/theme".to_owned(), json!({}), "theme".to_owned()),
        ("/screens/0/refresh_on_back".to_owned(), json!(true), "screens[0].refresh_on_back".to_owned()),
        ("/screens/1/sensitive".to_owned(), json!(["day"]), "screens[1].sensitive".to_owned()),
        ("/screens/1/terminal".to_owned(), json!(false), "screens[1].terminal".to_owned()),
        ("/screens/0/layout/type".to_owned(), json!("Grid"), "screens[0].layout.type".to_owned()),
        (
            "/screens/0/data/shop".to_owned(),
            json!({ "type": "string" }),
            "screens[0].data.shop.__example__".to_owned(),
        ),
        (format!("{first}/0/type"), json!("PhotoPicker"), format!("{at}[0].type")),
        (format!("{first}/0/pattern"), json!(".*"), format!("{at}[0].pattern")),
        (format!("{first}/0/visible"), json!("${data.visit}"), format!("{at}[0].visible")),
        (format!("{first}/0/input-type"), json!("passcode"), format!("{at}[0].input-type")),
        (format!("{first}/0/min-chars"), json!(-1), format!("{at}[0].min-chars")),
        (format!("{first}/0/required"), json!("perhaps"), format!("{at}[0].required")),
        (format!("{first}/0/label"), json!("`'a' 'b'`"), format!("{at}[0].label")),
        (format!("{first}/0/label"), json!("${form.seats}"), format!("{at}[0].label")),
        (format!("{first}/1/name"), json!("who"), format!("{at}[1].name")),
        (format!("{first}/4/left-caption"), json!("x"), format!("{at}[4].left-caption")),
        (
            format!("{first}/4/on-click-action/name"),
            json!("data_exchange"),
            format!("{at}[4].on-click-action.name"),
        ),
        (format!("{first}/4/on-click-action/next/name"), json!("NOWHERE"), "screens".to_owned()),
        (
            format!("{first}/4/on-click-action/payload/who"),
            json!("${form.other}"),
            format!("{at}[4].on-click-action.payload.who"),
        ),
        (
            format!("{first}/4/on-click-action/payload/who"),
            json!(["${form.who}"]),
            format!("{at}[4].on-click-action.payload.who"),
        ),
        (
            format!("{last}/4/data-source"),
            json!([{ "id": "a" }]),
            "screens[1].layout.children[4].data-source[0]".to_owned(),
        ),
        (
            format!("{last}/4/data-source"),
            json!([{ "id": "a", "title": "A", "image": "x" }]),
            "screens[1].layout.children[4].data-source[0].image".to_owned(),
        ),
        (
            format!("{last}/4/data-source"),
            json!("${data.who}"),
            "screens[1].layout.children[4].data-source".to_owned(),
        ),
        (
            format!("{last}/7/on-click-action"),
            json!({ "name": "open_url" }),
            "screens[1].layout.children[7].on-click-action".to_owned(),
        ),
        (
            format!("{last}/8/on-click-action/payload/flow_token"),
            json!("x"),
            "screens[1].layout.children[8].on-click-action.payload.flow_token".to_owned(),
        ),
        (
            format!("{last}/8/on-click-action/payload/twice"),
            json!("${form.day}"),
            "screens[1].layout.children[8].on-click-action.payload.twice".to_owned(),
        ),
        // Asked, and in no payload.
        (
            format!("{last}/8/on-click-action/payload/day"),
            json!("tomorrow"),
            "screens[1].layout.children[1]".to_owned(),
        ),
        (format!("{last}/1/min-date"), json!("1679482800000"), "screens".to_owned()),
        (
            format!("{last}/8"),
            json!({ "type": "TextBody", "text": "the end" }),
            "screens[1].layout.children".to_owned(),
        ),
    ];
    for (pointer, value, expected) in cases {
        let paths = wrong(&pointer, value.clone());
        assert!(paths.contains(&expected), "{pointer} = {value}: {paths:?}");
    }
    assert!(translate(&json!([]), None).is_err() && translate(&json!({ "version": "7.2" }), None).is_err());
    let circle = json!({ "name": "navigate", "next": { "type": "screen", "name": "FIRST" }, "payload": {} });
    assert_eq!(wrong(&format!("{last}/8/on-click-action"), circle), ["screens"]);
    assert!(
        wrong("/version", json!("4.0")).contains(&"screens[1].layout.children[1].type".to_owned()),
        "days were milliseconds"
    );
}

#[test]
fn nothing_of_a_document_brings_the_translation_down() {
    // Each value of the flow in turn becomes something else.
    fn places(value: &Value, path: String, found: &mut Vec<String>) {
        let inner: Vec<(String, &Value)> = match value {
            Value::Object(map) => map.iter().map(|(name, inner)| (name.clone(), inner)).collect(),
            Value::Array(list) => {
                list.iter().enumerate().map(|(at, inner)| (at.to_string(), inner)).collect()
            }
            _ => Vec::new(),
        };
        for (name, inner) in inner {
            let path = format!("{path}/{name}");
            places(inner, path.clone(), found);
            found.push(path);
        }
    }
    let mut found = Vec::new();
    places(&flow(), String::new(), &mut found);
    for pointer in found {
        for value in [
            json!(null),
            json!(7),
            json!(""),
            json!([]),
            json!({}),
            json!("${data.shop}"),
            json!("\u{202e}x\n"),
        ] {
            let mut flow = flow();
            *flow.pointer_mut(&pointer).unwrap() = value.clone();
            if let Ok(made) = translate(&flow, None) {
                let form = crate::wire::said::form::Form {
                    text: "?".into(),
                    screens: made.screens,
                    known: made.known,
                    ..Default::default()
                };
                assert_eq!(form.check(), Ok(()), "{pointer} = {value}");
            }
        }
    }
}
