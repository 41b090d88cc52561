//! What is asked of a mailbox: requests, and what each proof of them is over.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{ContactToken, DeviceId, ReadId, SendId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::crypto::ed25519;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{hkdf_sha256, hmac_sha256, label};
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::wire::account::{log_from_schema, log_to_schema};
use crate::wire::boxes::Ticket;
use crate::wire::decode::{Malformed, array, list, message, required};
use crate::wire::peer::PeerKey;
use crate::wire::schema;
use crate::wire::signed::Signed;
use crate::wire::work::Puzzle;

/// Random bytes that a mailbox begins each channel with, so that nothing said on one serves on another.
pub type Nonce = [u8; 32];

/// One request. Its command is kept as it was proven.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Counts the requests of the channel; the answer names it.
    pub number: u64,
    /// The queue: a read id, or with [`Command::Send`] and [`Command::GetPrekeys`] a send id.
    pub queue: [u8; 16],
    /// A signature, a MAC, or nothing.
    pub proof: Vec<u8>,
    /// Proof of work, or 0.
    pub work: u64,
    command: Vec<u8>,
}

/// What is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Make a queue, or name the one that this read key has already.
    New(NewQueue),
    /// Say when something comes.
    Subscribe,
    /// Give the frames behind this number.
    Get {
        /// The number of the last frame that the reader has.
        after: u64,
    },
    /// Everything up to this number may go.
    Ack {
        /// The number.
        upto: u64,
    },
    /// The queue and all in it may go.
    Delete,
    /// Say how full it is.
    Stat,
    /// Keep a frame.
    Send {
        /// The frame: in an inbox a first flight, in a pair queue an envelope whose route is hidden.
        frame: Vec<u8>,
        /// What lets it into an inbox without work.
        ticket: Option<Ticket>,
    },
    /// Hand these prekeys out.
    PutPrekeys {
        /// A signed bundle in the place of the last; empty where that one stays.
        bundle: Vec<u8>,
        /// Signed one-time prekeys, two for each pair.
        one_time: Vec<Vec<u8>>,
    },
    /// Give prekeys of whoever reads this inbox.
    GetPrekeys {
        /// What lets us in without work.
        ticket: Option<Ticket>,
    },
}

/// A queue to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewQueue {
    /// Signs every request to read.
    pub read_key: [u8; ed25519::PUBLIC_LEN],
    /// What is to be kept in it.
    pub kind: NewKind,
    /// A token that lets the queue in.
    pub token: Option<ContactToken>,
    /// A receipt that does.
    pub receipt: Option<ShownReceipt>,
}

/// A receipt with what it takes to verify it; nothing of it is verified.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShownReceipt {
    /// The signed receipt.
    pub receipt: Signed,
    /// The device that signed.
    pub signer: DeviceId,
    /// The issuer's account log.
    pub log: Vec<Signed>,
}

/// What a queue is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NewKind {
    /// First flights.
    Inbox {
        /// What its tickets are made under.
        gate: Secret<32>,
    },
    /// What one contact says.
    Pair {
        /// The writer's X25519 key.
        writer: [u8; 32],
    },
}

impl Request {
    /// A request that proves itself by the reader's signature.
    pub fn signed(number: u64, channel: &Channel<'_>, key: &ed25519::SigningKey, command: &Command) -> Self {
        let request = Self::bare(number, *read_id(&key.public()).as_bytes(), command);
        let proof = key.sign(label::MAILBOX_READ, &request.payload(channel)).to_vec();
        Self { proof, ..request }
    }

    /// A request that proves itself by the writer's MAC.
    pub fn written(
        number: u64,
        channel: &Channel<'_>,
        send: &SendId,
        key: &Secret<32>,
        command: &Command,
    ) -> Self {
        let request = Self::bare(number, *send.as_bytes(), command);
        let proof = request.mac(channel, key).expose().to_vec();
        Self { proof, ..request }
    }

    /// A request without a proof: a ticket or work speaks for it.
    pub fn bare(number: u64, queue: [u8; 16], command: &Command) -> Self {
        Self { number, queue, proof: Vec::new(), work: 0, command: command.encode() }
    }

