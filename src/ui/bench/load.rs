//! Many customers of one business, each conversing with its bot.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::base::desk_limits::AUTOMATIC_SPANS;
use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::disk::home::Home;
use crate::domain::directory::profile::{ProfileDraft, dht_keys};
use crate::engine::command::Command;
use crate::engine::desk_command::DeskCommand;
use crate::node::handle::Node;
use crate::node::identity;
use crate::node::open_files;
use crate::node::raw_peer::RawPeer;
use crate::ui::bench::customer::Customer;
use crate::ui::bench::load_report::{Connecting, Conversing, Load, Memory};
use crate::ui::bench::nodes::{Failed, PASSPHRASE, Place, addresses};
use crate::ui::bench::process::{Process, Usage};
use crate::ui::bench::timer::{Timer, quantile};

/// The bot of the business.
const BOT: &str = include_str!("bot.toml");
/// Messages that each customer writes at a pace, one a second.
const PACED: u64 = 4;
/// The pause between two of them.
const PACE: Duration = Duration::from_secs(1);
/// Messages that each customer writes as soon as the former one is answered: with the others as many as a bot answers
/// one customer in an hour.
const HURRIED: u64 = AUTOMATIC_SPANS[0].1 as u64 - PACED - 1;
/// How long nothing is asked of the node before its memory is read.
const SETTLE: Duration = Duration::from_secs(3);
/// Files that both processes have open besides one connection for each customer.
const OTHER_FILES: u64 = 256;
/// Customers that wait to say what they have done.
const DONE_QUEUE: usize = 16;
/// How long the business may take to be found.
const PUBLISHED: Duration = Duration::from_secs(60);

/// What the customers are to do now, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Arrive,
    Pace,
    Hurry,
    End,
}

/// What a customer has done.
enum Done {
    /// Its first message was answered, after so many milliseconds.
    Arrived(f64),
    /// It is through with a part, and its messages were answered after so many milliseconds each.
    Conversed(Vec<f64>),
    /// It waited for an answer in vain, or its node couldn't go on.
    Failed(Failed),
}

/// What is wanted of the customers.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Wanted {
    /// How many.
    pub(in crate::ui) customers: u32,
    /// How many are on their way to their first answer at once.
    pub(in crate::ui) at_once: u32,
    /// For how long they write at most when they are in a hurry.
    pub(in crate::ui) span: Duration,
}

/// Runs a business with its customers.
pub(in crate::ui) async fn measure(under: &Path, wanted: Wanted) -> Result<Load, Failed> {
    let customers = wanted.customers;
    let needed = u64::from(customers) + OTHER_FILES;
    if let Some(allowed) = open_files::raise().filter(|allowed| *allowed < needed) {
        let words = format!(
            "{customers} customers need {needed} open files, and the system allows {allowed}: raise the limit \
             (`ulimit -Hn`, or nofile in /etc/security/limits.conf), or measure with fewer"
        );
        return Err(words.into());
    }
    let hub = Place::new(under, "hub", AccountKind::Person, &[])?.serving().start().await?;
    let bootstrap = addresses(&hub).await?;
    let mut place = Place::new(under, "business", AccountKind::Business, &bootstrap)?;
    place.config.network.connections = limits::CONNECTIONS_IN_MAX + customers;
    let business = open_shop(&place).await?;
    let process = Process::run(under, &place)?;
    let records = published(&bootstrap, &business).await?;
    tokio::time::sleep(SETTLE).await;
    let before = process.usage();

    let mut crowd = Crowd::gather(wanted, business, &records.into());
    let connecting = crowd.arrive().await?;
    tokio::time::sleep(SETTLE).await;
    let connected = process.usage();
    let paced = crowd.converse(Part::Pace, &process).await?;
    let hurried = crowd.converse(Part::Hurry, &process).await?;
    let after = process.usage();
    crowd.part.send_replace(Part::End);
    while crowd.tasks.join_next().await.is_some() {}
    process.kill()?;
    hub.shutdown().await?;

    let memory = before.zip(connected).zip(after).map(|((before, connected), after)| Memory {
        before_mib: before.resident_kib / 1024.0,
        connected_mib: connected.resident_kib / 1024.0,
        kib_per_customer: (connected.resident_kib - before.resident_kib) / f64::from(customers),
        after_mib: after.resident_kib / 1024.0,
    });
    Ok(Load { customers, connecting, memory, paced, hurried })
}

/// Gives the business its profile and its bot before its node runs.
async fn open_shop(place: &Place) -> Result<AccountId, Failed> {
    let keystore = identity::unlock(&place.home, &zeroize::Zeroizing::new(PASSPHRASE.to_vec()))?;
    let node = Node::offline(Home::open(&place.home)?, keystore).await?;
    let draft =
        ProfileDraft { name: "Benchmark Bakery".into(), country: "BR".into(), ..ProfileDraft::default() };
    node.command(Command::SetProfile(Box::new(draft))).await?;
    let bot = toml::from_str(BOT)?;
    node.command(Command::Desk(DeskCommand::SetBot(Some(Box::new(bot))))).await?;
    let account = node.account();
    node.shutdown().await?;
    Ok(account)
}

