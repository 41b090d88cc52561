//! A business's books in words.

use serde_json::Value;

use crate::base::money::{Currency, Money};
use crate::ui::cli::show::words::{list, number, table, text, time};

const SUBSCRIBERS: [&str; 7] =
    ["pending", "trialing", "active", "past_due", "canceling", "paused", "churned"];

/// What came in, and who subscribes.
pub(in crate::ui::cli) fn books(value: &Value) -> String {
    let revenue = list(&value["revenue"]).iter().map(|one| {
        let amount = |key: &str| {
            let currency: Option<Currency> = text(one, "currency").parse().ok();
            let minor = one[key].as_i64().unwrap_or_default();
            currency.map_or_else(String::new, |currency| Money { minor, currency }.to_string())
        };
        vec![
            text(one, "plan").to_owned(),
            text(one, "month").to_owned(),
            number(one, "receipts").to_string(),
            amount("gross_minor"),
            amount("refunded_minor"),
            amount("net_minor"),
        ]
    });
    let revenue =
        table(&["PLAN", "MONTH", "RECEIPTS", "GROSS", "REFUNDED", "NET"], revenue.collect(), "no revenue");
    let subscribers = list(&value["subscribers"]).iter().map(|one| {
        let counts = SUBSCRIBERS.iter().map(|key| number(one, key).to_string());
        core::iter::once(text(one, "plan").to_owned()).chain(counts).collect()
    });
    let head = ["PLAN", "PENDING", "TRIALING", "ACTIVE", "PAST DUE", "CANCELING", "PAUSED", "CHURNED"];
    let subscribers = table(&head, subscribers.collect(), "no subscribers");
    match number(value, "contradictions") {
        0 => format!("{revenue}\n\n{subscribers}"),
        some => format!("{revenue}\n\n{subscribers}\n\nCONTRADICTIONS in {some} subscriptions"),
    }
}

/// What came in, as comma-separated values (RFC 4180); amounts in minor units.
pub(in crate::ui::cli) fn books_csv(value: &Value) -> String {
    let keys = ["gross_minor", "refunded_minor", "net_minor", "tax_minor"];
    let row = |one: &Value| {
        let amounts = keys.map(|key| one[key].as_i64().unwrap_or_default().to_string()).join(",");
        // Plans are of a-z, 0-9 and -, months of digits and -, currencies of capitals: nothing to quote.
        let words = ["plan", "month", "currency"].map(|key| text(one, key)).join(",");
        format!("{words},{},{amounts}", number(one, "receipts"))
    };
    let head = "plan,month,currency,receipts,gross_minor,refunded_minor,net_minor,tax_minor".to_owned();
    let rows = list(&value["revenue"]).iter().map(row);
    core::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}

/// What an audit found.
pub(in crate::ui::cli) fn audited(value: &Value) -> String {
    let counted = format!(
        "{} events, {} receipts, {} subscriptions",
        number(value, "events"),
        number(value, "receipts"),
        number(value, "subscriptions")
    );
    let found = &value["first_break"];
    if found.is_null() {
        let until = if value["until"].is_null() {
            String::new()
        } else {
            format!(", up to {}", time(value, "until"))
        };
        return format!("sound: {counted}{until}");
    }
    format!(
        "BROKEN at event {} ({}): {}\nsound before it: {counted}",
        number(found, "position"),
        text(found, "event"),
        text(value, "reason")
    )
}
