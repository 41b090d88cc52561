//! A whole node against a hostile network: it never stops, keeps its bounds, and opens only what was sealed for it.

use core::time::Duration;
use std::collections::BTreeSet;

use sigillo::base::id::{AccountId, ContactToken, Digest, MessageId, RouteId};
use sigillo::base::kind::AccountKind::{self, Business, Person};
use sigillo::base::limits;
use sigillo::base::time::Time;
use sigillo::crypto::secret::Secret;
use sigillo::domain::directory::profile::{ProfileDraft, dht_keys};
use sigillo::domain::directory::search::Query;
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::device::DeviceKeys;
use sigillo::domain::identity::own::ACCOUNTS;
use sigillo::domain::identity::primary::Primary;
use sigillo::domain::identity::{address, invite};
use sigillo::domain::session::pqxdh::initiate;
use sigillo::domain::session::prekeys::{self, Local, VerifiedBundle};
use sigillo::domain::session::ratchet::Session;
use sigillo::domain::session::rows::{PREKEYS, ROUTES, SESSIONS};
use sigillo::engine::command::{Command, Outcome};
use sigillo::engine::effects::Effect;
use sigillo::engine::hosting;
use sigillo::engine::input::Input;
use sigillo::engine::machine::{Engine, Me};
use sigillo::engine::view;
use sigillo::sim::random::Random;
use sigillo::sim::world::World;
use sigillo::store::key::TableId;
use sigillo::store::table::{Reader, Rows};
use sigillo::store::tx::Tx;
use sigillo::wire::account::LogHead;
use sigillo::wire::ask::{Answer, Ask, WorkDone};
use sigillo::wire::billing::SignedEvent;
use sigillo::wire::consent::Decline;
use sigillo::wire::content::{Ack, Body, Content, Introduction};
use sigillo::wire::envelope::Envelope;
use sigillo::wire::peer::{LinkId, PeerAddress, PeerKey};

use crate::bytes::Bytes;
use crate::memory::Memory;
use crate::people;
use crate::{charging, samples};

/// More inputs than this teach nothing new, and take long.
const STEPS_MAX: usize = 48;
const MINUTE: Duration = Duration::from_secs(60);
const SEED: u64 = 11;
const KINDS: [AccountKind; 3] = [Person; 3];

/// What a byte does; the samples are written with these.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is an input of the engine by that name, or from whom one comes")]
pub enum Step {
    Genuine = 0,
    Spoilt = 1,
    Forged = 2,
    Asked = 3,
    Answered = 4,
    GotRecords = 5,
    RecordOffered = 6,
    Closest = 7,
    PutDone = 8,
    Link = 9,
    Taken = 10,
    Refused = 11,
    Tick = 12,
    Command = 13,
    Commit = 14,
    Restart = 15,
    Contact = 16,
    Stranger = 17,
}

const STEPS: usize = 18;

/// A node as it stands before anything hostile comes.
#[derive(Clone)]
struct Start {
    me: Me,
    rows: Memory,
    now: Time,
    /// Frames that others have sealed for it and that haven't come yet, first flights among them.
    frames: Vec<Vec<u8>>,
    contact: AccountId,
    /// The contact's side of the session, for contents that no honest contact would seal.
    session: Session,
    /// The node's prekeys, for first flights of a stranger.
    bundle: VerifiedBundle,
    peers: Vec<PeerKey>,
    /// A profile record of a business that it doesn't know.
    record: Vec<u8>,
    business: AccountId,
}

