//! Real nodes on loopback, each in a subnet of its own, metered while they publish and search one after the other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::base::kind::AccountKind;
use crate::disk::home::Home;
use crate::disk::options::Options;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::directory::search::Query;
use crate::engine::command::{Command, Outcome};
use crate::node::handle::{Counted, Meter, Node};
use crate::node::laboratory::Laboratory;
use crate::sim::routing::cost::Cost;
use crate::ui::bench::nodes::{Failed, Place, addresses};
use crate::ui::bench::timer::Timer;
use crate::ui::plot::figures::quantile;
use crate::ui::scale::figures::{Row, Summary};
use crate::wire::kademlia::Kind;

/// Nodes that start at the same time.
const STARTING: usize = 8;
/// Nodes that the others begin with.
const SEEDS: usize = 3;
/// How often tables are looked at while they fill, and how many looks in a row must see the same.
const LOOK: Duration = Duration::from_millis(500);
/// See [`LOOK`].
const LOOKS_ALIKE: u32 = 4;
/// How long tables may take to fill.
const PATIENCE: Duration = Duration::from_secs(180);
/// Businesses of a network at most: what is measured is measured at each in turn.
const BUSINESSES: usize = 20;
/// The length of a directory key; upkeep of the routing table asks about peer ids, which are longer.
const KEY_LEN: usize = 32;

/// One real node.
struct Member {
    node: Node,
    meter: Meter,
    /// The word that only its name has, where it is a business.
    word: Option<String>,
}

/// Real nodes that know each other.
pub(in crate::ui) struct Network {
    under: PathBuf,
    members: Vec<Member>,
    made: usize,
    seeds: Vec<String>,
}

impl Network {
    /// Starts so many nodes in a folder, and waits until their tables are full.
    pub(in crate::ui) async fn start(under: &Path, nodes: usize) -> Result<Self, Failed> {
        let mut network = Self { under: under.to_owned(), members: Vec::new(), made: 0, seeds: Vec::new() };
        for _ in 0..SEEDS.min(nodes) {
            network.grow(1).await?;
            if let Some(member) = network.members.last() {
                let addresses = addresses(&member.node).await?;
                network.seeds.extend(addresses);
            }
        }
        network.grow(nodes - network.members.len()).await?;
        network.settle().await?;
        Ok(network)
    }

    /// Adds nodes; the first ones are businesses.
    async fn grow(&mut self, more: usize) -> Result<(), Failed> {
        let (under, seeds) = (self.under.clone(), self.seeds.clone());
        let start = |number: usize| start(under.clone(), seeds.clone(), number);
        let started = stream::iter(self.made..self.made + more).map(start).buffered(STARTING);
        let started: Vec<Member> = started.try_collect().await?;
        self.made += more;
        self.members.extend(started);
        Ok(())
    }

    /// Waits until the tables grow no more.
    async fn settle(&self) -> Result<(), Failed> {
        let (timer, mut before, mut alike) = (Timer::start(), 0, 0);
        while alike < LOOKS_ALIKE && timer.elapsed() < PATIENCE {
            tokio::time::sleep(LOOK).await;
            let all: usize = self.tables().await?.into_iter().sum();
            alike = if all == before { alike + 1 } else { 0 };
            before = all;
        }
        Ok(())
    }

    async fn tables(&self) -> Result<Vec<usize>, Failed> {
        let mut tables = Vec::with_capacity(self.members.len());
        for member in &self.members {
            tables.push(member.node.status().await?.network.map_or(0, |network| network.routing));
        }
        Ok(tables)
    }

    /// Lets every business publish once, unmeasured: the first time a node looks for what was published before.
    pub(in crate::ui) async fn open(&self) -> Result<(), Failed> {
        for (number, member) in self.members.iter().enumerate() {
            if let Some(word) = &member.word {
                member.node.command(Command::SetProfile(Box::new(draft(number, word)))).await?;
                publish(member).await?;
            }
        }
        self.settle().await
    }

    /// Lets so many of a hundred nodes leave at once, and as many others come. Businesses leave too, and their
    /// profiles stay; seeds stay.
    pub(in crate::ui) async fn churn(&mut self, percent: u32) -> Result<(), Failed> {
        let leaving = self.members.len() * percent as usize / 100;
        // Spread evenly over all that may leave.
        let may = self.members.len().saturating_sub(SEEDS).max(1);
        let mut numbers: Vec<usize> = (0..leaving).map(|at| SEEDS + at * may / leaving.max(1)).collect();
        numbers.dedup();
        for number in numbers.iter().rev() {
            self.members.remove(*number).node.shutdown().await?;
        }
        self.grow(numbers.len()).await
    }

    /// What publications and searches take, so many of each.
    pub(in crate::ui) async fn measure(&self, samples: usize) -> Result<Row, Failed> {
        let (businesses, persons): (Vec<usize>, Vec<usize>) =
            (0..self.members.len()).partition(|number| self.members[*number].word.is_some());
        let (mut published, mut found) = (Vec::new(), Vec::new());
        for sample in 0..samples {
            let Some(at) = businesses.get(sample % businesses.len().max(1)) else { break };
            let business = &self.members[*at];
            let (cost, millis) = metered(business, publish(business)).await?;
            published.push(Cost { millis, ..cost });
            // A person: a business may be publishing on its own account at the same time.
            let Some(seeker) = persons.get(sample * 7 % persons.len().max(1)) else { break };
            let seeker = &self.members[*seeker];
            let word = business.word.clone().unwrap_or_default();
            let (cost, millis) = metered(seeker, search(seeker, word)).await?;
            found.push(Cost { millis, ..cost });
        }
        let mut tables: Vec<f64> = self.tables().await?.into_iter().map(|peers| peers as f64).collect();
        Ok(Row {
            nodes: self.members.len(),
            table: quantile(&mut tables, 0.5),
            publish: Summary::of(&published),
            find: Summary::of(&found),
        })
    }

