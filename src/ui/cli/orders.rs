//! Offering what is sold, ordering of it, and looking at it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::base::file_limits::THUMBNAIL_MAX;
use crate::base::money::{Currency, Money};
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::failure::Failure;
use crate::ui::cli::file;
use crate::ui::cli::message::{Which, changed};
use crate::ui::cli::output::Output;
use crate::ui::cli::sending::{self, Waiting};
use crate::ui::cli::show;
use crate::ui::cli::spinner::Progress;
use crate::wire::said::order_status::Stage;

/// What is offered.
#[derive(Clone, Debug, Args)]
pub(super) struct Offer {
    /// A contact's name, address, or the beginning of one
    who: String,
    /// Ids of things in the catalog
    #[arg(value_name = "ITEM", required_unless_present_any = ["all", "shelves"])]
    items: Vec<String>,
    /// Everything that is sold, by name, as far as a message has room
    #[arg(long, conflicts_with_all = ["items", "shelves"])]
    all: bool,
    /// With --all: the thing that stands before all others
    #[arg(long, value_name = "ITEM", requires = "all")]
    first: Option<String>,
    /// A part of the offer, with a title; may be repeated
    #[arg(long = "shelf", value_name = "TITLE=ITEM,ITEM", value_parser = shelf, conflicts_with = "items")]
    shelves: Vec<(String, Vec<String>)>,
    /// What is said with it
    #[arg(long, default_value = "")]
    text: String,
    /// What stands above the text
    #[arg(long, default_value = "")]
    header: String,
    /// What stands below the things
    #[arg(long, default_value = "")]
    footer: String,
    /// The message that this one answers: its id, or the beginning of it (`sigillo history WHO --ids`)
    #[arg(long, value_name = "ID")]
    reply_to: Option<String>,
    #[command(flatten)]
    waiting: Waiting,
}

/// What is ordered.
#[derive(Clone, Debug, Args)]
pub(super) struct Order {
    #[command(flatten)]
    which: Which,
    /// Ids of things in the offer, each with how many are wanted [default: 1]
    #[arg(value_name = "ITEM[=QUANTITY]", required = true, value_parser = wanted)]
    items: Vec<(String, u32)>,
    /// What else there is to say
    #[arg(long, default_value = "")]
    text: String,
}

/// What an order comes to.
#[derive(Clone, Debug, Args)]
pub(super) struct Bill {
    #[command(flatten)]
    which: Which,
    /// A tax, such as 4.50: it is added
    #[arg(long, value_name = "AMOUNT")]
    tax: Option<String>,
    /// What it costs to bring it: it is added
    #[arg(long, value_name = "AMOUNT")]
    shipping: Option<String>,
    /// What is taken off
    #[arg(long, value_name = "AMOUNT")]
    discount: Option<String>,
    /// What is said with it
    #[arg(long, default_value = "")]
    text: String,
    /// What you call the order [default: the id of its message]
    #[arg(long)]
    reference: Option<String>,
    #[command(flatten)]
    waiting: Waiting,
}

/// What becomes of an order.
#[derive(Clone, Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    which: Which,
    /// How it stands
    #[arg(value_parser = Stage::ALL.map(Stage::word))]
    status: String,
    /// Why
    #[arg(long, default_value = "")]
    about: String,
    /// What is said with it
    #[arg(long, default_value = "")]
    text: String,
    /// What you call the order [default: the id of its message]
    #[arg(long)]
    reference: Option<String>,
    #[command(flatten)]
    waiting: Waiting,
}

/// Of what a picture is wanted.
#[derive(Clone, Debug, Args)]
pub(super) struct Picture {
    #[command(flatten)]
    which: Which,
    /// The id of a thing in the offer
    item: String,
    /// Where to write it, or `-` for stdout
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
}

pub(super) async fn offer(client: &Client, output: Output, wish: Offer) -> Result<(), Failure> {
    sending::may_wait(client, &wish.waiting)?;
    let shelves = wish.shelves.iter().map(|(title, items)| json!({ "title": title, "items": items }));
    let offer = json!({
        "items": wish.items,
        "shelves": shelves.collect::<Vec<_>>(),
        "all": wish.all,
        "first": wish.first,
        "text": wish.text,
        "header": wish.header,
        "footer": wish.footer,
    });
    let letter = json!({ "to": wish.who, "offer": offer, "reply_to": wish.reply_to });
    sending::post(client, output, letter, &wish.waiting).await
}

