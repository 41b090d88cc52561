//! Offers and orders, in words.

use serde_json::Value;

use crate::ui::cli::show::words::{list, money, number, text};

/// An offer as lines: each thing with the id by which it is ordered.
pub(super) fn offer(entry: &Value) -> String {
    let mut lines = vec![text(entry, "header").to_owned(), text(entry, "text").to_owned()];
    let ware = |ware: &Value| {
        let about = text(ware, "about").lines().next().unwrap_or_default();
        let about = if about.is_empty() { String::new() } else { format!(": {about}") };
        let picture = if ware["picture"] == true { " (picture)" } else { "" };
        let price = money(&ware["price"]);
        format!("  [{}] {}, {price}{picture}{about}", text(ware, "id"), text(ware, "name"))
    };
    for shelf in list(&entry["shelves"]) {
        lines.push(text(shelf, "title").to_owned());
        lines.extend(list(&shelf["items"]).iter().map(ware));
    }
    if number(entry, "more") > 0 {
        lines.push(format!("  and {} more: ask for them", number(entry, "more")));
    }
    lines.push(text(entry, "footer").to_owned());
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// An order as lines; what isn't as the catalog has it says so.
pub(super) fn order(entry: &Value) -> String {
    let item = |item: &Value| {
        let found = match text(item, "found") {
            "unknown" => "  (not in the catalog)".to_owned(),
            "other_price" => format!("  (the catalog says {})", money(&item["catalog_price"])),
            _ => String::new(),
        };
        let (quantity, price) = (number(item, "quantity"), money(&item["price"]));
        format!("  {quantity} × {} [{}] at {price}{found}", text(item, "name"), text(item, "id"))
    };
    let mut lines = vec!["order:".to_owned()];
    lines.extend(list(&entry["items"]).iter().map(item));
    lines.push(format!("  in all {}", money(&entry["total"])));
    if entry["as_sold"] == false {
        lines.push("  not as it is sold here now: agree with the customer before it counts".to_owned());
    }
    lines.push(text(entry, "text").to_owned());
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// What an order comes to, as lines, with the ways to pay.
pub(super) fn bill(entry: &Value) -> String {
    let item = |item: &Value| {
        let (quantity, price) = (number(item, "quantity"), money(&item["price"]));
        format!("  {quantity} × {} [{}] at {price}", text(item, "name"), text(item, "id"))
    };
    let extra = |extra: &Value| {
        let sign = if text(extra, "what") == "discount" { "less" } else { "and" };
        let about = match text(extra, "about") {
            "" => String::new(),
            about => format!(" ({about})"),
        };
        format!("  {sign} {} {}{about}", text(extra, "what"), money(&extra["amount"]))
    };
    let way = |way: &Value| {
        let name = match text(way, "name") {
            "" => String::new(),
            name => format!(" to {name}"),
        };
        format!("  pay by {}{name}: {}", text(way, "rail"), text(way, "text"))
    };
    let mut lines =
        vec![format!("bill of the order {}:", text(entry, "reference")), text(entry, "text").to_owned()];
    lines.extend(list(&entry["items"]).iter().map(item));
    lines.extend(list(&entry["extras"]).iter().map(extra));
    lines.push(format!("  in all {}", money(&entry["total"])));
    lines.extend(list(&entry["pay"]).iter().map(way));
    lines.push(text(entry, "footer").to_owned());
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// What becomes of an order.
pub(super) fn status(entry: &Value) -> String {
    let about = match text(entry, "about") {
        "" => String::new(),
        about => format!(": {about}"),
    };
    let word = text(entry, "status").replace('_', " ");
    let mut lines = vec![format!("the order {} is {word}{about}", text(entry, "reference"))];
    lines.extend([text(entry, "text").to_owned(), text(entry, "footer").to_owned()]);
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_offer_shows_what_can_be_ordered_and_an_order_what_is_not_as_it_was() {
        let price = |minor: u64| json!({ "minor": minor, "currency": "BRL" });
        let rye = json!({ "id": "rye", "name": "Rye", "about": "dark\n800 g", "price": price(1_990), "picture": true });
        let entry = json!({ "text": "Fresh", "footer": "till 19:00", "more": 2,
            "shelves": [{ "title": "Bread", "items": [rye] }] });
        assert_eq!(
            offer(&entry),
            "Fresh\nBread\n  [rye] Rye, BRL 19.90 (picture): dark\n  and 2 more: ask for them\ntill 19:00"
        );
        let items = json!([
            { "id": "rye", "name": "Rye", "quantity": 2, "price": price(1_990), "found": "other_price",
                "catalog_price": price(2_100) },
            { "id": "bun", "name": "Bun", "quantity": 1, "price": price(100), "found": "unknown" },
        ]);
        let entry = json!({ "items": items, "total": price(4_080), "text": "please", "as_sold": false });
        let lines = [
            "order:",
            "  2 × Rye [rye] at BRL 19.90  (the catalog says BRL 21.00)",
            "  1 × Bun [bun] at BRL 1.00  (not in the catalog)",
            "  in all BRL 40.80",
            "  not as it is sold here now: agree with the customer before it counts",
            "please",
        ];
        assert_eq!(order(&entry), lines.join("\n"));
    }
    #[test]
    fn a_bill_shows_what_it_comes_to_and_how_it_is_paid() {
        let price = |minor: u64| json!({ "minor": minor, "currency": "BRL" });
        let entry = json!({
            "reference": "7", "text": "Here", "total": price(4_050), "footer": "thanks",
            "items": [{ "id": "rye", "name": "Rye", "quantity": 2, "price": price(1_990) }],
            "extras": [{ "what": "shipping", "amount": price(500), "about": "by bicycle" },
                { "what": "discount", "amount": price(430) }],
            "pay": [{ "rail": "pix", "name": "Padaria", "text": "000201" }, { "rail": "manual", "text": "in cash" }],
        });
        let lines = [
            "bill of the order 7:",
            "Here",
            "  2 × Rye [rye] at BRL 19.90",
            "  and shipping BRL 5.00 (by bicycle)",
            "  less discount BRL 4.30",
            "  in all BRL 40.50",
            "  pay by pix to Padaria: 000201",
            "  pay by manual: in cash",
            "thanks",
        ];
        assert_eq!(bill(&entry), lines.join("\n"));
        let entry = json!({ "reference": "7", "status": "partially_shipped", "about": "one is missing", "text": "Soon" });
        assert_eq!(status(&entry), "the order 7 is partially shipped: one is missing\nSoon");
    }
}