    /// Whether the reader of the queue signed it, on this channel.
    pub fn is_signed(&self, channel: &Channel<'_>, key: &[u8; ed25519::PUBLIC_LEN]) -> bool {
        let Ok(signature) = self.proof.as_slice().try_into() else { return false };
        ed25519::verify(key, label::MAILBOX_READ, &self.payload(channel), signature).is_ok()
    }

    /// Whether the writer of the queue made it, on this channel. Compared in constant time.
    pub fn is_written(&self, channel: &Channel<'_>, key: &Secret<32>) -> bool {
        Secret::from_slice(&self.proof).is_some_and(|proof: Secret<32>| proof == self.mac(channel, key))
    }

    /// Bits of work that it shows, on this channel and under this number.
    pub fn worked(&self, channel: &Channel<'_>) -> u32 {
        self.puzzle(channel, 0).worth(self.work)
    }

    /// The work that makes it show so many bits; never more than [`mail_limits::WORK_MOST`].
    pub fn puzzle(&self, channel: &Channel<'_>, bits: u32) -> Puzzle {
        let payload = [self.payload(channel).as_slice(), &self.number.to_be_bytes()].concat();
        Puzzle::new(label::MAILBOX_WORK, &payload, bits)
    }

    fn mac(&self, channel: &Channel<'_>, key: &Secret<32>) -> Secret<32> {
        hmac_sha256(key.expose(), &[&label::MAILBOX_SEND.encoded(), &self.payload(channel)])
    }

    /// What every proof is over: mailbox, channel, queue, command.
    fn payload(&self, channel: &Channel<'_>) -> Vec<u8> {
        let peer = channel.mailbox.with_length();
        [&peer, channel.nonce.as_slice(), &self.queue, &sha256(&[&self.command])].concat()
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (queue, proof, command) = (self.queue.to_vec(), self.proof.clone(), self.command.clone());
        schema::MailRequest { number: self.number, queue, proof, work: self.work, command }.encode_to_vec()
    }

    /// Parses a request of at most [`mail_limits::MAIL_MESSAGE_MAX`] bytes, and its command.
    pub fn decode(bytes: &[u8]) -> Result<(Self, Command), Malformed> {
        let request: schema::MailRequest = message(bytes, mail_limits::MAIL_MESSAGE_MAX)?;
        if !matches!(request.proof.len(), 0 | 32 | ed25519::SIGNATURE_LEN) {
            return Err(Malformed("not a proof"));
        }
        let command = Command::decode(&request.command)?;
        let (queue, proof) = (array(&request.queue)?, request.proof);
        let request =
            Self { number: request.number, queue, proof, work: request.work, command: request.command };
        Ok((request, command))
    }
}

/// A channel as proofs name it.
#[derive(Clone, Copy, Debug)]
pub struct Channel<'a> {
    /// The mailbox's peer.
    pub mailbox: &'a PeerKey,
    /// What it began the channel with.
    pub nonce: &'a Nonce,
}

/// The read id that belongs to a read key.
pub fn read_id(key: &[u8; ed25519::PUBLIC_LEN]) -> ReadId {
    let digest = sha256(&[&label::MAILBOX_READ_ID.encoded(), key]);
    ReadId::new(core::array::from_fn(|index| digest[index]))
}

/// The key of a writer's MACs: from the exchange of one side's private key with the other's public one. None where
/// the other's is of small order.
pub fn writer_key(ours: &KeyPair, theirs: &[u8; 32], send: &SendId) -> Option<Secret<32>> {
    let shared = ours.exchange(theirs).ok()?;
    Some(hkdf_sha256(&[], shared.expose(), &label::MAILBOX_WRITER.with(&[send.as_bytes()])))
}

/// The pass of a ticket.
pub fn ticket_pass(gate: &Secret<32>, expires_secs: u64, id: &[u8; 8]) -> ContactToken {
    let tag =
        hmac_sha256(gate.expose(), &[&label::MAILBOX_TICKET.encoded(), &expires_secs.to_be_bytes(), id]);
    ContactToken::new(core::array::from_fn(|index| tag.expose()[index]))
}

