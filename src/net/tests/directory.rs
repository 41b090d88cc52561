//! The directory among several nodes.

use std::time::Duration;

use libp2p::kad::KBucketKey;

use super::harness::{Node, TCP};
use crate::base::limits::PROFILE_MAX;
use crate::net::convert::peer_of;
use crate::net::message::{Command, Event};

const HOUR: Duration = Duration::from_secs(3600);
const KEY: [u8; 32] = [0x4B; 32];

/// A server that knows the first node, and is known by it.
async fn join(seed: u8, first: &mut Node, server: bool) -> Node {
    let seeds = first.seeds();
    let mut node = Node::with(seed, TCP, 64, |config| {
        config.bootstrap = seeds;
        config.server = server;
    })
    .await;
    node.until(|event| matches!(event, Event::Bootstrapped { .. }).then_some(())).await;
    node
}

/// The first node of a directory, and two servers and a client that joined it.
async fn network() -> (Node, Vec<Node>, Node) {
    let mut first = Node::with(1, TCP, 64, |config| config.server = true).await;
    let mut servers = Vec::new();
    for seed in [2, 3] {
        servers.push(join(seed, &mut first, true).await);
        while first.status().await.routing < servers.len() {
            first.event().await;
        }
    }
    let client = join(4, &mut first, false).await;
    (first, servers, client)
}

async fn put(node: &mut Node, value: &[u8]) -> (u32, u32) {
    node.command(Command::PutRecord { query: 5, key: KEY, value: value.to_vec(), expires_in: HOUR }).await;
    node.until(|event| match event {
        Event::PutDone { query: 5, peers_asked, stored } => Some((peers_asked, stored)),
        _ => None,
    })
    .await
}

async fn get(node: &mut Node) -> (Vec<Vec<u8>>, u32) {
    node.command(Command::GetRecord { query: 6, key: KEY }).await;
    node.until(|event| match event {
        Event::GotRecords { query: 6, mut values, peers_asked } => {
            values.sort();
            Some((values, peers_asked))
        }
        _ => None,
    })
    .await
}

