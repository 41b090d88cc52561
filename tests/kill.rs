//! Nodes that are killed at random moments of a stream of messages, and what their conversations look like after.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::process::{Api, Process, friends};
use common::{Place, addresses, wait_for};
use hyper::Method;
use serde_json::{Value, json};
use sigillo::base::kind::AccountKind::{Business, Person};
use sigillo::node::clock;
use sigillo::sim::random::Random;

/// How often somebody is killed in one test.
const KILLS: u64 = 10;

/// The seed of the environment variable `SIGILLO_KILL_SEED`, or one that no run had before.
fn fresh_seed() -> u64 {
    let named = std::env::var("SIGILLO_KILL_SEED").ok().and_then(|text| text.parse().ok());
    named.unwrap_or_else(|| clock::now().as_millis())
}

/// Says which seed made the test fail.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was {0}: SIGILLO_KILL_SEED={0} repeats the schedule", self.0);
        }
    }
}

/// Sends numbered texts, one after the other, until it is told to stop; through every restart of the node.
/// Returns the texts that the node accepted. One that was under way when the node died is not tried again:
/// it may have been accepted or not.
async fn stream(home: &Path, to: &str, name: &str, stop: &AtomicBool) -> Vec<String> {
    let mut accepted = Vec::new();
    let mut api = Api::connect(home).await;
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let text = format!("{name} {number}");
        let body = json!({ "to": to, "text": text }).to_string();
        match api.raw(Method::POST, "/v1/messages", body).await {
            Some((status, _)) if status.is_success() => accepted.push(text),
            // A node that is being ended answers so.
            Some((status, answer)) => panic!("{status}: {}", String::from_utf8_lossy(&answer)),
            None => api = Api::connect(home).await,
        }
        // Not so fast that the first half of the test is only backlog.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    accepted
}

fn texts(history: &[Value], direction: &str) -> Vec<String> {
    let entries = history.iter().filter(|entry| entry["direction"] == direction);
    entries.filter_map(|entry| entry["text"].as_str()).map(str::to_owned).collect()
}

/// Kills and restarts the nodes that `victims` names, at random moments.
async fn rampage(random: &mut Random, nodes: &mut [&mut Process], victims: &[usize]) {
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random.below(900))).await;
        let victim = victims[usize::try_from(random.below(victims.len() as u64)).unwrap()];
        nodes[victim].kill();
        if random.chance(30) {
            tokio::time::sleep(Duration::from_millis(random.below(600))).await;
        }
        if random.chance(20) {
            // Killed while it starts, too.
            nodes[victim].start();
            tokio::time::sleep(Duration::from_millis(random.below(400))).await;
            nodes[victim].kill();
        }
        nodes[victim].start();
    }
}

/// Waits until everything that one side keeps as sent is delivered, then compares.
async fn compare(from: &Process, here: &str, to: &Process, there: &str, accepted: &[String]) {
    let (mut sender, mut receiver) = (from.api().await, to.api().await);
    let sent = wait_for("the deliveries", async || {
        let history = sender.history(there).await;
        let ours = history.iter().filter(|entry| entry["direction"] == "out" && entry["kind"] == "text");
        ours.clone().all(|entry| entry["state"] == "delivered").then_some(history)
    })
    .await;
    let received = receiver.history(here).await;
    for history in [&sent, &received] {
        let strange: Vec<_> =
            history.iter().filter(|entry| entry["kind"] != "text" && entry["kind"] != "hello").collect();
        assert!(strange.is_empty(), "nothing is missing and no session was remade: {strange:?}");
    }
    let (sent, received) = (texts(&sent, "out"), texts(&received, "in"));
    assert_eq!(sent, received, "every text that was sent came, once and in order");
    let kept: Vec<&String> = sent.iter().filter(|text| accepted.contains(text)).collect();
    assert_eq!(kept, accepted.iter().collect::<Vec<_>>(), "what was accepted was sent, once and in order");
}

/// Two streams, one each way, while the nodes that `victims` names are killed; then both ways are compared.
async fn trial(seed: u64, mut one: Process, other: &mut Process, addresses: [String; 2], victims: &[usize]) {
    let _seed = Seed(seed);
    let mut random = Random::new(seed);
    let [here, there] = addresses;
    let stop = AtomicBool::new(false);
    let (home, other_home) = (one.home(), other.home());
    let mut nodes = [&mut one, &mut *other];
    let killing = async {
        rampage(&mut random, &mut nodes, victims).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.store(true, Ordering::Relaxed);
    };
    let streams = (stream(&home, &there, "one", &stop), stream(&other_home, &here, "other", &stop));
    let ((), from_one, from_other) = tokio::join!(killing, streams.0, streams.1);
    let (one_way, other_way) = (from_one.len(), from_other.len());
    assert!(one_way + other_way > 100, "streams, not trickles: {one_way} and {other_way}");
    compare(&one, &here, other, &there, &from_one).await;
    compare(other, &there, &one, &here, &from_other).await;
    for node in [&one, other] {
        let log = node.log();
        assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
    }
}

async fn two_people(seed: u64) {
    let (ana, mut bento) = friends().await;
    let addresses = [ana.address().await, bento.address().await];
    trial(seed, ana, &mut bento, addresses, &[0, 1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_repeated_or_out_of_order_when_either_person_is_killed_at_moments_we_know() {
    two_people(0x5161_1110).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_repeated_or_out_of_order_when_either_person_is_killed_at_moments_nobody_knows() {
    two_people(fresh_seed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_repeated_or_out_of_order_when_the_business_is_killed_among_its_customers() {
    let hub_place = Place::directory_server();
    let hub = hub_place.start().await;
    let bootstrap = addresses(&hub).await;
    let mut shop = Process::new(Place::new(Business, &bootstrap));
    let mut customer = Process::new(Place::new(Person, &bootstrap));
    shop.start();
    customer.start();
    let (mut at_shop, mut at_customer) = (shop.api().await, customer.api().await);
    at_shop.ask(Method::PATCH, "/v1/profile", json!({ "name": "Padaria" })).await;
    let shop_address = at_shop.get("/v1/id").await["address"].as_str().unwrap().to_owned();
    wait_for("the publication", async || {
        let (status, _) = at_shop.raw(Method::POST, "/v1/profile/publish", "").await?;
        status.is_success().then_some(())
    })
    .await;
    wait_for("the business", async || {
        let body = json!({ "to": shop_address, "text": "bom dia" }).to_string();
        let (status, _) = at_customer.raw(Method::POST, "/v1/messages", body).await?;
        status.is_success().then_some(())
    })
    .await;
    let known_as = wait_for("the customer", async || {
        let contacts = at_shop.get("/v1/contacts").await;
        Some(contacts.as_array()?.first()?["address"].as_str()?.to_owned())
    })
    .await;
    trial(fresh_seed() ^ 1, shop, &mut customer, [shop_address, known_as], &[0]).await;
    hub.shutdown().await.unwrap();
}
