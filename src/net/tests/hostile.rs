//! Peers that break the protocol, and a listener that is slow.

use std::time::Duration;

use futures::io::{AsyncReadExt, AsyncWriteExt};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::harness::{Node, Raw, TCP};
use crate::base::limits::{BATCH_BYTES_MAX, FLIGHT_WINDOW, FRAME_MAX};
use crate::net::codec::{Hop, put_frame};
use crate::net::message::{Command, Event};
use crate::net::protocol::Purpose;

fn frames(event: Event) -> Option<Vec<Vec<u8>>> {
    match event {
        Event::Frames { frames, .. } => Some(frames),
        _ => None,
    }
}

/// Waits until the node has cut off so many peers.
async fn cut_off(node: &mut Node, count: u64) {
    while node.status().await.cut_off < count {
        node.event().await;
    }
}

#[tokio::test]
async fn a_sender_of_nonsense_is_cut_off_and_the_node_goes_on() {
    let mut node = Node::new(1, TCP).await;
    let over = u32::try_from(FRAME_MAX + 1).unwrap().to_be_bytes().to_vec();
    let mut late = Vec::new();
    put_frame(&mut late, b"sound");
    late.extend_from_slice(&over);
    for (count, bytes) in [(1, vec![0; 4]), (2, vec![0xFF; 4096]), (3, over), (4, late)] {
        let raw = Raw::new(100 + u8::try_from(count).unwrap()).await;
        let mut stream = raw.open(&node, Purpose::Envelope).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.flush().await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
        node.until(|event| matches!(event, Event::PeerGone { peer } if peer == raw.peer).then_some(())).await;
        assert_eq!(node.status().await.cut_off, count);
    }
    let raw = Raw::new(99).await;
    let mut stream = raw.open(&node, Purpose::Envelope).await.unwrap();
    let mut bytes = Vec::new();
    put_frame(&mut bytes, b"hello");
    stream.write_all(&bytes).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(node.until(frames).await, [b"hello"]);
}

#[tokio::test]
async fn whole_frames_of_a_stream_that_breaks_off_are_heard_and_the_torn_one_is_not() {
    let (raw, mut node) = (Raw::new(1).await, Node::new(2, TCP).await);
    let mut stream = raw.open(&node, Purpose::Envelope).await.unwrap();
    let mut bytes = Vec::new();
    put_frame(&mut bytes, b"whole");
    put_frame(&mut bytes, b"torn");
    stream.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(node.until(frames).await, [b"whole"]);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    drop(stream);
    // Another stream begins anew; its frame is the next that is heard.
    let mut stream = raw.open(&node, Purpose::Envelope).await.unwrap();
    put_frame(&mut { Vec::new() }, b"");
    let mut bytes = Vec::new();
    put_frame(&mut bytes, b"next");
    stream.write_all(&bytes).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(node.until(frames).await, [b"next"]);
    assert_eq!(node.status().await.cut_off, 0);
}

#[tokio::test]
async fn a_receiver_that_takes_what_was_never_sent_or_talks_nonsense_is_cut_off() {
    let mut node = Node::new(1, TCP).await;
    let words = |words: &[Hop]| {
        let mut bytes = Vec::new();
        words.iter().for_each(|word| word.put(&mut bytes));
        bytes
    };
    let cases = [
        words(&[Hop::Taken(2)]),
        words(&[Hop::Taken(1), Hop::Taken(1)]),
        words(&[Hop::Refused(1)]),
        words(&[Hop::Taken(1), Hop::Refused(0)]),
        words(&[Hop::Taken(u64::MAX)]),
        vec![7; 9],
    ];
    for (count, bytes) in cases.into_iter().enumerate() {
        let mut raw = Raw::new(50 + u8::try_from(count).unwrap()).await;
        let link = node.link(raw.address.clone()).await;
        node.command(Command::Send { link, frames: vec![vec![1]] }).await;
        let mut stream = raw.accepted.recv().await.unwrap();
        let mut frame = [0; 5];
        stream.read_exact(&mut frame).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.flush().await.unwrap();
        node.until(|event| {
            matches!(event, Event::LinkDown { link: which, .. } if which == link).then_some(())
        })
        .await;
        cut_off(&mut node, count as u64 + 1).await;
    }
}

#[tokio::test]
async fn a_sender_that_ignores_the_window_is_cut_off() {
    let (raw, mut node) = (Raw::new(1).await, Node::new(2, TCP).await);
    let mut stream = raw.open(&node, Purpose::Envelope).await.unwrap();
    let mut bytes = Vec::new();
    (0..=FLIGHT_WINDOW).for_each(|_| put_frame(&mut bytes, b"x"));
    stream.write_all(&bytes).await.unwrap();
    stream.flush().await.unwrap();
    let mut heard = 0;
    loop {
        match node.event().await {
            Event::Frames { frames, .. } => heard += frames.len(),
            Event::PeerGone { .. } => break,
            _ => {}
        }
    }
    assert!(heard <= FLIGHT_WINDOW);
    assert_eq!(node.status().await.cut_off, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_handshake_leave_the_node_as_it_was() {
    let (mut a, b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let port: u16 = b.addresses[0].rsplit('/').next().unwrap().parse().unwrap();
    for bytes in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xFF; 3000], b"\x13/multistream/1.0.0\n\xFF\xFF\xFF\xFF", b""]
    {
        let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = socket.write_all(bytes).await;
        let _ = socket.shutdown().await;
    }
    a.link(b.address()).await;
    assert_eq!(b.status().await.peers, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_listener_stops_the_sender_and_loses_nothing() {
    const SIZE: usize = 20_000;
    let raw = Raw::new(1).await;
    let mut node = Node::with(2, TCP, 1, |_| {}).await;
    let mut stream = raw.open(&node, Purpose::Envelope).await.unwrap();
    let writing = async {
        for number in 0..FLIGHT_WINDOW as u64 {
            let mut bytes = Vec::new();
            put_frame(&mut bytes, &[&number.to_be_bytes()[..], &[7; SIZE - 8]].concat());
            stream.write_all(&bytes).await.unwrap();
            stream.flush().await.unwrap();
        }
        stream
    };
    tokio::pin!(writing);
    // Nobody reads. 20 MB don't fit any buffer on the way, so the writing can't end, however long it is given;
    // on a slow machine it ends even less.
    assert!(timeout(Duration::from_millis(700), &mut writing).await.is_err(), "the sender was not stopped");
    let reading = async {
        let mut next = 0u64;
        while next < FLIGHT_WINDOW as u64 {
            let frames = node.until(frames).await;
            assert!(frames.len() <= BATCH_BYTES_MAX / SIZE + 1, "a batch is bounded in bytes");
            for frame in frames {
                assert_eq!((frame.len(), &frame[..8]), (SIZE, &next.to_be_bytes()[..]));
                next += 1;
            }
        }
    };
    futures::future::join(writing, reading).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_events_nobody_reads_still_takes_commands() {
    let (raw, node) = (Raw::new(1).await, Node::with(2, TCP, 1, |_| {}).await);
    // Each of these brings an event, far more than the channel holds.
    for query in 0..500 {
        node.command(Command::Ask { query, peer: node.address(), body: Vec::new() }).await;
    }
    assert_eq!(node.status().await.cut_off, 0);
    drop(raw);
}