/// Waits for the offer of a record, and keeps what `judge` makes of it.
async fn offered(node: &mut Node, judge: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) {
    let (key, value) = node
        .until(|event| match event {
            Event::RecordOffered { key, value, .. } => Some((key, value)),
            _ => None,
        })
        .await;
    assert_eq!(key, KEY);
    if let Some(value) = judge(value) {
        node.command(Command::Keep { key, value, expires_in: HOUR }).await;
    }
    assert!(node.status().await.records <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_found_where_it_was_kept_and_nowhere_else() {
    let (mut first, mut servers, mut client) = network().await;
    assert_eq!(put(&mut client, b"profile").await, (3, 3), "the client itself is not asked");
    offered(&mut first, Some).await;
    offered(&mut servers[0], |_| None).await;
    offered(&mut servers[1], |_| None).await;
    assert_eq!(get(&mut client).await, (vec![b"profile".to_vec()], 3));
    assert_eq!(get(&mut servers[0]).await.0, [b"profile"]);
    first.command(Command::Forget { key: KEY }).await;
    assert_eq!(first.status().await.records, 0);
    assert_eq!(get(&mut client).await, (Vec::new(), 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_found_nowhere_though_its_holders_said_ok() {
    let (mut first, mut servers, mut client) = network().await;
    assert_eq!(put(&mut client, b"refused").await, (3, 3));
    offered(&mut first, |_| None).await;
    offered(&mut servers[0], |_| None).await;
    offered(&mut servers[1], |_| None).await;
    assert_eq!(get(&mut client).await, (Vec::new(), 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_gathers_every_value_and_does_not_stop_at_the_first() {
    let (first, servers, mut client) = network().await;
    for (node, value) in [(&first, b"old"), (&servers[0], b"new"), (&servers[1], b"odd")] {
        node.command(Command::Keep { key: KEY, value: value.to_vec(), expires_in: HOUR }).await;
        assert_eq!(node.status().await.records, 1);
    }
    assert_eq!(get(&mut client).await, (vec![b"new".to_vec(), b"odd".to_vec(), b"old".to_vec()], 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_closest_peers_are_servers_with_addresses_in_order_of_distance() {
    let (first, servers, mut client) = network().await;
    client.command(Command::ClosestPeers { query: 8, key: KEY }).await;
    let peers = client
        .until(|event| match event {
            Event::Closest { query: 8, peers } => Some(peers),
            _ => None,
        })
        .await;
    let target = KBucketKey::new(KEY.to_vec());
    let distance = |node: &Node| KBucketKey::from(peer_of(node.handle.local()).unwrap()).distance(&target);
    let mut expected: Vec<_> =
        servers.iter().chain([&first]).map(|node| (distance(node), node.address())).collect();
    expected.sort_by_key(|(distance, _)| *distance);
    assert_eq!(peers, expected.into_iter().map(|(_, address)| address).collect::<Vec<_>>());
    assert_eq!(first.status().await.routing, 2, "the client is in nobody's table");
}

#[tokio::test]
async fn without_anybody_queries_end_empty_and_too_large_a_record_is_not_put() {
    let mut node = Node::new(1, TCP).await;
    assert_eq!(put(&mut node, b"x").await, (0, 0));
    assert_eq!(get(&mut node).await, (Vec::new(), 0));
    assert_eq!(put(&mut node, &[0; PROFILE_MAX + 1]).await, (0, 0));
    node.command(Command::Keep { key: KEY, value: b"own".to_vec(), expires_in: HOUR }).await;
    assert_eq!(get(&mut node).await, (vec![b"own".to_vec()], 0));
    node.command(Command::Keep { key: KEY, value: b"late".to_vec(), expires_in: Duration::ZERO }).await;
    assert_eq!(get(&mut node).await, (Vec::new(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_queries_at_once_through_one_node_all_end() {
    let mut first = Node::with(1, TCP, 64, |config| config.server = true).await;
    let mut client = join(2, &mut first, false).await;
    first.command(Command::Keep { key: KEY, value: b"here".to_vec(), expires_in: HOUR }).await;
    assert_eq!(first.status().await.records, 1);
    for query in 100..200 {
        client.command(Command::GetRecord { query, key: KEY }).await;
    }
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 100 {
        let query = client
            .until(|event| match event {
                Event::GotRecords { query, values, .. } => {
                    assert_eq!(values, [b"here"]);
                    Some(query)
                }
                _ => None,
            })
            .await;
        assert!(seen.insert(query));
    }
    assert_eq!(client.status().await.queries, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_when_its_seed_appears_later() {
    // The first node finds a port and gives it up; the second one gets it only after somebody has dialled it.
    let early = Node::with(1, TCP, 64, |config| config.server = true).await;
    let (listen, seeds) = (early.addresses[0].clone(), early.seeds());
    early.shut_down().await;
    let mut node = Node::with(2, TCP, 64, |config| config.bootstrap = seeds).await;
    node.status().await;
    let late = Node::with(1, &listen, 64, |config| config.server = true).await;
    node.until(|event| matches!(event, Event::Bootstrapped { peers: 1 }).then_some(())).await;
    assert_eq!(node.status().await.routing, 1);
    drop(late);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_left_keeps_no_place_in_the_routing_table_and_queries_go_on() {
    let (first, mut servers, mut client) = network().await;
    client.until_status(|status| status.routing == 3).await;
    servers.remove(0).shut_down().await;
    // A query dials whoever has left once, and never again.
    while client.status().await.routing == 3 {
        client.command(Command::ClosestPeers { query: 7, key: KEY }).await;
        let found = client
            .until(|event| match event {
                Event::Closest { query: 7, peers } => Some(peers.len()),
                _ => None,
            })
            .await;
        assert!(found >= 2, "those that are there are found");
    }
    assert_eq!(client.status().await.routing, 2);
    drop(first);
}