pub(super) async fn order(client: &Client, output: Output, wish: Order) -> Result<(), Failure> {
    let items = wish.items.iter().map(|(id, quantity)| json!({ "id": id, "quantity": quantity }));
    let body = json!({ "items": items.collect::<Vec<_>>(), "text": wish.text });
    changed(client, output, (axum::http::Method::POST, &wish.which.route("/order"), Some(&body))).await
}

pub(super) async fn bill(client: &Client, output: Output, wish: Bill) -> Result<(), Failure> {
    sending::may_wait(client, &wish.waiting)?;
    let order = client.get(&wish.which.route("")).await?;
    let currency: Result<Currency, _> = show::text(&order["total"], "currency").parse();
    let currency = currency.map_err(|_| Failure::misused("that message is no order"))?;
    let extra = |amount: &Option<String>| match amount {
        None => Ok(Value::Null),
        Some(amount) => match Money::parse(amount, currency) {
            Ok(amount) => Ok(json!({ "amount": amount })),
            Err(error) => Err(Failure::misused(error.to_string())),
        },
    };
    let bill = json!({
        "order": wish.which.id,
        "reference": wish.reference,
        "tax": extra(&wish.tax)?,
        "shipping": extra(&wish.shipping)?,
        "discount": extra(&wish.discount)?,
        "text": wish.text,
    });
    sending::post(client, output, json!({ "to": wish.which.who, "bill": bill }), &wish.waiting).await
}

pub(super) async fn status(client: &Client, output: Output, wish: Status) -> Result<(), Failure> {
    sending::may_wait(client, &wish.waiting)?;
    let status = json!({
        "order": wish.which.id,
        "reference": wish.reference,
        "status": wish.status,
        "about": wish.about,
        "text": wish.text,
    });
    sending::post(client, output, json!({ "to": wish.which.who, "order_status": status }), &wish.waiting)
        .await
}

pub(super) async fn picture(client: &Client, output: Output, wish: Picture) -> Result<(), Failure> {
    let route = wish.which.route(&format!("/pictures/{}", escaped(&wish.item)));
    write(client, output, &route, &wish.output).await
}

/// Writes the small picture that a route gives.
pub(super) async fn write(
    client: &Client,
    output: Output,
    route: &str,
    target: &Path,
) -> Result<(), Failure> {
    let content = client.long(route).await?;
    let bar = Progress::start("opening", THUMBNAIL_MAX as u64);
    if target == Path::new("-") {
        return file::write_out(content, &bar).await;
    }
    file::write_file(content, target, &bar).await?;
    drop(bar);
    let written = Value::String(target.display().to_string());
    output.show(&json!({ "written": written }), |written| show::text(written, "written").to_owned())
}

fn shelf(text: &str) -> Result<(String, Vec<String>), &'static str> {
    let (title, items) = text.rsplit_once('=').ok_or("a part of an offer is written as TITLE=ITEM,ITEM")?;
    Ok((title.to_owned(), items.split(',').map(|item| item.trim().to_owned()).collect()))
}

fn wanted(text: &str) -> Result<(String, u32), &'static str> {
    let (id, quantity) = text.split_once('=').unwrap_or((text, "1"));
    let quantity = quantity.parse().map_err(|_| "what is wanted is written as ITEM=QUANTITY")?;
    Ok((id.to_owned(), quantity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_and_what_is_offered_is_read() {
        assert_eq!(wanted("rye"), Ok(("rye".into(), 1)));
        assert_eq!(wanted("rye=12"), Ok(("rye".into(), 12)));
        for wrong in ["rye=", "rye=-1", "rye=two", "rye=4294967296"] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
        let parts = Ok(("Today = fresh".into(), vec!["rye".into(), "oat".into()]));
        assert_eq!(shelf("Today = fresh=rye, oat"), parts);
        assert!(shelf("rye").is_err());
    }
}
