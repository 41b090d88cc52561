//! How files come to whom they were sent, whatever goes wrong.

use core::time::Duration;

use super::consent_tests::customer;
use super::device_tests::{four, linked};
use super::tests::{MINUTE, friends, history, say};
use crate::base::file_limits as limits;
use crate::base::id::{AccountId, Digest, FileId};
use crate::crypto::secret::Secret;
use crate::domain::files::rules::Rules;
use crate::domain::identity::contact::Standing;
use crate::domain::identity::invite;
use crate::engine::body_view::BodyView;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::event::Event;
use crate::engine::file_order::{FileEvent, FileOrder};
use crate::engine::file_view::{self, FileView};
use crate::engine::input::Input;
use crate::engine::letter::Letter;
use crate::engine::parcel::NewFile;
use crate::engine::view::EntryView;
use crate::sim::bounds;
use crate::sim::random::Random;
use crate::sim::world::{Faults, Seen, World};
use crate::store::table::Reader;
use crate::wire::file::Opening;
use crate::wire::said::message::Said;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const SMALL: u64 = 100_000;
const LARGE: u64 = 50_000_000;
/// It takes a minute to be brought.
const HUGE: u64 = 400_000_000;

fn opening(number: u8, size: u64) -> Opening {
    Opening { hash: Digest::new([number; 32]), key: Secret::new([number ^ 0x55; 32]), size }
}

/// Gives a node a file.
fn give(world: &mut World, peer: usize, number: u8, size: u64) -> Result<FileId, Refusal> {
    let opening = opening(number, size);
    world.files.put(peer, &opening);
    let new = NewFile {
        opening: opening.clone(),
        name: format!("{number}.jpg"),
        media_type: "image/jpeg".into(),
        picture: None,
    };
    match world.ask(peer, Command::TakeFile(Box::new(new))).unwrap()? {
        Outcome::FileTaken { file, .. } => Ok(file),
        other => panic!("{other:?}"),
    }
}

fn send(world: &mut World, peer: usize, to: AccountId, file: FileId, caption: &str) -> Outcome {
    let safe = world.peers[peer].disk.safe();
    let sent = file_view::to_send(&Reader::new(&safe), &file, caption.into()).expect("it is here");
    drop(safe);
    let letter = Letter { said: Said::File(Box::new(sent)), reply: None, template: None };
    world.ask(peer, Command::Say { to, letter: Box::new(letter) }).unwrap().unwrap()
}

/// Gives a node a file and sends it.
fn give_and_send(world: &mut World, peer: usize, to: AccountId, number: u8, size: u64) -> FileId {
    let file = give(world, peer, number, size).unwrap();
    send(world, peer, to, file, "veja");
    file
}

fn view(world: &World, peer: usize, file: &FileId) -> Option<FileView> {
    let safe = world.peers[peer].disk.safe();
    file_view::file(&Reader::new(&safe), file)
}

fn state(world: &World, peer: usize, file: &FileId) -> &'static str {
    view(world, peer, file).map_or("unknown", |view| view.state)
}

/// How a node's conversation shows files: direction, caption and state.
fn lines(world: &World, peer: usize, with: &AccountId) -> Vec<(&'static str, String, &'static str)> {
    let file = |entry: EntryView| match entry.body {
        BodyView::File(file) => Some((entry.direction, file.caption, file.file_state)),
        _ => None,
    };
    history(world, peer, with).into_iter().filter_map(file).collect()
}

fn nothing_is_wrong(world: &World) {
    let wrong = world.seen.iter().find(|seen| matches!(seen, Seen::Wrong(_)));
    assert!(wrong.is_none(), "{wrong:?}");
    for peer in &world.peers {
        assert_eq!(bounds::exceeded(&peer.disk), Vec::<String>::new());
    }
}

