//! Whether a mailbox keeps what it says, within its limits, and whether its readers have fetched it.

use crate::base::id::ReadId;
use crate::domain::mailbox::owner::OWN_QUEUES;
use crate::domain::mailbox::queue::{MAIL, PREKEYS, QUEUES, SEEN, SENDS, Totals, totals};
use crate::sim::world::World;
use crate::store::table::{Reader, Rows};

/// What is wrong with what a node keeps for others.
pub(super) fn wrong(rows: &impl Rows) -> Vec<String> {
    let mut found = Vec::new();
    let mut all = Totals::default();
    for (key, queue) in rows.scan(&QUEUES, &QUEUES.all()) {
        let mail = rows.scan(&MAIL, &MAIL.of(&key.id));
        let bytes: u64 = mail.iter().map(|(_, mail)| mail.frame.len() as u64).sum();
        let open = mail.iter().filter(|(_, mail)| mail.ticket.is_none()).count();
        let pairs = rows.scan(&PREKEYS, &PREKEYS.of(&key.id).from(1)).len();
        let counted = (mail.len(), bytes, open, pairs);
        let stated = (queue.waiting as usize, queue.bytes, queue.open as usize, queue.pairs as usize);
        if counted != stated {
            found.push(format!("a queue has {counted:?} and says {stated:?}"));
        }
        let (messages, most) = queue.quota();
        if queue.waiting > messages || queue.bytes > most {
            found.push(format!("a queue has {} frames of {} bytes", queue.waiting, queue.bytes));
        }
        if rows.row(&SENDS, queue.send.as_bytes()).is_none_or(|id| id.as_bytes() != &*key.id) {
            found.push("nobody can write to a queue".into());
        }
        all = Totals {
            queues: all.queues + 1,
            messages: all.messages + mail.len() as u64,
            bytes: all.bytes + bytes,
        };
    }
    let of_all = [rows.scan(&MAIL, &MAIL.all()).len(), rows.scan(&SEEN, &SEEN.all()).len()];
    if totals(rows) != all || of_all.iter().any(|count| *count as u64 != all.messages) {
        found.push(format!("all queues have {all:?}, and it says {:?}, {of_all:?}", totals(rows)));
    }
    found
}

/// The mailboxes at which something waits for a reader who is there to fetch it.
pub(super) fn waiting(world: &World, reader: usize) -> Vec<usize> {
    let safe = world.peers[reader].disk.safe();
    let queues = Reader::new(&safe).scan(&OWN_QUEUES, &OWN_QUEUES.all());
    let found = queues.into_iter().filter_map(|(key, queue)| {
        let (id, host) = (ReadId::from_slice(&key.id)?, world.find(&queue.mailbox)?);
        let safe = world.peers[host].disk.safe();
        let waits = Reader::new(&safe).row(&QUEUES, id.as_bytes())?.waiting > 0;
        (waits && world.peers[host].on).then_some(host)
    });
    found.collect()
}
