//! What an invite says, in as few bytes as it takes.

use prost::Message as _;

use crate::base::id::{AccountId, ContactToken, DeviceId, RouteId};
use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::ed25519;
use crate::wire::boxes::InboxBox;
use crate::wire::decode::{Malformed, array, line, list, message, required};
use crate::wire::reach::Reach;
use crate::wire::schema;

/// What every Ed25519 libp2p peer id begins with: an identity multihash of 36 bytes, and in it the protobuf
/// tags of a public key (libp2p specification, peer ids).
const PEER_PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// An invite: whose contact one becomes, where to knock, and the token that opens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invite {
    /// Who invites.
    pub account: AccountId,
    /// A person or a business.
    pub kind: AccountKind,
    /// What they call themselves; empty where they don't say.
    pub name: String,
    /// Where to knock.
    pub reach: Reach,
    /// The inbox that a first flight is sent to.
    pub inbox: RouteId,
    /// The secret that makes its bearer a contact.
    pub token: ContactToken,
    /// From when on it can't be accepted; whole seconds, what is below them is dropped.
    pub expires: Time,
    /// Inboxes that take a first flight when nobody is there.
    pub inboxes: Vec<InboxBox>,
}

impl Invite {
    /// The invite's bytes.
    pub fn encode(&self) -> Vec<u8> {
        use schema::invite::Peer;
        let peer = self.reach.peer();
        let key = peer.strip_prefix(&PEER_PREFIX).filter(|key| key.len() == 32);
        schema::Invite {
            account: self.account.as_bytes().to_vec(),
            kind: match self.kind {
                AccountKind::Person => 0,
                AccountKind::Business => 1,
            },
            name: self.name.clone(),
            device: self.reach.device().as_bytes().to_vec(),
            peer: Some(key.map_or_else(|| Peer::PeerId(peer.to_vec()), |key| Peer::PeerKey(key.to_vec()))),
            addresses: self.reach.addresses().iter().map(|address| pack(address)).collect(),
            inbox: self.inbox.as_bytes().to_vec(),
            token: self.token.as_bytes().to_vec(),
            expires: self.expires.as_secs(),
            inboxes: self.inboxes.iter().map(InboxBox::to_schema).collect(),
        }
        .encode_to_vec()
    }

    /// Parses an invite of at most [`limits::INVITE_MAX`] bytes, in its only encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        use schema::invite::Peer;
        let invite: schema::Invite = message(bytes, limits::INVITE_MAX)?;
        let account = AccountId::new(array(&invite.account)?);
        if !ed25519::is_public_key(account.as_bytes()) {
            return Err(Malformed("a weak key"));
        }
        let peer = match required(invite.peer)? {
            Peer::PeerId(peer) => peer,
            Peer::PeerKey(key) => [&PEER_PREFIX, array::<32>(&key)?.as_slice()].concat(),
        };
        let addresses = list(invite.addresses, limits::ADDRESSES_MAX, |packed| unpack(&packed))?;
        let device = DeviceId::new(array(&invite.device)?);
        let parsed = Self {
            account,
            kind: match invite.kind {
                0 => AccountKind::Person,
                1 => AccountKind::Business,
                _ => return Err(Malformed("an unknown kind")),
            },
            name: line(invite.name, limits::NAME_MAX)?,
            reach: Reach::new(device, peer, addresses).ok_or(Malformed("not a reach"))?,
            inbox: RouteId::new(array(&invite.inbox)?),
            token: ContactToken::new(array(&invite.token)?),
            expires: Time::from_millis(invite.expires.saturating_mul(1_000)),
            inboxes: list(invite.inboxes, limits::MAILBOXES_MAX, InboxBox::from_schema)?,
        };
        if parsed.encode() == bytes { Ok(parsed) } else { Err(Malformed("not canonical")) }
    }
}

// Packed addresses: bytes over 0x7F stand for what multiaddresses are mostly made of. An address is printable
// ASCII, so that they can't stand for themselves.