/// A route as a mailbox sees it, and back: hidden under the bytes that follow it.
pub fn masked(route: &[u8; 16], mask: &Secret<32>, body: &[u8]) -> [u8; 16] {
    let stream = hmac_sha256(mask.expose(), &[&label::MAILBOX_ROUTE.encoded(), body]);
    core::array::from_fn(|index| route[index] ^ stream.expose()[index])
}

impl Command {
    fn encode(&self) -> Vec<u8> {
        use schema::mail_command::Command as Wire;
        let ticket = |ticket: &Option<Ticket>| ticket.as_ref().map(Ticket::to_schema);
        let command = match self {
            Self::New(queue) => Wire::New(queue.to_schema()),
            Self::Subscribe => Wire::Subscribe(true),
            Self::Get { after } => Wire::Get(schema::MailGet { after: *after }),
            Self::Ack { upto } => Wire::Ack(schema::MailAck { upto: *upto }),
            Self::Delete => Wire::Delete(true),
            Self::Stat => Wire::Stat(true),
            Self::Send { frame, ticket: with } => {
                Wire::Send(schema::MailSend { frame: frame.clone(), ticket: ticket(with) })
            }
            Self::PutPrekeys { bundle, one_time } => Wire::PutPrekeys(schema::MailPutPrekeys {
                bundle: bundle.clone(),
                one_time: one_time.clone(),
            }),
            Self::GetPrekeys { ticket: with } => {
                Wire::GetPrekeys(schema::MailGetPrekeys { ticket: ticket(with) })
            }
        };
        schema::MailCommand { command: Some(command) }.encode_to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        use schema::mail_command::Command as Wire;
        let command: schema::MailCommand = message(bytes, mail_limits::MAIL_MESSAGE_MAX)?;
        let ticket =
            |ticket: Option<schema::MailTicket>| ticket.as_ref().map(Ticket::from_schema).transpose();
        Ok(match required(command.command)? {
            Wire::New(queue) => Self::New(NewQueue::from_schema(queue)?),
            Wire::Subscribe(true) => Self::Subscribe,
            Wire::Get(get) => Self::Get { after: get.after },
            Wire::Ack(ack) => Self::Ack { upto: ack.upto },
            Wire::Delete(true) => Self::Delete,
            Wire::Stat(true) => Self::Stat,
            Wire::Subscribe(false) | Wire::Delete(false) | Wire::Stat(false) => {
                return Err(Malformed("nothing is wanted"));
            }
            Wire::Send(send) if !(17..=limits::FRAME_MAX).contains(&send.frame.len()) => {
                return Err(Malformed("not a frame"));
            }
            Wire::Send(send) => Self::Send { frame: send.frame, ticket: ticket(send.ticket)? },
            Wire::PutPrekeys(put) if put.bundle.len() > limits::BUNDLE_MAX || put.one_time.len() % 2 == 1 => {
                return Err(Malformed("not prekeys"));
            }
            Wire::PutPrekeys(put) => Self::PutPrekeys {
                bundle: put.bundle,
                one_time: list(put.one_time, 2 * mail_limits::MAIL_PAIRS_MAX, one_time)?,
            },
            Wire::GetPrekeys(get) => Self::GetPrekeys { ticket: ticket(get.ticket)? },
        })
    }
}

impl NewQueue {
    fn to_schema(&self) -> schema::MailNew {
        use schema::mail_new::Kind;
        schema::MailNew {
            read_key: self.read_key.to_vec(),
            kind: Some(match &self.kind {
                NewKind::Inbox { gate } => Kind::Inbox(gate.expose().to_vec()),
                NewKind::Pair { writer } => Kind::Pair(writer.to_vec()),
            }),
            token: self.token.map(|token| token.as_bytes().to_vec()).unwrap_or_default(),
            receipt: self.receipt.as_ref().map(ShownReceipt::to_schema),
        }
    }

    fn from_schema(queue: schema::MailNew) -> Result<Self, Malformed> {
        use schema::mail_new::Kind;
        Ok(Self {
            read_key: array(&queue.read_key)?,
            kind: match required(queue.kind)? {
                Kind::Inbox(gate) => NewKind::Inbox { gate: Secret::new(array(&gate)?) },
                Kind::Pair(writer) => NewKind::Pair { writer: array(&writer)? },
            },
            token: match queue.token.as_slice() {
                [] => None,
                token => Some(ContactToken::new(array(token)?)),
            },
            receipt: queue.receipt.map(ShownReceipt::from_schema).transpose()?,
        })
    }
}