    /// Ends every node.
    pub(in crate::ui) async fn end(self) -> Result<(), Failed> {
        let ending = self.members.iter().map(|member| member.node.shutdown());
        for ended in futures::future::join_all(ending).await {
            ended?;
        }
        Ok(())
    }
}

/// Every other one of the first nodes is a business, so that even few nodes have some that search.
fn is_business(number: usize) -> bool {
    number % 2 == 1 && number < 2 * BUSINESSES
}

async fn start(under: PathBuf, seeds: Vec<String>, number: usize) -> Result<Member, Failed> {
    let kind = if is_business(number) { AccountKind::Business } else { AccountKind::Person };
    let mut place = Place::new(&under, &format!("node{number}"), kind, &seeds)?.serving();
    // A subnet each, so that the limits for subnets stay on and let them all in.
    let (high, low) = (1 + number / 250, 1 + number % 250);
    // QUIC: one socket a node, where TCP takes two for each connection.
    place.config.network.listen = vec![format!("/ip4/127.{high}.{low}.1/udp/0/quic-v1")];
    place.config.network.connections = 1_024;
    // Small: many of them share a machine.
    let options = Options {
        cache_bytes: 1024 * 1024,
        segment_bytes: 256 * 1024,
        checkpoint_bytes: 2 * 1024 * 1024,
        ..Options::default()
    };
    let meter = Meter::default();
    let home = Home::open(&place.home)?;
    let laboratory = Laboratory::metered(meter.clone());
    let node = Node::open_in(&laboratory, home, place.keystore.clone(), &place.config, options).await?;
    addresses(&node).await?;
    Ok(Member { node, meter, word: is_business(number).then(|| word_of(number)) })
}

/// A word for each number.
fn word_of(number: usize) -> String {
    let letter = |at: usize| char::from(b'a' + (at % 26) as u8);
    format!("umbuzeiro{}{}{}", letter(number / 676), letter(number / 26), letter(number))
}

/// What a business says of itself: eleven terms, one of which nobody else has.
fn draft(number: usize, word: &str) -> ProfileDraft {
    ProfileDraft {
        name: format!("Padaria {word}"),
        about: format!(
            "Bread and coffee from five in the morning, at house number {number} of the main road."
        ),
        categories: vec!["bakery".into(), "coffee shop".into()],
        country: "BR".into(),
        region: "BR-SP".into(),
        languages: vec!["pt".into(), "en".into()],
        website: "https://padaria.example".into(),
        hours: "Mo-Sa 05:00-19:00".into(),
        ..ProfileDraft::default()
    }
}

async fn publish(member: &Member) -> Result<bool, Failed> {
    match member.node.command(Command::Publish).await {
        Ok(Outcome::Published { keys_read_back, .. }) => Ok(keys_read_back > 0),
        Ok(_) | Err(_) => Ok(false),
    }
}

async fn search(member: &Member, word: String) -> Result<bool, Failed> {
    match member.node.command(Command::Find(Query { words: word, ..Query::default() })).await {
        Ok(Outcome::Found { businesses, .. }) => Ok(!businesses.is_empty()),
        Ok(_) | Err(_) => Ok(false),
    }
}

/// What one command took, as its node's meter saw it, and in how many milliseconds it was done.
async fn metered(
    member: &Member,
    doing: impl Future<Output = Result<bool, Failed>>,
) -> Result<(Cost, f64), Failed> {
    member.meter.take();
    let timer = Timer::start();
    let done = doing.await?;
    let millis = timer.millis();
    let counted = member.meter.take();
    if counted.left_out > 0 {
        return Err("the meter was full".into());
    }
    Ok((cost_of(&counted, done), millis))
}

/// The same terms in which the model counts. Upkeep that ran meanwhile is left out: it asks about peers, not about keys.
fn cost_of(counted: &Counted, done: bool) -> Cost {
    let mut cost = Cost { done, ..Cost::default() };
    for query in counted.queries.values().filter(|query| query.key.len() == KEY_LEN) {
        let exchange = query.exchange;
        let part = match query.kind {
            Kind::Find => &mut cost.routing,
            Kind::Get => &mut cost.gets,
            Kind::Put => &mut cost.puts,
            Kind::Other => continue,
        };
        let bytes = (exchange.request_bytes + exchange.answer_bytes) as f64;
        part.add(exchange.requests as f64, exchange.answers as f64, bytes);
        if query.kind != Kind::Put {
            cost.hops = cost.hops.max(f64::from(query.hops()));
            cost.peers += query.peers() as f64;
        }
    }
    let asks = counted.asks;
    cost.index.add(
        asks.requests as f64,
        asks.answers as f64,
        (asks.request_bytes + asks.answer_bytes) as f64,
    );
    cost.unreached = counted.told.failures as f64;
    cost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::search;

    #[test]
    fn each_business_has_a_word_of_its_own_and_eleven_terms() {
        let words: std::collections::BTreeSet<String> = (0..2_000).map(word_of).collect();
        assert_eq!(words.len(), 2_000);
        let draft = draft(3, &word_of(3)).checked().unwrap();
        let query = Query { words: word_of(3), ..Query::default() };
        let plan = search::plan(&query).unwrap();
        assert_eq!(plan.keys.len() as u32, crate::ui::scale::modelled::WORK.shards);
        assert!(draft.name.contains(&plan.term));
        assert!((0..10).any(is_business) && !(0..10).all(is_business));
    }
}
