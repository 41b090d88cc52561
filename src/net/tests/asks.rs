//! Requests and answers.

use futures::io::{AsyncReadExt, AsyncWriteExt};

use super::harness::{Node, QUIC, Raw, TCP};
use crate::base::limits::{ASK_MAX, ASKS_IN_PER_PEER};
use crate::net::message::{Command, Event};
use crate::net::protocol::Purpose;

fn asked(event: Event) -> Option<(u64, Vec<u8>)> {
    match event {
        Event::Asked { ask, body, .. } => Some((ask, body)),
        _ => None,
    }
}

fn answered(event: Event) -> Option<(u64, Option<Vec<u8>>)> {
    match event {
        Event::Answered { query, body } => Some((query, body)),
        _ => None,
    }
}

#[tokio::test]
async fn a_request_is_answered_on_either_transport() {
    for listen in [TCP, QUIC] {
        let (mut a, mut b) = (Node::new(1, listen).await, Node::new(2, listen).await);
        for (query, body) in [(7, vec![7; ASK_MAX]), (8, Vec::new())] {
            a.command(Command::Ask { query, peer: b.address(), body: body.clone() }).await;
            let (ask, heard) = b.until(asked).await;
            assert_eq!(heard, body);
            b.command(Command::Answer { ask, body: vec![9; ASK_MAX] }).await;
            assert_eq!(a.until(answered).await, (query, Some(vec![9; ASK_MAX])));
        }
    }
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered_with_their_own_answer() {
    let (mut a, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    for query in 0..100u8 {
        a.command(Command::Ask { query: query.into(), peer: b.address(), body: vec![query] }).await;
    }
    let serve = async {
        for _ in 0..100 {
            let (ask, body) = b.until(asked).await;
            b.command(Command::Answer { ask, body: vec![body[0]; 2] }).await;
        }
    };
    let gather = async {
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 100 {
            let (query, body) = a.until(answered).await;
            assert_eq!(body, Some(vec![u8::try_from(query).unwrap(); 2]));
            assert!(seen.insert(query));
        }
    };
    futures::future::join(serve, gather).await;
}

#[tokio::test]
async fn what_is_too_long_or_goes_nowhere_has_no_answer() {
    let (mut a, mut b) = (Node::new(1, TCP).await, Node::new(2, TCP).await);
    a.command(Command::Ask { query: 1, peer: b.address(), body: vec![0; ASK_MAX + 1] }).await;
    assert_eq!(a.until(answered).await, (1, None));
    a.command(Command::Ask { query: 2, peer: b.address(), body: vec![2] }).await;
    let (ask, _) = b.until(asked).await;
    b.command(Command::Answer { ask, body: vec![0; ASK_MAX + 1] }).await;
    assert_eq!(a.until(answered).await, (2, None));
    let own = a.address();
    a.command(Command::Ask { query: 3, peer: own, body: vec![3] }).await;
    assert_eq!(a.until(answered).await, (3, None));
    let gone = b.address();
    b.shut_down().await;
    a.command(Command::Ask { query: 4, peer: gone, body: vec![4] }).await;
    assert_eq!(a.until(answered).await, (4, None));
}

#[tokio::test]
async fn an_oversized_or_cut_off_request_is_refused_unheard_and_the_next_one_is_served() {
    let (raw, mut node) = (Raw::new(1).await, Node::new(2, TCP).await);
    let longest = u32::try_from(ASK_MAX).unwrap();
    for bytes in [(longest + 1).to_be_bytes().to_vec(), vec![0xFF; 64], vec![0, 0, 0, 9, 1], vec![0]] {
        let mut stream = raw.open(&node, Purpose::Ask).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.close().await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
    }
    let mut stream = raw.open(&node, Purpose::Ask).await.unwrap();
    stream.write_all(&[0, 0, 0, 1, 42]).await.unwrap();
    stream.flush().await.unwrap();
    let (ask, body) = node.until(asked).await;
    assert_eq!(body, [42], "the first request that is heard is the first sound one");
    node.command(Command::Answer { ask, body: vec![43] }).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, [0, 0, 0, 1, 43]);
}

#[tokio::test]
async fn a_peer_has_only_so_many_requests_open() {
    let (raw, mut node) = (Raw::new(1).await, Node::new(2, TCP).await);
    let mut streams = Vec::new();
    for number in 0..=u8::try_from(ASKS_IN_PER_PEER).unwrap() {
        let mut stream = raw.open(&node, Purpose::Ask).await.unwrap();
        // The one too many may be closed before it is written to.
        let _ = stream.write_all(&[0, 0, 0, 1, number]).await;
        let _ = stream.flush().await;
        streams.push(stream);
    }
    let mut heard = Vec::new();
    while heard.len() < ASKS_IN_PER_PEER {
        heard.push(node.until(asked).await);
    }
    let mut rest = Vec::new();
    let _ = streams.pop().unwrap().read_to_end(&mut rest).await;
    assert!(rest.is_empty(), "the one too many finds its stream closed");
    node.command(Command::Answer { ask: heard[0].0, body: vec![1] }).await;
    let mut answered = [0; 5];
    streams[usize::from(heard[0].1[0])].read_exact(&mut answered).await.unwrap();
    assert_eq!(answered, [0, 0, 0, 1, 1]);
}
