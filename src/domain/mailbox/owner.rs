//! Our own mailboxes, and our queues at them.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, ContactToken, PrekeySource, ReadId, SendId};
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::crypto::ed25519::SigningKey;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::boxes::{InboxBox, OpenBox, PairBox, Queues, Ticket, told};
use crate::wire::mail::{NewKind, NewQueue, ShownReceipt, read_id, ticket_pass};
use crate::wire::peer::{PeerAddress, PeerKey};

/// Our mailboxes by their peer.
pub const MAILBOXES: Table<Mailbox> = Table::new(TableId::OwnMailboxes, 1);
/// Our queues by their read id.
pub const OWN_QUEUES: Table<OwnQueue> = Table::new(TableId::OwnQueues, 1);
/// Which queues are for which contact, by the contact.
pub const FOR_CONTACT: Table<ForContact> = Table::new(TableId::ContactQueues, 1);

/// A node that keeps mail for us.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mailbox {
    /// Where it is.
    pub at: PeerAddress,
    /// What lets our queues in.
    pub token: Option<ContactToken>,
    /// A receipt that does.
    pub receipt: Option<ShownReceipt>,
    /// Since when it is ours.
    pub added: Time,
    /// Since when we are leaving it: nobody is told of it any more, and what still comes is fetched.
    pub leaving: Option<Time>,
    /// Our inbox there.
    pub inbox: ReadId,
    /// When it last answered, to within [`mail_limits::MAIL_CHECK`].
    pub heard: Option<Time>,
    /// What was in the way the last time, if anything was.
    pub trouble: Option<Trouble>,
}

/// What was in the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It couldn't be reached, or didn't answer.
    Unreachable,
    /// Its rule doesn't let our queues in.
    NotAdmitted,
    /// It is full.
    Full,
    /// It says that a queue of ours isn't there: its disk was lost, or it lies.
    Lost,
}

/// A queue of ours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnQueue {
    /// Where it is.
    pub mailbox: PeerKey,
    /// For what.
    pub purpose: Purpose,
    /// What our read key is made of.
    pub seed: Secret<32>,
    /// What the mailbox said of it, once it made it.
    pub made: Option<Made>,
    /// Since when we have it.
    pub since: Time,
    /// Since when another one takes its place.
    pub replaced: Option<Time>,
}

/// What a queue is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// First flights for an account of ours.
    Inbox {
        /// Which account.
        own: AccountId,
        /// What its tickets are made under.
        gate: Secret<32>,
    },
    /// What a contact says.
    Pair {
        /// Which contact.
        contact: AccountId,
        /// The contact's key to prove deposits with.
        writer: Secret<32>,
        /// Hides routes from the mailbox.
        mask: Secret<32>,
    },
}

/// What a mailbox said of a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Made {
    /// What deposits name it by.
    pub send: SendId,
    /// Its X25519 key there.
    pub key: [u8; 32],
}

/// The queues for one contact.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ForContact {
    /// Those that stand, at most one at each mailbox.
    pub queues: Vec<ReadId>,
    /// Those that the contact was told of.
    pub told: Vec<SendId>,
    /// When it was.
    pub told_at: Option<Time>,
}

impl OwnQueue {
    /// A queue that its mailbox doesn't know yet, and its read id.
    pub fn new(mailbox: PeerKey, purpose: Purpose, now: Time, rng: &mut dyn CryptoRng) -> (ReadId, Self) {
        let seed = Secret::random(rng);
        let id = read_id(&SigningKey::from_seed(&seed).public());
        (id, Self { mailbox, purpose, seed, made: None, since: now, replaced: None })
    }

    /// The key that signs requests to read it.
    pub fn key(&self) -> SigningKey {
        SigningKey::from_seed(&self.seed)
    }

