//! A business, its customer and a mailbox between them, each a real engine over a store, and what they do together.

use core::time::Duration;
use std::collections::BTreeMap;
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
use sigillo::domain::mailbox::host::Rules;
use sigillo::engine::body_view::BodyView;
use sigillo::engine::command::{Command, NewMailbox, Outcome, Refusal};
use sigillo::engine::input::{Input, Ticket};
use sigillo::engine::ledger;
use sigillo::engine::machine::{Engine, Me};
use sigillo::engine::view;
use sigillo::sim::random::Random;
use sigillo::store::snapshot::Fault;
use sigillo::store::table::Reader;
use sigillo::store::tx::Tx;
use sigillo::wire::peer::{PeerAddress, PeerKey};
use sigillo::wire::plan::{Period, Plan};

use crate::around::Around;
use crate::memory::{Memory, Rows};
use crate::store::Store;

/// The node that sells.
pub(crate) const SHOP: usize = 0;
/// The node that buys.
pub(crate) const CUSTOMER: usize = 1;
/// The node that keeps mail for the one that buys.
pub(crate) const MAILBOX: usize = 2;
const ALL: [usize; 3] = [SHOP, CUSTOMER, MAILBOX];

/// A name, and what is done.
type Operation = (&'static str, fn(&mut Trio));

/// What they do, in this order; each step asks something of the disk that those before it didn't.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("publish", Trio::publish),
    ("meet", Trio::meet),
    ("send", |trio| trio.say(SHOP, "Temos pão")),
    ("receive", |trio| trio.say(CUSTOMER, "Quero dois")),
    ("receipt", Trio::pay),
    ("take a mailbox", Trio::take_mailbox),
    ("deposit", Trio::deposit),
    ("fetch", Trio::come_back),
    ("tidy", Trio::tidy),
    ("send after tidying", |trio| trio.say(SHOP, "Prontos às seis")),
    ("receive after tidying", |trio| trio.say(CUSTOMER, "Obrigado")),
    ("send to who has sent", |trio| trio.say(SHOP, "De nada")),
    ("receive from who has received", |trio| trio.say(CUSTOMER, "Até logo")),
];

/// What a person was told has happened, and must still be so after a power cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Promise {
    /// A text was accepted.
    Text(usize, String),
    /// A receipt was issued.
    Receipt(Digest),
    /// The mailbox keeps a text for the customer.
    Kept(String),
}

/// How things stood when a batch was about to be stored.
#[derive(Clone)]
pub(crate) struct Turn {
    /// Which operation was under way.
    pub(crate) operation: &'static str,
    now: Time,
    others: [Arc<Rows>; 3],
    records: BTreeMap<[u8; 32], Vec<u8>>,
    promises: Vec<Promise>,
}

pub(crate) struct Node {
    pub(crate) me: Me,
    pub(crate) key: PeerKey,
    pub(crate) engine: Option<Engine>,
    pub(crate) store: Box<dyn Store>,
    pub(crate) answers: BTreeMap<Ticket, Result<Outcome, Refusal>>,
}

/// The three nodes, and what is under way between them.
pub(crate) struct Trio {
    pub(crate) now: Time,
    pub(crate) nodes: [Node; 3],
    /// The node whose disk is looked at.
    pub(crate) subject: usize,
    /// The stores of the others; that of the subject isn't among them.
    memories: [Memory; 3],
    pub(crate) around: Around,
    pub(crate) rng: Random,
    operation: &'static str,
    promises: Vec<Promise>,
    /// One for each batch of the subject, and one for the end.
    pub(crate) turns: Vec<Turn>,
    /// Why the subject stores nothing any more.
    pub(crate) fault: Option<Fault>,
}

impl Trio {
    /// All nodes at their beginning; the subject's store is `store`.
    pub(crate) fn new(subject: usize, store: Box<dyn Store>) -> Self {
        let nothing = Around::default();
        Self::over(subject, store, Default::default(), nothing, Time::from_millis(1_700_000_000_000))
    }

    fn over(
        subject: usize,
        store: Box<dyn Store>,
        others: [Arc<Rows>; 3],
        around: Around,
        now: Time,
    ) -> Self {
        let mut rng = Random::new(7);
        let mut store = Some(store);
        let memories = others.map(Memory::of);
        let nodes = ALL.map(|index| {
            let kind = if index == SHOP { AccountKind::Business } else { AccountKind::Person };
            let (seed, device) = (Seed::random(&mut rng), Secret::random(&mut rng));
            let me = Me { primary: Some(Primary::begin(&seed, &device, kind, now)), device, kind };
            let mut key = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
            key.resize(38, index as u8 + 1);
            let own = if index == subject { store.take() } else { None };
            let store = own.unwrap_or_else(|| Box::new(memories[index].clone()));
            Node { me, key: PeerKey::new(key).unwrap(), engine: None, store, answers: BTreeMap::new() }
        });
        let mut trio = Self {
            now,
            nodes,
            subject,
            memories,
            around,
            rng,
            operation: "start",
            promises: Vec::new(),
            turns: Vec::new(),
            fault: None,
        };
        for node in [MAILBOX, SHOP, CUSTOMER] {
            trio.start(node);
        }
        trio
    }

    /// All nodes after a power cut: the subject with these rows, the others as they were then.
    pub(crate) fn resume(subject: usize, store: Box<dyn Store>, turn: &Turn) -> Self {
        let around = Around::of(turn.records.clone());
        let mut trio = Self::over(subject, store, turn.others.clone(), around, turn.now);
        trio.promises.clone_from(&turn.promises);
        trio
    }

