//! A queue that is kept for others, and the rows that belong to it.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::base::id::{ReadId, SendId};
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::crypto::secret::Secret;
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::prekeys::one_time_expiry;

/// Queues by their read id.
pub const QUEUES: Table<Queue> = Table::new(TableId::MailQueues, 1);
/// The read id behind each send id.
pub const SENDS: Table<ReadId> = Table::new(TableId::MailSends, 1);
/// What waits, by the read id, at its number.
pub const MAIL: Table<Mail> = Table::new(TableId::Mail, 1);
/// Frames that wait, by read id and hash: a repeated deposit finds itself.
pub const SEEN: Table<()> = Table::new(TableId::MailSeen, 1);
/// Prekeys to be handed out, by the inbox's read id: the bundle at 0, pairs of one-time prekeys behind it.
pub const PREKEYS: Table<Vec<ByteBuf>> = Table::new(TableId::MailPrekeys, 1);
/// How much is kept for all together.
pub const TOTALS: Table<Totals> = Table::new(TableId::MailTotals, 1);
const TOTALS_ID: &[u8] = b"mail";

/// What a mailbox keeps for all together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Queues.
    pub queues: u64,
    /// Frames that wait.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A queue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Queue {
    /// Signs every request to read.
    pub read_key: [u8; 32],
    /// What deposits name it by.
    pub send: SendId,
    /// What is kept in it.
    pub kind: Kind,
    /// When its reader last asked for it, to within [`mail_limits::QUEUE_TOUCH`].
    pub touched: Time,
    /// Until when it is paid for, where the mailbox takes receipts.
    pub paid: Option<Time>,
    /// The number of the next frame.
    pub next: u64,
    /// Frames that wait.
    pub waiting: u32,
    /// Those of them that no ticket let in.
    pub open: u32,
    /// The bytes of those that wait.
    pub bytes: u64,
    /// Pairs of one-time prekeys that are left.
    pub pairs: u32,
    /// The position of the next one.
    pub pair_next: u64,
}

/// What is kept in a queue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// First flights.
    Inbox {
        /// What its tickets are made under.
        gate: Secret<32>,
    },
    /// What one contact says.
    Pair {
        /// What its writer's MACs are made under.
        writer: Secret<32>,
        /// The queue's public key, which the writer was told.
        public: [u8; 32],
    },
}

/// A frame that waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mail {
    /// The frame.
    #[serde(with = "serde_bytes")]
    pub frame: Vec<u8>,
    /// When it came.
    pub at: Time,
    /// The ticket that let it in.
    pub ticket: Option<[u8; 8]>,
}

impl Queue {
    /// Frames that may wait, and their bytes.
    pub const fn quota(&self) -> (u32, u64) {
        match self.kind {
            Kind::Inbox { .. } => (mail_limits::INBOX_MESSAGES_MAX, mail_limits::INBOX_BYTES_MAX),
            Kind::Pair { .. } => (mail_limits::PAIR_MESSAGES_MAX, mail_limits::PAIR_BYTES_MAX),
        }
    }

    /// How long a frame waits.
    pub const fn mail_life(&self) -> core::time::Duration {
        match self.kind {
            Kind::Inbox { .. } => mail_limits::INBOX_MAIL_LIFE,
            Kind::Pair { .. } => mail_limits::PAIR_MAIL_LIFE,
        }
    }

    /// When it goes if its reader never asks for it again.
    pub fn ends(&self) -> Time {
        let unread = self.touched.plus(mail_limits::QUEUE_LIFE);
        self.paid.map_or(unread, |paid| unread.min(paid.plus(mail_limits::PAIR_MAIL_LIFE)))
    }

    /// Bits of work for a deposit without a ticket: more, the fuller the part is that is open to all.
    pub fn work(&self) -> u32 {
        let open =
            mail_limits::INBOX_MESSAGES_MAX - mail_limits::INBOX_MESSAGES_MAX / mail_limits::INBOX_RESERVE;
        mail_limits::WORK_LEAST
            + (mail_limits::WORK_MOST - mail_limits::WORK_LEAST) * self.open.min(open) / open
    }
}

