//! Steps: a business publishes, strangers find it, they talk, and it can't tell who they are elsewhere.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::base::money::Money;
use crate::ui::cli::client::{escaped, query};
use crate::ui::cli::demo::check::{Told, Wrong, expect, list, several, short, time, wait_for};
use crate::ui::cli::demo::node::Node;
use crate::ui::cli::show::text;

/// The plan that is offered.
pub(super) const PLAN: &str = "daily-bread";
/// How long a message may take to the other disk.
const DELIVERY: Duration = Duration::from_secs(15);
/// What the customers ask.
const QUESTION: &str = "Bom dia! Tem pao quente?";
/// What the business answers.
const ANSWER: &str = "Bom dia! Sim, as seis.";

/// Under which addresses the business knows the customers.
pub(super) struct Known {
    pub(super) ana: String,
    pub(super) bento: String,
}

/// The business says what it is and what it offers, and the directory takes it.
pub(super) async fn publish(shop: &Node) -> Told<()> {
    let profile = json!({
        "about": "Fresh bread every morning.", "categories": ["bakery"], "country": "BR", "region": "BR-SP",
        "languages": ["pt-BR"],
    });
    shop.request(Method::PATCH, "/v1/profile", Some(&profile)).await?;
    let price = "BRL".parse().ok().and_then(|currency| Money::parse("19.90", currency).ok());
    let plan = json!({
        "name": "Daily bread", "price": price, "period": "monthly", "grace_days": 3, "hold_days": 10,
    });
    shop.request(Method::PUT, &format!("/v1/plans/{PLAN}"), Some(&plan)).await?;
    let expected = "the profile to be read back from the directory, and the index to take its entries";
    let published = wait_for(expected, async || {
        let published = shop.post("/v1/profile/publish", &Value::Null).await.map_err(|wrong| wrong.saw)?;
        let there = count(&published, "keys_read_back") >= 2 && count(&published, "index_entries") >= 1;
        if there { Ok(published) } else { Err(published.to_string()) }
    });
    let published = published.await?;
    let detail = format!(
        "signed profile number {}: {} asked to keep it, read back under {}, {} index entries taken",
        count(&published, "seq"),
        several(count(&published, "peers_asked"), "peer"),
        several(count(&published, "keys_read_back"), "key"),
        count(&published, "index_entries"),
    );
    Ok(((), detail))
}

/// One customer looks for words, the other for a kind of business in a country; neither has its address.
pub(super) async fn find(ana: &Node, bento: &Node, shop: &Node) -> Told<()> {
    let words = query("/v1/businesses", &[("words", Some("padaria aurora".to_owned()))]);
    let kind = [("category", Some("bakery".to_owned())), ("country", Some("BR".to_owned()))];
    let by_words = found(ana, &words, shop).await?;
    let by_kind = found(bento, &query("/v1/businesses", &kind), shop).await?;
    let detail = format!("Ana by \"padaria aurora\": {by_words}; Bento by bakery in BR: {by_kind}");
    Ok(((), detail))
}

/// Somebody who knows an address only writes to it: the first frame carries the key exchange.
pub(super) async fn first_message(ana: &Node, shop: &Node) -> Told<()> {
    let (sent, took) = deliver(ana, &shop.address, QUESTION).await?;
    let detail = format!(
        "Ana to the business: {} bytes of text left as {sent}, key exchange included; on its disk after {}",
        QUESTION.len(),
        time(took),
    );
    Ok(((), detail))
}

/// The business reads the question and answers.
pub(super) async fn answer(shop: &Node, ana: &Node) -> Told<()> {
    let [customer] =
        list(&shop.get("/v1/contacts").await?).to_owned().try_into().map_err(|all: Vec<Value>| {
            Wrong::new("one customer known to the business", format!("{} contacts", all.len()))
        })?;
    let customer = text(&customer, "address").to_owned();
    read(shop, &customer, QUESTION).await?;
    let (sent, took) = deliver(shop, &customer, ANSWER).await?;
    read(ana, &shop.address, ANSWER).await?;
    let detail = format!(
        "the business read it and answered: {} bytes of text as {sent}; on Ana's disk after {}",
        ANSWER.len(),
        time(took),
    );
    Ok(((), detail))
}

