//! The epochs alone, with symbols in the place of ML-KEM, step by step through one exchange.

use super::epoch_model::symbols::{Authenticator, Symbols};
use super::fixtures::rng;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::session::epoch::{Change, Epochs};
use crate::domain::session::quantum::{PostQuantum, Tick, Unfit};

#[test]
fn a_secret_enters_only_where_the_other_side_has_made_it() {
    let mut alice: Epochs<Symbols> = Epochs::new(true, Authenticator::new(false), Time::EPOCH);
    let mut bob: Epochs<Symbols> = Epochs::new(false, Authenticator::new(false), Time::EPOCH);
    let tick = Tick { now: Time::EPOCH.plus(limits::EPOCH_LIFE), messages: 0, sequence: 1 };
    assert_eq!((alice.step(tick), bob.step(tick)), (None, None));
    assert_eq!((bob.follow(0), bob.follow(1), alice.follow(1)), (Ok(None), Err(Unfit), Err(Unfit)));
    let offer = alice.ride(tick, true, &mut rng(1));
    assert!(matches!(bob.heed(0, offer.clone()), Ok(Some(Change::Heard(_)))));
    assert_eq!(alice.heed(0, offer.clone()), Err(Unfit), "reflected");
    bob.install(bob.heed(0, offer).unwrap().unwrap());
    assert_eq!((bob.step(tick), bob.follow(1)), (None, Err(Unfit)), "heard, not yet answered");
    let answer = bob.ride(tick, true, &mut rng(2));
    assert_eq!(bob.heed(0, answer.clone()), Err(Unfit), "reflected");
    assert_eq!(bob.step(tick), None, "only whoever offered begins the epoch");
    alice.install(alice.heed(0, answer).unwrap().unwrap());
    assert_eq!(alice.follow(1), Err(Unfit), "not even when it is agreed");
    let secret = alice.step(tick);
    assert!(secret.is_some() && secret == bob.follow(1).unwrap());
    assert_eq!((bob.follow(0), bob.follow(2)), (Ok(None), Err(Unfit)));
    bob.enter(tick);
    assert_eq!((alice.epoch(), bob.epoch(), alice.follow(0)), (1, 1, Err(Unfit)), "and no way back");
}
