//! A peer that speaks the protocols correctly where it wants to, and otherwise as it likes.

use std::collections::VecDeque;
use std::time::Duration;

use libp2p::PeerId;
use sigillo::base::id::{AccountId, ContactToken, MessageId, RouteId};
use sigillo::base::time::Time;
use sigillo::crypto::kdf::label;
use sigillo::crypto::secret::Secret;
use sigillo::domain::directory::profile::{ProfileDraft, VerifiedProfile, dht_keys};
use sigillo::domain::directory::published::{Published, Says};
use sigillo::domain::identity::account::{AccountKey, Seed};
use sigillo::domain::identity::device::DeviceKeys;
use sigillo::domain::identity::invite;
use sigillo::domain::identity::log::AccountLog;
use sigillo::domain::session::pqxdh;
use sigillo::domain::session::prekeys::{self, Local, PrekeySet, VerifiedBundle};
use sigillo::domain::session::ratchet::Session;
use sigillo::engine::command::{Command as NodeCommand, Outcome};
use sigillo::net::config::Config;
use sigillo::net::handle::{Handle, start};
use sigillo::net::message::{Command, Event};
use sigillo::node::clock;
use sigillo::node::handle::Node;
use sigillo::sim::random::Random;
use sigillo::wire::account::Purposes;
use sigillo::wire::ask::{Answer, Ask};
use sigillo::wire::content::{Body, Content, Introduction};
use sigillo::wire::envelope::Envelope;
use sigillo::wire::invite::Invite;
use sigillo::wire::peer::{LinkId, PeerAddress, PeerKey};
use sigillo::wire::reach::Reach;
use sigillo::wire::record::{Profile, ProfileRecord};
use sigillo::wire::signed::Signed;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::{PATIENCE, addresses, wait_for};

/// Somebody's keys.
pub struct Persona {
    pub key: AccountKey,
    pub device: DeviceKeys,
    pub log: AccountLog,
}

impl Persona {
    pub fn new(number: u64) -> Self {
        let mut rng = Random::new(number);
        let key = Seed::random(&mut rng).account();
        let device = DeviceKeys::derive(&Secret::random(&mut rng), &key.id());
        // Begun a while ago, so that events of the past can be signed.
        let begun = clock::now().minus(Duration::from_secs(90 * 24 * 60 * 60));
        let log = AccountLog::begin(&key, device.member(&key.id(), Purposes::ALL), begun);
        Self { key, device, log }
    }

    pub fn id(&self) -> AccountId {
        self.key.id()
    }

    pub fn local(&self) -> Local<'_> {
        Local { log: &self.log, device: &self.device }
    }

    /// A profile's record, signed at `now` as the first one after `seq`.
    pub fn record(&self, draft: ProfileDraft, seq: u64, now: Time) -> Vec<u8> {
        let set = PrekeySet::generate(1, now, &mut Random::new(3));
        let bundle = prekeys::bundle(&self.local(), &set, RouteId::new([9; 16]), now);
        let mut published = Published::new(draft).unwrap();
        published.raise(seq);
        let says = Says { reach: &[], bundle: &bundle, mailboxes: &[] };
        published.sign(&self.device, &self.log, &says, now).unwrap()
    }

    /// The same profile with something changed after all checks, and signed all the same.
    pub fn resigned(&self, record: &[u8], change: impl FnOnce(&mut Profile)) -> Vec<u8> {
        let mut profile = VerifiedProfile::verify(record, clock::now()).unwrap().profile().clone();
        change(&mut profile);
        let profile = Signed::new(self.device.signing(), label::PROFILE, profile.encode());
        ProfileRecord { log: self.log.carried(), signer: self.device.id(), profile }.encode()
    }

    pub fn content(&self, seq: u64, body: Body) -> Content {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&seq.to_be_bytes());
        let (id, log_head) = (MessageId::new(id), self.log.head());
        Content {
            id,
            seq,
            sent_at: clock::now(),
            log_head,
            reader_head: 0,
            introduction: None,
            ground: None,
            reply: None,
            body,
        }
    }

    /// Says that this is `name` and at which peer; with a token, that they were invited.
    pub fn introduced(
        &self,
        content: Content,
        name: &str,
        peer: &PeerKey,
        token: Option<ContactToken>,
    ) -> Content {
        let reach = Reach::new(self.device.id(), peer.as_bytes().to_vec(), Vec::new());
        let introduction = Introduction {
            name: name.into(),
            business: false,
            token,
            reach,
            queues: None,
            former: Vec::new(),
        };
        Content { introduction: Some(introduction), ..content }
    }
}

