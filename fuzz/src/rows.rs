//! Stored rows: whatever decodes is written back in one way, and reads back from it.

use sigillo::domain::business::catalog::{CATALOG, PICTURES};
use sigillo::domain::business::desk::DESK;
use sigillo::domain::business::forms::{FORMS, SOURCES};
use sigillo::domain::business::note::NOTES;
use sigillo::domain::business::quick::QUICK;
use sigillo::domain::business::seat::SEATS;
use sigillo::domain::business::templates::TEMPLATES;
use sigillo::domain::chat::conversation::CONVERSATIONS;
use sigillo::domain::chat::delivery::DELIVERY;
use sigillo::domain::chat::incoming::INCOMING;
use sigillo::domain::chat::outbox::OUTBOX;
use sigillo::domain::chat::timeline::PAGES;
use sigillo::domain::consent::dealings::DEALINGS;
use sigillo::domain::consent::ledger::CONSENTS;
use sigillo::domain::consent::window::{OPENINGS, WINDOWS};
use sigillo::domain::directory::found::FOUND;
use sigillo::domain::identity::contact::CONTACTS;
use sigillo::domain::identity::open_invite::INVITES;
use sigillo::domain::identity::own::ACCOUNTS;
use sigillo::domain::mailbox::boxes::BOXES;
use sigillo::domain::mailbox::owner::{FOR_CONTACT, MAILBOXES, OWN_QUEUES};
use sigillo::domain::mailbox::queue::{MAIL, QUEUES};
use sigillo::domain::session::rows::{PEERS, PREKEYS, ROUTES, SESSIONS};
use sigillo::store::table::{Row, Table};
use sigillo::wire::peer::PeerAddress;

use crate::bytes::Bytes;

/// The target.
pub fn rows(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let choice = bytes.below(32);
    let row = bytes.rest();
    match choice {
        0 => settles(&SESSIONS, row),
        1 => settles(&PEERS, row),
        2 => settles(&PREKEYS, row),
        3 => settles(&ROUTES, row),
        4 => settles(&CONTACTS, row),
        5 => settles(&ACCOUNTS, row),
        6 => settles(&INVITES, row),
        7 => settles(&CONVERSATIONS, row),
        8 => settles(&DELIVERY, row),
        9 => settles(&INCOMING, row),
        10 => settles(&OUTBOX, row),
        11 => settles(&PAGES, row),
        13 => settles(&QUEUES, row),
        14 => settles(&MAIL, row),
        15 => settles(&MAILBOXES, row),
        16 => settles(&OWN_QUEUES, row),
        17 => settles(&FOR_CONTACT, row),
        18 => settles(&BOXES, row),
        19 => settles(&CONSENTS, row),
        20 => settles(&OPENINGS, row),
        21 => settles(&WINDOWS, row),
        22 => settles(&DEALINGS, row),
        23 => settles(&DESK, row),
        24 => settles(&SEATS, row),
        25 => settles(&TEMPLATES, row),
        26 => settles(&QUICK, row),
        27 => settles(&NOTES, row),
        28 => settles(&CATALOG, row),
        29 => settles(&PICTURES, row),
        30 => settles(&FORMS, row),
        31 => settles(&SOURCES, row),
        _ => {
            settles(&FOUND, row);
            if let Ok(address) = postcard::from_bytes::<PeerAddress>(row) {
                let written = postcard::to_stdvec(&address).expect("it can be written");
                assert_eq!(postcard::from_bytes::<PeerAddress>(&written).ok(), Some(address));
            }
        }
    }
}

fn settles<T: Row>(table: &Table<T>, bytes: &[u8]) {
    let Ok(row) = table.decode(bytes) else { return };
    let written = table.encode(&row).expect("what was read can be written");
    let again = table.decode(&written).expect("what was written can be read");
    assert_eq!(table.encode(&again).ok(), Some(written));
}
