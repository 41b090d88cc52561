//! Whatever is stored or sent keeps its bytes: a change here is a change of the format.

use super::fixtures::{NOW, Person, pair, receive, rng, row};
use crate::crypto::hash::sha256;
use crate::domain::session::one_time::HandedOut;
use crate::domain::session::pool::{Claim, Pool};
use crate::domain::session::pqxdh::initiate;
use crate::domain::session::sessions::Peer;

fn digest(bytes: &[u8]) -> String {
    sha256(&[bytes]).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn stored_rows_keep_their_encoding() {
    let (mut alice, mut bob) = pair(1);
    let skipped = alice.seal(b"late", NOW, &mut rng(2)).unwrap();
    let frame = alice.seal(b"one", NOW, &mut rng(3)).unwrap();
    receive(&mut bob, &frame).unwrap();
    let reply = bob.seal(b"two", NOW, &mut rng(4)).unwrap();
    receive(&mut alice, &reply).unwrap();
    assert_eq!((row(&alice).len(), digest(&row(&alice)).as_str()), (487, "2ee1b824af1e87ec"));
    assert_eq!((row(&bob).len(), digest(&row(&bob)).as_str()), (617, "b53b724dfe7018ce"));
    assert!(bob.open(&skipped, NOW).is_ok());
    let set = postcard::to_allocvec(&Person::new(2).set).unwrap();
    assert_eq!((set.len(), digest(&set).as_str()), (267, "28a83b6dcd059856"));
    let (pair, published) = HandedOut::make(&Person::new(2).local(), 7, NOW, &mut rng(5));
    let pair = postcard::to_allocvec(&pair).unwrap();
    assert_eq!((pair.len(), digest(&pair).as_str()), (140, "3f405830196439ae"));
    assert_eq!(published.iter().map(Vec::len).collect::<Vec<_>>(), [194, 1349]);
    let mut pool = Pool::full(NOW);
    assert!(pool.take(Claim::Anyone, NOW));
    assert_eq!(postcard::to_allocvec(&pool).unwrap(), [99, 128, 208, 149, 255, 188, 49, 1]);
    let mut peer = Peer::default();
    let _ = peer.adopt_sent(alice.id());
    assert!(peer.may_heal(NOW));
    let peer = postcard::to_allocvec(&peer).unwrap();
    assert_eq!((peer.len(), digest(&peer).as_str()), (43, "cd752c896ba1e63e"));
}

#[test]
fn what_is_sent_keeps_its_encoding() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    assert_eq!((bob.bundle().len(), digest(&bob.bundle()).as_str()), (2948, "56b1f8facedd8a9a"));
    let (mut session, flight) =
        initiate(&alice.local(), &bob.verified(), b"hello", NOW, &mut rng(1)).unwrap();
    assert_eq!(digest(&flight), "05aeaa4789753150");
    assert_eq!(digest(&session.seal(b"hello", NOW, &mut rng(2)).unwrap()), "ad4e83b84f47bcb4");
}
