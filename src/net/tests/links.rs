//! Links between two honest nodes.

use std::time::Duration;

use futures::future::join;
use zeroize::Zeroizing;

use super::harness::{Node, QUIC, TCP, Wire};
use crate::base::limits::{BATCH_FRAMES_MAX, CONNECTIONS_PER_PEER, FLIGHT_WINDOW, FRAME_MAX, PING_INTERVAL};
use crate::net::config::{Config, StartError};
use crate::net::handle::start;
use crate::net::message::{Command, Event};
use crate::wire::peer::{LinkId, PeerAddress, PeerKey};

const FRAMES: u64 = 10_000;

/// A frame that says its number and which way it goes.
fn frame(tag: u8, number: u64) -> Vec<u8> {
    let mut frame = vec![tag; 40 + (number % 900) as usize];
    frame[..8].copy_from_slice(&number.to_be_bytes());
    frame
}

/// Sends every frame within the window, and takes every frame that comes, until both are done.
async fn exchange(node: &mut Node, other: PeerAddress, tag: u8, expected: u8) {
    node.command(Command::Connect { peer: other }).await;
    let (mut out, mut given, mut taken, mut received) = (None, 0, 0, 0);
    while taken < FRAMES || received < FRAMES {
        let room = (taken + FLIGHT_WINDOW as u64).min(FRAMES);
        if let Some(link) = out
            && given < room
        {
            let next = room.min(given + 300);
            let frames = (given..next).map(|number| frame(tag, number)).collect();
            node.command(Command::Send { link, frames }).await;
            given = next;
            if given < room {
                continue;
            }
        }
        match node.event().await {
            Event::Frames { link, first, frames, .. } => {
                assert_eq!(first, received);
                assert!(frames.len() <= BATCH_FRAMES_MAX);
                for got in frames {
                    assert_eq!(got, frame(expected, received));
                    received += 1;
                }
                node.command(Command::Take { link, upto: received }).await;
            }
            // Frames of the other side may be here before our own link is up.
            Event::LinkUp { link, .. } => assert_eq!(out.replace(link), None),
            Event::Taken { link, upto } => {
                assert_eq!(Some(link), out);
                assert!(upto > taken && upto <= given);
                taken = upto;
            }
            Event::LinkDown { .. } | Event::Unreachable { .. } => panic!("the link broke"),
            _ => {}
        }
    }
}

