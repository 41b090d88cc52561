//! A business and its customer, each a real engine over a store, and what they do together.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sigillo::base::id::{AccountId, Digest};
use sigillo::base::kind::AccountKind;
use sigillo::base::money::Money;
use sigillo::base::time::Time;
use sigillo::crypto::secret::Secret;
use sigillo::domain::chat::delivery::State;
use sigillo::domain::directory::profile::ProfileDraft;
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::address;
use sigillo::domain::identity::primary::Primary;
use sigillo::engine::command::{Command, Outcome, Refusal};
use sigillo::engine::effects::Effect;
use sigillo::engine::input::{Input, Ticket};
use sigillo::engine::ledger;
use sigillo::engine::machine::{Engine, Me};
use sigillo::engine::view::{self, BodyView};
use sigillo::sim::random::Random;
use sigillo::store::snapshot::Fault;
use sigillo::store::table::Reader;
use sigillo::store::tx::Tx;
use sigillo::wire::peer::{LinkId, PeerKey};
use sigillo::wire::plan::{Period, Plan};

use crate::memory::{Memory, Rows};
use crate::store::Store;

/// The node that sells.
pub(crate) const SHOP: usize = 0;
/// The node that buys.
pub(crate) const CUSTOMER: usize = 1;

/// A name, and what is done.
type Operation = (&'static str, fn(&mut Duo));

/// What the two do, in this order; each step asks something of the disk that those before it didn't.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("publish", Duo::publish),
    ("meet", Duo::meet),
    ("send", |duo| duo.say(SHOP, "Temos pão")),
    ("receive", |duo| duo.say(CUSTOMER, "Quero dois")),
    ("receipt", Duo::pay),
    ("tidy", Duo::tidy),
    ("send after tidying", |duo| duo.say(SHOP, "Prontos às seis")),
    ("receive after tidying", |duo| duo.say(CUSTOMER, "Obrigado")),
    ("send to who has sent", |duo| duo.say(SHOP, "De nada")),
    ("receive from who has received", |duo| duo.say(CUSTOMER, "Até logo")),
];

/// What a person was told has happened, and must still be so after a power cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Promise {
    /// A text was accepted.
    Text(usize, String),
    /// A receipt was issued.
    Receipt(Digest),
}

/// How things stood when a batch was about to be stored.
#[derive(Clone)]
pub(crate) struct Turn {
    /// Which operation was under way.
    pub(crate) operation: &'static str,
    now: Time,
    other: Arc<Rows>,
    records: BTreeMap<[u8; 32], Vec<u8>>,
    promises: Vec<Promise>,
}

struct Node {
    me: Me,
    key: PeerKey,
    engine: Option<Engine>,
    store: Box<dyn Store>,
    answers: BTreeMap<Ticket, Result<Outcome, Refusal>>,
}

struct Link {
    from: usize,
    next: u64,
}

/// The two nodes.
pub(crate) struct Duo {
    now: Time,
    nodes: [Node; 2],
    /// The node whose disk is looked at.
    subject: usize,
    /// The other one's store is this.
    memory: Memory,
    queue: VecDeque<(usize, Input)>,
    links: BTreeMap<LinkId, Link>,
    records: BTreeMap<[u8; 32], Vec<u8>>,
    rng: Random,
    number: u64,
    operation: &'static str,
    promises: Vec<Promise>,
    /// One for each batch of the subject, and one for the end.
    pub(crate) turns: Vec<Turn>,
    /// Why the subject stores nothing any more.
    pub(crate) fault: Option<Fault>,
}

impl Duo {
    /// Both nodes at their beginning; the subject's store is `store`.
    pub(crate) fn new(subject: usize, store: Box<dyn Store>) -> Self {
        Self::over(subject, store, Memory::of(Arc::default()), Time::from_millis(1_700_000_000_000))
    }

