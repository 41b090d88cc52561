//! Steps: a subscription, its invoice, its receipt, and the proof.

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::base::money::Money;
use crate::ui::cli::client::escaped;
use crate::ui::cli::demo::check::{Told, expect, list, short, time};
use crate::ui::cli::demo::market::PLAN;
use crate::ui::cli::demo::node::Node;
use crate::ui::cli::demo::stage::Stage;
use crate::ui::cli::show::text;

/// An invoice that both sides have.
pub(super) struct Invoice {
    key: String,
    amount: String,
}

/// A receipt as a file.
pub(super) struct Receipt {
    pub(super) id: String,
    pub(super) file: PathBuf,
    /// The business's address.
    pub(super) issuer: String,
    /// The customer's, as the business knows it.
    pub(super) subject: String,
}

/// Ana asks for the plan; the business's invoice comes by itself.
pub(super) async fn subscribe(ana: &Node, shop: &Node) -> Told<Invoice> {
    let began = Instant::now();
    ana.post("/v1/subscriptions", &json!({ "issuer": shop.address, "plan": PLAN })).await?;
    let one = |invoices: &Value| matches!(list(invoices), [invoice] if text(invoice, "state") == "open");
    let here = ana.wait_until("one open invoice at Ana", "/v1/invoices", one).await?;
    let took = began.elapsed();
    let there = shop.wait_until("one open invoice at the business", "/v1/invoices", one).await?;
    let key = text(&here[0], "key").to_owned();
    expect(key == text(&there[0], "key"), format!("the same invoice on both sides, {key}"), &there)?;
    let amount = money(&here[0]["amount"]);
    let detail = format!("Ana chose {PLAN}; invoice {key} over {amount} came after {}", time(took));
    Ok((Invoice { key, amount }, detail))
}

/// The business says that the invoice was paid; the receipt reaches Ana, who writes it to a file.
pub(super) async fn receipt(
    stage: &Stage,
    shop: &Node,
    ana: &Node,
    subject: &str,
    invoice: &Invoice,
) -> Told<Receipt> {
    let began = Instant::now();
    let paid = shop.post(&format!("/v1/invoices/{}/paid", escaped(&invoice.key)), &Value::Null).await?;
    let id = text(&paid, "receipt").to_owned();
    let has = |receipts: &Value| matches!(list(receipts), [one] if text(one, "id") == id);
    ana.wait_until(&format!("the receipt {id} at Ana"), "/v1/receipts", has).await?;
    let took = began.elapsed();
    let access = |all: &Value| matches!(list(all), [one] if one["access"] == json!(true));
    let subscription =
        ana.wait_until("a subscription that gives access", "/v1/subscriptions", access).await?;
    let file = stage.directory().join("receipt.json");
    let (home, path) = (ana.home().display().to_string(), file.display().to_string());
    let export = stage.run(&["--home", &home, "receipt", "export", &id, "--output", &path]).await?;
    expect(export.code == Some(0), format!("the receipt to be written to {path}"), &export.words)?;
    let detail = format!(
        "invoice of before the crash paid; receipt {} over {} reached Ana after {}; her subscription is {}",
        short(&id),
        invoice.amount,
        time(took),
        text(&subscription[0], "state"),
    );
    let receipt = Receipt { id, file, issuer: shop.address.clone(), subject: subject.to_owned() };
    Ok((receipt, detail))
}

/// A process without a home verifies the file, while no node runs.
pub(super) async fn verify(stage: &Stage, receipt: &Receipt) -> Told<()> {
    let Receipt { id, issuer, subject, .. } = receipt;
    let file = receipt.file.display().to_string();
    let began = Instant::now();
    let verified =
        stage.run_bare(&["receipt", "verify", &file, "--issuer", issuer, "--subject", subject]).await?;
    let took = began.elapsed();
    let holds = verified.code == Some(0)
        && verified.answer["verified"] == json!(true)
        && text(&verified.answer, "id") == id;
    expect(holds, format!("the receipt {id} to verify"), format!("{} {}", verified.answer, verified.words))?;
    let amount = money(&verified.answer["receipt"]["amount"]);
    let detail = format!(
        "receipt {id}: {amount}, authentic for {}, by a process with an empty home while no node runs, {}",
        short(issuer),
        time(took),
    );
    Ok(((), detail))
}

fn money(value: &Value) -> String {
    serde_json::from_value::<Money>(value.clone()).map(|money| money.to_string()).unwrap_or_default()
}
