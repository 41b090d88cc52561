//! Channels to and from mailboxes.

use futures::io::AsyncWriteExt;

use super::harness::{Node, QUIC, Raw, TCP};
use crate::base::mail_limits::MAIL_MESSAGE_MAX;
use crate::net::message::{Command, Event};
use crate::net::protocol::Purpose;
use crate::wire::channel::{ChannelEvent, ChannelId, ChannelOrder};
use crate::wire::peer::{PeerAddress, PeerKey};

fn channel(event: Event) -> Option<ChannelEvent> {
    match event {
        Event::Channel(event) => Some(event),
        _ => None,
    }
}

async fn up(node: &mut Node) -> (ChannelId, bool) {
    match node.until(channel).await {
        ChannelEvent::Up { channel, ours, .. } => (channel, ours),
        other => panic!("{other:?}"),
    }
}

async fn heard(node: &mut Node) -> Vec<u8> {
    match node.until(channel).await {
        ChannelEvent::Heard { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_channel_carries_messages_both_ways_in_order_until_either_side_closes_it() {
    for listen in [TCP, QUIC] {
        let (mut reader, mut mailbox) = (Node::new(1, listen).await, Node::new(2, listen).await);
        reader.command(Command::Channel(ChannelOrder::Open(mailbox.address()))).await;
        let (ours, theirs) = (up(&mut reader).await, up(&mut mailbox).await);
        assert!(ours.1 && !theirs.1);
        for message in [vec![1], vec![2; MAIL_MESSAGE_MAX]] {
            let order = |channel| ChannelOrder::Say { channel, message: message.clone() };
            reader.command(Command::Channel(order(ours.0))).await;
            mailbox.command(Command::Channel(order(theirs.0))).await;
            assert_eq!(heard(&mut mailbox).await, message);
            assert_eq!(heard(&mut reader).await, message);
        }
        mailbox.command(Command::Channel(ChannelOrder::Close(theirs.0))).await;
        for node in [&mut reader, &mut mailbox] {
            assert!(matches!(node.until(channel).await, ChannelEvent::Down(_)));
        }
    }
}

#[tokio::test]
async fn a_mailbox_that_is_nowhere_is_unreachable() {
    let mut reader = Node::new(1, TCP).await;
    let nobody = PeerKey::new([&[0x00, 0x24, 0x08, 0x01, 0x12, 0x20][..], &[9; 32]].concat()).unwrap();
    let at = PeerAddress::new(nobody, vec!["/ip4/127.0.0.1/tcp/1".into()]).unwrap();
    for at in [at, reader.address()] {
        reader.command(Command::Channel(ChannelOrder::Open(at))).await;
        assert!(matches!(reader.until(channel).await, ChannelEvent::Unreachable(_)));
    }
}

#[tokio::test]
async fn a_message_over_the_bound_ends_the_channel_before_it_is_read() {
    let (mut mailbox, hostile) = (Node::new(1, TCP).await, Raw::new(2).await);
    let mut stream = hostile.open(&mailbox, Purpose::Mail).await.unwrap();
    let _ = up(&mut mailbox).await;
    let length = u32::try_from(MAIL_MESSAGE_MAX + 1).unwrap().to_be_bytes();
    stream.write_all(&length).await.unwrap();
    stream.flush().await.unwrap();
    assert!(matches!(mailbox.until(channel).await, ChannelEvent::Down(_)));
}
