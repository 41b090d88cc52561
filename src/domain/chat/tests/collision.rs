//! Message ids that meet: chosen by a hostile contact, or the same by chance.

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::time::Time;
use crate::domain::chat::conversation;
use crate::domain::chat::incoming::{self, Arrival};
use crate::domain::chat::timeline::{self, Body, From, NewEntry};
use crate::store::memory::NOTHING;
use crate::store::tx::Tx;
use crate::wire::said::message::Said;

fn body(text: &str) -> Body {
    Body::Said(Said::Text(text.into()))
}

#[test]
fn message_id_collision_across_conversations_hides_and_changes_nothing() {
    let tx = Tx::new(&NOTHING);
    let (id, now) = (MessageId::new([7; 16]), Time::EPOCH);
    let people = [1, 2].map(|byte| (AccountId::new([byte; 32]), DeviceId::new([byte + 10; 32])));
    // Two contacts, and twice the first one: every entry has one and the same id.
    for (place, text) in [(0, "from the one"), (1, "from the other"), (0, "once more")] {
        let (account, device) = people[place];
        let seq = incoming::edit(&tx, &device, |row| row.filed + 1).unwrap();
        assert_eq!(incoming::arrival(&tx, &device, seq), Arrival::Next);
        let entry =
            NewEntry { sent_at: now, id, from: From::Them { device, seq }, body: body(text), reply: None };
        conversation::file(&tx, &account, entry, now);
        incoming::edit(&tx, &device, |row| row.filed = seq);
        assert_eq!(incoming::arrival(&tx, &device, seq), Arrival::Repeated);
    }
    timeline::edit(&tx, &people[0].0, 1, |entry| entry.body = body("changed"));
    let said = |place: usize| {
        let entries = timeline::since(&tx, &people[place].0, 0, 10);
        entries.into_iter().map(|entry| (entry.id, entry.body)).collect::<Vec<_>>()
    };
    let text = |text: &str| (id, body(text));
    assert_eq!(said(0), [text("from the one"), text("changed")]);
    assert_eq!(said(1), [text("from the other")]);
}