/// The second customer writes too: the business sees two addresses, and neither is known anywhere else.
pub(super) async fn unlinkable(shop: &Node, ana: &Node, bento: &Node, hub: &Node) -> Told<Known> {
    deliver(bento, &shop.address, QUESTION).await?;
    let known = Known { ana: known_as(ana, shop).await?, bento: known_as(bento, shop).await? };
    let contacts = shop.get("/v1/contacts").await?;
    let mut seen: Vec<&str> = list(&contacts).iter().map(|contact| text(contact, "address")).collect();
    seen.sort_unstable();
    let mut told = [known.ana.as_str(), known.bento.as_str()];
    told.sort_unstable();
    expect(seen == told, format!("the business to know its customers as {told:?}"), format!("{seen:?}"))?;
    let own = [ana.address.as_str(), bento.address.as_str()];
    let unlinked = seen.iter().all(|address| !own.contains(address)) && told[0] != told[1];
    expect(unlinked, "two addresses that are nobody's own", format!("{seen:?}"))?;
    let carried = count(&hub.get("/v1/status").await?["network"]["traffic"], "frames_received");
    expect(carried == 0, "the bootstrap node to carry no message", format!("{carried} frames"))?;
    let (ana, bento) = (short(&known.ana), short(&known.bento));
    let detail = format!(
        "the business knows them as {ana} and {bento}, which are neither's own address; the bootstrap node saw 0 frames"
    );
    Ok((known, detail))
}

/// Sends a text and waits until it is on the other disk; what left the node meanwhile, and how long it took.
pub(super) async fn deliver(from: &Node, to: &str, words: &str) -> Result<(String, Duration), Wrong> {
    let before = traffic(from).await?;
    let began = Instant::now();
    let letter =
        json!({ "to": to, "text": words, "wait": "delivered", "timeout_ms": DELIVERY.as_millis() as u64 });
    let sent = from.post("/v1/messages", &letter).await?;
    let took = began.elapsed();
    expect(sent["reached"] == json!(true), format!("a text of {} to be delivered", from.name()), &sent)?;
    let after = traffic(from).await?;
    let (frames, bytes) = (after.0 - before.0, after.1 - before.1);
    expect(
        frames > 0 && bytes > words.len() as u64,
        "a frame larger than its text",
        format!("{frames} frames"),
    )?;
    Ok((format!("{} of {bytes} bytes of ciphertext", several(frames, "frame")), took))
}

/// The whole conversation with somebody, oldest first.
pub(super) async fn history(node: &Node, with: &str) -> Result<Vec<Value>, Wrong> {
    let path = format!("/v1/conversations/{}/history?limit=500", escaped(with));
    Ok(list(&node.get(&path).await?["entries"]).to_owned())
}

pub(super) fn count(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_default()
}

/// Searches until the business, and nothing else, is found.
async fn found(by: &Node, path: &str, shop: &Node) -> Result<String, Wrong> {
    let expected = format!("{} to find the business and nothing else", by.name());
    wait_for(&expected, async || {
        let began = Instant::now();
        let found = by.get(path).await.map_err(|wrong| wrong.saw)?;
        let took = began.elapsed();
        let addresses: Vec<&str> =
            list(&found["businesses"]).iter().map(|one| text(one, "address")).collect();
        if addresses == [shop.address.as_str()] {
            return Ok(format!("{} asked, {}", several(count(&found, "peers_asked"), "peer"), time(took)));
        }
        Err(found.to_string())
    })
    .await
}

/// The last text of a conversation has come.
async fn read(node: &Node, from: &str, words: &str) -> Result<(), Wrong> {
    let expected = format!("{} to read {words:?}", node.name());
    wait_for(&expected, async || {
        let entries = history(node, from).await.map_err(|wrong| wrong.saw)?;
        let last = entries.last().cloned().unwrap_or_default();
        if text(&last, "text") == words && text(&last, "direction") == "in" {
            Ok(())
        } else {
            Err(last.to_string())
        }
    })
    .await
}

/// Which address of the customer's the business sees, as the customer's own node has it.
async fn known_as(customer: &Node, shop: &Node) -> Result<String, Wrong> {
    let contact = customer.get(&format!("/v1/contacts/{}", escaped(&shop.address))).await?;
    Ok(text(&contact, "we_are").to_owned())
}

/// Frames, and their bytes, that left a node so far.
async fn traffic(node: &Node) -> Result<(u64, u64), Wrong> {
    let status = node.get("/v1/status").await?;
    let traffic = &status["network"]["traffic"];
    Ok((count(traffic, "frames_sent"), count(traffic, "bytes_sent")))
}