    fn over(subject: usize, store: Box<dyn Store>, memory: Memory, now: Time) -> Self {
        let mut rng = Random::new(7);
        let mut store = Some(store);
        let nodes = [AccountKind::Business, AccountKind::Person].map(|kind| {
            let index = if kind == AccountKind::Business { SHOP } else { CUSTOMER };
            let (seed, device) = (Seed::random(&mut rng), Secret::random(&mut rng));
            let me = Me { primary: Some(Primary::begin(&seed, &device, kind, now)), device, kind };
            let mut key = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
            key.resize(38, index as u8 + 1);
            let own = if index == subject { store.take() } else { None };
            let store = own.unwrap_or_else(|| Box::new(memory.clone()));
            Node { me, key: PeerKey::new(key).unwrap(), engine: None, store, answers: BTreeMap::new() }
        });
        let mut duo = Self {
            now,
            nodes,
            subject,
            memory,
            queue: VecDeque::new(),
            links: BTreeMap::new(),
            records: BTreeMap::new(),
            rng,
            number: 0,
            operation: "start",
            promises: Vec::new(),
            turns: Vec::new(),
            fault: None,
        };
        duo.start(SHOP);
        duo.start(CUSTOMER);
        duo.settle(Duration::from_secs(60));
        duo
    }

    /// Both nodes after a power cut: the subject with these rows, the other as it was then.
    pub(crate) fn resume(subject: usize, store: Box<dyn Store>, turn: &Turn) -> Self {
        let mut duo = Self::over(subject, store, Memory::of(turn.other.clone()), turn.now);
        duo.promises.clone_from(&turn.promises);
        duo.records.clone_from(&turn.records);
        duo
    }

    /// Does everything there is to do, or as much as the disk lets it.
    pub(crate) fn run(&mut self) {
        for (name, operation) in OPERATIONS {
            self.operation = name;
            if self.fault.is_none() {
                operation(self);
            }
        }
        self.turn();
    }

