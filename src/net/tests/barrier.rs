//! Peers that a laboratory parts from one another.

use tokio::sync::watch;

use super::harness::{Node, QUIC, TCP};
use crate::net::config::RelayLimits;
use crate::net::message::{Command, Event};
use crate::wire::peer::PeerKey;

/// A node that can be parted from others, and what parts it.
async fn parted(seed: u8, listen: &str) -> (Node, watch::Sender<Vec<PeerKey>>) {
    let (bar, barred) = watch::channel(Vec::new());
    (Node::with(seed, listen, 64, |config| config.barred = Some(barred)).await, bar)
}

async fn is_refused(node: &mut Node, other: &Node) -> bool {
    node.command(Command::Connect { peer: other.address() }).await;
    node.until(|event| match event {
        Event::LinkUp { .. } => Some(false),
        Event::Unreachable { .. } => Some(true),
        _ => None,
    })
    .await
}

/// A command may overtake the word that nobody is barred any more.
async fn comes_back(node: &mut Node, other: &Node) {
    while is_refused(node, other).await {
        tokio::time::sleep(core::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_is_barred_is_cut_off_at_once_in_both_directions_and_may_come_back() {
    for listen in [TCP, QUIC] {
        let (mut a, bar) = parted(1, listen).await;
        let (mut b, mut c) = (Node::new(2, listen).await, Node::new(3, listen).await);
        let link = b.link(a.address()).await;
        c.link(a.address()).await;
        bar.send_replace(vec![b.handle.local().clone()]);
        b.until(|event| matches!(event, Event::LinkDown { link: which, .. } if which == link).then_some(()))
            .await;
        assert!(is_refused(&mut a, &b).await, "nor does it dial");
        let status = a.status().await;
        assert!(status.paths.iter().all(|path| path.peer != *b.handle.local() || path.ways.is_empty()));
        assert!(!is_refused(&mut a, &c).await, "nobody else is");
        bar.send_replace(Vec::new());
        comes_back(&mut a, &b).await;
    }
}

#[tokio::test]
async fn no_relay_leads_round_a_barrier() {
    let relay = Node::relay(1, TCP, RelayLimits::default()).await;
    let named = relay.seeds();
    let a = Node::dial_only(2, |config| config.relays = named).await;
    let (bar, barred) = watch::channel(vec![a.handle.local().clone()]);
    let mut b = Node::dial_only(3, |config| config.barred = Some(barred)).await;
    assert!(is_refused(&mut b, &a).await, "from the start on");
    bar.send_replace(Vec::new());
    comes_back(&mut b, &a).await;
}