async fn both_ways(listen: &str) {
    let mut a = Node::with(1, listen, 4, |_| {}).await;
    let mut b = Node::with(2, listen, 4, |_| {}).await;
    let (to_a, to_b) = (a.address(), b.address());
    join(exchange(&mut a, to_b, 0xA0, 0xB0), exchange(&mut b, to_a, 0xB0, 0xA0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_frames_arrive_in_order_both_ways_over_tcp() {
    both_ways(TCP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_frames_arrive_in_order_both_ways_over_quic() {
    both_ways(QUIC).await;
}

#[tokio::test]
async fn a_refusal_reaches_the_sender_before_the_frames_after_it_are_taken() {
    let (mut a, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let out = a.link(b.address()).await;
    a.command(Command::Send { link: out, frames: vec![vec![1], vec![2; FRAME_MAX], vec![3]] }).await;
    let (mut inbound, mut count) = (None, 0);
    while count < 3 {
        let (link, more) = b
            .until(|event| match event {
                Event::Frames { link, frames, .. } => Some((link, frames.len())),
                _ => None,
            })
            .await;
        inbound = Some(link);
        count += more;
    }
    let link = inbound.unwrap();
    b.command(Command::Refuse { link, number: 1 }).await;
    b.command(Command::Take { link, upto: 3 }).await;
    let said = |event| match event {
        Event::Refused { link, number } => Some((link, Err(number))),
        Event::Taken { link, upto } => Some((link, Ok(upto))),
        _ => None,
    };
    assert_eq!(a.until(said).await, (out, Err(1)));
    assert_eq!(a.until(said).await, (out, Ok(3)));
}

#[tokio::test]
async fn connecting_again_names_the_link_that_is_open() {
    let (mut a, b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let first = a.link(b.address()).await;
    assert_eq!(a.link(b.address()).await, first);
    a.command(Command::Close { link: first }).await;
    a.until(|event| matches!(event, Event::LinkDown { link, .. } if link == first).then_some(())).await;
    assert_ne!(a.link(b.address()).await, first);
}

#[tokio::test]
async fn a_node_that_shuts_down_takes_the_links_to_it_down() {
    for listen in [TCP, QUIC] {
        let (mut a, b) = (Node::new(1, listen).await, Node::new(2, listen).await);
        let (link, key) = (a.link(b.address()).await, b.handle.local().clone());
        b.shut_down().await;
        let (mut down, mut gone) = (false, false);
        while !(down && gone) {
            match a.event().await {
                Event::LinkDown { link: which, peer } => down = which == link && peer == key,
                Event::PeerGone { peer } => gone = peer == key,
                _ => {}
            }
        }
    }
}

async fn unreachable(node: &mut Node, peer: PeerAddress) {
    let expected = peer.peer().clone();
    node.command(Command::Connect { peer }).await;
    let found = node
        .until(|event| match event {
            Event::Unreachable { peer } => Some(peer),
            Event::LinkUp { .. } => panic!("linked"),
            _ => None,
        })
        .await;
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_unreachable() {
    let mut a = Node::new(1, TCP).await;
    let gone = {
        let node = Node::new(2, TCP).await;
        let address = node.address();
        node.shut_down().await;
        address
    };
    unreachable(&mut a, gone.clone()).await;
    let nowhere = PeerAddress::new(gone.peer().clone(), Vec::new()).unwrap();
    unreachable(&mut a, nowhere).await;
    let nonsense = PeerKey::new(vec![0xFF; 20]).unwrap();
    let nobody = PeerAddress::new(nonsense, a.addresses.clone()).unwrap();
    unreachable(&mut a, nobody).await;
    let own = a.address();
    unreachable(&mut a, own).await;
}

#[tokio::test]
async fn an_address_that_leads_to_somebody_else_does_not_spoil_the_others() {
    let (mut a, b, c) = (Node::new(1, TCP).await, Node::new(2, TCP).await, Node::new(3, TCP).await);
    let addresses = [&c.addresses[..], &a.addresses[..], &b.addresses[..]].concat();
    let mixed = PeerAddress::new(b.handle.local().clone(), addresses).unwrap();
    a.link(mixed).await;
    let wrong = PeerAddress::new(b.handle.local().clone(), c.addresses.clone()).unwrap();
    let mut d = Node::new(4, TCP).await;
    unreachable(&mut d, wrong).await;
}

#[tokio::test]
async fn a_silent_connection_does_not_keep_a_reachable_peer_unreachable() {
    let (mut a, b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let wire = Wire::new(&b.addresses[0]).await;
    let first = a.link(PeerAddress::new(b.handle.local().clone(), vec![wire.address.clone()]).unwrap()).await;
    a.command(Command::Close { link: first }).await;
    let _silence = wire.go_silent();
    assert_eq!(a.status().await.connections_out, 1);
    assert_ne!(a.link(b.address()).await, first);
    assert_eq!(a.status().await.connections_out, 2);
}

#[tokio::test]
async fn a_link_on_a_silent_connection_ends_soon_after_the_peer_has_connected_again() {
    let (before, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let wire = Wire::new(&before.addresses[0]).await;
    let peer = before.handle.local().clone();
    let link = b.link(PeerAddress::new(peer, vec![wire.address.clone()]).unwrap()).await;
    let _silence = wire.go_silent();
    before.shut_down().await;
    let mut after = Node::new(1, TCP).await;
    after.link(b.address()).await;
    let down = b.until(|event| match event {
        Event::LinkDown { link: which, .. } if which == link => Some(()),
        Event::PeerGone { .. } => panic!("gone for good"),
        _ => None,
    });
    // Without the new connection, the next ping would find out.
    tokio::time::timeout(PING_INTERVAL, down).await.unwrap();
}

#[tokio::test]
async fn more_frames_than_the_window_holds_close_the_link_and_are_not_sent() {
    let (mut a, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let down = |which: LinkId| {
        move |event: Event| matches!(event, Event::LinkDown { link, .. } if link == which).then_some(())
    };
    let link = a.link(b.address()).await;
    a.command(Command::Send { link, frames: vec![vec![1]; FLIGHT_WINDOW] }).await;
    let mut count = 0;
    while count < FLIGHT_WINDOW {
        count += b
            .until(|event| if let Event::Frames { frames, .. } = event { Some(frames.len()) } else { None })
            .await;
    }
    a.command(Command::Send { link, frames: vec![vec![1]] }).await;
    a.until(down(link)).await;
    for bad in [Vec::new(), vec![1; FRAME_MAX + 1]] {
        let link = a.link(b.address()).await;
        a.command(Command::Send { link, frames: vec![bad] }).await;
        a.until(down(link)).await;
    }
    assert_eq!(b.status().await.cut_off, 0);
}

#[tokio::test]
async fn frames_are_counted_with_their_bytes_on_both_sides() {
    let (mut a, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let link = a.link(b.address()).await;
    a.command(Command::Send { link, frames: vec![vec![1; 10], vec![2; 300]] }).await;
    a.command(Command::Send { link, frames: vec![vec![3; 7]] }).await;
    let mut count = 0;
    while count < 3 {
        count += b
            .until(|event| if let Event::Frames { frames, .. } = event { Some(frames.len()) } else { None })
            .await;
    }
    a.command(Command::Close { link }).await;
    let (sent, received) = (a.status().await.traffic, b.status().await.traffic);
    assert_eq!((sent.frames_sent, sent.bytes_sent), (3, 317));
    assert_eq!((received.frames_received, received.bytes_received), (3, 317));
    assert_eq!((sent.frames_received, received.bytes_sent), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_comes_back_does_not_wait_for_the_end_of_its_former_connections() {
    let b = Node::new(2, QUIC).await;
    // The same peer again and again, as after a kill: its former connections look alive all the while.
    let mut former = Vec::new();
    for _ in 0..5 {
        let mut a = Node::new(1, TCP).await;
        a.link(b.address()).await;
        former.push(a);
    }
    while b.status().await.connections_in > CONNECTIONS_PER_PEER {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(b.status().await.connections_in, CONNECTIONS_PER_PEER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_works_for_a_plain_thread() {
    let (a, b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let (handle, mut events, peer) = (a.handle.clone(), a.events, b.address());
    let thread = std::thread::spawn(move || {
        handle.blocking_command(Command::Connect { peer }).unwrap();
        loop {
            if let Event::LinkUp { .. } = events.blocking_recv().unwrap() {
                break;
            }
        }
        handle.blocking_command(Command::Shutdown).unwrap();
        while events.blocking_recv().is_some() {}
        handle.blocking_command(Command::Shutdown).is_err() && handle.has_ended()
    });
    assert!(tokio::task::spawn_blocking(|| thread.join()).await.unwrap().unwrap());
}

#[test]
fn what_cannot_start_says_why() {
    let begin = |change: fn(&mut Config)| {
        let mut config = Config::new(Zeroizing::new([9; 32]));
        config.listen = vec![TCP.to_owned()];
        change(&mut config);
        start(config, tokio::sync::mpsc::channel(1).0).map(|_| ())
    };
    assert!(matches!(begin(|_| {}), Err(StartError::NoRuntime)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let bad = "/ip4/127.0.0.1/udp/1";
    assert!(
        matches!(begin(|c| c.listen = vec!["/ip4/127.0.0.1/udp/1".into()]), Err(StartError::Address(a)) if a == bad)
    );
    assert!(matches!(begin(|c| c.bootstrap = vec!["nonsense".into()]), Err(StartError::Address(_))));
    let held = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut config = Config::new(Zeroizing::new([9; 32]));
    config.listen = vec![format!("/ip4/127.0.0.1/udp/{}/quic-v1", held.local_addr().unwrap().port())];
    let started = start(config, tokio::sync::mpsc::channel(1).0);
    assert!(matches!(started, Err(StartError::Listen { .. })));
}
