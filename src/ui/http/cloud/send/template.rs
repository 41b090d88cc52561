//! What a template makes of its parameters.

use serde_json::{Map, Value};

use crate::base::money::{Currency, Money};
use crate::domain::business::template::{Kind, TemplateError};
use crate::domain::business::templates as registry;
use crate::ui::http::cloud::ask::Ask;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::parameters::text;
use crate::ui::http::cloud::send::letter::{Letter, list, object, optional, required};
use crate::ui::http::cloud::send::media;
use crate::ui::http::cloud::template_form::{format_of, language, place};
use crate::wire::said::file::SentFile;
use crate::wire::said::message::Said;
use crate::wire::template::Variable;

/// Reads `template`, and fills in what stands in its places.
pub(in crate::ui::http::cloud) async fn read(
    ask: &Ask,
    content: &Map<String, Value>,
) -> Result<Letter, Graph> {
    let name = required(content, "template", "name")?;
    let shown = required(object(content, "template", "language")?, "template.language", "code")?;
    let wanted = name.clone();
    let known = ask.api.view(move |rows| registry::get(rows, &wanted, None)).await?;
    let missing =
        || Graph::new(Code::TemplateMissing, format!("There is no template {name} in {shown} here."));
    let version = known.ok_or_else(missing)?;
    let tag = language(&shown);
    if !version.definition.languages.contains_key(&tag) {
        return Err(missing());
    }
    let (mut variables, mut payloads, mut above) = (Vec::new(), Vec::new(), None);
    let file = version.definition.file_above(&tag);
    for component in list(content, "template", "components")? {
        let kind = required(component, "template.components", "type")?.to_ascii_lowercase();
        let parameters = list(component, "template.components", "parameters")?;
        match kind.as_str() {
            "header" if file.is_some() => {
                let (name, kind) = file.unwrap_or(("", Kind::Text));
                let sent = file_of(ask, &parameters, kind).await?;
                variables.push(Variable { name: name.to_owned(), value: sent.opening.id().to_string() });
                above = Some(sent);
            }
            "header" | "body" => {
                for (at, parameter) in parameters.into_iter().enumerate() {
                    let name = place(kind == "header", at, optional(parameter, "parameter_name"));
                    let kind = version.definition.variables.get(&name).copied();
                    variables.push(Variable { value: value(parameter, kind)?, name });
                }
            }
            "button" => payloads.push(payload(component, &parameters)?),
            other => return Err(Graph::value("template.components.type", &format!("isn't {other}"))),
        }
    }
    let rendered = version.definition.render(version.version, &tag, &variables).map_err(refused)?;
    let mut said = match above {
        Some(file) => rendered.said_below(file),
        None => rendered.said(),
    };
    give_payloads(&mut said, &payloads)?;
    Ok(Letter::Made(Box::new(said), Box::new(rendered.template)))
}

/// The file that stands above a template of which a file of this kind does.
async fn file_of(ask: &Ask, parameters: &[&Map<String, Value>], kind: Kind) -> Result<SentFile, Graph> {
    let format = format_of(kind);
    let wrong = || {
        let words = format!("The header of the template has one parameter, of the type {format}.");
        Graph::new(Code::TemplateFormat, words)
    };
    let [parameter] = parameters else { return Err(wrong()) };
    if optional(parameter, "type").as_deref() != Some(format) {
        return Err(wrong());
    }
    let path = format!("template.components.parameters.{format}");
    media::sent(ask, format, (object(parameter, "template.components.parameters", format)?, &path)).await
}

/// Has each button say what was given to it.
fn give_payloads(said: &mut Said, payloads: &[(usize, String)]) -> Result<(), Graph> {
    let buttons = match &mut *said {
        Said::Menu(menu) => menu.buttons.as_mut_slice(),
        Said::Headed(headed) => headed.menu.buttons.as_mut_slice(),
        _ => &mut [],
    };
    if let Some((index, _)) = payloads.iter().find(|(index, _)| *index >= buttons.len()) {
        let words = format!("The template has {} buttons, and none with the index {index}.", buttons.len());
        return Err(Graph::new(Code::TemplateCount, words));
    }
    for (at, button) in buttons.iter_mut().enumerate() {
        let payload = payloads.iter().find(|(index, _)| *index == at).map(|(_, payload)| payload.clone());
        // As that API has it, a button says its title where nothing else was given to it.
        button.id = payload.unwrap_or_else(|| button.title.clone());
    }
    if said.menu().is_some() {
        said.check()
            .map_err(|error| Graph::new(Code::TemplateFormat, format!("It can't be sent: {error}.")))?;
    }
    Ok(())
}

/// A button's number, and what it says to programs.
fn payload(
    component: &Map<String, Value>,
    parameters: &[&Map<String, Value>],
) -> Result<(usize, String), Graph> {
    if optional(component, "sub_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("quick_reply")) {
        return Err(Graph::new(Code::TemplateFormat, "Templates here have no buttons but quick replies."));
    }
    let index = component.get("index").and_then(text).and_then(|index| index.parse().ok());
    let index = index.ok_or_else(|| Graph::missing("template.components.index"))?;
    let payload = parameters.iter().find_map(|parameter| optional(parameter, "payload"));
    Ok((index, payload.ok_or_else(|| Graph::missing("template.components.parameters.payload"))?))
}

