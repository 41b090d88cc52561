//! Subscriptions, rails and invoices.

use axum::http::Method;
use serde_json::{Value, json};

use crate::domain::billing::calendar;
use crate::node::clock;
use crate::ui::cli::args_money::{
    Agree, Change, Invoice, Pause, RailCommand, RailName, Subscribe, Unsubscribe,
};
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::documents::{time, write_new};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::output::Output;
use crate::ui::cli::show;
use crate::ui::cli::spinner::Spinner;
use crate::ui::qr;

pub(super) async fn subscribe(client: &Client, output: Output, wish: Subscribe) -> Result<(), Failure> {
    let (Some(who), Some(plan)) = (wish.who, wish.plan) else {
        return output.show(&client.get("/v1/subscriptions").await?, show::subscriptions);
    };
    if wish.cancel {
        return cancel(client, output, Unsubscribe { who, plan, now: false }).await;
    }
    let body = json!({ "issuer": who, "plan": plan });
    let spinner = Spinner::start("asking the network");
    let subscribed = client.post("/v1/subscriptions", &body).await;
    drop(spinner);
    output.show(&subscribed?, |_| format!("asked for {plan}; its invoice follows: `sigillo invoice list`"))
}

pub(super) async fn cancel(client: &Client, output: Output, wish: Unsubscribe) -> Result<(), Failure> {
    let Unsubscribe { who, plan, now } = wish;
    let body = json!({ "issuer": who, "plan": plan, "now": now });
    let cancelled = client.post("/v1/subscriptions/cancel", &body).await?;
    let rest = if now { "it ends now" } else { "what is paid for stays until it ends" };
    output.show(&cancelled, |_| format!("{plan} is cancelled; {rest}"))
}

pub(super) async fn change(client: &Client, output: Output, wish: Change) -> Result<(), Failure> {
    let Change { who, plan, to } = wish;
    let spinner = Spinner::start("asking the network");
    let body = json!({ "issuer": who, "plan": plan, "to": to });
    let asked = client.post("/v1/subscriptions/change", &body).await;
    drop(spinner);
    output.show(&asked?, show::change_asked)
}

pub(super) async fn pause(client: &Client, output: Output, wish: Pause) -> Result<(), Failure> {
    let Pause { who, plan, until, days } = wish;
    let ahead = clock::now().plus(calendar::days(days.unwrap_or_default()));
    let until = until.map_or(Ok(ahead), |until| time("--until", &until))?;
    let body = json!({ "issuer": who, "plan": plan, "until": until });
    let asked = client.post("/v1/subscriptions/pause", &body).await?;
    output.show(&asked, |_| format!("asked to stop {plan} until {until}, from when what is paid for ends"))
}

pub(super) async fn agree(client: &Client, output: Output, answer: Agree) -> Result<(), Failure> {
    let body = json!({ "change": answer.change.trim(), "agrees": !answer.refuse });
    let said = client.post("/v1/subscriptions/price", &body).await?;
    let words = if answer.refuse { "refused: the old terms stay" } else { "agreed" };
    output.show(&said, |_| words.to_owned())
}

pub(super) async fn rail(client: &Client, output: Output, what: RailCommand) -> Result<(), Failure> {
    match what {
        RailCommand::List => output.show(&client.get("/v1/rails").await?, show::rails),
        RailCommand::Add { rail, account, name, city, bic } => {
            let body = json!({ "account": account, "name": name, "place": bic.unwrap_or(city) });
            let added =
                client.request(Method::PUT, &format!("/v1/rails/{}", rail.word()), Some(&body)).await?;
            output.show(&added, |_| format!("{} is offered from the next invoice on", rail.word()))
        }
        RailCommand::Remove { rail } => {
            let removed = client.request(Method::DELETE, &format!("/v1/rails/{}", rail.word()), None).await?;
            output.show(&removed, |_| format!("{} is no longer offered", rail.word()))
        }
    }
}

pub(super) async fn invoice(client: &Client, output: Output, what: Invoice) -> Result<(), Failure> {
    let path = |key: &str, what: &str| format!("/v1/invoices/{}{what}", escaped(key));
    match what {
        Invoice::List => output.show(&client.get("/v1/invoices").await?, show::invoices),
        Invoice::Show { key, rail: None, .. } => {
            output.show(&client.get(&path(&key, "")).await?, show::invoice)
        }
        Invoice::Show { key, rail: Some(rail), qr, svg, png } => {
            let invoice = client.get(&path(&key, "")).await?;
            let way = way_to_pay(&invoice, rail)?;
            let text = show::text(way, "text");
            if let Some(file) = &svg {
                write_new(file, qr::svg(text).ok_or_else(too_long)?.as_bytes())?;
            }
            if let Some(file) = &png {
                write_new(file, &qr::png(text).ok_or_else(too_long)?)?;
            }
            let drawn = if qr { Some(qr::terminal(text).ok_or_else(too_long)?) } else { None };
            output.show(way, |_| drawn.map_or_else(|| text.to_owned(), |drawn| format!("{drawn}\n{text}")))
        }
        Invoice::Paid { key, rail, evidence, idempotency_key } => {
            let body =
                json!({ "rail": rail.word(), "evidence": evidence, "idempotency_key": idempotency_key });
            output.show(&client.post(&path(&key, "/paid"), &body).await?, show::receipted)
        }
        Invoice::Evidence { key, rail, proof } => {
            let body = json!({ "rail": rail.word(), "proof": proof });
            let said = client.post(&path(&key, "/evidence"), &body).await?;
            output.show(&said, |_| "told the business".to_owned())
        }
        Invoice::Lightning { key, bolt11 } => {
            let said = client.post(&path(&key, "/lightning"), &json!({ "bolt11": bolt11 })).await?;
            output.show(&said, |_| "the invoice can be paid by Lightning".to_owned())
        }
    }
}

fn way_to_pay(invoice: &Value, rail: RailName) -> Result<&Value, Failure> {
    let ways = invoice["pay"].as_array().map(Vec::as_slice).unwrap_or_default();
    let way = ways.iter().find(|way| show::text(way, "rail") == rail.word());
    let words = || format!("the invoice can't be paid by {}: `sigillo invoice show` tells how", rail.word());
    way.ok_or_else(|| Failure::failed("no_rail", words()))
}

fn too_long() -> Failure {
    Failure::failed("qr", "the text is too long for a QR code")
}