    /// Does everything there is to do, or as much as the disk lets it.
    pub(crate) fn run(&mut self) {
        self.settle(Duration::from_secs(60));
        for (name, operation) in OPERATIONS {
            self.operation = name;
            if self.fault.is_none() {
                operation(self);
            }
        }
        self.turn();
    }

    /// Lets them settle what is unsettled, talk once more, and compares what they show with what was promised.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        self.check_mailbox()?;
        self.settle(Duration::from_secs(3_600));
        if self.contact_of(SHOP).is_none() || self.contact_of(CUSTOMER).is_none() {
            return if self.promises.is_empty() { Ok(()) } else { Err("the contact is gone".into()) };
        }
        self.say(SHOP, "Ainda aí?");
        self.say(CUSTOMER, "Aqui!");
        self.settle(Duration::from_secs(3_600));
        for (from, to) in [(SHOP, CUSTOMER), (CUSTOMER, SHOP)] {
            let (sent, received) = (self.shown(from, "out"), self.shown(to, "in"));
            if sent != received {
                return Err(format!("{sent:?} were sent, {received:?} received"));
            }
            let promised = self.promises.iter().filter_map(|promise| match promise {
                Promise::Text(sender, text) => (*sender == from).then(|| text.clone()),
                Promise::Receipt(_) | Promise::Kept(_) => None,
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

    /// What the mailbox keeps for the customer is all there, whatever the business still has.
    fn check_mailbox(&mut self) -> Result<(), String> {
        let kept = self.promises.iter().filter_map(|promise| match promise {
            Promise::Kept(text) => Some(text.clone()),
            Promise::Text(..) | Promise::Receipt(_) => None,
        });
        let kept: Vec<String> = kept.collect();
        if kept.is_empty() {
            return Ok(());
        }
        self.leave(SHOP);
        self.settle(Duration::from_secs(3_600));
        let shown = self.shown(CUSTOMER, "in");
        self.around.away = None;
        match kept.into_iter().find(|text| !shown.contains(text)) {
            Some(text) => Err(format!("the mailbox said that it keeps {text:?}, the customer has {shown:?}")),
            None => Ok(()),
        }
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

    fn take_mailbox(&mut self) {
        let at = PeerAddress::new(self.nodes[MAILBOX].key.clone(), Vec::new()).unwrap();
        let wanted = NewMailbox { at, token: None, receipt: None };
        let taken = self.ask(CUSTOMER, Command::AddMailbox(Box::new(wanted)));
        assert!(self.fault.is_some() || matches!(taken, Some(Ok(Outcome::Done))), "{taken:?}");
        self.settle(Duration::from_secs(5));
    }

    /// The customer is away, and what the business says is kept by the mailbox.
    fn deposit(&mut self) {
        self.leave(CUSTOMER);
        let text = "Guardei um para ti";
        self.say(SHOP, text);
        if self.shown(SHOP, "out").contains(&format!("{text} (Some(Stored))")) {
            self.promises.push(Promise::Kept(text.to_owned()));
        }
        assert!(self.fault.is_some() || matches!(self.promises.last(), Some(Promise::Kept(_))));
        self.settle(Duration::from_secs(120));
    }

    /// The customer is back, fetches what the mailbox has, and lets it go there.
    fn come_back(&mut self) {
        self.around.away = None;
        self.settle(Duration::from_secs(700));
    }

    fn tidy(&mut self) {
        if let Err(fault) = self.nodes[self.subject].store.tidy() {
            self.fault = Some(fault);
        }
    }

    /// What a node shows of its conversation with the other, missing messages included.
    fn shown(&self, node: usize, direction: &str) -> Vec<String> {
        let Some(with) = self.contact_of(node) else { return Vec::new() };
        let entries = self.read(node, |rows| view::history(rows, &with, None, 1_000));
        let texts = entries.into_iter().filter(|entry| entry.direction == direction);
        let texts = texts.filter_map(|entry| match entry.body {
            BodyView::Text { text } if entry.state.is_none_or(|state| state == State::Delivered) => {
                Some(text)
            }
            BodyView::Text { text } => Some(format!("{text} ({:?})", entry.state)),
            BodyView::Missing => Some("missing".to_owned()),
            _ => None,
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

// Each at its store.
impl Trio {
    fn start(&mut self, node: usize) {
        let view = self.nodes[node].store.view();
        let mut engine = Engine::new(self.nodes[node].me.clone(), &Reader::new(&*view));
        if node == MAILBOX {
            engine.serve_mail(Rules::default());
        }
        drop(view);
        self.nodes[node].engine = Some(engine);
        let started = Input::Started { peer: Some(self.nodes[node].key.clone()) };
        self.handle(node, vec![started, Input::Listening(vec![format!("/memory/{}", node + 1)])]);
    }

    fn ask(&mut self, node: usize, command: Command) -> Option<Result<Outcome, Refusal>> {
        let ticket = self.around.number();
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
        if let Some((node, group)) = self.around.next() {
            self.handle(node, group);
            return true;
        }
        let due = |node: usize| self.nodes[node].engine.as_ref().and_then(Engine::next_deadline);
        let next = ALL.into_iter().filter_map(|node| Some((due(node)?, node))).min();
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
                self.cut_off(node);
            }
        }
    }

    fn turn(&mut self) {
        if self.nodes[self.subject].engine.is_some() {
            self.turns.push(Turn {
                operation: self.operation,
                now: self.now,
                others: ALL.map(|node| self.memories[node].rows()),
                records: self.around.records.clone(),
                promises: self.promises.clone(),
            });
        }
    }
}
