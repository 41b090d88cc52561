//! Profiles, searches and plans in words.

use serde_json::Value;

use crate::ui::cli::show::words::{days, fields, joined, list, money, number, table, text, time};

/// What this node says of itself.
pub(in crate::ui::cli) fn own_profile(value: &Value) -> String {
    let shown = profile(value, text(value, "address"));
    if text(value, "kind") == "person" {
        return shown;
    }
    match number(value, "seq") {
        0 => format!(
            "{shown}\n\nnot published yet: a running node publishes it, or `sigillo profile publish` now"
        ),
        seq => format!("{shown}\n\nlast published as number {seq}"),
    }
}

/// What came of publishing.
pub(in crate::ui::cli) fn published(value: &Value) -> String {
    fields(&[
        ("number", number(value, "seq").to_string()),
        ("peers asked", number(value, "peers_asked").to_string()),
        ("keys read back", number(value, "keys_read_back").to_string()),
        ("index entries", number(value, "index_entries").to_string()),
        ("expires", time(value, "expires")),
    ])
}

/// Businesses that were found.
pub(in crate::ui::cli) fn found(value: &Value) -> String {
    let businesses = list(&value["businesses"]);
    let one = |business: &Value| {
        let shown = profile(&business["profile"], text(business, "address"));
        match text(business, "former") {
            "" => shown,
            former => format!("{shown}\n\nthis is who had the address {former} before"),
        }
    };
    let shown: Vec<String> = businesses.iter().map(one).collect();
    let asked = format!("{} peers asked", number(value, "peers_asked"));
    let refused = match number(value, "refused") {
        0 => String::new(),
        refused => format!(", {refused} forged or stale records refused"),
    };
    let shown = if shown.is_empty() { "nothing found".to_owned() } else { shown.join("\n\n") };
    let more = match text(value, "next") {
        "" => String::new(),
        next => format!("\nthere may be more: search again with `--after {next}`"),
    };
    format!("{shown}\n\n({asked}{refused}){more}")
}

/// Plans that are offered.
pub(in crate::ui::cli) fn plans(value: &Value) -> String {
    let row = |plan: &Value| {
        vec![
            text(plan, "id").to_owned(),
            text(plan, "name").to_owned(),
            format!("{} {}", money(&plan["price"]), text(plan, "period")),
            trial(plan),
        ]
    };
    table(&["ID", "NAME", "PRICE", "TRIAL"], list(value).iter().map(row).collect(), "no plans are offered")
}

/// One plan.
pub(in crate::ui::cli) fn plan(value: &Value) -> String {
    fields(&[
        ("plan", format!("{} (version {})", text(value, "id"), number(value, "version"))),
        ("name", text(value, "name").to_owned()),
        ("price", format!("{} {}", money(&value["price"]), text(value, "period"))),
        ("trial", trial(value)),
        ("grace", days(number(value, "grace_days"))),
        ("hold", days(number(value, "hold_days"))),
    ])
}

fn profile(profile: &Value, address: &str) -> String {
    let place = [text(profile, "region"), text(profile, "country")];
    let place = place.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        ("name", text(profile, "name").to_owned()),
        ("address", address.to_owned()),
        ("about", text(profile, "about").to_owned()),
        ("categories", joined(&profile["categories"])),
        ("place", place),
        ("languages", joined(&profile["languages"])),
        ("website", text(profile, "website").to_owned()),
        ("hours", text(profile, "hours").to_owned()),
    ];
    for plan in list(&profile["plans"]) {
        let (id, price) = (text(plan, "id"), money(&plan["price"]));
        lines.push(("plan", format!("{id}: {}, {price} {}", text(plan, "name"), text(plan, "period"))));
    }
    for mailbox in list(&profile["mailboxes"]) {
        lines.push(("mailbox", mailbox.as_str().unwrap_or_default().to_owned()));
    }
    fields(&lines)
}

fn trial(plan: &Value) -> String {
    match number(plan, "trial_days") {
        0 => String::new(),
        count => days(count),
    }
}