/// The attacker's end of the network.
pub struct Attacker {
    pub handle: Handle,
    events: mpsc::Receiver<Event>,
    unheard: VecDeque<Event>,
    queries: u64,
    pub rng: Random,
    pub addresses: Vec<String>,
}

impl Attacker {
    /// A peer that listens on loopback, and serves the directory if it is to lie there.
    pub async fn new(number: u8, server: bool, bootstrap: &[String]) -> Self {
        let mut config = Config::new(Zeroizing::new([number; 32]));
        config.listen = vec!["/ip4/127.0.0.1/tcp/0".into()];
        config.server = server;
        config.bootstrap = bootstrap.to_vec();
        let (sender, events) = mpsc::channel(4096);
        let (handle, _) = start(config, sender).unwrap();
        let rng = Random::new(u64::from(number));
        let mut attacker =
            Self { handle, events, unheard: VecDeque::new(), queries: 0, rng, addresses: Vec::new() };
        attacker.addresses = attacker
            .until(|event| match event {
                Event::Listening { addresses } if !addresses.is_empty() => Some(addresses.clone()),
                _ => None,
            })
            .await;
        attacker
    }

    /// Addresses for a bootstrap list.
    pub fn bootstrap(&self) -> Vec<String> {
        let peer = self.handle.local_text();
        self.addresses.iter().map(|address| format!("{address}/p2p/{peer}")).collect()
    }

