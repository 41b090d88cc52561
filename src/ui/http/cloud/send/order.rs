//! What an order comes to, and what becomes of it.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::base::money::{Currency, Money};
use crate::engine::bills;
use crate::ui::http::cloud::ask::Ask;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::send::letter::{Letter, edge, list, object, optional, required, said, short};
use crate::wire::rail::Rail;
use crate::wire::said::bill::{self, Bill, BilledItem, Extra, ExtraKind, Way};
use crate::wire::said::message::Said;
use crate::wire::said::order_status::{OrderStatus, Stage};

const PARAMETERS: &str = "interactive.action.parameters";
const ORDER: &str = "interactive.action.parameters.order";

/// Reads `interactive` of the type `order_status`.
pub(super) fn status(content: &Map<String, Value>) -> Result<Letter, Graph> {
    let (text, parameters, order) = parts(content)?;
    let word = required(order, ORDER, "status")?;
    let stage = Stage::from_word(&word).ok_or_else(|| {
        let words: Vec<&str> = Stage::ALL.into_iter().map(Stage::word).collect();
        Graph::value(&format!("{ORDER}.status"), &format!("is one of {}", words.join(", ")))
    })?;
    let about = optional(order, "description").unwrap_or_default();
    said(Said::OrderStatus(Box::new(OrderStatus {
        reference: reference(parameters)?,
        stage,
        about: short(about, &format!("{ORDER}.description"), limits::ORDER_ABOUT_CHARS_MAX)?,
        text,
        footer: edge(content, "footer")?,
    })))
}

/// Reads `interactive` of the type `order_details`. Where it names no way to pay, it is paid by the business's own rails.
pub(super) async fn details(ask: &Ask, content: &Map<String, Value>) -> Result<Letter, Graph> {
    let (mut bill, named) = bill(content)?;
    bill.ways = match named {
        Some(ways) => ways,
        None => {
            let (total, reference) = (bill.total, bill.reference.clone());
            ask.api.view(move |rows| bills::ways(rows, total, &reference)).await?
        }
    };
    if bill.ways.is_empty() {
        return Err(Graph::unsupported(
            "an order that can't be paid: name a way, or set one with `sigillo rail`",
        ));
    }
    said(Said::Bill(Box::new(bill)))
}

/// The text, the parameters, and the order in them.
type Parts<'a> = (String, &'a Map<String, Value>, &'a Map<String, Value>);

fn parts(content: &Map<String, Value>) -> Result<Parts<'_>, Graph> {
    if content.get("header").is_some_and(|header| !header.is_null()) {
        return Err(Graph::unsupported("headers above orders"));
    }
    let text = required(object(content, "interactive", "body")?, "interactive.body", "text")?;
    let text = short(text, "interactive.body.text", limits::BODY_CHARS_MAX)?;
    let parameters = object(object(content, "interactive", "action")?, "interactive.action", "parameters")?;
    Ok((text, parameters, object(parameters, PARAMETERS, "order")?))
}

fn reference(parameters: &Map<String, Value>) -> Result<String, Graph> {
    let reference = required(parameters, PARAMETERS, "reference_id")?;
    short(reference, &format!("{PARAMETERS}.reference_id"), limits::REFERENCE_CHARS_MAX)
}

/// The bill, and the ways to pay that it names; none where it names none.
fn bill(content: &Map<String, Value>) -> Result<(Bill, Option<Vec<Way>>), Graph> {
    let (text, parameters, order) = parts(content)?;
    let code = required(parameters, PARAMETERS, "currency")?;
    let currency: Currency = code
        .parse()
        .map_err(|_| Graph::value(&format!("{PARAMETERS}.currency"), "is a code of ISO 4217, such as BRL"))?;
    if optional(order, "status").is_some_and(|status| status != "pending") {
        return Err(Graph::value(&format!("{ORDER}.status"), "is pending"));
    }
    let items: Result<Vec<BilledItem>, Graph> =
        list(order, ORDER, "items")?.into_iter().map(|one| item(one, currency)).collect();
    let items = items?;
    let kinds = [ExtraKind::Tax, ExtraKind::Shipping, ExtraKind::Discount];
    let mut extras = Vec::new();
    for kind in kinds {
        let Some(given) = order.get(kind.word()).and_then(Value::as_object) else { continue };
        let amount = amount(given, &format!("{ORDER}.{}", kind.word()), currency)?;
        extras.push(Extra { kind, amount, about: optional(given, "description").unwrap_or_default() });
    }
    let path = format!("{PARAMETERS}.total_amount");
    let total = amount(object(parameters, PARAMETERS, "total_amount")?, &path, currency)?;
    if bill::sum(&items, &extras) != Some(total) {
        return Err(Graph::value(
            &path,
            "is the sum of the items, with tax and shipping and without discount",
        ));
    }
    if let Some(given) = order.get("subtotal").and_then(Value::as_object) {
        let path = format!("{ORDER}.subtotal");
        if Some(amount(given, &path, currency)?) != bill::subtotal(&items) {
            return Err(Graph::value(&path, "is the sum of the items"));
        }
    }
    let ways = ways(parameters)?;
    let (reference, footer) = (reference(parameters)?, edge(content, "footer")?);
    Ok((Bill { reference, text, footer, items, extras, total, ways: Vec::new() }, ways))
}

