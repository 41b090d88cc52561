//! Subscriptions, invoices and receipts.

use serde_json::{Value, json};

use crate::ui::cli::args::{Invoice, Receipt, Subscribe};
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::documents::{pretty, write_new};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::spinner::Spinner;
use crate::ui::cli::{show, verify};

pub(super) async fn subscribe(client: &Client, output: Output, wish: Subscribe) -> Result<(), Failure> {
    let (Some(who), Some(plan)) = (wish.who, wish.plan) else {
        return output.show(&client.get("/v1/subscriptions").await?, show::subscriptions);
    };
    let body = json!({ "issuer": who, "plan": plan });
    if wish.cancel {
        let cancelled = client.post("/v1/subscriptions/cancel", &body).await?;
        return output
            .show(&cancelled, |_| format!("{plan} is cancelled; what is paid for stays until it ends"));
    }
    let spinner = Spinner::start("asking the network");
    let subscribed = client.post("/v1/subscriptions", &body).await;
    drop(spinner);
    output.show(&subscribed?, |_| format!("asked for {plan}; its invoice follows: `sigillo invoice list`"))
}

pub(super) async fn invoice(client: &Client, output: Output, what: Invoice) -> Result<(), Failure> {
    match what {
        Invoice::List => output.show(&client.get("/v1/invoices").await?, show::invoices),
        Invoice::Show { key } => {
            output.show(&client.get(&format!("/v1/invoices/{}", escaped(&key))).await?, show::invoice)
        }
        Invoice::Paid { key } => {
            let paid = client.post(&format!("/v1/invoices/{}/paid", escaped(&key)), &Value::Null).await?;
            output.show(&paid, show::receipted)
        }
    }
}

pub(super) async fn receipt(client: &Client, output: Output, what: Receipt) -> Result<(), Failure> {
    match what {
        Receipt::List => output.show(&client.get("/v1/receipts").await?, show::receipts),
        Receipt::Show { id } => {
            output.show(&client.get(&format!("/v1/receipts/{}", escaped(&id))).await?, show::receipt)
        }
        Receipt::Export { id, output: file } => {
            let receipt = client.get(&format!("/v1/receipts/{}/file", escaped(&id))).await?;
            match file {
                None => output.show(&receipt, pretty),
                Some(path) => {
                    write_new(&path, &pretty(&receipt))?;
                    let made = json!({ "receipt": id, "file": path });
                    output.show(&made, |_| format!("written to {}", path.display()))
                }
            }
        }
        Receipt::Verify(wanted) => verify::verify(output, &wanted),
    }
}
