//! Where one can deposit for somebody: boxes at mailboxes, as contacts and invites carry them.

use serde::{Deserialize, Serialize};

use crate::base::id::{ContactToken, SendId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::wire::decode::{Malformed, array, list, required};
use crate::wire::peer::{PeerAddress, PeerKey};
use crate::wire::schema;

/// What lets its bearer into an inbox, until it expires. The mailbox made none of it and can't tell whose it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// Whole seconds.
    pub expires: Time,
    /// Random.
    pub id: [u8; 8],
    /// The first bytes of an HMAC under the inbox's secret.
    pub pass: ContactToken,
}

/// A pair queue of a contact, and what it takes to deposit there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PairBox {
    /// The mailbox.
    pub at: PeerAddress,
    /// The queue.
    pub send: SendId,
    /// The writer's X25519 key.
    pub writer: Secret<32>,
    /// The queue's X25519 key at the mailbox.
    pub key: [u8; 32],
    /// Hides routes from the mailbox.
    pub mask: Secret<32>,
}

/// An inbox of somebody, and what lets us in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InboxBox {
    /// The mailbox.
    pub at: PeerAddress,
    /// The queue.
    pub send: SendId,
    /// What lets us in.
    pub ticket: Ticket,
}

/// An inbox of a business, as its profile names it: whoever has no ticket works for its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenBox {
    /// The mailbox.
    pub at: PeerAddress,
    /// The queue.
    pub send: SendId,
}

/// The boxes of one device: where its contacts deposit when they can't reach it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Queues {
    /// For what is said; at most [`limits::MAILBOXES_MAX`].
    pub pairs: Vec<PairBox>,
    /// For first flights, should the session be lost; as many at most.
    pub inboxes: Vec<InboxBox>,
}

impl Queues {
    pub(crate) fn to_schema(&self) -> schema::Queues {
        schema::Queues {
            pairs: self.pairs.iter().map(PairBox::to_schema).collect(),
            inboxes: self.inboxes.iter().map(InboxBox::to_schema).collect(),
        }
    }

    pub(crate) fn from_schema(queues: schema::Queues) -> Result<Self, Malformed> {
        Ok(Self {
            pairs: list(queues.pairs, limits::MAILBOXES_MAX, PairBox::from_schema)?,
            inboxes: list(queues.inboxes, limits::MAILBOXES_MAX, InboxBox::from_schema)?,
        })
    }
}

impl PairBox {
    fn to_schema(&self) -> schema::PairBox {
        schema::PairBox {
            peer: self.at.peer().as_bytes().to_vec(),
            addresses: self.at.addresses().to_vec(),
            send: self.send.as_bytes().to_vec(),
            writer: self.writer.expose().to_vec(),
            key: self.key.to_vec(),
            mask: self.mask.expose().to_vec(),
        }
    }

    fn from_schema(pair: schema::PairBox) -> Result<Self, Malformed> {
        Ok(Self {
            at: place(pair.peer, pair.addresses)?,
            send: SendId::new(array(&pair.send)?),
            writer: Secret::new(array(&pair.writer)?),
            key: array(&pair.key)?,
            mask: Secret::new(array(&pair.mask)?),
        })
    }
}

impl InboxBox {
    pub(crate) fn to_schema(&self) -> schema::InboxBox {
        schema::InboxBox {
            peer: self.at.peer().as_bytes().to_vec(),
            addresses: self.at.addresses().to_vec(),
            send: self.send.as_bytes().to_vec(),
            ticket: Some(self.ticket.to_schema()),
        }
    }

    pub(crate) fn from_schema(inbox: schema::InboxBox) -> Result<Self, Malformed> {
        Ok(Self {
            at: place(inbox.peer, inbox.addresses)?,
            send: SendId::new(array(&inbox.send)?),
            ticket: Ticket::from_schema(&required(inbox.ticket)?)?,
        })
    }
}

impl OpenBox {
    /// The same with so many addresses at most.
    pub fn with_addresses(self, count: usize) -> Option<Self> {
        Some(Self { at: told(&self.at, count)?, ..self })
    }

    pub(crate) fn to_schema(&self) -> schema::OpenBox {
        schema::OpenBox {
            peer: self.at.peer().as_bytes().to_vec(),
            addresses: self.at.addresses().to_vec(),
            send: self.send.as_bytes().to_vec(),
        }
    }

    pub(crate) fn from_schema(open: schema::OpenBox) -> Result<Self, Malformed> {
        Ok(Self { at: place(open.peer, open.addresses)?, send: SendId::new(array(&open.send)?) })
    }
}

impl Ticket {
    pub(crate) fn to_schema(&self) -> schema::MailTicket {
        schema::MailTicket {
            expires: self.expires.as_secs(),
            id: self.id.to_vec(),
            pass: self.pass.as_bytes().to_vec(),
        }
    }

    pub(crate) fn from_schema(ticket: &schema::MailTicket) -> Result<Self, Malformed> {
        Ok(Self {
            expires: Time::from_millis(ticket.expires.saturating_mul(1_000)),
            id: array(&ticket.id)?,
            pass: ContactToken::new(array(&ticket.pass)?),
        })
    }
}

/// A mailbox as contacts are told of it: its first few addresses, none too long.
pub fn told(at: &PeerAddress, count: usize) -> Option<PeerAddress> {
    let short = at.addresses().iter().filter(|address| address.len() <= mail_limits::MAIL_ADDRESS_LEN_MAX);
    let addresses = short.take(count.min(mail_limits::MAIL_ADDRESSES_MAX)).cloned().collect();
    PeerAddress::new(at.peer().clone(), addresses).ok()
}

fn place(peer: Vec<u8>, addresses: Vec<String>) -> Result<PeerAddress, Malformed> {
    if addresses.len() > mail_limits::MAIL_ADDRESSES_MAX
        || addresses.iter().any(|address| address.len() > mail_limits::MAIL_ADDRESS_LEN_MAX)
    {
        return Err(Malformed("too many addresses"));
    }
    let peer = PeerKey::new(peer).ok_or(Malformed("not a peer"))?;
    PeerAddress::new(peer, addresses).map_err(|_| Malformed("not an address"))
}
