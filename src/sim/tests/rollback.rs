//! A node whose disk was set back to an older copy, and what its contacts' echoes tell it.

use core::time::Duration;

use super::{MINUTE, friends, history, say, texts};
use crate::base::id::{AccountId, SessionId};
use crate::domain::session::ratchet::Session;
use crate::domain::session::rows::{PEERS, SESSIONS};
use crate::sim::world::World;
use crate::store::table::{Reader, Rows};
use crate::store::tx::Tx;

/// The session that a node sends on with its only contact.
fn active(world: &World, peer: usize) -> Option<SessionId> {
    let safe = world.peers[peer].disk.safe();
    Reader::new(&safe).scan(&PEERS, &PEERS.all()).first().and_then(|(_, peer)| peer.active)
}

fn session(world: &World, peer: usize, id: SessionId) -> Session {
    let safe = world.peers[peer].disk.safe();
    Reader::new(&safe).copy(&SESSIONS, id.as_bytes()).unwrap()
}

/// Puts an older row of a session in the place of the present one, as a restored disk would.
fn set_back(world: &mut World, peer: usize, id: SessionId, session: Session) {
    let disk = &mut world.peers[peer].disk;
    let batch = {
        let seen = disk.seen();
        let tx = Tx::new(&seen);
        tx.put(&SESSIONS, SESSIONS.key(id.as_bytes()), session);
        tx.finish(0).unwrap()
    };
    disk.stage(batch);
    assert!(disk.sync().is_some());
}

/// Two friends, of whom the first has forgotten a message that it sealed and the second has opened.
fn one_set_back(seed: u64) -> (World, AccountId, AccountId, SessionId) {
    let (mut world, ana, bento) = friends(seed);
    assert!(say(&mut world, 1, ana, "before"));
    world.run(MINUTE);
    assert!(say(&mut world, 0, bento, "remembered"));
    let id = active(&world, 0).unwrap();
    let older = session(&world, 0, id);
    assert!(say(&mut world, 0, bento, "forgotten"));
    world.run(MINUTE);
    assert!(session(&world, 0, id).sealed() > older.sealed());
    set_back(&mut world, 0, id, older);
    (world, ana, bento, id)
}

#[test]
fn snapshot_rollback_is_noticed_by_the_echo_and_the_session_seals_no_more() {
    let (mut world, ana, bento, id) = one_set_back(71);
    let before = session(&world, 0, id).sealed();
    assert_eq!(world.peers[0].counters().rolled_back, 0);
    assert!(say(&mut world, 1, ana, "you said more than you know"));
    world.run(MINUTE);
    assert_eq!(world.peers[0].counters().rolled_back, 1);
    assert_ne!(active(&world, 0), Some(id), "another session is sent on");
    assert!(say(&mut world, 0, bento, "after"));
    assert!(say(&mut world, 1, ana, "well"));
    world.run(10 * MINUTE);
    assert_eq!(session(&world, 0, id).sealed(), before, "nothing was sealed in the old one");
    assert_eq!(texts(&history(&world, 1, &ana), "in"), ["remembered", "forgotten", "after"]);
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["before", "you said more than you know", "well"]);
}

#[test]
fn many_echoes_of_one_rollback_make_one_new_session() {
    let (mut world, ana, bento, id) = one_set_back(72);
    for number in 0..20 {
        assert!(say(&mut world, 1, ana, &number.to_string()));
        world.run(Duration::from_millis(1));
    }
    world.run(10 * MINUTE);
    assert!(world.peers[0].counters().rolled_back > 1, "several came before the new session");
    let safe = world.peers[0].disk.safe();
    let known = Reader::new(&safe).scan(&PEERS, &PEERS.all());
    let known = &known.first().unwrap().1;
    assert!(known.knows(&id) && known.archived.len() == 1, "{} sessions", known.archived.len() + 1);
    assert_eq!(texts(&history(&world, 0, &bento), "in").len(), 21);
}