impl Start {
    /// The simulated world has no directory, which businesses are reached through: a business is a person's node
    /// that was told so.
    fn new(kind: AccountKind) -> Self {
        let mut rng = Random::new(SEED);
        let people = KINDS.map(|kind| {
            let seed = Seed::random(&mut rng);
            Me { primary: Some(Primary::heir(&seed, kind)), device: Secret::random(&mut rng), kind }
        });
        let mut world = World::new(SEED, &KINDS);
        world.run(MINUTE);
        let (target, other) = (0, 1);
        befriend(&mut world, target, other);
        assert_eq!(
            people[target].primary.as_ref().unwrap().account,
            world.peers[target].account(),
            "the world's own keys"
        );
        let contact = contact_of(&world, target);
        for from in [target, other] {
            say(&mut world, from, "oi");
        }
        world.run(MINUTE);
        let rows = Memory::copy(&world.peers[target].disk.safe());
        let session = session_with(&rows, &Memory::copy(&world.peers[other].disk.safe()));
        let (now, before) = (world.now, world.sent.len());
        befriend(&mut world, target, 2);
        for text in ["one", "two", "three"] {
            say(&mut world, other, text);
            say(&mut world, 2, text);
        }
        world.run(MINUTE);
        let frames = world.sent[before..].iter().filter(|(_, to, _)| *to == target);
        let frames: BTreeSet<Vec<u8>> = frames.map(|(_, _, frame)| frame.clone()).collect();
        let peers = world.peers.iter().map(|peer| peer.key.clone()).collect();
        let business = people::Person::new(3);
        let bundle = bundle_of(&people[target], &rows, now);
        Self {
            session,
            bundle,
            me: Me { kind, ..people[target].clone() },
            rows,
            now,
            frames: frames.into_iter().collect(),
            contact,
            peers,
            record: samples::record(&business),
            business: business.key.id(),
        }
    }
}

fn befriend(world: &mut World, inviter: usize, accepter: usize) {
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(inviter, Command::Invite) else {
        panic!("no invite")
    };
    let invite = invite::decode(&text).expect("an invite");
    assert!(world.ask(accepter, Command::Accept { invite, name: None }).is_some_and(|done| done.is_ok()));
    world.run(MINUTE);
}

/// The first contact of a node, by the account that it knows them by.
fn contact_of(world: &World, peer: usize) -> AccountId {
    let rows = world.peers[peer].disk.safe();
    let contacts = view::contacts(&Reader::new(&rows));
    address::decode(&contacts[0].address).expect("an address")
}

fn say(world: &mut World, from: usize, text: &str) {
    let to = contact_of(world, from);
    let said = world.ask(from, Command::Send { to, text: text.into() });
    assert!(said.is_some_and(|said| said.is_ok()), "{from} can't write");
}

/// The session that the node with these rows has, as the node with the other rows has it.
fn session_with(rows: &Memory, other: &Memory) -> Session {
    let sessions = Reader::new(other)
        .scan(&SESSIONS, &SESSIONS.all())
        .into_iter()
        .map(|(_, session)| Session::clone(&session));
    let known = |session: &Session| Reader::new(rows).row(&ROUTES, session.send_route().as_bytes()).is_some();
    sessions.into_iter().find(known).expect("they have talked")
}

/// The prekeys that a node hands out.
fn bundle_of(me: &Me, rows: &Memory, now: Time) -> VerifiedBundle {
    let (reader, account) = (Reader::new(rows), me.primary.as_ref().unwrap().account);
    let own = reader.row(&ACCOUNTS, account.as_bytes()).expect("its account");
    let set = reader.get(&PREKEYS, &PREKEYS.key_at(account.as_bytes(), u64::from(own.prekeys)));
    let device = DeviceKeys::derive(&me.device, &account);
    let local = Local { log: &own.log, device: &device };
    let bytes = prekeys::bundle(&local, &set.expect("its prekeys"), own.inbox, now);
    VerifiedBundle::verify(&bytes, &account, now).expect("its own bundle")
}

/// The rows of a node in use, for the samples.
pub fn sample_rows() -> Memory {
    Start::new(Person).rows
}

/// The target.
pub fn engine(data: &[u8]) {
    thread_local! { static STARTS: [Start; 2] = [Start::new(Person), Start::new(Business)]; }
    let mut bytes = Bytes::new(data);
    let start = STARTS.with(|starts| starts[bytes.below(2)].clone());
    let mut node = Node::new(start);
    for _ in 0..STEPS_MAX {
        let Some(step) = bytes.byte() else { break };
        node.step(usize::from(step) % STEPS, &mut bytes);
    }
    node.commit();
    node.look();
}