    /// Lets the two settle what is unsettled, talk once more, and compares what they show with what was promised.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        self.settle(Duration::from_secs(3_600));
        if self.contact_of(SHOP).is_none() || self.contact_of(CUSTOMER).is_none() {
            return if self.promises.is_empty() { Ok(()) } else { Err("the contact is gone".into()) };
        }
        self.say(SHOP, "Ainda aí?");
        self.say(CUSTOMER, "Aqui!");
        self.settle(Duration::from_secs(3_600));
        for (from, to) in [(SHOP, CUSTOMER), (CUSTOMER, SHOP)] {
            let (sent, received) = (self.texts(from, "out"), self.texts(to, "in"));
            if sent != received {
                return Err(format!("{sent:?} were sent, {received:?} received"));
            }
            let promised = self.promises.iter().filter_map(|promise| match promise {
                Promise::Text(sender, text) => (*sender == from).then(|| text.clone()),
                Promise::Receipt(_) => None,
            });
            let promised: Vec<String> = promised.collect();
            let kept: Vec<String> = sent.into_iter().filter(|text| promised.contains(text)).collect();
            if kept != promised {
                return Err(format!("{promised:?} were accepted, {kept:?} sent"));
            }
        }
        for promise in self.promises.clone() {
            if let Promise::Receipt(id) = promise
                && self.read(CUSTOMER, |rows| ledger::receipt_file(rows, &id)).is_none()
            {
                return Err("an issued receipt never came".into());
            }
        }
        Ok(())
    }

    /// The store of the node whose disk is looked at.
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.nodes[self.subject].store
    }

    fn publish(&mut self) {
        let plan = Plan {
            id: "bread".into(),
            version: 1,
            name: "Daily bread".into(),
            price: Money::parse("19.90", "BRL".parse().unwrap()).unwrap(),
            period: Period::Monthly,
            trial_days: 0,
            grace_days: 3,
            hold_days: 10,
        };
        let draft = ProfileDraft { name: "Padaria".into(), plans: vec![plan], ..ProfileDraft::default() };
        self.ask(SHOP, Command::SetProfile(Box::new(draft)));
        let published = self.ask(SHOP, Command::Publish);
        assert!(
            self.fault.is_some() || matches!(published, Some(Ok(Outcome::Published { .. }))),
            "{published:?}"
        );
    }

    fn meet(&mut self) {
        let account = self.account(SHOP);
        let added = self.ask(CUSTOMER, Command::Add { account, name: None });
        assert!(self.fault.is_some() || matches!(added, Some(Ok(Outcome::Added { .. }))), "{added:?}");
        self.say(CUSTOMER, "Bom dia");
    }

    fn say(&mut self, from: usize, text: &str) {
        let Some(to) = self.contact_of(from) else { return };
        if let Some(Ok(_)) = self.ask(from, Command::Send { to, text: text.to_owned() }) {
            self.promises.push(Promise::Text(from, text.to_owned()));
        }
        self.settle(Duration::from_secs(5));
    }

    fn pay(&mut self) {
        let issuer = self.account(SHOP);
        self.ask(CUSTOMER, Command::Subscribe { issuer, plan: "bread".into() });
        self.settle(Duration::from_secs(5));
        let now = self.now;
        let invoice = self.read(CUSTOMER, |rows| ledger::invoices(rows, now)).into_iter().next();
        let Some(invoice) = invoice else { return };
        let paid = self.ask(SHOP, Command::MarkPaid(invoice.key.parse().unwrap()));
        if let Some(Ok(Outcome::Receipted { receipt, .. })) = paid {
            self.promises.push(Promise::Receipt(receipt));
        }
        self.settle(Duration::from_secs(5));
    }

    fn tidy(&mut self) {
        if let Err(fault) = self.nodes[self.subject].store.tidy() {
            self.fault = Some(fault);
        }
    }

    /// What a node shows of its conversation with the other, missing messages included.
    fn texts(&self, node: usize, direction: &str) -> Vec<String> {
        let Some(with) = self.contact_of(node) else { return Vec::new() };
        let entries = self.read(node, |rows| view::history(rows, &with, None, 1_000));
        let texts = entries.into_iter().filter(|entry| entry.direction == direction);
        let texts = texts.filter_map(|entry| match entry.body {
            BodyView::Text { text } if entry.state.is_none_or(|state| state == State::Delivered) => {
                Some(text)
            }
            BodyView::Text { text } => Some(format!("{text} ({:?})", entry.state)),
            BodyView::Missing => Some("missing".to_owned()),
            BodyView::Billing { .. } | BodyView::Notice { .. } => None,
        });
        texts.collect()
    }

    fn read<T>(&self, node: usize, read: impl FnOnce(&Reader<'_>) -> T) -> T {
        let view = self.nodes[node].store.view();
        let reader = Reader::new(&*view);
        let result = read(&reader);
        reader.finish().unwrap();
        result
    }

    fn contact_of(&self, node: usize) -> Option<AccountId> {
        let contacts = self.read(node, |rows| view::contacts(rows));
        contacts.first().map(|contact| address::decode(&contact.address).unwrap())
    }

    fn account(&self, node: usize) -> AccountId {
        self.nodes[node].me.primary.as_ref().unwrap().account
    }
}

// The world around them.
impl Duo {
    fn start(&mut self, node: usize) {
        let view = self.nodes[node].store.view();
        let engine = Engine::new(self.nodes[node].me.clone(), &Reader::new(&*view));
        drop(view);
        self.nodes[node].engine = Some(engine);
        let started = Input::Started { peer: Some(self.nodes[node].key.clone()) };
        self.handle(node, vec![started, Input::Listening(vec![format!("/memory/{}", node + 1)])]);
    }

    fn ask(&mut self, node: usize, command: Command) -> Option<Result<Outcome, Refusal>> {
        self.number += 1;
        let ticket = self.number;
        self.handle(node, vec![Input::Command { ticket, command }]);
        let until = self.now.plus(Duration::from_secs(60));
        while !self.nodes[node].answers.contains_key(&ticket) && self.step(until) {}
        self.nodes[node].answers.remove(&ticket)
    }

    fn settle(&mut self, span: Duration) {
        let until = self.now.plus(span);
        while self.step(until) {}
    }

    fn step(&mut self, until: Time) -> bool {
        if let Some((node, _)) = self.queue.front() {
            let node = *node;
            let mut group = Vec::new();
            while let Some((_, input)) = self.queue.pop_front_if(|(to, _)| *to == node) {
                group.push(input);
            }
            self.handle(node, group);
            return true;
        }
        let due = |node: usize| self.nodes[node].engine.as_ref().and_then(Engine::next_deadline);
        let next = [SHOP, CUSTOMER].into_iter().filter_map(|node| Some((due(node)?, node))).min();
        let Some((at, node)) = next.filter(|(at, _)| *at <= until) else { return false };
        self.now = self.now.max(at);
        self.handle(node, vec![Input::Tick]);
        true
    }

