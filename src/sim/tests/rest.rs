//! What one message costs where nothing else happens.

use super::*;
use crate::engine::effects::Effect;
use crate::engine::input::Input;
use crate::sim::random::Random;
use crate::wire::peer::LinkId;

/// The frames that leave, and on which link.
fn frames(effects: &[Effect]) -> (LinkId, Vec<Vec<u8>>) {
    let sent = effects.iter().find_map(|effect| match effect {
        Effect::Send { link, frames } => Some((*link, frames.clone())),
        _ => None,
    });
    sent.unwrap()
}

#[test]
fn at_rest_a_delivery_waits_for_one_commit_of_its_reader_and_two_of_its_sender() {
    let (mut world, _, bento) = friends(7);
    let (now, mut rng) = (world.now, Random::new(7));
    let [one, other] = &mut world.peers[..] else { panic!("two") };
    let send = Input::Command { ticket: u64::MAX, command: Command::Send { to: bento, text: "oi".into() } };
    assert!(one.handle(now, vec![send], &mut rng) && one.disk.rows_waiting() > 0);
    let (link, content) = frames(&one.sync());
    let input = Input::Frames { link, peer: one.key.clone(), first: 0, frames: content };
    assert!(other.handle(now, vec![input], &mut rng) && other.disk.rows_waiting() > 0);

    // The word is first in line, so that whoever carries it out can put the acknowledgement before it.
    let said = other.sync();
    let place = |wanted: fn(&Effect) -> bool| said.iter().position(wanted).unwrap();
    let taken = place(|effect| matches!(effect, Effect::Take { .. }));
    assert!(taken < place(|effect| matches!(effect, Effect::Send { .. })));

    let (back, acknowledgement) = frames(&said);
    let input = Input::Frames { link: back, peer: other.key.clone(), first: 0, frames: acknowledgement };
    assert!(one.handle(now, vec![input], &mut rng) && one.disk.rows_waiting() > 0);
    one.sync();
    let delivered = history(&world, 0, &bento).last().and_then(|entry| entry.state);
    assert_eq!(delivered, Some(State::Delivered));
    let word = Input::Taken { link, upto: u64::MAX };
    assert!(world.peers[0].handle(now, vec![word], &mut rng));
    assert_eq!(world.peers[0].disk.rows_waiting(), 0, "the word has nothing to add");
}
