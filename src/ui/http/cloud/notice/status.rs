//! How far what was said to a contact got, as statuses of that API.

use serde_json::{Value, json};

use crate::base::cloud_limits as limits;
use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::domain::chat::delivery::State;
use crate::domain::chat::timeline::{self, Body, Entry, From};
use crate::store::table::Rows;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::notice::envelope::seconds;
use crate::ui::http::cloud::notice::told::Told;
use crate::ui::http::cloud::party::Party;
use crate::ui::http::cloud::sent::Sent;

/// Entries that are looked at in one go.
const PAGE: usize = 64;

/// A status that is to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    /// The recipient's mailboxes have it.
    Sent,
    /// It is on the recipient's disk.
    Delivered,
    /// A person saw it.
    Read,
    /// Given up.
    Failed,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

/// The status of one message.
pub(super) fn document(
    (wamid, status): (&str, Status),
    at: Time,
    party: &Party,
    sent: &Sent,
    error: Option<&Graph>,
) -> Value {
    let mut document = json!({
        "id": wamid,
        "status": status.word(),
        "timestamp": seconds(at),
        "recipient_id": party.wa_id,
        "recipient_user_id": party.user_id,
        "pricing": sent.pricing(),
    });
    if let Some(opaque) = &sent.opaque {
        document["biz_opaque_callback_data"] = opaque.as_str().into();
    }
    if let Some(error) = error {
        document["errors"] = json!([error.later()]);
    }
    document
}

/// What is to be told where everything of ours up to `seq` has come so far, the earliest first, and what is told then.
///
/// Of what a mailbox has, the number names this one message. What was filed before `since` was before the webhook's time.
pub(super) fn news(
    rows: &impl Rows,
    thread: &AccountId,
    (seq, state): (u64, State),
    told: Told,
    since: Time,
) -> (Vec<(Entry, Status)>, Told) {
    let mut next = told;
    let low = match state {
        State::Stored | State::Sent => seq.saturating_sub(1).max(told.sent),
        State::Delivered => told.delivered,
        State::Read => told.read,
        State::Queued | State::Failed => return (Vec::new(), told),
    };
    let mut news = Vec::new();
    for entry in of_ours(rows, thread, low, seq, since) {
        let From::Us { seq } = entry.from else { continue };
        let before = [
            (Status::Sent, seq > told.sent),
            (Status::Delivered, state >= State::Delivered && seq > told.delivered),
            (Status::Read, state >= State::Read),
        ];
        let due = before.into_iter().filter(|(_, due)| *due);
        news.extend(due.map(|(status, _)| (entry.clone(), status)));
    }
    next.sent = next.sent.max(seq);
    if state >= State::Delivered {
        next.delivered = next.delivered.max(seq);
    }
    if state >= State::Read {
        next.read = next.read.max(seq);
    }
    (news, next)
}