struct Node {
    start: Start,
    rows: Memory,
    engine: Engine,
    rng: Random,
    now: Time,
    group: Vec<Input>,
    /// Genuine frames that were handed in.
    handed: BTreeSet<usize>,
    /// Frames with hostile contents that were really sealed.
    sealed: u64,
    /// Frames that engines before the last restart have opened.
    opened_before: u64,
    /// Businesses that were added by command.
    added: usize,
    tickets: u64,
}

impl Node {
    fn new(start: Start) -> Self {
        let rows = start.rows.clone();
        let engine = Engine::new(start.me.clone(), &Reader::new(&rows));
        let (now, rng) = (start.now, Random::new(3));
        let mut node = Self {
            start,
            rows,
            engine,
            rng,
            now,
            group: Vec::new(),
            handed: BTreeSet::new(),
            sealed: 0,
            opened_before: 0,
            added: 0,
            tickets: 0,
        };
        node.begin();
        node
    }

    fn begin(&mut self) {
        let peer = self.start.peers.first().cloned();
        self.group.push(Input::Started { peer });
        self.group.push(Input::Listening(vec!["/memory/1".into()]));
        self.group.push(Input::Bootstrapped(3));
        self.commit();
    }

    fn step(&mut self, step: usize, bytes: &mut Bytes<'_>) {
        let input = match step {
            0 => {
                let index = bytes.below(self.start.frames.len());
                self.handed.insert(index);
                self.frames(self.start.frames[index].clone(), bytes)
            }
            1 => {
                let genuine = &self.start.frames[bytes.below(self.start.frames.len())];
                let spoilt = bytes.spoilt(genuine);
                self.notice(&spoilt);
                self.frames(spoilt, bytes)
            }
            2 => {
                let genuine = &self.start.frames[bytes.below(self.start.frames.len())];
                let forged = match bytes.below(2) {
                    0 => bytes.part().to_vec(),
                    _ => [&genuine[..RouteId::LEN], bytes.part()].concat(),
                };
                self.notice(&forged);
                self.frames(forged, bytes)
            }
            3 => {
                let peer = self.start.peers[self.start.peers.len() - 1].clone();
                Input::Asked { ask: bytes.number(), peer, from: None, body: self.question(bytes) }
            }
            4 => {
                let body = (bytes.below(4) > 0).then(|| bytes.part().to_vec());
                Input::Answered { query: bytes.below(40) as u64, body }
            }
            5 => {
                let values = (0..bytes.below(4)).map(|_| self.record(bytes)).collect();
                Input::GotRecords { query: bytes.below(40) as u64, values, peers_asked: 3 }
            }
            6 => {
                let key = match bytes.below(2) {
                    0 => dht_keys(&self.start.business)[bytes.below(3)].to_vec(),
                    _ => bytes.part().to_vec(),
                };
                Input::RecordOffered { key, value: self.record(bytes) }
            }
            7 => {
                let peers = (0..bytes.below(8)).filter_map(|_| self.address(bytes)).collect();
                Input::Closest { query: bytes.below(40) as u64, peers }
            }
            8 => Input::PutDone { query: bytes.below(40) as u64, peers_asked: bytes.number() as u32 },
            9 => self.link(bytes),
            10 => Input::Taken { link: link(bytes), upto: bytes.number() },
            11 => Input::Refused { link: link(bytes), number: bytes.number() },
            12 => {
                let unit = [1, 60, 3_600, 86_400][bytes.below(4)];
                self.commit();
                self.now = self.now.plus(Duration::from_secs(unit * bytes.below(40) as u64));
                Input::Tick
            }
            13 => {
                self.tickets += 1;
                Input::Command { ticket: self.tickets, command: self.command(bytes) }
            }
            14 => return self.commit(),
            15 => return self.restart(),
            16 => {
                let content = content(bytes);
                let Ok(body) = self.start.session.seal(&content, self.now, &mut self.rng) else { return };
                self.sealed += 1;
                let route = self.start.session.send_route();
                self.frames(Envelope { route, body: &body }.encode(), bytes)
            }
            _ => {
                let content = content(bytes);
                let Some(body) = self.flight(&content) else { return };
                self.sealed += 1;
                self.frames(Envelope { route: self.start.bundle.inbox(), body: &body }.encode(), bytes)
            }
        };
        self.group.push(input);
    }

