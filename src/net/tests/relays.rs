//! Nodes that reach each other through a relay.

use std::time::Duration;

use super::harness::{Node, QUIC, TCP};
use crate::net::config::RelayLimits;
use crate::net::message::{Command, Event, RelayState, Status, Way};
use crate::wire::peer::{LinkId, PeerAddress, PeerKey};

/// A node that nobody can dial, with a reservation at one of these relays.
pub(super) async fn hidden(seed: u8, relays: &[&Node]) -> Node {
    let addresses: Vec<_> = relays.iter().flat_map(|relay| relay.seeds()).collect();
    Node::dial_only(seed, |config| config.relays = addresses).await
}

/// The ways that a node has to a peer.
async fn ways(node: &Node, peer: &PeerKey) -> Vec<Way> {
    let paths = node.status().await.paths;
    paths.into_iter().find(|path| path.peer == *peer).map(|path| path.ways).unwrap_or_default()
}

fn is_relayed(way: &Way) -> bool {
    matches!(way, Way::Relayed { .. })
}

/// Sends a frame over a link, and has the other side take it.
async fn passes(from: &mut Node, link: LinkId, to: &mut Node, frame: Vec<u8>) {
    from.command(Command::Send { link, frames: vec![frame.clone()] }).await;
    let inbound = to
        .until(|event| match event {
            Event::Frames { link, first, frames, .. } => {
                assert_eq!(frames, std::slice::from_ref(&frame));
                Some((link, first + 1))
            }
            _ => None,
        })
        .await;
    to.command(Command::Take { link: inbound.0, upto: inbound.1 }).await;
    from.until(|event| matches!(event, Event::Taken { .. }).then_some(())).await;
}

#[tokio::test]
async fn two_nodes_that_nobody_can_dial_talk_through_a_relay() {
    for listen in [TCP, QUIC] {
        let relay = Node::relay(1, listen, RelayLimits::default()).await;
        let (mut a, mut b) = (hidden(2, &[&relay]).await, Node::dial_only(3, |_| {}).await);
        assert_eq!(a.addresses, [format!("{}/p2p-circuit", relay.seeds()[0])]);
        let link = b.link(a.address()).await;
        passes(&mut b, link, &mut a, vec![7; 300]).await;
        let (to_a, to_b) = (ways(&b, a.handle.local()).await, ways(&a, b.handle.local()).await);
        let expected = [Way::Relayed { relay: relay.handle.local_text() }];
        assert_eq!((to_a.as_slice(), to_b.as_slice()), (&expected[..], &expected[..]));
    }
}

#[tokio::test]
async fn a_reservation_is_made_again_after_the_relay_restarted() {
    let relay = Node::relay(1, TCP, RelayLimits::default()).await;
    let (mut a, mut b) = (hidden(2, &[&relay]).await, Node::dial_only(3, |_| {}).await);
    let (port, circuit) = (relay.addresses[0].clone(), a.addresses.clone());
    relay.shut_down().await;
    assert_eq!(a.listening().await, Vec::<String>::new());
    let _relay = Node::relay(1, &port, RelayLimits::default()).await;
    assert_eq!(a.listening().await, circuit);
    let link = b.link(a.address()).await;
    passes(&mut b, link, &mut a, vec![1]).await;
}

#[tokio::test]
async fn another_relay_takes_the_place_of_one_that_dies() {
    let mut relays = Vec::new();
    for seed in 1..=3 {
        relays.push(Node::relay(seed, TCP, RelayLimits::default()).await);
    }
    let mut a = hidden(9, &relays.iter().collect::<Vec<_>>()).await;
    let reserved = |status: &crate::net::message::Status| {
        status.outside.relays.iter().filter(|relay| relay.state == RelayState::Reserved).count() == 2
    };
    a.until_status(reserved).await;
    let mut b = Node::dial_only(10, |_| {}).await;
    let link = b.link(a.address()).await;
    let [Way::Relayed { relay }] = &ways(&b, a.handle.local()).await[..] else { panic!("not relayed") };
    let at = relays.iter().position(|node| node.handle.local_text() == *relay).unwrap();
    relays.remove(at).shut_down().await;
    b.until(|event| matches!(event, Event::LinkDown { link: which, .. } if which == link).then_some(()))
        .await;
    let status = a.until_status(reserved).await;
    assert!(!status.listening.iter().any(|address| address.contains(relay)), "{status:?}");
    let now_at = PeerAddress::new(a.handle.local().clone(), status.listening).unwrap();
    let link = b.link(now_at).await;
    passes(&mut b, link, &mut a, vec![1; 9]).await;
}

async fn replaced(listen: &str) {
    let relay = Node::relay(1, listen, RelayLimits::default()).await;
    let named = relay.seeds();
    let mut a = Node::with(2, listen, 64, |config| config.relays = named).await;
    let status = a.until_status(|status| status.listening.iter().any(|a| a.contains("p2p-circuit"))).await;
    let circuits = status.listening.into_iter().filter(|address| address.contains("p2p-circuit")).collect();
    let mut b = Node::new(3, listen).await;
    b.link(PeerAddress::new(a.handle.local().clone(), circuits).unwrap()).await;
    let (a_key, b_key) = (a.handle.local().clone(), b.handle.local().clone());
    for (node, peer) in [(&a, &b_key), (&b, &a_key)] {
        let direct = |status: &crate::net::message::Status| {
            let path = status.paths.iter().find(|path| path.peer == *peer);
            path.is_some_and(|path| !path.ways.is_empty() && !path.ways.iter().any(is_relayed))
        };
        node.until_status(direct).await;
    }
    assert!(a.status().await.outside.punched + b.status().await.outside.punched > 0);
    let link = b.link(PeerAddress::new(a_key.clone(), Vec::new()).unwrap()).await;
    passes(&mut b, link, &mut a, vec![5; 50]).await;
    assert!(!ways(&b, &a_key).await.iter().any(is_relayed));
}

