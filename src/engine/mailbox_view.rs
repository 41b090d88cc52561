//! Our mailboxes, and what we keep for others, as they are shown.

use serde::Serialize;

use crate::base::mail_limits;
use crate::base::time::Time;
use crate::domain::mailbox::owner::{self, OWN_QUEUES, Purpose, Trouble};
use crate::domain::mailbox::queue::{self, Totals};
use crate::store::table::Rows;
use crate::wire::peer::PeerAddress;

/// One of our mailboxes.
#[derive(Clone, Debug, Serialize)]
pub struct MailboxView {
    /// Where it is.
    #[serde(skip)]
    pub at: PeerAddress,
    /// `ready`, `asked` before it has made our inbox, or `leaving`.
    pub state: &'static str,
    /// Since when it is ours.
    pub added_at: Time,
    /// When what still comes there is no longer fetched, where we are leaving it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Time>,
    /// Queues of ours that it has.
    pub queues: usize,
    /// When it last answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Time>,
    /// What was in the way the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// All about mailboxes.
#[derive(Clone, Debug, Serialize)]
pub struct MailView {
    /// Ours.
    pub mailboxes: Vec<MailboxView>,
    /// How many mailboxes' words make a message to us count as stored.
    pub words_to_store: usize,
    /// What this node keeps for others.
    pub hosted: Totals,
}

/// All about mailboxes.
pub fn mail(rows: &impl Rows) -> MailView {
    let queues = rows.scan(&OWN_QUEUES, &OWN_QUEUES.all());
    let mailboxes: Vec<MailboxView> = owner::mailboxes(rows)
        .into_iter()
        .map(|mailbox| {
            let made = queues
                .iter()
                .filter(|(_, queue)| queue.mailbox == *mailbox.at.peer() && queue.made.is_some());
            let ready = made.clone().any(|(_, queue)| matches!(queue.purpose, Purpose::Inbox { .. }));
            MailboxView {
                state: match (mailbox.leaving, ready) {
                    (Some(_), _) => "leaving",
                    (None, true) => "ready",
                    (None, false) => "asked",
                },
                added_at: mailbox.added,
                left_at: mailbox.leaving.map(|since| since.plus(mail_limits::QUEUES_ROTATION)),
                queues: made.count(),
                heard_at: mailbox.heard,
                trouble: mailbox.trouble,
                at: mailbox.at,
            }
        })
        .collect();
    let standing = mailboxes.iter().filter(|mailbox| mailbox.left_at.is_none()).count();
    MailView {
        words_to_store: standing.min(mail_limits::STORED_WORDS),
        mailboxes,
        hosted: queue::totals(rows),
    }
}