    /// A stranger's first flight; none once the prekeys have expired, or where the content is too long.
    fn flight(&mut self, content: &[u8]) -> Option<Vec<u8>> {
        thread_local! { static STRANGER: people::Person = people::Person::new(5); }
        STRANGER.with(|stranger| {
            let flight = initiate(&stranger.local(), &self.start.bundle, content, self.now, &mut self.rng);
            flight.ok().map(|(_, flight)| flight)
        })
    }

    /// Spoiling a frame may leave it as it was, or make another genuine one of it.
    fn notice(&mut self, frame: &[u8]) {
        self.handed.extend(self.start.frames.iter().position(|genuine| genuine == frame));
    }

    fn frames(&self, frame: Vec<u8>, bytes: &mut Bytes<'_>) -> Input {
        // No link has sent more frames than could come in a lifetime.
        let first = bytes.number() >> 8;
        Input::Frames { link: link(bytes), peer: self.peer(bytes), first, frames: vec![frame] }
    }

    fn peer(&self, bytes: &mut Bytes<'_>) -> PeerKey {
        self.start.peers[bytes.below(self.start.peers.len())].clone()
    }

    fn address(&self, bytes: &mut Bytes<'_>) -> Option<PeerAddress> {
        let key = match bytes.below(2) {
            0 => self.peer(bytes),
            _ => PeerKey::new(bytes.part().to_vec())?,
        };
        PeerAddress::new(key, vec!["/memory/9".into()]).ok()
    }

    fn question(&self, bytes: &mut Bytes<'_>) -> Vec<u8> {
        let genuine = &self.start.frames[bytes.below(self.start.frames.len())];
        match bytes.below(3) {
            0 => {
                let route = RouteId::from_slice(&genuine[..RouteId::LEN]).expect("a route");
                let token = bytes.array().map(ContactToken::new);
                let work = bytes.array().map(|challenge| WorkDone { challenge, work: bytes.number() });
                Ask::Bundle { route, token, work }.encode()
            }
            1 => Ask::Index(bytes.part().to_vec()).encode(),
            _ => bytes.part().to_vec(),
        }
    }

    fn record(&self, bytes: &mut Bytes<'_>) -> Vec<u8> {
        match bytes.below(3) {
            0 => self.start.record.clone(),
            1 => bytes.spoilt(&self.start.record),
            _ => bytes.part().to_vec(),
        }
    }

    fn link(&self, bytes: &mut Bytes<'_>) -> Input {
        match bytes.below(5) {
            0 => Input::LinkUp { link: link(bytes), peer: self.peer(bytes) },
            1 => Input::LinkDown { link: link(bytes) },
            2 => Input::Unreachable(self.peer(bytes)),
            3 => Input::PeerConnected(self.peer(bytes)),
            _ => Input::PeerGone(self.peer(bytes)),
        }
    }

    fn command(&mut self, bytes: &mut Bytes<'_>) -> Command {
        let contact = self.start.contact;
        match bytes.below(10) {
            0 | 1 => Command::Send { to: contact, text: "answer".into() },
            2 => Command::Find(Query { words: "padaria".into(), ..Query::default() }),
            3 => Command::Lookup(self.start.business),
            4 => {
                self.added = 1;
                Command::Add { account: self.start.business, name: None }
            }
            5 => Command::MarkRead(contact, None),
            6 => Command::Block(contact),
            7 => Command::Unblock(contact),
            8 => Command::SetProfile(Box::new(ProfileDraft {
                name: "Padaria".into(),
                ..ProfileDraft::default()
            })),
            _ => Command::Publish,
        }
    }

    /// Decides on the inputs gathered, stores what follows, and looks at what would leave.
    fn commit(&mut self) {
        let tx = Tx::new(&self.rows);
        for input in self.group.drain(..) {
            self.engine.handle(self.now, input, &tx, &mut self.rng);
        }
        let effects = self.engine.finish(self.now, tx, &mut self.rng).expect("no input stops the node");
        let committed = self.rows.store(effects.batch);
        effects.held.release(&committed).iter().for_each(may_leave);
        let opened = self.opened_before + self.engine.counters().opened;
        let sealed = self.handed.len() as u64 + self.sealed;
        assert!(opened <= sealed, "{opened} of {sealed} opened");
    }

