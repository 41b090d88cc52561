//! Two nodes that send on different sessions, as openings that crossed may leave them.

use super::{MINUTE, friends, history, say, texts};
use crate::base::id::SessionId;
use crate::domain::session::rows::PEERS;
use crate::domain::session::sessions::Peer;
use crate::sim::world::World;
use crate::store::table::{Reader, Rows as _};
use crate::store::tx::Tx;

/// The sessions of a node with its only contact.
fn peer(world: &World, node: usize) -> Peer {
    let safe = world.peers[node].disk.safe();
    let rows = Reader::new(&safe).scan(&PEERS, &PEERS.all());
    Peer::clone(&rows.first().unwrap().1)
}

fn change(world: &mut World, node: usize, change: impl FnOnce(&mut Peer)) {
    let disk = &mut world.peers[node].disk;
    let batch = {
        let seen = disk.seen();
        let (key, _) = Reader::new(&seen).scan(&PEERS, &PEERS.all()).remove(0);
        let tx = Tx::new(&seen);
        assert!(tx.edit(&PEERS, &key, change).is_some());
        tx.finish(0).unwrap()
    };
    disk.stage(batch);
    assert!(disk.sync().is_some());
}

fn send_on(world: &mut World, node: usize, this: SessionId, that: SessionId) {
    change(world, node, |peer| {
        (peer.active, peer.rival) = (Some(this), None);
        peer.archived.retain(|id| *id != this && *id != that);
        peer.archived.insert(0, that);
    });
}

#[test]
fn nodes_that_send_on_different_sessions_come_together_again() {
    for larger_first in [true, false] {
        let (mut world, ana, bento) = friends(420);
        assert!(say(&mut world, 0, bento, "one") && say(&mut world, 1, ana, "uno"));
        world.run(MINUTE);
        let first = peer(&world, 0).active.unwrap();
        change(&mut world, 0, |peer| drop(peer.archive_active()));
        assert!(say(&mut world, 0, bento, "two"));
        world.run(MINUTE);
        let second = peer(&world, 0).active.unwrap();
        assert!(first != second && peer(&world, 1).active == Some(second));
        let (small, large) = (first.min(second), first.max(second));
        let (one, other) = if larger_first { (large, small) } else { (small, large) };
        send_on(&mut world, 0, one, other);
        send_on(&mut world, 1, other, one);
        for number in 0..10 {
            assert!(say(&mut world, 0, bento, &format!("{number}")) && say(&mut world, 1, ana, "and"));
            world.run(MINUTE);
        }
        assert_eq!([0, 1].map(|node| peer(&world, node).active), [Some(small); 2]);
        assert_eq!(texts(&history(&world, 1, &ana), "in").len(), 12);
    }
}