impl ShownReceipt {
    /// The bytes, as a QR code carries them.
    pub fn encode(&self) -> Vec<u8> {
        self.to_schema().encode_to_vec()
    }

    /// Parses what [`ShownReceipt::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::from_schema(message(bytes, mail_limits::MAIL_RECEIPT_MAX + 1_024)?)
    }

    pub(super) fn to_schema(&self) -> schema::MailReceipt {
        schema::MailReceipt {
            receipt: Some(self.receipt.to_schema()),
            signer: self.signer.as_bytes().to_vec(),
            log: log_to_schema(&self.log),
        }
    }

    pub(super) fn from_schema(shown: schema::MailReceipt) -> Result<Self, Malformed> {
        let shown = Self {
            receipt: Signed::from_schema(required(shown.receipt)?, charging::EVENT_MAX)?,
            signer: DeviceId::new(array(&shown.signer)?),
            log: log_from_schema(shown.log)?,
        };
        if shown.size() > mail_limits::MAIL_RECEIPT_MAX { Err(Malformed("too large")) } else { Ok(shown) }
    }

    /// Roughly how many bytes it takes.
    pub fn size(&self) -> usize {
        self.receipt.size() + self.log.iter().map(Signed::size).sum::<usize>()
    }
}

/// A signed one-time prekey has at most so many bytes: its key, its signature and some ids.
pub const ONE_TIME_MAX: usize = 1_536;

pub(crate) fn one_time(prekey: Vec<u8>) -> Result<Vec<u8>, Malformed> {
    if (1..=ONE_TIME_MAX).contains(&prekey.len()) { Ok(prekey) } else { Err(Malformed("not a prekey")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Time;

    fn sends(frame: Vec<u8>) -> bool {
        let request = Request::bare(1, [1; 16], &Command::Send { frame, ticket: None });
        Request::decode(&request.encode()).is_ok()
    }

    #[test]
    fn requests_over_their_bounds_are_refused_before_anything_is_done_with_them() {
        assert!(sends(vec![0; 17]) && sends(vec![0; limits::FRAME_MAX]));
        assert!(!sends(vec![0; 16]) && !sends(vec![0; limits::FRAME_MAX + 1]));
        let put = |bundle: usize, one_time: usize| {
            let command = Command::PutPrekeys { bundle: vec![1; bundle], one_time: vec![vec![2]; one_time] };
            Request::decode(&Request::bare(1, [1; 16], &command).encode()).is_ok()
        };
        assert!(put(limits::BUNDLE_MAX, 2 * mail_limits::MAIL_PAIRS_MAX));
        assert!(
            !put(limits::BUNDLE_MAX + 1, 2) && !put(0, 3) && !put(0, 2 * mail_limits::MAIL_PAIRS_MAX + 2)
        );
        assert!(Request::decode(&vec![0; mail_limits::MAIL_MESSAGE_MAX + 1]).is_err());
        let whole = Request::bare(1, [1; 16], &Command::Stat).encode();
        assert!((0..whole.len()).all(|length| Request::decode(&whole[..length]).is_err()));
    }

    #[test]
    fn a_hidden_route_comes_back_only_under_its_mask_and_before_its_bytes() {
        let (route, mask) = ([7; 16], Secret::new([1; 32]));
        let hidden = masked(&route, &mask, b"frame");
        assert_ne!(hidden, route);
        assert_eq!(masked(&hidden, &mask, b"frame"), route);
        assert_ne!(masked(&hidden, &mask, b"frAme"), route);
        assert_ne!(masked(&hidden, &Secret::new([2; 32]), b"frame"), route);
        assert_ne!(masked(&route, &mask, b"another"), hidden, "two deposits have nothing in common");
    }

    #[test]
    fn a_ticket_reads_back_in_whole_seconds() {
        let ticket = Ticket {
            expires: Time::from_millis(1_700_000_000_000),
            id: [1; 8],
            pass: ContactToken::new([2; 16]),
        };
        assert_eq!(Ticket::from_schema(&ticket.to_schema()), Ok(ticket));
    }
}