fn item(item: &Map<String, Value>, currency: Currency) -> Result<BilledItem, Graph> {
    let path = format!("{ORDER}.items");
    let quantity = item.get("quantity").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok());
    // What is paid for it is what it costs in a sale, where it is in one.
    let price = if item.contains_key("sale_amount") { "sale_amount" } else { "amount" };
    Ok(BilledItem {
        id: required(item, &path, "retailer_id")?,
        name: required(item, &path, "name")?,
        quantity: quantity.ok_or_else(|| Graph::missing(&format!("{path}.quantity")))?,
        price: amount(object(item, &path, price)?, &format!("{path}.{price}"), currency)?,
    })
}

/// An amount as a whole number of parts of which `offset` are one unit. One that its currency doesn't have is none, and isn't
/// rounded.
fn amount(given: &Map<String, Value>, path: &str, currency: Currency) -> Result<Money, Graph> {
    let part = |name: &str| {
        let number = given.get(name).and_then(Value::as_i64).filter(|number| *number >= 0);
        number.ok_or_else(|| Graph::missing(&format!("{path}.{name}")))
    };
    let (value, offset) = (part("value")?, part("offset")?);
    let scaled = value.checked_mul(10_i64.pow(currency.exponent()));
    let minor = scaled.filter(|scaled| offset > 0 && scaled % offset == 0).map(|scaled| scaled / offset);
    let minor = minor.ok_or_else(|| Graph::value(path, &format!("is an amount that {currency} has")))?;
    Ok(Money { minor, currency })
}