/// `/ip4/` and an address; its four bytes follow.
const IP4: u8 = 0x80;
/// `/udp/` and a port; its two bytes follow, high first.
const UDP: u8 = 0x81;
/// `/tcp/` and a port; its two bytes follow, high first.
const TCP: u8 = 0x82;
/// Texts that one byte stands for.
const WORDS: [(u8, &str); 10] = [
    (0x83, "/quic-v1"),
    (0x84, "/ip6/"),
    (0x85, "/dns/"),
    (0x86, "/dns4/"),
    (0x87, "/dns6/"),
    (0x88, "/p2p-circuit"),
    (0x89, "/p2p/"),
    (0x8A, "/wss"),
    (0x8B, "/ws"),
    (0x8C, "/tls"),
];

fn pack(address: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut rest = address;
    while let Some(first) = rest.bytes().next() {
        if let Some((length, bytes)) = pack_number(rest) {
            packed.extend_from_slice(&bytes);
            rest = &rest[length..];
        } else if let Some((code, word)) = WORDS.iter().find(|(_, word)| rest.starts_with(word)) {
            packed.push(*code);
            rest = &rest[word.len()..];
        } else {
            packed.push(first);
            rest = &rest[1..];
        }
    }
    packed
}

/// An IPv4 address or a port at the beginning: how long it is, and its packed form. Only the usual spelling is
/// packed, so that unpacking brings the same text back.
fn pack_number(text: &str) -> Option<(usize, Vec<u8>)> {
    let value = |prefix: &str| text.strip_prefix(prefix).map(|rest| rest.split('/').next().unwrap_or(rest));
    if let Some(value) = value("/ip4/") {
        let address: core::net::Ipv4Addr = value.parse().ok()?;
        let same = address.to_string() == value;
        return same.then(|| (5 + value.len(), [&[IP4], address.octets().as_slice()].concat()));
    }
    let (code, value) = value("/udp/").map(|port| (UDP, port)).or_else(|| Some((TCP, value("/tcp/")?)))?;
    let port: u16 = value.parse().ok()?;
    let same = port.to_string() == value;
    same.then(|| (5 + value.len(), [&[code], port.to_be_bytes().as_slice()].concat()))
}

fn unpack(packed: &[u8]) -> Result<String, Malformed> {
    let mut address = String::new();
    let mut rest = packed;
    while let Some((&code, after)) = rest.split_first() {
        rest = after;
        match code {
            IP4 => {
                let (octets, after) = rest.split_first_chunk::<4>().ok_or(Malformed("cut off"))?;
                address.push_str(&format!("/ip4/{}", core::net::Ipv4Addr::from(*octets)));
                rest = after;
            }
            UDP | TCP => {
                let (port, after) = rest.split_first_chunk::<2>().ok_or(Malformed("cut off"))?;
                let name = if code == UDP { "udp" } else { "tcp" };
                address.push_str(&format!("/{name}/{}", u16::from_be_bytes(*port)));
                rest = after;
            }
            0x21..=0x7E => address.push(char::from(code)),
            _ => {
                let word = WORDS.iter().find(|(known, _)| *known == code);
                address.push_str(word.ok_or(Malformed("an unknown code"))?.1);
            }
        }
        if address.len() > limits::ADDRESS_LEN_MAX {
            return Err(Malformed("too large"));
        }
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn usual_addresses_pack_small() {
        assert_eq!(pack("/ip4/203.0.113.5/udp/4001/quic-v1"), [0x80, 203, 0, 113, 5, 0x81, 0x0F, 0xA1, 0x83]);
        assert_eq!(pack("/dns4/a.example/tcp/443").len(), 1 + 9 + 3);
    }

    proptest! {
        #[test]
        fn every_address_unpacks_to_itself(address in "(/(ip4|udp|tcp|dns|x)/?[0-9a-z.]{0,12}){1,6}") {
            prop_assert_eq!(unpack(&pack(&address)).unwrap(), address);
        }

        #[test]
        fn what_unpacks_never_panics(packed in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = unpack(&packed);
        }
    }

    #[test]
    fn numbers_in_an_odd_spelling_stay_as_they_are() {
        for odd in ["/ip4/01.2.3.4/tcp/080", "/tcp/65536", "/ip4/1.2.3", "/udp/"] {
            assert_eq!(unpack(&pack(odd)).unwrap(), odd);
        }
    }
}
