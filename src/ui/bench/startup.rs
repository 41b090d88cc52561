//! Starting with a history.

use crate::disk::home::Home;
use crate::node::handle::Node;
use crate::ui::bench::nodes::{Failed, Place, addresses};
use crate::ui::bench::report::Startup;
use crate::ui::bench::timer::Timer;

/// Milliseconds from an unlocked keystore to listening, after a clean stop.
pub(in crate::ui) async fn measure(place: &Place, stored_messages: u64) -> Result<Startup, Failed> {
    let home = Home::open(&place.home)?;
    let timer = Timer::start();
    let node = Node::start(home, place.keystore.clone(), &place.config).await?;
    addresses(&node).await?;
    let millis = timer.millis();
    node.shutdown().await?;
    Ok(Startup { stored_messages, millis })
}
