//! Pure queries about where contacts are.

use serde::Serialize;

use crate::base::time::Time;
use crate::domain::chat::conversation::CONVERSATIONS;
use crate::domain::identity::address;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::engine::view::unsettled;
use crate::store::table::Rows;
use crate::wire::peer::PeerKey;

/// A contact, and the peers of the transport at which its devices are.
#[derive(Clone, Debug, Serialize)]
pub struct ContactPeers {
    /// Their address.
    pub address: String,
    /// What they are called here.
    pub name: String,
    /// Our messages that no device of theirs acknowledged yet.
    pub waiting: u64,
    /// When the last entry of the conversation was filed.
    #[serde(skip)]
    pub last_at: Time,
    /// Where their devices are, as far as they have told.
    #[serde(skip)]
    pub peers: Vec<PeerKey>,
}

/// At most `most` contacts that were accepted, the latest conversations first.
pub fn contact_peers(rows: &impl Rows, most: usize) -> Vec<ContactPeers> {
    let all = rows.scan(&CONTACTS, &CONTACTS.all()).into_iter().map(|(_, contact)| contact);
    let accepted = all.filter(|one| one.standing == Standing::Accepted && !one.is_ourselves());
    let mut found: Vec<_> = accepted
        .map(|contact| {
            let talk = rows.row(&CONVERSATIONS, contact.account.as_bytes());
            (talk.map_or(contact.added_at, |talk| talk.last_at), contact)
        })
        .collect();
    found.sort_by_key(|(last_at, _)| core::cmp::Reverse(*last_at));
    found.truncate(most);
    found.into_iter().map(|(last_at, contact)| peers_of(rows, &contact, last_at)).collect()
}

fn peers_of(rows: &impl Rows, contact: &Contact, last_at: Time) -> ContactPeers {
    let reaches = contact.devices().filter_map(|device| contact.reach_of(&device));
    ContactPeers {
        address: address::encode(&contact.account),
        name: contact.name.clone(),
        waiting: unsettled(rows, contact),
        last_at,
        peers: reaches.filter_map(|reach| PeerKey::new(reach.peer().to_vec())).collect(),
    }
}
