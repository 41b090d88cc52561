//! Files on streams of their own, given and fetched, by honest nodes and by others.

use futures::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::harness::{Node, QUIC, Raw, TCP};
use super::relays::hidden;
use crate::base::file_limits::CHUNK_LEN;
use crate::base::id::FileId;
use crate::net::config::RelayLimits;
use crate::net::message::{Command, Event, FetchEnd};
use crate::net::protocol::Purpose;
use crate::wire::file::FileRequest;
use crate::wire::peer::{PeerAddress, PeerKey};

const REQUEST: FileRequest = FileRequest { id: FileId::new([7; 32]), from: 3 };
const SEALED: usize = CHUNK_LEN as usize + 16;

struct Fetching {
    chunks: mpsc::Receiver<Vec<u8>>,
    ended: oneshot::Receiver<FetchEnd>,
}

async fn fetch(node: &Node, peer: PeerAddress) -> Fetching {
    let (into, chunks) = mpsc::channel(2);
    let (word, ended) = oneshot::channel();
    node.command(Command::FetchFile { peer, request: REQUEST, chunks: into, ended: word }).await;
    Fetching { chunks, ended }
}

async fn asked(node: &mut Node) -> (u64, PeerKey, FileRequest) {
    let asked = node.until(|event| match event {
        Event::FileAsked { ask, peer, request, .. } => Some((ask, peer, request)),
        _ => None,
    });
    asked.await
}

/// Gives chunks of these lengths, each filled with its number.
async fn give(node: &Node, ask: u64, lengths: &[usize]) {
    let (into, chunks) = mpsc::channel(lengths.len().max(1));
    node.command(Command::GiveFile { ask, chunks }).await;
    for (number, length) in lengths.iter().enumerate() {
        let _ = into.send(vec![u8::try_from(number).unwrap(); *length]).await;
    }
}

async fn all(mut fetching: Fetching) -> (Vec<usize>, Option<FetchEnd>) {
    let mut lengths = Vec::new();
    while let Some(chunk) = fetching.chunks.recv().await {
        let number = u8::try_from(lengths.len()).unwrap();
        assert!(chunk.iter().all(|byte| *byte == number), "in order");
        lengths.push(chunk.len());
    }
    (lengths, fetching.ended.await.ok())
}

#[tokio::test]
async fn chunks_come_in_order_over_every_transport_until_there_are_no_more() {
    for listen in [TCP, QUIC] {
        let (a, mut b) = (Node::new(1, listen).await, Node::new(2, listen).await);
        let fetching = fetch(&a, b.address()).await;
        let (ask, peer, request) = asked(&mut b).await;
        assert_eq!((&peer, request), (a.handle.local(), REQUEST));
        let lengths: Vec<usize> = (0..40).map(|number| if number == 39 { 16 } else { SEALED }).collect();
        give(&b, ask, &lengths).await;
        assert_eq!(all(fetching).await, (lengths, Some(FetchEnd::Over)));
    }
}

#[tokio::test]
async fn chunks_come_through_a_relay_too() {
    let relay = Node::relay(1, TCP, RelayLimits::default()).await;
    let mut giver = hidden(2, &[&relay]).await;
    let a = Node::dial_only(3, |_| {}).await;
    let fetching = fetch(&a, giver.address()).await;
    let (ask, ..) = asked(&mut giver).await;
    give(&giver, ask, &[SEALED; 20]).await;
    assert_eq!(all(fetching).await, (vec![SEALED; 20], Some(FetchEnd::Over)));
}

#[tokio::test]
async fn who_is_refused_or_reaches_nobody_is_told_so() {
    let (a, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let fetching = fetch(&a, b.address()).await;
    let (ask, ..) = asked(&mut b).await;
    b.command(Command::RefuseFile { ask }).await;
    assert_eq!(all(fetching).await, (Vec::new(), Some(FetchEnd::Refused)));
    let nobody = PeerKey::new([&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20][..], &[9; 32]].concat()).unwrap();
    let at = PeerAddress::new(nobody, vec!["/ip4/127.0.0.1/tcp/1".into()]).unwrap();
    for at in [at, a.address()] {
        assert_eq!(all(fetch(&a, at).await).await, (Vec::new(), Some(FetchEnd::Unreachable)));
    }
}

#[tokio::test]
async fn who_has_enough_is_sent_no_more() {
    let (a, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let mut fetching = fetch(&a, b.address()).await;
    let (ask, ..) = asked(&mut b).await;
    let (into, chunks) = mpsc::channel(1);
    b.command(Command::GiveFile { ask, chunks }).await;
    into.send(vec![0; SEALED]).await.unwrap();
    assert_eq!(fetching.chunks.recv().await.unwrap().len(), SEALED);
    drop(fetching.chunks);
    // A file of any length would go on for ever.
    while into.send(vec![1; SEALED]).await.is_ok() {}
    assert_eq!(fetching.ended.await, Ok(FetchEnd::Over));
}

#[tokio::test]
async fn a_chunk_over_the_bound_ends_the_stream_before_it_is_read() {
    let (a, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let fetching = fetch(&a, b.address()).await;
    let (ask, ..) = asked(&mut b).await;
    give(&b, ask, &[SEALED, SEALED + 1, SEALED]).await;
    assert_eq!(all(fetching).await, (vec![SEALED], Some(FetchEnd::Over)));
}

#[tokio::test]
async fn a_giver_that_goes_in_the_middle_leaves_what_came() {
    let (a, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    let mut fetching = fetch(&a, b.address()).await;
    let (ask, ..) = asked(&mut b).await;
    let (into, chunks) = mpsc::channel(1);
    b.command(Command::GiveFile { ask, chunks }).await;
    into.send(vec![0; SEALED]).await.unwrap();
    assert_eq!(fetching.chunks.recv().await.unwrap().len(), SEALED);
    b.shut_down().await;
    assert_eq!(fetching.chunks.recv().await, None);
}

#[tokio::test]
async fn one_peer_asks_for_so_many_files_at_once_and_no_more() {
    let (mut b, hostile) = (Node::new(1, TCP).await, Raw::new(2).await);
    let mut open = Vec::new();
    for number in 0..2u32 {
        let mut stream = hostile.open(&b, Purpose::File).await.unwrap();
        stream.write_all(&FileRequest { from: number, ..REQUEST }.encode()).await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(asked(&mut b).await.2.from, number);
        open.push(stream);
    }
    let mut third = hostile.open(&b, Purpose::File).await.unwrap();
    let _ = third.write_all(&REQUEST.encode()).await;
    let _ = third.flush().await;
    let read = third.read(&mut [0; 1]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    // Those that it has still work.
    b.command(Command::RefuseFile { ask: 1 }).await;
    let mut word = [9];
    open[0].read_exact(&mut word).await.unwrap();
    assert_eq!(word, [0]);
}

#[tokio::test]
async fn half_a_request_is_none() {
    let (mut b, hostile) = (Node::new(1, TCP).await, Raw::new(2).await);
    let mut stream = hostile.open(&b, Purpose::File).await.unwrap();
    stream.write_all(&REQUEST.encode()[..20]).await.unwrap();
    stream.close().await.unwrap();
    assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    // Whoever asks next is heard, and nothing was made of the half.
    let a = Node::new(3, TCP).await;
    let fetching = fetch(&a, b.address()).await;
    let (ask, peer, _) = asked(&mut b).await;
    assert_eq!(&peer, a.handle.local());
    b.command(Command::RefuseFile { ask }).await;
    assert_eq!(all(fetching).await.1, Some(FetchEnd::Refused));
}