    /// The request to make it.
    pub fn wanted(&self, mailbox: &Mailbox) -> NewQueue {
        let kind = match &self.purpose {
            Purpose::Inbox { gate, .. } => NewKind::Inbox { gate: gate.clone() },
            Purpose::Pair { writer, .. } => {
                NewKind::Pair { writer: *KeyPair::from_secret(writer.clone()).public() }
            }
        };
        NewQueue {
            read_key: self.key().public(),
            kind,
            token: mailbox.token,
            receipt: mailbox.receipt.clone(),
        }
    }

    /// What a contact is told of it, with so many addresses; nothing before the mailbox made it.
    pub fn pair_box(&self, mailbox: &Mailbox, addresses: usize) -> Option<PairBox> {
        let (Purpose::Pair { writer, mask, .. }, Some(made)) = (&self.purpose, self.made) else {
            return None;
        };
        let at = told(&mailbox.at, addresses)?;
        Some(PairBox { at, send: made.send, writer: writer.clone(), key: made.key, mask: mask.clone() })
    }

    /// What lets somebody into an inbox until `expires`.
    pub fn inbox_box(
        &self,
        mailbox: &Mailbox,
        addresses: usize,
        expires: Time,
        rng: &mut dyn CryptoRng,
    ) -> Option<InboxBox> {
        let (Purpose::Inbox { gate, .. }, Some(made)) = (&self.purpose, self.made) else { return None };
        let mut id = [0; 8];
        rng.fill_bytes(&mut id);
        let pass = ticket_pass(gate, expires.as_secs(), &id);
        let expires = Time::from_millis(expires.as_secs() * 1_000);
        let at = told(&mailbox.at, addresses)?;
        Some(InboxBox { at, send: made.send, ticket: Ticket { expires, id, pass } })
    }
}

/// Our inboxes that stand, as a profile names them: for everybody.
pub fn open_inboxes(rows: &impl Rows) -> Vec<OpenBox> {
    let mut boxes = Vec::new();
    for mailbox in standing(rows) {
        let queue = rows.row(&OWN_QUEUES, mailbox.inbox.as_bytes());
        let made = queue.and_then(|queue| queue.made);
        let at = told(&mailbox.at, mail_limits::MAIL_ADDRESSES_MAX);
        boxes.extend(made.zip(at).map(|(made, at)| OpenBox { at, send: made.send }));
    }
    boxes
}

/// Our mailboxes, those among them that we are leaving.
pub fn mailboxes(rows: &impl Rows) -> Vec<Mailbox> {
    rows.scan(&MAILBOXES, &MAILBOXES.all()).into_iter().map(|(_, row)| Mailbox::clone(&row)).collect()
}

/// Our mailboxes that stand.
pub fn standing(rows: &impl Rows) -> Vec<Mailbox> {
    let mut all = mailboxes(rows);
    all.retain(|mailbox| mailbox.leaving.is_none());
    all
}

/// A mailbox of ours.
pub fn mailbox(rows: &impl Rows, peer: &PeerKey) -> Option<Mailbox> {
    rows.copy(&MAILBOXES, peer.as_bytes())
}

/// A mailbox as a source of one-time prekeys.
pub fn source(mailbox: &PeerKey) -> PrekeySource {
    PrekeySource::new(sha256(&[&label::MAILBOX_SOURCE.encoded(), mailbox.as_bytes()]))
}

/// The queues of a contact that stand, with their mailboxes.
pub fn queues_for(rows: &impl Rows, contact: &AccountId) -> Vec<(ReadId, OwnQueue, Mailbox)> {
    let row = rows.row(&FOR_CONTACT, contact.as_bytes());
    let ids = row.iter().flat_map(|row| &row.queues);
    ids.filter_map(|id| {
        let queue = rows.copy(&OWN_QUEUES, id.as_bytes())?;
        let mailbox = mailbox(rows, &queue.mailbox)?;
        (queue.replaced.is_none() && mailbox.leaving.is_none()).then_some((*id, queue, mailbox))
    })
    .collect()
}