    fn restart(&mut self) {
        self.commit();
        self.opened_before += self.engine.counters().opened;
        self.engine = Engine::new(self.start.me.clone(), &Reader::new(&self.rows));
        self.begin();
    }

    /// What is stored is within its bounds, and can be shown.
    fn look(&self) {
        let reader = Reader::new(&self.rows);
        let contacts = view::contacts(&reader);
        let known = self.start.rows.count(TableId::Contacts);
        // One stranger's first flights are among the genuine frames, another one's are made here.
        assert!(contacts.len() <= known + 2 + self.added, "{} contacts", contacts.len());
        assert!(self.rows.count(TableId::Held) <= limits::HELD_MAX * contacts.len());
        let kept = hosting::kept(&reader);
        assert_eq!(kept.records, self.rows.count(TableId::HostedRecords) as u64);
        assert_eq!(kept.entries, self.rows.count(TableId::HostedIndex) as u64);
        let _ = view::conversations(&reader);
        let _ = view::history(&reader, &self.start.contact, None, 1_000);
        assert_eq!(reader.finish(), Ok(()));
    }
}

fn link(bytes: &mut Bytes<'_>) -> LinkId {
    LinkId::new(bytes.below(4) as u64)
}

/// What no honest contact would seal.
fn content(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let body = match bytes.below(7) {
        0 => return bytes.part().to_vec(),
        1 => {
            let first = bytes.number();
            Body::Hello {
                first,
                void: (0..bytes.below(3)).map(|_| (bytes.number(), bytes.number())).collect(),
            }
        }
        2 => Body::text(String::from_utf8_lossy(bytes.part()).into_owned()),
        3 => {
            let beyond = (0..bytes.below(4)).map(|_| (bytes.number(), bytes.number())).collect();
            let declined =
                (0..bytes.below(3)).map(|_| (bytes.number(), bytes.number(), Decline::OverCap)).collect();
            Body::Ack(Ack { delivered: bytes.number(), beyond, read: bytes.number(), declined })
        }
        4 => Body::Resend { from: bytes.number(), until: bytes.number() },
        5 => {
            thread_local! {
                static EVENTS: Vec<SignedEvent> = charging::events().iter().map(charging::signed_event).collect();
            }
            Body::Billing(EVENTS.with(|events| events[bytes.below(events.len())].clone()))
        }
        _ => {
            thread_local! { static CONTENTS: Vec<samples::Sample> = samples::contents(); }
            return CONTENTS.with(|contents| {
                let (_, content) = &contents[bytes.below(contents.len())];
                bytes.spoilt(content)
            });
        }
    };
    let introduction = (bytes.below(4) == 0).then(|| Introduction {
        name: String::from_utf8_lossy(bytes.part()).into_owned(),
        business: bytes.below(2) == 0,
        token: bytes.array().map(ContactToken::new),
        reach: None,
        queues: None,
        former: Vec::new(),
    });
    let log_head = LogHead { seq: bytes.below(3) as u64, hash: Digest::new([0; 32]) };
    let id = MessageId::new([bytes.below(256) as u8; 16]);
    let sent_at = Time::from_millis(bytes.number());
    let (seq, reader_head) = (bytes.number(), bytes.below(3) as u64);
    Content { id, seq, sent_at, log_head, reader_head, introduction, ground: None, reply: None, body }
        .encode()
}

/// Whatever leaves the node is something that other nodes accept.
fn may_leave(effect: &Effect) {
    match effect {
        Effect::Send { frames, .. } => {
            assert!(frames.iter().all(|frame| (1..=limits::FRAME_MAX).contains(&frame.len())));
        }
        Effect::Answer { body, .. } => assert!(Answer::decode(body).is_ok(), "an answer that nobody reads"),
        Effect::Ask { body, .. } => assert!(Ask::decode(body).is_ok(), "a question that nobody reads"),
        Effect::PutRecord { value, .. } | Effect::Keep { value, .. } => {
            assert!(value.len() <= limits::PROFILE_MAX);
        }
        _ => {}
    }
}