/// The value of a parameter, as a place of this kind takes it.
fn value(parameter: &Map<String, Value>, kind: Option<Kind>) -> Result<String, Graph> {
    let path = "template.components.parameters";
    let wrong =
        |words: &str| Graph::new(Code::TemplateFormat, format!("A parameter of the template {words}."));
    let part = |name: &str| parameter.get(name).and_then(Value::as_object);
    match optional(parameter, "type").as_deref() {
        None | Some("text") => required(parameter, path, "text"),
        Some("currency") => {
            let currency = part("currency").ok_or_else(|| wrong("lacks its currency"))?;
            let (code, amount) =
                (optional(currency, "code"), currency.get("amount_1000").and_then(Value::as_i64));
            match (kind, code, amount) {
                (Some(Kind::Money), Some(code), Some(amount)) => {
                    money(&code, amount).ok_or_else(|| wrong("is an amount that its currency doesn't have"))
                }
                _ => optional(currency, "fallback_value").ok_or_else(|| wrong("lacks its fallback_value")),
            }
        }
        Some("date_time") => part("date_time")
            .and_then(|date| optional(date, "fallback_value"))
            .ok_or_else(|| wrong("lacks its fallback_value")),
        Some(other) => Err(wrong(&format!("is of the type {other}, which no template here takes"))),
    }
}

/// An amount in thousandths, as a template takes it: with as many decimals as the currency has. None where there is no such
/// currency, or where it has no such amount, which isn't rounded.
fn money(code: &str, thousandths: i64) -> Option<String> {
    let currency: Currency = code.parse().ok()?;
    let scaled = thousandths.checked_mul(10_i64.pow(currency.exponent()))?;
    (scaled % 1_000 == 0).then(|| Money { minor: scaled / 1_000, currency }.to_string())
}

fn refused(error: TemplateError) -> Graph {
    let code = match &error {
        TemplateError::Missing { .. } | TemplateError::Superfluous(_) | TemplateError::Twice(_) => {
            Code::TemplateCount
        }
        TemplateError::NoLanguage { .. } => Code::TemplateMissing,
        _ => Code::TemplateFormat,
    };
    Graph::new(code, format!("{error}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::said::menu::{Menu, Row};
    use serde_json::json;

    #[test]
    fn a_parameter_is_written_as_its_place_takes_it() {
        let value = |parameter: Value, kind| {
            value(parameter.as_object().unwrap(), kind).map_err(|error| error.code.number())
        };
        assert_eq!(value(json!({ "type": "text", "text": "Ana" }), None), Ok("Ana".into()));
        let price = json!({ "type": "currency", "currency": { "fallback_value": "R$ 19,90", "code": "BRL", "amount_1000": 19_900 } });
        assert_eq!(value(price.clone(), Some(Kind::Money)), Ok("BRL 19.90".into()));
        assert_eq!(value(price, Some(Kind::Text)), Ok("R$ 19,90".into()));
        let day = json!({ "type": "date_time", "date_time": { "fallback_value": "2027-01-31" } });
        assert_eq!(value(day, Some(Kind::Date)), Ok("2027-01-31".into()));
        assert_eq!(value(json!({ "type": "image", "image": { "id": "1" } }), None), Err(132_012));
        assert_eq!(value(json!({ "type": "text" }), None), Err(131_008));
    }

    #[test]
    fn an_amount_has_the_decimals_of_its_currency_and_is_never_rounded() {
        let good = [
            ("JPY", 5_000, "JPY 5"),
            ("BRL", 5_000, "BRL 5.00"),
            ("BRL", 1_050, "BRL 1.05"),
            ("BRL", -1_050, "BRL -1.05"),
            ("KWD", 1_234, "KWD 1.234"),
            ("CLF", 1_234, "CLF 1.2340"),
        ];
        for (code, amount, text) in good {
            assert_eq!(money(code, amount).as_deref(), Some(text));
        }
        for (code, amount) in [("JPY", 5_500), ("BRL", 1_055), ("real", 1_000), ("BRL", i64::MAX)] {
            assert_eq!(money(code, amount), None, "{code} {amount}");
        }
        let yen = json!({ "type": "currency", "currency": { "fallback_value": "x", "code": "JPY", "amount_1000": 5_500 } });
        let refused = value(yen.as_object().unwrap(), Some(Kind::Money)).unwrap_err();
        assert_eq!(refused.code.number(), 132_012);
    }

    #[test]
    fn a_payload_is_a_buttons_that_there_is() {
        let row = |title: &str| Row { id: "1".into(), title: title.into(), about: String::new() };
        let buttons = vec![row("Yes"), row("No")];
        let mut said = Said::Menu(Menu { text: "Well?".into(), buttons, ..Menu::default() });
        assert_eq!(give_payloads(&mut said, &[(1, "no-7".into())]), Ok(()));
        let Said::Menu(menu) = &said else { panic!("{said:?}") };
        assert_eq!(menu.buttons.iter().map(|button| button.id.as_str()).collect::<Vec<_>>(), ["Yes", "no-7"]);
        let code = |said: &mut Said, at| {
            give_payloads(said, &[(at, "x".into())]).map_err(|error| error.code.number())
        };
        assert_eq!(code(&mut said, 2), Err(132_000));
        assert_eq!(code(&mut Said::Text("Well?".into()), 0), Err(132_000));
    }
}
