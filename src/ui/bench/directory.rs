//! Publishing and finding, in a network of three nodes.

use std::path::Path;
use std::time::Duration;

use crate::base::kind::AccountKind;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::directory::search::Query;
use crate::engine::command::{Command, Outcome};
use crate::ui::bench::messages::stream;
use crate::ui::bench::nodes::{Failed, Place, addresses};
use crate::ui::bench::report::Directory;
use crate::ui::bench::timer::Timer;

/// Publishes and finds, and goes from an address to the first message delivered. The last in milliseconds.
pub(in crate::ui) async fn measure(under: &Path) -> Result<(Directory, f64), Failed> {
    let hub = Place::new(under, "hub", AccountKind::Person, &[])?.serving();
    let hub = hub.start().await?;
    let bootstrap = addresses(&hub).await?;
    let shop = Place::new(under, "shop", AccountKind::Business, &bootstrap)?.start().await?;
    addresses(&shop).await?;
    let draft =
        ProfileDraft { name: "Benchmark Bakery".into(), country: "BR".into(), ..ProfileDraft::default() };
    shop.command(Command::SetProfile(Box::new(draft))).await?;
    let publish_ms = loop {
        let timer = Timer::start();
        if let Ok(Outcome::Published { .. }) = shop.command(Command::Publish).await {
            break timer.millis();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let customer = Place::new(under, "customer", AccountKind::Person, &bootstrap)?.start().await?;
    addresses(&customer).await?;
    let query = Query { words: "bakery".into(), ..Query::default() };
    let find_ms = loop {
        let timer = Timer::start();
        match customer.command(Command::Find(query.clone())).await {
            Ok(Outcome::Found { businesses, .. }) if !businesses.is_empty() => break timer.millis(),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let timer = Timer::start();
    let account = shop.account();
    customer.command(Command::Add { account, name: None }).await?;
    stream(&customer, account, 1).await?;
    let first_contact_ms = timer.millis();
    for node in [hub, shop, customer] {
        node.shutdown().await?;
    }
    Ok((Directory { publish_ms, find_ms }, first_contact_ms))
}
