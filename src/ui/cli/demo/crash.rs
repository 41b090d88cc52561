//! Steps: the business is killed while customers write to it, and comes back with everything.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::ui::cli::demo::check::{Told, Wrong, expect, list, time, wait_for};
use crate::ui::cli::demo::market::{Known, history};
use crate::ui::cli::demo::node::Node;
use crate::ui::cli::demo::stage::Stage;
use crate::ui::cli::show::text;

/// Texts of Ana that are sent right before the process is killed.
const BEFORE: usize = 20;
/// Texts of each customer that are sent while there is no process.
const AFTER: usize = 5;

/// What the business had, and what it must have when it is back.
pub(super) struct Before {
    ana: Books,
    bento: Books,
    invoices: Value,
    subscriptions: usize,
}

/// One customer's side.
struct Books {
    /// As whom the business knows them.
    known: String,
    /// The conversation as it was on the business's disk.
    lines: Vec<Line>,
    /// What they sent since then, in order.
    texts: Vec<String>,
}

/// A line of a conversation that can't change any more: its place, its id, what it says.
type Line = (u64, String, String);

/// Ana writes as fast as she can; the business's process is killed (SIGKILL); both customers go on writing.
pub(super) async fn crash(shop: &mut Node, known: &Known, ana: &Node, bento: &Node) -> Told<Before> {
    let mut before = Before {
        ana: Books::open(shop, &known.ana).await?,
        bento: Books::open(shop, &known.bento).await?,
        invoices: shop.get("/v1/invoices").await?,
        subscriptions: list(&shop.get("/v1/subscriptions").await?).len(),
    };
    for number in 1..=BEFORE {
        before.ana.write(ana, &shop.address, &format!("Ana, number {number}")).await?;
    }
    let (process, waiting) = (shop.process_id(), undelivered(ana, &shop.address).await?);
    shop.kill().await?;
    for number in BEFORE + 1..=BEFORE + AFTER {
        before.ana.write(ana, &shop.address, &format!("Ana, number {number}")).await?;
    }
    for number in 1..=AFTER {
        before.bento.write(bento, &shop.address, &format!("Bento, number {number}")).await?;
    }
    let queued = undelivered(ana, &shop.address).await? + undelivered(bento, &shop.address).await?;
    let least = 2 * AFTER;
    expect(queued >= least, format!("at least {least} texts to wait at the customers"), queued)?;
    let detail = format!(
        "kill -9 of process {process}, {waiting} of {BEFORE} texts not acknowledged yet; {} more written since; \
         {queued} wait at the customers",
        2 * AFTER
    );
    Ok((before, detail))
}

/// The same home, a new process: what was there is there, and what waited arrives, each once and in order.
pub(super) async fn recovery(
    stage: &Stage,
    shop: &mut Node,
    before: &Before,
    ana: &Node,
    bento: &Node,
) -> Told<()> {
    let began = Instant::now();
    let started = shop.start(stage).await?;
    before.ana.compare(shop).await?;
    before.bento.compare(shop).await?;
    let all_here = began.elapsed();
    for customer in [ana, bento] {
        let expected = format!("every text of {} to be acknowledged", customer.name());
        wait_for(&expected, async || match undelivered(customer, &shop.address).await {
            Ok(0) => Ok(()),
            Ok(waiting) => Err(format!("{waiting} that aren't")),
            Err(wrong) => Err(wrong.saw),
        })
        .await?;
    }
    let invoices = shop.get("/v1/invoices").await?;
    expect(invoices == before.invoices, format!("the invoices {}", before.invoices), &invoices)?;
    let subscriptions = list(&shop.get("/v1/subscriptions").await?).len();
    let expected = format!("{} subscription(s)", before.subscriptions);
    expect(subscriptions == before.subscriptions, expected, subscriptions)?;
    let (old, new) = (
        before.ana.lines.len() + before.bento.lines.len(),
        before.ana.texts.len() + before.bento.texts.len(),
    );
    let detail = format!(
        "process {} runs on the same home after {}; {old} old lines unchanged, {new} new texts each once and in order \
         after {}, all acknowledged; invoice and subscription kept",
        shop.process_id(),
        time(started),
        time(all_here),
    );
    Ok(((), detail))
}

impl Books {
    async fn open(shop: &Node, known: &str) -> Result<Self, Wrong> {
        let lines = history(shop, known).await?.iter().map(line).collect();
        Ok(Self { known: known.to_owned(), lines, texts: Vec::new() })
    }

    async fn write(&mut self, customer: &Node, shop: &str, words: &str) -> Result<(), Wrong> {
        customer.post("/v1/messages", &json!({ "to": shop, "text": words })).await?;
        self.texts.push(words.to_owned());
        Ok(())
    }

    /// Waits for the last text; then the business's conversation is the old lines and the new texts, exactly.
    async fn compare(&self, shop: &Node) -> Result<(), Wrong> {
        let expected = format!("{} old lines and then {} texts", self.lines.len(), self.texts.len());
        wait_for(&expected, async || {
            let entries = history(shop, &self.known).await.map_err(|wrong| wrong.saw)?;
            let lines: Vec<Line> = entries.iter().map(line).collect();
            let (old, new) = lines.split_at(self.lines.len().min(lines.len()));
            let new: Vec<&str> = new.iter().map(|(_, _, words)| words.as_str()).collect();
            if old == self.lines && new == self.texts {
                return Ok(());
            }
            let old = if old == self.lines { "the old lines" } else { "other old lines" };
            Err(format!("{old} and then {} texts, the last {:?}", new.len(), new.last()))
        })
        .await
    }
}

fn line(entry: &Value) -> Line {
    (
        entry["position"].as_u64().unwrap_or_default(),
        text(entry, "id").to_owned(),
        text(entry, "text").to_owned(),
    )
}

/// How many texts of a customer the business hasn't acknowledged.
async fn undelivered(customer: &Node, shop: &str) -> Result<usize, Wrong> {
    let entries = history(customer, shop).await?;
    let waiting = |entry: &&Value| {
        text(entry, "direction") == "out" && !["delivered", "read"].contains(&text(entry, "state"))
    };
    Ok(entries.iter().filter(waiting).count())
}