/// Messages of ours after number `low` up to `high` that weren't given up, the earliest first.
fn of_ours(rows: &impl Rows, thread: &AccountId, low: u64, high: u64, since: Time) -> Vec<Entry> {
    let (mut edge, mut found) = (u64::MAX, Vec::new());
    loop {
        let page = timeline::before(rows, thread, edge, PAGE);
        let Some(first) = page.first() else { break };
        edge = first.position;
        for entry in page.into_iter().rev() {
            if entry.at < since || found.len() >= limits::STATUSES_MAX {
                found.reverse();
                return found;
            }
            // Numbers rise with places; what has none was never a message.
            let From::Us { seq } = entry.from else { continue };
            if seq == 0 {
                continue;
            }
            if seq <= low {
                found.reverse();
                return found;
            }
            let is_message = !matches!(entry.body, Body::Billing { .. } | Body::Missing | Body::Notice(_));
            if seq <= high && entry.failed.is_none() && is_message {
                found.push(entry);
            }
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::MessageId;
    use crate::domain::chat::conversation;
    use crate::domain::chat::timeline::{Cause, NewEntry};
    use crate::store::memory::NOTHING;
    use crate::store::tx::Tx;
    use crate::wire::said::message::Said;

    const NOW: Time = Time::from_millis(1_800_000_000_000);
    const CUSTOMER: AccountId = AccountId::new([1; 32]);

    fn file(tx: &Tx<'_>, seq: u64, body: Body, at: Time) -> u64 {
        let id = MessageId::new([u8::try_from(seq).unwrap(); 16]);
        let entry = NewEntry { sent_at: at, id, from: From::Us { seq }, body, reply: None };
        conversation::file(tx, &CUSTOMER, entry, at).position
    }

    fn news_of(tx: &Tx<'_>, seq: u64, state: State, told: Told) -> (Vec<(u64, Status)>, Told) {
        let (news, told) = news(tx, &CUSTOMER, (seq, state), told, NOW);
        let number = |entry: &Entry| match entry.from {
            From::Us { seq } => seq,
            _ => 0,
        };
        (news.iter().map(|(entry, status)| (number(entry), *status)).collect(), told)
    }

    #[test]
    fn each_status_is_told_once_and_in_order() {
        let tx = Tx::new(&NOTHING);
        file(
            &tx,
            1,
            Body::Said(Said::Text("before its time".into())),
            NOW.minus(core::time::Duration::from_secs(1)),
        );
        for seq in 2..=4 {
            file(&tx, seq, Body::Said(Said::Text(seq.to_string())), NOW);
        }
        let (first, told) = news_of(&tx, 2, State::Stored, Told::default());
        assert_eq!(first, [(2, Status::Sent)]);
        let (second, told) = news_of(&tx, 3, State::Delivered, told);
        assert_eq!(second, [(2, Status::Delivered), (3, Status::Sent), (3, Status::Delivered)]);
        let (again, told) = news_of(&tx, 3, State::Delivered, told);
        assert_eq!(again, []);
        let (read, told) = news_of(&tx, 4, State::Read, told);
        let all = [
            (2, Status::Read),
            (3, Status::Read),
            (4, Status::Sent),
            (4, Status::Delivered),
            (4, Status::Read),
        ];
        assert_eq!(read, all);
        assert_eq!(told, Told { sent: 4, delivered: 4, read: 4 });
    }

    #[test]
    fn what_was_given_up_or_is_no_message_has_no_such_status() {
        let tx = Tx::new(&NOTHING);
        let dropped = file(&tx, 1, Body::Said(Said::Text("dropped".into())), NOW);
        timeline::edit(&tx, &CUSTOMER, dropped, |entry| entry.failed = Some(Cause::OutsideWindow));
        file(
            &tx,
            2,
            Body::Billing { kind: 1, id: crate::base::id::Digest::new([1; 32]), summary: "x".into() },
            NOW,
        );
        file(&tx, 3, Body::Said(Said::Text("good".into())), NOW);
        let (news, _) = news_of(&tx, 3, State::Delivered, Told::default());
        assert_eq!(news, [(3, Status::Sent), (3, Status::Delivered)]);
    }

    #[test]
    fn one_event_tells_of_so_many_messages_the_latest() {
        let tx = Tx::new(&NOTHING);
        let count = limits::STATUSES_MAX as u64 + 100;
        for seq in 1..=count {
            let entry = NewEntry {
                sent_at: NOW,
                id: MessageId::new([1; 16]),
                from: From::Us { seq },
                body: Body::Said(Said::Text("x".into())),
                reply: None,
            };
            conversation::file(&tx, &CUSTOMER, entry, NOW);
        }
        let (news, _) = news(&tx, &CUSTOMER, (count, State::Delivered), Told::default(), NOW);
        assert_eq!(news.len(), 2 * limits::STATUSES_MAX);
        assert!(matches!(news.last().unwrap().0.from, From::Us { seq } if seq == count));
    }
}