/// What a contact is told of the queues that stand for it, with so many addresses of each mailbox.
pub fn told_to(
    rows: &impl Rows,
    contact: &AccountId,
    knows_account: bool,
    addresses: usize,
    now: Time,
    rng: &mut dyn CryptoRng,
) -> Queues {
    let queues = queues_for(rows, contact);
    let pairs = queues.iter().filter_map(|(_, queue, mailbox)| queue.pair_box(mailbox, addresses)).collect();
    let inboxes = if knows_account {
        inboxes(rows, addresses, now.plus(mail_limits::TICKET_LIFE), rng)
    } else {
        Vec::new()
    };
    Queues { pairs, inboxes }
}

/// Whether a contact was told of a queue at each mailbox that stands, and of nothing else: then there is nothing to tell.
pub fn is_told_all(rows: &impl Rows, standing: &[Mailbox], contact: &AccountId, knows_account: bool) -> bool {
    let Some(row) = rows.row(&FOR_CONTACT, contact.as_bytes()) else { return false };
    let stands = |queue: &OwnQueue| {
        queue.replaced.is_none() && standing.iter().any(|mailbox| *mailbox.at.peer() == queue.mailbox)
    };
    let send = |id: &ReadId| {
        let queue = rows.row(&OWN_QUEUES, id.as_bytes()).filter(|queue| stands(queue))?;
        queue.made.map(|made| made.send)
    };
    let inboxes = standing.iter().filter(|_| knows_account).map(|mailbox| &mailbox.inbox);
    let sends = row.queues.iter().chain(inboxes).map(send);
    row.queues.len() == standing.len() && sends.eq(row.told.iter().copied().map(Some))
}

/// Our inboxes that stand, each with a new ticket.
pub fn inboxes(rows: &impl Rows, addresses: usize, expires: Time, rng: &mut dyn CryptoRng) -> Vec<InboxBox> {
    let mut boxes = Vec::new();
    for mailbox in standing(rows) {
        let queue = rows.row(&OWN_QUEUES, mailbox.inbox.as_bytes());
        boxes.extend(queue.and_then(|queue| queue.inbox_box(&mailbox, addresses, expires, rng)));
    }
    boxes
}

/// Our queues for a contact are its new account's.
pub fn contact_moved(tx: &Tx<'_>, old: &AccountId, new: &AccountId) {
    if let Some(row) = tx.copy(&FOR_CONTACT, old.as_bytes()) {
        tx.delete(&FOR_CONTACT, FOR_CONTACT.key(old.as_bytes()));
        tx.put(&FOR_CONTACT, FOR_CONTACT.key(new.as_bytes()), row);
    }
    readdress(tx, |purpose| match purpose {
        Purpose::Pair { contact, .. } if contact == old => *contact = *new,
        _ => {}
    });
}

/// Our inboxes are those of the account that takes the place of ours.
pub fn account_moved(tx: &Tx<'_>, former: &AccountId, heir: &AccountId) {
    readdress(tx, |purpose| match purpose {
        Purpose::Inbox { own, .. } if own == former => *own = *heir,
        _ => {}
    });
}

/// Changes what our queues are for; those that stay as they were aren't written again.
fn readdress(tx: &Tx<'_>, change: impl Fn(&mut Purpose)) {
    for (key, queue) in tx.scan(&OWN_QUEUES, &OWN_QUEUES.all()) {
        let mut purpose = queue.purpose.clone();
        change(&mut purpose);
        if purpose != queue.purpose {
            tx.edit(&OWN_QUEUES, &key, |row| row.purpose = purpose);
        }
    }
}

/// Changes a mailbox of ours, if it is one.
pub fn edit(tx: &Tx<'_>, peer: &PeerKey, change: impl FnOnce(&mut Mailbox)) {
    tx.edit(&MAILBOXES, &MAILBOXES.key(peer.as_bytes()), change);
}