/// The ways to pay that are named, as far as a customer's node can show them.
fn ways(parameters: &Map<String, Value>) -> Result<Option<Vec<Way>>, Graph> {
    let path = format!("{PARAMETERS}.payment_settings");
    let settings = list(parameters, PARAMETERS, "payment_settings")?;
    if parameters.contains_key("payment_configuration") {
        return Err(Graph::unsupported("configurations of payments"));
    }
    if settings.is_empty() {
        return Ok(None);
    }
    let way = |setting: &Map<String, Value>| {
        let kind = required(setting, &path, "type")?;
        let part = || object(setting, &path, &kind);
        match kind.as_str() {
            "pix_dynamic_code" => Ok(Way {
                rail: Rail::Pix,
                name: optional(part()?, "merchant_name").unwrap_or_default(),
                text: required(part()?, &format!("{path}.{kind}"), "code")?,
            }),
            "payment_link" => {
                let text = required(part()?, &format!("{path}.{kind}"), "uri")?;
                if !text.starts_with("https://") {
                    return Err(Graph::new(Code::Value, "A link to pay at begins with https://."));
                }
                Ok(Way { rail: Rail::Manual, name: String::new(), text })
            }
            _ => Err(Graph::unsupported(&format!("payments of the type {kind}"))),
        }
    };
    settings.into_iter().map(way).collect::<Result<Vec<Way>, Graph>>().map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn content(parameters: &Value) -> Value {
        json!({ "body": { "text": "Here" }, "action": { "name": "review_and_pay", "parameters": parameters } })
    }

    fn parameters() -> Value {
        let amount = |value: u64| json!({ "value": value, "offset": 100 });
        let items = json!([
            { "retailer_id": "rye", "name": "Rye", "amount": amount(1_990), "quantity": 2 },
            { "retailer_id": "oat", "name": "Oat", "amount": amount(900), "sale_amount": amount(450), "quantity": 1 },
        ]);
        let mut shipping = amount(500);
        shipping["description"] = "by bicycle".into();
        let order = json!({
            "status": "pending", "items": items, "subtotal": amount(4_430), "shipping": shipping, "discount": amount(430),
        });
        json!({
            "reference_id": "order-7", "type": "physical-goods", "currency": "BRL", "total_amount": amount(4_500),
            "order": order,
        })
    }

    fn read(parameters: &Value) -> Result<(Bill, Option<Vec<Way>>), u32> {
        bill(content(parameters).as_object().unwrap()).map_err(|error| error.code.number())
    }

    #[test]
    fn an_order_is_read_with_all_that_it_comes_to() {
        let (bill, ways) = read(&parameters()).unwrap();
        assert_eq!((bill.reference.as_str(), bill.total.to_string().as_str()), ("order-7", "BRL 45.00"));
        assert_eq!((bill.items[1].price.minor, bill.extras.len(), ways), (450, 2, None));
        assert_eq!((bill.extras[0].kind, bill.extras[0].about.as_str()), (ExtraKind::Shipping, "by bicycle"));
        assert_eq!(bill.check(), Ok(()));
        let with = |path: &str, value: Value| {
            let mut changed = parameters();
            *changed.pointer_mut(path).unwrap() = value;
            read(&changed).unwrap_err()
        };
        assert_eq!(with("/total_amount/value", json!(4_499)), 131_009, "it doesn't add up");
        assert_eq!(with("/order/subtotal/value", json!(1)), 131_009);
        assert_eq!(with("/currency", json!("real")), 131_009);
        assert_eq!(with("/order/status", json!("shipped")), 131_009);
        assert_eq!(with("/order/items/0/amount/offset", json!(1_000)), 131_009, "BRL has no thousandths");
        assert_eq!(with("/order/items/0/quantity", json!(null)), 131_008);
        assert_eq!(with("/reference_id", json!("x".repeat(36))), 100);
    }

    #[test]
    fn ways_to_pay_are_those_that_a_customer_can_be_shown() {
        let with = |settings: Value| {
            let mut named = parameters();
            named["payment_settings"] = settings;
            read(&named).map(|(_, ways)| ways.unwrap())
        };
        let pix = json!({ "type": "pix_dynamic_code", "pix_dynamic_code": { "code": "000201", "merchant_name": "Padaria" } });
        let link = json!({ "type": "payment_link", "payment_link": { "uri": "https://pay.example/7" } });
        let ways = with(json!([pix, link])).unwrap();
        assert_eq!(
            (ways[0].rail, ways[0].text.as_str(), ways[0].name.as_str()),
            (Rail::Pix, "000201", "Padaria")
        );
        assert_eq!((ways[1].rail, ways[1].text.as_str()), (Rail::Manual, "https://pay.example/7"));
        let plain = json!([{ "type": "payment_link", "payment_link": { "uri": "http://pay.example" } }]);
        assert_eq!(with(plain), Err(131_009));
        assert_eq!(with(json!([{ "type": "payment_gateway", "payment_gateway": {} }])), Err(131_051));
        let mut configured = parameters();
        configured["payment_configuration"] = "mine".into();
        assert_eq!(read(&configured).unwrap_err(), 131_051);
    }

    #[test]
    fn what_becomes_of_an_order_is_a_word_that_there_is() {
        let read = |word: &str| {
            let order = json!({ "status": word, "description": "by bicycle" });
            let content = content(&json!({ "reference_id": "order-7", "order": order }));
            status(content.as_object().unwrap()).map_err(|error| error.code.number())
        };
        let expected = OrderStatus {
            reference: "order-7".into(),
            stage: Stage::PartiallyShipped,
            about: "by bicycle".into(),
            text: "Here".into(),
            footer: String::new(),
        };
        let expected = Letter::Said(Box::new(Said::OrderStatus(Box::new(expected))));
        assert_eq!(read("partially_shipped"), Ok(expected));
        assert_eq!(read("lost"), Err(131_009));
        let mut headed = content(&json!({ "reference_id": "7", "order": { "status": "shipped" } }));
        headed["header"] = json!({ "type": "text", "text": "Above" });
        assert_eq!(status(headed.as_object().unwrap()).unwrap_err().code.number(), 131_051);
    }
}