    /// Waits for an event, and keeps the others.
    pub async fn until<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        for at in 0..self.unheard.len() {
            if let Some(found) = wanted(&self.unheard[at]) {
                self.unheard.remove(at);
                return found;
            }
        }
        let hearing = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if let Some(found) = wanted(&event) {
                    return found;
                }
                self.unheard.push_back(event);
            }
        };
        tokio::time::timeout(PATIENCE, hearing).await.unwrap()
    }

    /// The events that came and that nobody waited for.
    pub fn heard(&mut self) -> Vec<Event> {
        while let Ok(event) = self.events.try_recv() {
            self.unheard.push_back(event);
        }
        self.unheard.drain(..).collect()
    }

    pub async fn link(&mut self, to: &PeerAddress) -> LinkId {
        self.handle.command(Command::Connect { peer: to.clone() }).await.unwrap();
        let peer = to.peer().clone();
        self.until(|event| match event {
            Event::LinkUp { link, peer: up } if *up == peer => Some(*link),
            _ => None,
        })
        .await
    }

    /// Sends frames on a new link and waits until the other side has taken them all; returns the numbers of
    /// those that it refused.
    pub async fn volley(&mut self, to: &PeerAddress, frames: Vec<Vec<u8>>) -> Vec<u64> {
        let link = self.link(to).await;
        let mut given = 0;
        // No more than the window holds.
        for part in frames.chunks(512) {
            given += part.len() as u64;
            self.handle.command(Command::Send { link, frames: part.to_vec() }).await.unwrap();
            self.until(|event| match event {
                Event::Taken { link: on, upto } if *on == link => (*upto == given).then_some(()),
                Event::LinkDown { link: on, .. } if *on == link => panic!("cut off"),
                _ => None,
            })
            .await;
        }
        let refused = self.heard().into_iter().filter_map(|event| match event {
            Event::Refused { link: on, number } if on == link => Some(number),
            _ => None,
        });
        let refused = refused.collect();
        self.handle.command(Command::Close { link }).await.unwrap();
        refused
    }

    /// What a node answers to a request.
    pub async fn ask(&mut self, to: &PeerAddress, body: Vec<u8>) -> Option<Vec<u8>> {
        self.queries += 1;
        let query = self.queries;
        self.handle.command(Command::Ask { query, peer: to.clone(), body }).await.unwrap();
        self.until(|event| match event {
            Event::Answered { query: to, body } if *to == query => Some(body.clone()),
            _ => None,
        })
        .await
    }

    /// Puts a record under a key; how many nodes were asked to keep it.
    pub async fn put(&mut self, key: [u8; 32], value: Vec<u8>) -> u32 {
        self.queries += 1;
        let (query, expires_in) = (self.queries, Duration::from_secs(3600));
        self.handle.command(Command::PutRecord { query, key, value, expires_in }).await.unwrap();
        self.until(|event| match event {
            Event::PutDone { query: of, peers_asked, .. } if *of == query => Some(*peers_asked),
            _ => None,
        })
        .await
    }

    /// What lies under a key.
    pub async fn get(&mut self, key: [u8; 32]) -> Vec<Vec<u8>> {
        self.queries += 1;
        let query = self.queries;
        self.handle.command(Command::GetRecord { query, key }).await.unwrap();
        self.until(|event| match event {
            Event::GotRecords { query: of, values, .. } if *of == query => Some(values.clone()),
            _ => None,
        })
        .await
    }

    /// Serves whatever it likes under a key.
    pub async fn keep(&self, key: [u8; 32], value: Vec<u8>) {
        let expires_in = Duration::from_secs(3600);
        self.handle.command(Command::Keep { key, value, expires_in }).await.unwrap();
    }

    /// The profile that a business has published.
    pub async fn profile(&mut self, account: &AccountId) -> VerifiedProfile {
        let keys = dht_keys(account);
        wait_for("a published profile", async || {
            let values = self.get(keys[0]).await;
            values.iter().find_map(|value| VerifiedProfile::verify(value, clock::now()).ok())
        })
        .await
    }

    /// The prekeys of a node, for whoever has its invite.
    pub async fn bundle(&mut self, invite: &Invite) -> VerifiedBundle {
        let at = invite.reach.at().unwrap();
        let ask = Ask::Bundle { route: invite.inbox, token: Some(invite.token), work: None };
        let answer = self.ask(&at, ask.encode()).await.unwrap();
        let Ok(Answer::Bundle { bundle, .. }) = Answer::decode(&answer) else { panic!("no bundle") };
        VerifiedBundle::verify(&bundle, &invite.account, clock::now()).unwrap()
    }

    /// Opens a session; the frame of its first flight.
    pub fn flight(&mut self, from: &Persona, to: &VerifiedBundle, content: &Content) -> (Session, Vec<u8>) {
        let opened = pqxdh::initiate(&from.local(), to, &content.encode(), clock::now(), &mut self.rng);
        let (session, flight) = opened.unwrap();
        (session, Envelope { route: to.inbox(), body: &flight }.encode())
    }

    /// A frame of a session.
    pub fn frame(&mut self, session: &mut Session, content: &[u8]) -> Vec<u8> {
        let body = session.seal(content, clock::now(), &mut self.rng).unwrap();
        Envelope { route: session.send_route(), body: &body }.encode()
    }
}

/// Where a node of the tests is.
pub async fn at(node: &Node) -> PeerAddress {
    let peer: PeerId = node.peer_id().unwrap().parse().unwrap();
    let suffix = format!("/p2p/{peer}");
    let addresses = addresses(node).await.iter().map(|text| text.replace(&suffix, "")).collect();
    PeerAddress::new(PeerKey::new(peer.to_bytes()).unwrap(), addresses).unwrap()
}

/// An invite to a node.
pub async fn invite(node: &Node) -> Invite {
    wait_for("an invite", async || match node.command(NodeCommand::Invite).await {
        Ok(Outcome::Invited { invite, .. }) => Some(invite::decode(&invite).unwrap()),
        _ => None,
    })
    .await
}

/// So many bytes of nonsense.
pub fn nonsense(random: &mut Random, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rand_core::Rng::fill_bytes(random, &mut bytes);
    bytes
}
