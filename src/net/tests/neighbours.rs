//! Nodes of one local network that find each other by multicast.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use super::harness::Node;

/// Whether a multicast that is sent here arrives here, as on most machines but in few containers.
fn has_multicast() -> bool {
    let group = Ipv4Addr::new(224, 0, 0, 251);
    let heard = || -> std::io::Result<bool> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.join_multicast_v4(&group, &Ipv4Addr::UNSPECIFIED)?;
        socket.set_multicast_loop_v4(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(2)))?;
        socket.send_to(b"sigillo", (group, socket.local_addr()?.port()))?;
        Ok(socket.recv(&mut [0; 16])? == 7)
    };
    heard().unwrap_or(false)
}

#[tokio::test]
async fn two_nodes_of_one_network_find_each_other_without_anybody_else() {
    if !has_multicast() {
        eprintln!("skipped: multicast doesn't arrive on this machine");
        return;
    }
    let everywhere = "/ip4/0.0.0.0/tcp/0";
    let a = Node::with(41, everywhere, 64, |config| config.mdns = true).await;
    let b = Node::with(42, everywhere, 64, |config| config.mdns = true).await;
    let sees = |status: &crate::net::message::Status, peer: &Node| {
        status.paths.iter().any(|path| path.peer == *peer.handle.local() && !path.ways.is_empty())
    };
    a.until_status(|status| sees(status, &b)).await;
    b.until_status(|status| sees(status, &a)).await;
}