/// The key of a frame in [`SEEN`].
pub fn seen_key(queue: &ReadId, frame: &[u8]) -> Key {
    SEEN.key(&[queue.as_bytes().as_slice(), &sha256(&[frame])].concat())
}

/// What is kept for all together.
pub fn totals(rows: &impl Rows) -> Totals {
    rows.copy(&TOTALS, TOTALS_ID).unwrap_or_default()
}

/// Changes what is kept for all together.
pub fn count(tx: &Tx<'_>, change: impl FnOnce(&mut Totals)) {
    let mut totals = totals(tx);
    change(&mut totals);
    tx.put(&TOTALS, TOTALS.key(TOTALS_ID), totals);
}

/// Drops the frame at `number`; whether it was there. The queue's row is changed, not stored.
pub fn drop_mail(tx: &Tx<'_>, id: &ReadId, queue: &mut Queue, number: u64) -> bool {
    let key = MAIL.key_at(id.as_bytes(), number);
    let Some(mail) = tx.get(&MAIL, &key) else { return false };
    let bytes = mail.frame.len() as u64;
    tx.delete(&SEEN, seen_key(id, &mail.frame));
    tx.delete(&MAIL, key);
    queue.waiting = queue.waiting.saturating_sub(1);
    queue.open = queue.open.saturating_sub(u32::from(mail.ticket.is_none()));
    queue.bytes = queue.bytes.saturating_sub(bytes);
    count(tx, |totals| {
        totals.messages = totals.messages.saturating_sub(1);
        totals.bytes = totals.bytes.saturating_sub(bytes);
    });
    true
}

/// Drops the pairs of one-time prekeys that say that they have expired: nobody would take them, and their owner learns by
/// what is left that others are wanted. The queue's row is changed, not stored.
pub fn drop_stale_pairs(tx: &Tx<'_>, id: &ReadId, queue: &mut Queue, now: Time) {
    let is_stale = |prekey: &ByteBuf| one_time_expiry(prekey).is_ok_and(|expires| expires <= now);
    // They were put there in the order of their making.
    while queue.pairs > 0
        && let Some((key, pair)) = tx.scan(&PREKEYS, &PREKEYS.of(id.as_bytes()).from(1).limit(1)).pop()
        && pair.iter().any(is_stale)
    {
        tx.delete(&PREKEYS, key);
        queue.pairs = queue.pairs.saturating_sub(1);
    }
}

/// Drops a queue with all that belongs to it.
pub fn drop_queue(tx: &Tx<'_>, id: &ReadId, mut queue: Queue) {
    for (key, _) in tx.scan(&MAIL, &MAIL.of(id.as_bytes())) {
        drop_mail(tx, id, &mut queue, key.position().unwrap_or_default());
    }
    for (key, _) in tx.scan(&PREKEYS, &PREKEYS.of(id.as_bytes())) {
        tx.delete(&PREKEYS, key);
    }
    tx.delete(&SENDS, SENDS.key(queue.send.as_bytes()));
    tx.delete(&QUEUES, QUEUES.key(id.as_bytes()));
    count(tx, |totals| totals.queues = totals.queues.saturating_sub(1));
}

/// Drops what is past its life in a queue, or the whole queue; when to look again, where it stands.
pub fn expire(tx: &Tx<'_>, id: &ReadId, now: Time) -> Option<Time> {
    let mut queue = tx.copy(&QUEUES, id.as_bytes())?;
    if queue.ends() <= now {
        drop_queue(tx, id, queue);
        return None;
    }
    let life = queue.mail_life();
    let mut due = queue.ends();
    for (key, mail) in tx.scan(&MAIL, &MAIL.of(id.as_bytes())) {
        let end = mail.at.plus(life);
        if end > now {
            due = due.min(end);
            break;
        }
        drop_mail(tx, id, &mut queue, key.position().unwrap_or_default());
    }
    tx.put(&QUEUES, QUEUES.key(id.as_bytes()), queue);
    Some(due)
}