    /// Hands inputs in as one group, waits for the disk, and carries out what follows.
    fn handle(&mut self, node: usize, inputs: Vec<Input>) {
        self.now = self.now.plus(Duration::from_millis(1));
        if node == self.subject {
            self.turn();
        }
        let Node { engine: Some(engine), store, .. } = &mut self.nodes[node] else { return };
        let view = store.view();
        let tx = Tx::new(&*view);
        for input in inputs {
            engine.handle(self.now, input, &tx, &mut self.rng);
        }
        let stored = engine.finish(self.now, tx, &mut self.rng);
        drop(view);
        let stored = stored.and_then(|effects| {
            store.commit(effects.batch).map(|committed| effects.held.release(&committed))
        });
        match stored {
            Ok(effects) => effects.into_iter().for_each(|effect| self.carry(node, effect)),
            Err(fault) => {
                // What was decided is neither sent nor shown, and the node ends.
                self.nodes[node].engine = None;
                self.fault = Some(fault);
            }
        }
    }

    fn turn(&mut self) {
        if self.nodes[self.subject].engine.is_some() {
            self.turns.push(Turn {
                operation: self.operation,
                now: self.now,
                other: self.memory.rows(),
                records: self.records.clone(),
                promises: self.promises.clone(),
            });
        }
    }

    fn carry(&mut self, from: usize, effect: Effect) {
        let to = 1 - from;
        match effect {
            Effect::Reply { ticket, result } => drop(self.nodes[from].answers.insert(ticket, result)),
            Effect::Connect(at) if self.nodes[to].engine.is_none() || *at.peer() != self.nodes[to].key => {
                self.queue.push_back((from, Input::Unreachable(at.peer().clone())));
            }
            Effect::Connect(at) => {
                self.number += 1;
                let link = LinkId::new(self.number);
                self.links.insert(link, Link { from, next: 0 });
                let (peer, key) = (at.peer().clone(), self.nodes[from].key.clone());
                self.queue.push_back((to, Input::PeerConnected(key)));
                self.queue.push_back((from, Input::LinkUp { link, peer }));
            }
            Effect::Send { link, frames } => {
                let Some(open) = self.links.get_mut(&link).filter(|open| open.from == from) else { return };
                let first = open.next;
                open.next += frames.len() as u64;
                let peer = self.nodes[from].key.clone();
                self.queue.push_back((to, Input::Frames { link, peer, first, frames }));
            }
            Effect::Take { link, upto } => self.queue.push_back((to, Input::Taken { link, upto })),
            Effect::Refuse { link, number } => self.queue.push_back((to, Input::Refused { link, number })),
            Effect::GetRecord { query, key } => {
                let values: Vec<_> = self.records.get(&key).cloned().into_iter().collect();
                self.queue.push_back((from, Input::GotRecords { query, values, peers_asked: 1 }));
            }
            Effect::PutRecord { query, key, value, .. } => {
                self.records.insert(key, value);
                self.queue.push_back((from, Input::PutDone { query, peers_asked: 1 }));
            }
            Effect::ClosestPeers { query, .. } => {
                self.queue.push_back((from, Input::Closest { query, peers: Vec::new() }));
            }
            Effect::Ask { query, peer, body } if *peer.peer() == self.nodes[to].key => {
                let peer = self.nodes[from].key.clone();
                self.queue.push_back((to, Input::Asked { ask: query, peer, from: None, body }));
            }
            Effect::Ask { query, .. } => self.queue.push_back((from, Input::Answered { query, body: None })),
            Effect::Answer { ask, body } => {
                self.queue.push_back((to, Input::Answered { query: ask, body: Some(body) }));
            }
            Effect::Work { query, puzzle } => {
                self.queue.push_back((from, Input::Worked { query, work: puzzle.solve() }));
            }
            Effect::Keep { .. } | Effect::KeepPlace { .. } | Effect::Channel(_) | Effect::Show(_) => {}
        }
    }
}