#[test]
fn a_small_file_comes_by_itself_and_a_large_one_when_it_is_asked_for() {
    let (mut world, ana, bento) = friends(900);
    let small = give_and_send(&mut world, 0, bento, 1, SMALL);
    let large = give_and_send(&mut world, 0, bento, 2, LARGE);
    world.run(MINUTE);
    assert_eq!((state(&world, 1, &small), state(&world, 1, &large)), ("here", "offered"));
    assert!(world.files.has(1, &small) && !world.files.has(1, &large));
    assert_eq!(lines(&world, 1, &ana), [("in", "veja".into(), "here"), ("in", "veja".into(), "offered")]);
    assert_eq!(lines(&world, 0, &bento).iter().map(|line| line.2).collect::<Vec<_>>(), ["here", "here"]);
    let told = |world: &World| {
        let files = world.peers[1].shown.iter().filter_map(|event| match event {
            Event::File { file, state, .. } => Some((*file, *state)),
            _ => None,
        });
        files.collect::<Vec<_>>()
    };
    assert_eq!(told(&world), [(small, "here")]);
    assert!(world.ask(1, Command::WantFile(large)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(state(&world, 1, &large), "here");
    assert_eq!(told(&world), [(small, "here"), (large, "here")]);
    nothing_is_wrong(&world);
}

#[test]
fn a_file_waits_for_its_sender_and_comes_when_both_are_there() {
    let (mut world, ana, bento) = friends(901);
    let large = give_and_send(&mut world, 0, bento, 1, LARGE);
    world.run(MINUTE);
    world.stop(0);
    world.run(MINUTE);
    assert!(world.ask(1, Command::WantFile(large)).unwrap().is_ok());
    world.run(DAY);
    assert_eq!(lines(&world, 1, &ana), [("in", "veja".into(), "waiting")]);
    world.start(0);
    world.run(MINUTE);
    assert_eq!(state(&world, 1, &large), "here", "as soon as the sender is there, not after a pause");
    nothing_is_wrong(&world);
}

#[test]
fn a_file_comes_whoever_loses_power_or_links_meanwhile() {
    for seed in 910..930 {
        let (mut world, ana, bento) = friends(seed);
        let number = |number: u8| (number, SMALL * u64::from(number));
        let files: Vec<FileId> = (1..=8)
            .map(number)
            .map(|(number, size)| give_and_send(&mut world, 0, bento, number, size))
            .collect();
        world.faults = Faults { broken: 30, repeated: 10, reordered: 10, crashes: 2 };
        for round in 0..6 {
            world.run(Duration::from_secs(3));
            world.crash(round % 2);
            // It may be lost with the power.
            say(&mut world, round % 2, if round % 2 == 0 { bento } else { ana }, "oi");
        }
        world.faults = Faults::default();
        world.run(30 * MINUTE);
        for file in &files {
            assert_eq!(state(&world, 1, file), "here", "seed {seed}");
            assert!(world.files.has(1, file), "seed {seed}");
        }
        assert!(lines(&world, 1, &ana).iter().all(|line| line.2 == "here"));
        nothing_is_wrong(&world);
    }
}

#[test]
fn what_the_sending_device_does_not_give_another_device_of_theirs_does() {
    let (mut world, _, bento) = four(940);
    // Ana's second device says it, and the first one has it from there.
    let file = give_and_send(&mut world, 2, bento, 1, SMALL);
    world.run(2 * MINUTE);
    assert_eq!(state(&world, 0, &file), "here", "our own other device fetches what we sent");
    let large = give_and_send(&mut world, 2, bento, 2, LARGE);
    world.run(MINUTE);
    assert!(world.ask(0, Command::WantFile(large)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(state(&world, 0, &large), "here");
    world.stop(2);
    world.run(MINUTE);
    assert!(world.ask(1, Command::WantFile(large)).unwrap().is_ok());
    world.run(5 * MINUTE);
    assert_eq!(
        state(&world, 1, &large),
        "here",
        "from Ana's first device, while the one that sent it is off"
    );
    world.stop(0);
    assert!(world.ask(3, Command::WantFile(large)).unwrap().is_ok());
    world.run(5 * MINUTE);
    assert_eq!(state(&world, 3, &large), "here", "Bento's other device has it from Bento's first");
    nothing_is_wrong(&world);
}

#[test]
fn a_new_device_is_told_of_files_and_can_ask_for_them() {
    let (mut world, _, bento) = friends(950);
    let file = give_and_send(&mut world, 0, bento, 1, SMALL);
    world.run(MINUTE);
    let (new, _) = linked(&mut world, 1);
    world.run(5 * MINUTE);
    assert_eq!(state(&world, new, &file), "offered", "a whole history isn't fetched unasked");
    world.stop(0);
    world.run(MINUTE);
    assert!(world.ask(new, Command::WantFile(file)).unwrap().is_ok());
    world.run(5 * MINUTE);
    assert_eq!(state(&world, new, &file), "here", "from the first device, while the sender is away");
    nothing_is_wrong(&world);
}

#[test]
fn a_file_is_offered_for_thirty_days_and_waited_for_as_long() {
    let (mut world, _, bento) = friends(960);
    let offered = give_and_send(&mut world, 0, bento, 1, LARGE);
    let unsent = give(&mut world, 0, 2, SMALL).unwrap();
    world.run(MINUTE);
    world.run(limits::UNSENT_LIFE);
    assert!(view(&world, 0, &unsent).is_none() && !world.files.has(0, &unsent), "nobody sent it");
    assert_eq!(state(&world, 0, &offered), "here");
    world.run(limits::OFFER_LIFE);
    assert_eq!((state(&world, 0, &offered), state(&world, 1, &offered)), ("expired", "expired"));
    assert!(!world.files.has(0, &offered));
    assert!(world.ask(1, Command::WantFile(offered)).unwrap().is_ok(), "one may ask all the same");
    world.run(MINUTE);
    assert_eq!(view(&world, 1, &offered).unwrap().trouble, Some("refused"));
    nothing_is_wrong(&world);
}

#[test]
fn a_message_that_is_taken_back_takes_its_file_with_it_unless_another_one_speaks_of_it() {
    let (mut world, _, bento) = friends(970);
    let file = give(&mut world, 0, 1, SMALL).unwrap();
    let Outcome::Queued { id: first, .. } = send(&mut world, 0, bento, file, "um") else { panic!() };
    let Outcome::Queued { id: second, .. } = send(&mut world, 0, bento, file, "dois") else { panic!() };
    world.run(MINUTE);
    assert_eq!(view(&world, 1, &file).unwrap().messages, 2);
    assert!(world.ask(0, Command::Delete { with: bento, message: first }).unwrap().is_ok());
    world.run(MINUTE);
    assert!(world.files.has(0, &file) && world.files.has(1, &file));
    assert!(world.ask(0, Command::Delete { with: bento, message: second }).unwrap().is_ok());
    world.run(MINUTE);
    for peer in [0, 1] {
        assert!(view(&world, peer, &file).is_none() && !world.files.has(peer, &file), "at {peer}");
    }
    nothing_is_wrong(&world);
}

#[test]
fn what_is_forgotten_goes_and_can_be_fetched_again() {
    let (mut world, ana, bento) = friends(975);
    let file = give_and_send(&mut world, 0, bento, 1, SMALL);
    world.run(MINUTE);
    assert!(world.ask(1, Command::ForgetFile(file)).unwrap().is_ok());
    world.run(MINUTE);
    assert!(!world.files.has(1, &file));
    assert_eq!(lines(&world, 1, &ana)[0].2, "forgotten");
    assert!(world.ask(1, Command::WantFile(file)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(lines(&world, 1, &ana)[0].2, "here");
    assert!(world.ask(0, Command::ForgetFile(file)).unwrap().is_ok());
    assert!(matches!(world.ask(0, Command::WantFile(file)).unwrap(), Err(Refusal::File(_))));
    assert!(world.ask(0, Command::ForgetFile(file)).unwrap().is_ok());
    assert!(view(&world, 0, &file).is_none(), "what is forgotten twice isn't known any more");
    assert_eq!(lines(&world, 0, &bento)[0].2, "forgotten");
    let unknown = FileId::new([9; 32]);
    assert!(matches!(world.ask(0, Command::ForgetFile(unknown)).unwrap(), Err(Refusal::NoSuchFile)));
    nothing_is_wrong(&world);
}

#[test]
fn whoever_gives_other_bytes_than_were_said_is_asked_no_more_in_the_end() {
    let (mut world, ana, bento) = friends(980);
    world.files.liars.insert(0);
    let file = give_and_send(&mut world, 0, bento, 1, SMALL);
    world.run(30 * MINUTE);
    assert_eq!(lines(&world, 1, &ana)[0].2, "broken");
    assert_eq!(world.files.brought, 0);
    world.files.liars.clear();
    assert!(world.ask(1, Command::WantFile(file)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(state(&world, 1, &file), "here");
    nothing_is_wrong(&world);
}

#[test]
fn nothing_is_fetched_of_a_stranger_until_a_person_says_so() {
    let mut world = World::new(985, &[crate::base::kind::AccountKind::Person; 3]);
    world.run(MINUTE);
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(0, Command::Invite) else { panic!() };
    let invite = invite::decode(&text).unwrap();
    // It serves one of the two; the other one knocks.
    for peer in [1, 2] {
        world.command(peer, Command::Accept { invite: invite.clone(), name: None });
    }
    world.run(MINUTE);
    let host = world.peers[0].account();
    let safe = world.peers[0].disk.safe();
    let contacts = crate::engine::view::contacts(&Reader::new(&safe));
    drop(safe);
    let stranger = contacts.iter().find(|contact| contact.standing == Standing::Requested).unwrap();
    let stranger = crate::domain::identity::address::decode(&stranger.address).unwrap();
    let knocker = [1, 2].into_iter().find(|peer| world.peers[*peer].account() == stranger).unwrap();
    let file = give_and_send(&mut world, knocker, host, 1, 10);
    world.run(MINUTE);
    assert_eq!(state(&world, 0, &file), "offered");
    assert_eq!(world.files.brought, 0);
    nothing_is_wrong(&world);
}

#[test]
fn a_business_sends_files_only_where_it_may_write() {
    let (mut world, shop, ana) = customer(986);
    let answer = give_and_send(&mut world, 0, ana, 1, SMALL);
    world.run(MINUTE);
    assert_eq!(state(&world, 1, &answer), "here", "it answers what she wrote");
    world.run(2 * DAY);
    let unasked = give_and_send(&mut world, 0, ana, 2, SMALL);
    world.run(MINUTE);
    assert!(view(&world, 1, &unasked).is_none() && !world.files.has(1, &unasked));
    assert_eq!(lines(&world, 1, &shop).len(), 1, "what is dropped is neither shown nor fetched");
    nothing_is_wrong(&world);
}

#[test]
fn files_take_no_more_room_than_they_may() {
    let (mut world, _, bento) = friends(990);
    world.peers[1].keep_files(Rules { fetched: SMALL, kept: 2 * SMALL + SMALL / 2 });
    let mut files = Vec::new();
    for number in 1..=3 {
        files.push(give_and_send(&mut world, 0, bento, number, SMALL));
        world.run(MINUTE);
    }
    let here = files.iter().filter(|file| state(&world, 1, file) == "here").count();
    assert_eq!(here, 2);
    let left = files.iter().find(|file| state(&world, 1, file) != "here").unwrap();
    assert_eq!(view(&world, 1, left).unwrap().trouble, Some("no_room"));
    assert!(matches!(world.ask(1, Command::WantFile(*left)).unwrap(), Err(Refusal::File(_))));
    let gone = files.iter().find(|file| state(&world, 1, file) == "here").unwrap();
    assert!(world.ask(1, Command::ForgetFile(*gone)).unwrap().is_ok());
    assert!(world.ask(1, Command::WantFile(*left)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(state(&world, 1, left), "here");
    world.peers[0].keep_files(Rules { fetched: SMALL, kept: 0 });
    assert!(matches!(give(&mut world, 0, 9, SMALL), Err(Refusal::File(_))));
    nothing_is_wrong(&world);
}

#[test]
fn so_many_files_may_wait_to_be_sent_and_no_more() {
    let (mut world, _, bento) = friends(993);
    let first = give(&mut world, 0, 0, 1).unwrap();
    for number in 1..u8::try_from(limits::FILES_UNSENT_MAX).unwrap() {
        give(&mut world, 0, number, 1).unwrap();
    }
    assert!(matches!(give(&mut world, 0, 200, 1), Err(Refusal::TooMany(_))));
    let Outcome::Queued { id: message, .. } = send(&mut world, 0, bento, first, "") else { panic!() };
    assert!(give(&mut world, 0, 200, 1).is_ok());
    assert!(world.ask(0, Command::Delete { with: bento, message }).unwrap().is_ok());
    assert!(matches!(give(&mut world, 0, 202, 1), Err(Refusal::TooMany(_))), "what was sent waited no more");
    let too_large = give(&mut world, 0, 201, limits::FILE_MAX + 1);
    assert!(matches!(too_large, Err(Refusal::File(_))), "a byte over 2 GiB");
}

#[test]
fn only_what_is_offered_is_given_and_who_guesses_must_wait() {
    let (mut world, _, bento) = friends(995);
    let file = give_and_send(&mut world, 0, bento, 1, SMALL);
    let unsent = give(&mut world, 0, 2, SMALL).unwrap();
    world.run(MINUTE);
    let stranger = world.add_person().unwrap();
    let peer = world.peers[stranger].key.clone();
    let ask = |world: &mut World, id: FileId| {
        let event = FileEvent::Asked { ask: 77, peer: peer.clone(), id, from: 0 };
        let (now, host) = (world.now, &mut world.peers[0]);
        assert!(host.handle(now, vec![Input::File(event)], &mut Random::new(1)));
        host.sync().iter().any(|effect| matches!(effect, Effect::File(FileOrder::Give { ask: 77, .. })))
    };
    assert!(ask(&mut world, file), "whoever knows the id is given the file");
    assert!(!ask(&mut world, unsent), "but not one that was sent to nobody");
    for number in 0..limits::MISSES_BURST {
        assert!(!ask(&mut world, FileId::new([u8::try_from(number).unwrap(); 32])));
    }
    assert!(!ask(&mut world, file), "and nobody who guessed so often");
    world.run(limits::MISSES_PACE * (2 * limits::MISSES_BURST));
    assert!(ask(&mut world, file));
}

#[test]
fn a_contact_with_many_devices_leaves_room_to_fetch_what_others_sent() {
    let (mut world, _, bento) = friends(997);
    let mut devices = vec![0];
    while devices.len() < limits::FETCHES_MAX {
        devices.push(linked(&mut world, 0).0);
        world.run(5 * MINUTE);
    }
    let rui = world.add_person().unwrap();
    world.run(MINUTE);
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(1, Command::Invite) else { panic!() };
    let invite = invite::decode(&text).unwrap();
    assert!(world.ask(rui, Command::Accept { invite, name: None }).unwrap().is_ok());
    world.run(MINUTE);
    let send_large = |(number, device): (u8, &usize)| give_and_send(&mut world, *device, bento, number, HUGE);
    let files: Vec<FileId> = (1..).zip(&devices).map(send_large).collect();
    world.run(MINUTE);
    for file in &files {
        assert!(world.ask(1, Command::WantFile(*file)).unwrap().is_ok());
    }
    world.run(Duration::from_secs(2));
    let small = give_and_send(&mut world, rui, bento, 99, SMALL);
    world.run(Duration::from_secs(20));
    assert_eq!(state(&world, 1, &small), "here", "while Ana's are still under way");
    assert!(files.iter().all(|file| state(&world, 1, file) == "waiting"));
    world.run(5 * MINUTE);
    assert!(files.iter().all(|file| state(&world, 1, file) == "here"));
    nothing_is_wrong(&world);
}

#[test]
fn what_an_earlier_attempt_fetched_is_not_taken_for_what_a_later_one_should() {
    let (mut world, _, bento) = friends(998);
    let file = give_and_send(&mut world, 0, bento, 1, HUGE);
    world.run(MINUTE);
    assert!(world.ask(1, Command::WantFile(file)).unwrap().is_ok());
    world.run(Duration::from_secs(2));
    assert!(world.ask(1, Command::ForgetFile(file)).unwrap().is_ok());
    world.stop(0);
    assert!(world.ask(1, Command::WantFile(file)).unwrap().is_ok());
    // The first attempt's word is still on its way, and what it brought was removed.
    world.run(5 * MINUTE);
    assert!(!world.files.has(1, &file));
    assert_eq!(state(&world, 1, &file), "waiting");
    world.start(0);
    world.run(5 * MINUTE);
    assert_eq!(state(&world, 1, &file), "here");
    nothing_is_wrong(&world);
}

#[test]
fn a_blocked_contact_fetches_nothing_whether_the_node_was_started_anew_or_not() {
    let (mut world, _, bento) = friends(999);
    let file = give_and_send(&mut world, 0, bento, 1, LARGE);
    world.run(MINUTE);
    let give = |world: &mut World| {
        let event = FileEvent::Asked { ask: 77, peer: world.peers[1].key.clone(), id: file, from: 0 };
        let (now, host) = (world.now, &mut world.peers[0]);
        assert!(host.handle(now, vec![Input::File(event)], &mut Random::new(1)));
        host.sync().iter().any(|effect| matches!(effect, Effect::File(FileOrder::Give { ask: 77, .. })))
    };
    assert!(give(&mut world));
    world.stop(1);
    world.crash(0);
    assert!(world.ask(0, Command::Block(bento)).unwrap().is_ok());
    assert!(!give(&mut world), "also where nothing went to him since the start");
    world.crash(0);
    world.run(MINUTE);
    assert!(!give(&mut world), "nor after a restart");
    assert!(world.ask(0, Command::Unblock(bento)).unwrap().is_ok());
    assert!(give(&mut world));
}

#[test]
fn a_backup_has_no_files_and_those_of_others_can_be_asked_for_again() {
    let (mut world, ana, bento) = friends(930);
    let theirs = give_and_send(&mut world, 0, bento, 1, SMALL);
    let ours = give_and_send(&mut world, 1, ana, 2, SMALL);
    world.run(MINUTE);
    let backup = world.back_up(1);
    world.bring_back(1, backup);
    world.run(MINUTE);
    assert_eq!((state(&world, 1, &theirs), state(&world, 1, &ours)), ("offered", "left_behind"));
    world.ask(1, Command::WantFile(theirs)).unwrap().unwrap();
    world.run(10 * MINUTE);
    assert_eq!(state(&world, 1, &theirs), "here");
    assert!(world.files.has(1, &theirs));
    nothing_is_wrong(&world);
}

#[test]
fn files_of_a_contact_who_is_erased_go_too() {
    let (mut world, ana, bento) = friends(931);
    let theirs = give_and_send(&mut world, 1, ana, 1, SMALL);
    let ours = give_and_send(&mut world, 0, bento, 2, SMALL);
    world.run(MINUTE);
    assert!(world.files.has(0, &theirs) && world.files.has(0, &ours));
    assert!(world.ask(0, Command::Erase(bento)).unwrap().is_ok());
    world.run(MINUTE);
    assert!(view(&world, 0, &theirs).is_none() && view(&world, 0, &ours).is_none());
    assert!(!world.files.has(0, &theirs) && !world.files.has(0, &ours));
    nothing_is_wrong(&world);
}
