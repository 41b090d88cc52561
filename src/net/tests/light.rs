//! Small ends of the network and the nodes that they dial.

use tokio::sync::mpsc;
use tokio::time::{Duration, timeout};
use zeroize::Zeroizing;

use super::harness::{Node, TCP};
use crate::net::handle::Handle;
use crate::net::light;
use crate::net::message::{Command, Event};
use crate::wire::peer::PeerAddress;

const PATIENCE: Duration = Duration::from_secs(60);

/// A small end.
struct Small {
    handle: Handle,
    events: mpsc::Receiver<Event>,
}

impl Small {
    fn new(seed: u8) -> Self {
        let (sender, events) = mpsc::channel(16);
        let (handle, _) = light::start(Zeroizing::new([seed; 32]), sender).unwrap();
        Self { handle, events }
    }

    async fn until<T>(&mut self, mut look: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.expect("an event in time");
            if let Some(found) = look(event.expect("the network runs")) {
                return found;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_end_links_and_asks_and_is_linked_to_over_the_connection_that_it_dialled() {
    let mut node = Node::new(1, TCP).await;
    let mut small = Small::new(2);
    small.handle.command(Command::Connect { peer: node.address() }).await.unwrap();
    let link =
        small.until(|event| if let Event::LinkUp { link, .. } = event { Some(link) } else { None }).await;
    small.handle.command(Command::Send { link, frames: vec![vec![7; 9]] }).await.unwrap();
    let came = node.until(|event| match event {
        Event::Frames { link, frames, .. } => Some((link, frames)),
        _ => None,
    });
    let (came_on, frames) = came.await;
    assert_eq!(frames, [[7; 9]]);
    node.command(Command::Take { link: came_on, upto: 1 }).await;
    small.until(|event| matches!(event, Event::Taken { upto: 1, .. }).then_some(())).await;

    // Nobody can dial it: what it hears comes over its own connection.
    let at = PeerAddress::new(small.handle.local().clone(), Vec::new()).unwrap();
    let back = node.link(at.clone()).await;
    node.command(Command::Send { link: back, frames: vec![vec![8; 9]] }).await;
    small
        .until(|event| matches!(event, Event::Frames { frames, .. } if frames == [[8; 9]]).then_some(()))
        .await;

    let ask = Command::Ask { query: 5, peer: node.address(), body: b"what?".to_vec() };
    small.handle.command(ask).await.unwrap();
    let ask = node.until(|event| match event {
        Event::Asked { ask, body, .. } => Some((ask, body)),
        _ => None,
    });
    let (ask, body) = ask.await;
    assert_eq!(body, b"what?");
    node.command(Command::Answer { ask, body: b"that".to_vec() }).await;
    let answered = |event| match event {
        Event::Answered { query, body } => Some((query, body)),
        _ => None,
    };
    assert_eq!(small.until(answered).await, (5, Some(b"that".to_vec())));

    small.handle.command(Command::Shutdown).await.unwrap();
    node.until(|event| matches!(event, Event::PeerGone { peer } if peer == *at.peer()).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_who_come_at_the_same_moment_are_all_let_in_at_once() {
    let node = Node::with(1, TCP, 512, |_| {}).await;
    let mut crowd: Vec<_> = (100..200).map(Small::new).collect();
    for small in &crowd {
        small.handle.command(Command::Connect { peer: node.address() }).await.unwrap();
    }
    for small in &mut crowd {
        let let_in = |event| match event {
            Event::LinkUp { .. } => Some(true),
            Event::Unreachable { .. } => Some(false),
            _ => None,
        };
        assert!(small.until(let_in).await, "refused, to come again in seconds");
    }
    node.until_status(|status| status.links_in == 100).await;
}