/// What the directory has of the business, once it has something.
async fn published(bootstrap: &[String], business: &AccountId) -> Result<Vec<Vec<u8>>, Failed> {
    let mut reader = RawPeer::join("/ip4/127.0.0.1/tcp/0", bootstrap).await?;
    let timer = Timer::start();
    while timer.elapsed() < PUBLISHED {
        for key in dht_keys(business) {
            let records = reader.get(key).await?;
            if !records.is_empty() {
                return Ok(records);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("the business wasn't found in the directory".into())
}

/// All customers, each in a task of its own.
struct Crowd {
    wanted: Wanted,
    part: watch::Sender<Part>,
    done: mpsc::Receiver<Done>,
    tasks: JoinSet<()>,
}

impl Crowd {
    fn gather(wanted: Wanted, business: AccountId, records: &Arc<[Vec<u8>]>) -> Self {
        let Wanted { customers, at_once, span } = wanted;
        let (part, parts) = watch::channel(Part::Arrive);
        let (say, done) = mpsc::channel(DONE_QUEUE);
        let door = Arc::new(Semaphore::new(at_once as usize));
        let mut tasks = JoinSet::new();
        for number in 0..customers {
            let records = Arc::clone(records);
            let visit = Visit {
                door: Arc::clone(&door),
                parts: parts.clone(),
                say: say.clone(),
                // Spread over the pause, as customers are who don't know of each other.
                offset: PACE * number / customers,
                span,
            };
            tasks.spawn(async move {
                let say = visit.say.clone();
                if let Err(failed) = visit.pay(business, records).await {
                    // Fails only where nobody measures any more.
                    let _ = say.send(Done::Failed(failed)).await;
                }
            });
        }
        Self { wanted, part, done, tasks }
    }

    async fn next(&mut self) -> Result<Done, Failed> {
        match self.done.recv().await {
            Some(Done::Failed(failed)) => Err(failed),
            Some(done) => Ok(done),
            None => Err("the customers have gone".into()),
        }
    }

    async fn arrive(&mut self) -> Result<Connecting, Failed> {
        let timer = Timer::start();
        let mut millis = Vec::new();
        for _ in 0..self.wanted.customers {
            if let Done::Arrived(after) = self.next().await? {
                millis.push(after);
            }
        }
        Ok(Connecting {
            at_once: self.wanted.at_once,
            seconds: timer.elapsed().as_secs_f64(),
            median_ms: quantile(&mut millis, 0.5),
            p99_ms: quantile(&mut millis, 0.99),
        })
    }

    async fn converse(&mut self, part: Part, process: &Process) -> Result<Conversing, Failed> {
        let before = process.usage().zip(Usage::of_us());
        let timer = Timer::start();
        self.part.send_replace(part);
        let mut millis = Vec::new();
        for _ in 0..self.wanted.customers {
            if let Done::Conversed(more) = self.next().await? {
                millis.extend(more);
            }
        }
        let seconds = timer.elapsed().as_secs_f64();
        let after = process.usage().zip(Usage::of_us());
        let percent =
            |before: Usage, after: Usage| (after.cpu_seconds - before.cpu_seconds) / seconds * 100.0;
        let cpu = before.zip(after);
        Ok(Conversing {
            round_trips: millis.len(),
            seconds,
            round_trips_a_second: millis.len() as f64 / seconds,
            median_ms: quantile(&mut millis, 0.5),
            p99_ms: quantile(&mut millis, 0.99),
            business_cpu_percent: cpu.map(|((before, _), (after, _))| percent(before, after)),
            customers_cpu_percent: cpu.map(|((_, before), (_, after))| percent(before, after)),
        })
    }
}

/// What one customer needs to know for its visit.
struct Visit {
    door: Arc<Semaphore>,
    parts: watch::Receiver<Part>,
    say: mpsc::Sender<Done>,
    offset: Duration,
    span: Duration,
}

impl Visit {
    async fn pay(mut self, business: AccountId, records: Arc<[Vec<u8>]>) -> Result<(), Failed> {
        let place = self.door.acquire().await?;
        let mut customer = Customer::new(business, records)?;
        let arrived = customer.begin().await?;
        drop(place);
        self.say.send(Done::Arrived(arrived)).await?;

        self.until(&mut customer, Part::Pace).await?;
        customer.live(tokio::time::sleep(self.offset)).await?;
        let mut millis = Vec::new();
        for _ in 0..PACED {
            let timer = Timer::start();
            millis.push(customer.round().await?);
            customer.live(tokio::time::sleep(PACE.saturating_sub(timer.elapsed()))).await?;
        }
        self.say.send(Done::Conversed(millis)).await?;

        self.until(&mut customer, Part::Hurry).await?;
        let (timer, mut millis) = (Timer::start(), Vec::new());
        while millis.len() < HURRIED as usize && timer.elapsed() < self.span {
            millis.push(customer.round().await?);
        }
        self.say.send(Done::Conversed(millis)).await?;
        self.until(&mut customer, Part::End).await
    }

    /// Lives until it is time for a part.
    async fn until(&mut self, customer: &mut Customer, part: Part) -> Result<(), Failed> {
        customer.live(self.parts.wait_for(|now| *now >= part)).await?.map(drop).map_err(Failed::from)
    }
}