#[tokio::test]
async fn a_relayed_connection_is_replaced_by_a_direct_one_over_quic() {
    replaced(QUIC).await;
}

#[tokio::test]
async fn a_relayed_connection_is_replaced_by_a_direct_one_over_tcp() {
    replaced(TCP).await;
}

#[tokio::test]
async fn a_peer_that_can_be_dialled_is_not_reached_through_its_relay() {
    let relay = Node::relay(1, TCP, RelayLimits::default()).await;
    let named = relay.seeds();
    let a = Node::with(2, TCP, 64, |config| config.relays = named).await;
    let status = a.until_status(|status| status.listening.len() == 2).await;
    let mut b = Node::dial_only(3, |_| {}).await;
    b.link(PeerAddress::new(a.handle.local().clone(), status.listening).unwrap()).await;
    let ways = ways(&b, a.handle.local()).await;
    assert!(matches!(&ways[..], [Way::Direct { quic: false, .. }]), "{ways:?}");
    assert_eq!(relay.status().await.peers, 1, "b had no need of it");
}

#[tokio::test]
async fn a_circuit_ends_at_the_bytes_that_its_relay_allows_and_another_can_follow() {
    let limits = RelayLimits { circuit_mebibytes: 1, ..RelayLimits::default() };
    let relay = Node::relay(1, TCP, limits).await;
    let (mut a, mut b) = (hidden(2, &[&relay]).await, Node::dial_only(3, |_| {}).await);
    let link = b.link(a.address()).await;
    b.command(Command::Send { link, frames: vec![vec![1; 8_000]; 200] }).await;
    b.until(|event| matches!(event, Event::LinkDown { link: which, .. } if which == link).then_some(()))
        .await;
    let link = b.link(a.address()).await;
    b.command(Command::Send { link, frames: vec![vec![2]] }).await;
    let again = |event| match event {
        Event::Frames { frames, .. } => frames.contains(&vec![2]).then_some(()),
        _ => None,
    };
    a.until(again).await;
}

#[tokio::test]
async fn a_relay_keeps_no_more_reservations_than_it_may_and_says_so() {
    let limits = RelayLimits { reservations: 1, ..RelayLimits::default() };
    let relay = Node::relay(1, TCP, limits).await;
    let _first = hidden(2, &[&relay]).await;
    let named = relay.seeds();
    let second = Node::with(3, TCP, 64, |config| config.relays = named).await;
    let status =
        second.until_status(|status| status.outside.relays.iter().any(|r| r.trouble.is_some())).await;
    let trouble = status.outside.relays[0].trouble.clone().unwrap();
    assert_eq!(trouble, "it has no place left");
}

#[tokio::test]
async fn why_a_peer_behind_a_relay_is_unreachable_is_told() {
    let relay = Node::relay(1, TCP, RelayLimits::default()).await;
    let a = hidden(2, &[&relay]).await;
    let address = a.address();
    a.shut_down().await;
    let mut b = Node::dial_only(3, |_| {}).await;
    b.command(Command::Connect { peer: address.clone() }).await;
    b.until(|event| matches!(event, Event::Unreachable { .. }).then_some(())).await;
    let paths = b.status().await.paths;
    let path = paths.iter().find(|path| path.peer == *address.peer()).unwrap();
    assert_eq!((path.reason.as_str(), path.ways.len()), ("it isn't connected to its relay now", 0));
}

#[tokio::test]
async fn a_relay_that_a_contact_uses_is_used_by_a_newcomer_that_knows_no_other() {
    let relay = Node::relay(1, TCP, RelayLimits::default()).await;
    let (a, mut b) = (hidden(2, &[&relay]).await, Node::dial_only(3, |_| {}).await);
    b.link(a.address()).await;
    let status = b.until_status(|status| !status.listening.is_empty()).await;
    assert_eq!(status.listening, [format!("{}/p2p-circuit", relay.seeds()[0])]);
}

#[tokio::test]
async fn a_relay_for_those_who_pay_keeps_a_place_for_whom_it_is_told_to() {
    const LIFE: Duration = Duration::from_secs(3_600);
    let limits = RelayLimits { paid_only: true, ..RelayLimits::default() };
    let relay = Node::relay(1, TCP, limits).await;
    let named = relay.seeds();
    let guest = Node::with(2, TCP, 64, |config| config.relays.clone_from(&named)).await;
    let other = Node::with(3, TCP, 64, |config| config.relays.clone_from(&named)).await;
    for node in [&guest, &other] {
        node.until_status(|status| status.outside.relays.iter().any(|r| r.trouble.is_some())).await;
    }
    relay.command(Command::KeepPlace { peer: guest.address().peer().clone(), life: LIFE }).await;
    let is_kept = |status: &Status| status.listening.iter().any(|at| at.ends_with("/p2p-circuit"));
    guest.until_status(is_kept).await;
    assert!(!is_kept(&other.status().await));
}
