//! A mailbox on a table, with a reader and a writer.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::base::id::ReadId;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::ed25519::SigningKey;
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::domain::billing::fixture::Counter;
use crate::domain::mailbox::askers::Askers;
use crate::domain::mailbox::host::{Done, Host, Rules};
use crate::store::memory::Memory;
use crate::store::tx::Tx;
use crate::wire::boxes::Ticket;
use crate::wire::mail::{Channel, Command, NewKind, NewQueue, Nonce, Request, ticket_pass, writer_key};
use crate::wire::mail_word::Answer;
use crate::wire::origin::{Origin, Prefix};
use crate::wire::peer::PeerKey;

pub(super) const NOW: Time = Time::from_millis(1_700_000_000_000);

/// A mailbox.
pub(super) struct Desk {
    memory: RefCell<Memory>,
    pub(super) rules: Rules,
    pub(super) now: Time,
    pub(super) mailbox: PeerKey,
    pub(super) nonce: Nonce,
    pub(super) origin: Origin,
    askers: Askers,
    counted: u64,
    pub(super) proven: BTreeSet<ReadId>,
    number: u64,
    pub(super) rng: Counter,
}

/// Whoever reads an inbox or a pair queue.
pub(super) struct Reader {
    pub(super) key: SigningKey,
    pub(super) gate: Secret<32>,
    pub(super) writer: KeyPair,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            memory: RefCell::default(),
            rules: Rules::default(),
            now: NOW,
            mailbox: PeerKey::new(vec![3; 38]).unwrap(),
            nonce: [4; 32],
            origin: Origin::Network(Prefix::V4([9, 9, 9])),
            askers: Askers::default(),
            counted: 0,
            proven: BTreeSet::new(),
            number: 0,
            rng: Counter(5),
        }
    }

    /// One request, in a commit of its own.
    pub(super) fn ask(&mut self, request: &Request) -> Done {
        let (request, command) = Request::decode(&request.encode()).unwrap();
        let (now, rng, askers) = (self.now, &mut self.rng, &mut self.askers);
        let (origin, counted) = (&self.origin, self.counted);
        let memory = self.memory.borrow();
        let tx = Tx::new(&*memory);
        let channel = Channel { mailbox: &self.mailbox, nonce: &self.nonce };
        let host = Host {
            tx: &tx,
            now,
            channel,
            rules: &self.rules,
            origin,
            counted,
            proven: &self.proven,
            notes: None,
        };
        let done = host.handle(&request, command, askers, rng);
        if done.worked {
            self.counted = request.number;
        }
        self.proven.extend(done.subscribed);
        let changes = tx.finish(1).unwrap().into_parts().0;
        drop(memory);
        self.store(changes);
        done
    }

    /// Something done to the rows, in a commit of its own.
    pub(super) fn with<R>(&mut self, work: impl FnOnce(&Tx<'_>) -> R) -> R {
        let memory = self.memory.borrow();
        let tx = Tx::new(&*memory);
        let result = work(&tx);
        let changes = tx.finish(1).unwrap().into_parts().0;
        drop(memory);
        self.store(changes);
        result
    }

    fn store(&self, changes: crate::store::tx::Changes) {
        self.memory.borrow_mut().store(changes);
    }

    pub(super) fn rows(&self) -> usize {
        self.memory.borrow().rows.len()
    }

    pub(super) fn count(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    pub(super) fn read(&mut self, reader: &Reader, command: &Command) -> Answer {
        let number = self.count();
        let request = Request::signed(number, &self.channel(), &reader.key, command);
        self.ask(&request).answer
    }

    pub(super) fn channel(&self) -> Channel<'_> {
        Channel { mailbox: &self.mailbox, nonce: &self.nonce }
    }

    /// Makes an inbox, or a pair queue; its send id and the writer's key of MACs.
    pub(super) fn make(&mut self, reader: &Reader, pair: bool) -> ([u8; 16], Option<Secret<32>>) {
        match self.read(reader, &Command::New(reader.wanted(pair))) {
            Answer::Made { send, key } => {
                (*send.as_bytes(), pair.then(|| writer_key(&reader.writer, &key, &send).unwrap()))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Deposits in a pair queue.
    pub(super) fn write(&mut self, send: &[u8; 16], key: &Secret<32>, frame: Vec<u8>) -> Answer {
        let number = self.count();
        let send = crate::base::id::SendId::new(*send);
        let command = Command::Send { frame, ticket: None };
        let request = Request::written(number, &self.channel(), &send, key, &command);
        self.ask(&request).answer
    }

    /// Deposits in an inbox, with a ticket or so many bits of work.
    pub(super) fn knock(
        &mut self,
        send: &[u8; 16],
        frame: Vec<u8>,
        ticket: Option<Ticket>,
        bits: u32,
    ) -> Answer {
        let number = self.count();
        let mut request = Request::bare(number, *send, &Command::Send { frame, ticket });
        if bits > 0 {
            request.work = request.puzzle(&self.channel(), bits).solve();
        }
        self.ask(&request).answer
    }
}

impl Reader {
    pub(super) fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_seed(&Secret::new([seed; 32])),
            gate: Secret::new([seed + 1; 32]),
            writer: KeyPair::from_secret(Secret::new([seed + 2; 32])),
        }
    }

    pub(super) fn wanted(&self, pair: bool) -> NewQueue {
        let kind = if pair {
            NewKind::Pair { writer: *self.writer.public() }
        } else {
            NewKind::Inbox { gate: self.gate.clone() }
        };
        NewQueue { read_key: self.key.public(), kind, token: None, receipt: None }
    }

    pub(super) fn ticket(&self, id: u8, expires: Time) -> Ticket {
        let id = [id; 8];
        Ticket { expires, id, pass: ticket_pass(&self.gate, expires.as_secs(), &id) }
    }
}

/// A first flight like no other.
pub(super) fn flight(number: u32) -> Vec<u8> {
    let mut flight = vec![1; limits::FIRST_FLIGHT_LEN];
    flight[..4].copy_from_slice(&number.to_be_bytes());
    flight
}

/// A frame like no other.
pub(super) fn frame(number: u32, length: usize) -> Vec<u8> {
    let mut frame = vec![2; length];
    frame[..4].copy_from_slice(&number.to_be_bytes());
    frame
}
