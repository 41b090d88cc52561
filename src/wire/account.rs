//! Entries of an account log, as they are signed.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::ed25519::{self, Signature};
use crate::wire::decode::{Malformed, array, list, message, required, time};
use crate::wire::peer::PeerKey;
use crate::wire::schema;
use crate::wire::signed::Signed;

/// What a device's signing key may sign, as a sum of flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Purposes(u32);

impl Purposes {
    /// Messages and prekeys.
    pub const MESSAGE: Self = Self(1);
    /// Profiles and index entries.
    pub const PROFILE: Self = Self(2);
    /// Receipts and the other events of charging.
    pub const RECEIPT: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    /// Both together.
    #[must_use]
    pub const fn and(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// Whether every flag of `wanted` is among these.
    pub const fn allow(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

/// A device's certificate: its public keys and what they may sign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Device {
    /// The Ed25519 signing key, which is its id.
    pub id: DeviceId,
    /// The X25519 key.
    pub exchange: [u8; 32],
    /// What the signing key may sign.
    pub purposes: Purposes,
}

impl Device {
    pub(crate) fn to_schema(&self) -> schema::Device {
        schema::Device {
            signing: self.id.as_bytes().to_vec(),
            exchange: self.exchange.to_vec(),
            purposes: self.purposes.0,
        }
    }

    pub(crate) fn from_schema(device: &schema::Device) -> Result<Self, Malformed> {
        let signing = array(&device.signing)?;
        if !ed25519::is_public_key(&signing) {
            return Err(Malformed("a weak signing key"));
        }
        if device.purposes == 0 || device.purposes > Purposes::ALL.0 {
            return Err(Malformed("unknown purposes"));
        }
        Ok(Self {
            id: DeviceId::new(signing),
            exchange: array(&device.exchange)?,
            purposes: Purposes(device.purposes),
        })
    }
}

/// A device in an account log, with its own word that it speaks for the account: nobody lists another's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Its certificate.
    pub device: Device,
    /// Its signature over [`Member::consent_payload`], label "device consent".
    pub consent: Signature,
    /// Whose device it agreed to be: 0 the log's account, n the nth account before it ([`LogState::line`]).
    pub former: u32,
}

impl Member {
    /// What the device signs: the account, and its certificate.
    pub fn consent_payload(account: &AccountId, device: &Device) -> Vec<u8> {
        let purposes = [u8::try_from(device.purposes.0).unwrap_or_default()];
        [&account.as_bytes()[..], device.id.as_bytes(), &device.exchange, &purposes].concat()
    }

    fn to_schema(&self) -> schema::Member {
        schema::Member {
            device: Some(self.device.to_schema()),
            consent: self.consent.as_bytes().to_vec(),
            former: self.former,
        }
    }

    fn from_schema(member: schema::Member) -> Result<Self, Malformed> {
        Ok(Self {
            device: Device::from_schema(&required(member.device)?)?,
            consent: Signature::new(array(&member.consent)?),
            former: member.former,
        })
    }
}

/// An account whose place another took, and its word that its devices may be that one's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Former {
    /// The account.
    pub account: AccountId,
    /// Its signature over [`Former::payload`], label "identity succession".
    pub signature: Signature,
}

impl Former {
    /// What the former account signs: itself, and the one that takes its place.
    pub fn payload(account: &AccountId, successor: &AccountId) -> Vec<u8> {
        [&account.as_bytes()[..], successor.as_bytes()].concat()
    }

    fn to_schema(&self) -> schema::Former {
        schema::Former {
            account: self.account.as_bytes().to_vec(),
            signature: self.signature.as_bytes().to_vec(),
        }
    }

    fn from_schema(former: &schema::Former) -> Result<Self, Malformed> {
        Ok(Self {
            account: AccountId::new(strong(&former.account)?),
            signature: Signature::new(array(&former.signature)?),
        })
    }
}

/// What an entry of an account log does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogOperation {
    /// Opens a generation: this device and no other speaks for the account, whatever stood before. The first entry
    /// of every log; also what a restored identity begins with. With the line of accounts whose place this one took,
    /// as far as its devices agreed to be theirs.
    Open(Member, Vec<Former>),
    /// The device speaks for the account from here on.
    AddDevice(Member),
    /// The device no longer does.
    RevokeDevice(DeviceId),
    /// Restates what the entries before came to, so that they need not be carried along.
    Snapshot {
        /// The number of the entry that opened the generation.
        generation: u64,
        /// All of it.
        state: LogState,
    },
    /// The account is over; another one takes its place.
    RotateIdentity(Rotation),
    /// The domain that the account claims; `None` takes it back.
    SetDomain(Option<String>),
    /// The peers that keep mail for the account, at most [`limits::MAILBOXES_MAX`], none twice.
    SetMailboxes(Vec<PeerKey>),
}

/// What a log comes to: who speaks for the account, and what it says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LogState {
    /// The devices that speak for it, in the order they were added; at most [`limits::DEVICES_MAX`].
    pub members: Vec<Member>,
    /// The accounts before it that devices agreed to be theirs, oldest first; at most [`limits::LINE_OF_DEVICES_MAX`].
    pub line: Vec<Former>,
    /// The domain that it claims, unproven.
    pub domain: Option<String>,
    /// The peers that keep mail for it.
    pub mailboxes: Vec<PeerKey>,
}

/// The old key's word that another one takes its place, with that one's acceptance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// The account that takes its place.
    pub successor: AccountId,
    /// Its signature under the label "identity acceptance".
    pub acceptance: [u8; ed25519::SIGNATURE_LEN],
}

impl Rotation {
    /// What the successor signs: the account that it takes the place of, the entry that this follows, and itself.
    pub fn acceptance_payload(account: &AccountId, previous: &Digest, successor: &AccountId) -> Vec<u8> {
        [&account.as_bytes()[..], previous.as_bytes(), successor.as_bytes()].concat()
    }
}

/// One entry of an account log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogEntry {
    /// Whose log it is.
    pub account: AccountId,
    /// One more than in the entry before; in one that opens a generation, the time in milliseconds if that is more.
    pub seq: u64,
    /// The hash of the former entry; zeros where none is known.
    pub previous: Digest,
    /// When it was made.
    pub at: Time,
    /// What it does.
    pub operation: LogOperation,
}

impl LogEntry {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        use schema::log_entry::Operation;
        let operation = match &self.operation {
            LogOperation::Open(member, line) => Operation::Open(schema::Opening {
                device: Some(member.to_schema()),
                line: line.iter().map(Former::to_schema).collect(),
            }),
            LogOperation::AddDevice(member) => Operation::AddDevice(member.to_schema()),
            LogOperation::RevokeDevice(id) => Operation::RevokeDevice(id.as_bytes().to_vec()),
            LogOperation::Snapshot { generation, state } => Operation::Snapshot(schema::Snapshot {
                generation: *generation,
                devices: state.members.iter().map(Member::to_schema).collect(),
                line: state.line.iter().map(Former::to_schema).collect(),
                domain: state.domain.clone().unwrap_or_default(),
                mailboxes: state.mailboxes.iter().map(|peer| peer.as_bytes().to_vec()).collect(),
            }),
            LogOperation::RotateIdentity(rotation) => Operation::RotateIdentity(schema::Rotation {
                successor: rotation.successor.as_bytes().to_vec(),
                acceptance: rotation.acceptance.to_vec(),
            }),
            LogOperation::SetDomain(domain) => Operation::SetDomain(domain.clone().unwrap_or_default()),
            LogOperation::SetMailboxes(peers) => Operation::SetMailboxes(schema::Mailboxes {
                peers: peers.iter().map(|peer| peer.as_bytes().to_vec()).collect(),
            }),
        };
        schema::LogEntry {
            account: self.account.as_bytes().to_vec(),
            seq: self.seq,
            previous: self.previous.as_bytes().to_vec(),
            at: self.at.as_millis(),
            operation: Some(operation),
        }
        .encode_to_vec()
    }

    /// Parses a verified payload, in its only encoding. An operation that isn't known is an error: it might be a
    /// revocation.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        use schema::log_entry::Operation;
        let entry: schema::LogEntry = message(payload, limits::LOG_ENTRY_MAX)?;
        let operation = match required(entry.operation)? {
            Operation::Open(opening) => {
                LogOperation::Open(Member::from_schema(required(opening.device)?)?, line(&opening.line)?)
            }
            Operation::AddDevice(member) => LogOperation::AddDevice(Member::from_schema(member)?),
            Operation::RevokeDevice(id) => LogOperation::RevokeDevice(DeviceId::new(array(&id)?)),
            Operation::Snapshot(snapshot) => LogOperation::Snapshot {
                generation: snapshot.generation,
                state: LogState {
                    members: members(snapshot.devices)?,
                    line: line(&snapshot.line)?,
                    domain: domain(snapshot.domain)?,
                    mailboxes: mailboxes(snapshot.mailboxes)?,
                },
            },
            Operation::RotateIdentity(rotation) => LogOperation::RotateIdentity(Rotation {
                successor: AccountId::new(strong(&rotation.successor)?),
                acceptance: array(&rotation.acceptance)?,
            }),
            Operation::SetDomain(text) => LogOperation::SetDomain(domain(text)?),
            Operation::SetMailboxes(list) => LogOperation::SetMailboxes(mailboxes(list.peers)?),
        };
        let entry = Self {
            account: AccountId::new(array(&entry.account)?),
            seq: entry.seq,
            previous: Digest::new(array(&entry.previous)?),
            at: time(entry.at),
            operation,
        };
        if entry.encode() == payload { Ok(entry) } else { Err(Malformed("not canonical")) }
    }
}

/// Whether the text can be a domain: two or more labels of lower-case letters, digits and inner hyphens (RFC 1123;
/// others in their A-label form), at most 253 bytes.
pub fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    text.len() <= limits::DOMAIN_MAX && text.contains('.') && text.split('.').all(is_label)
}

fn domain(text: String) -> Result<Option<String>, Malformed> {
    match text.as_str() {
        "" => Ok(None),
        domain if is_domain(domain) => Ok(Some(text)),
        _ => Err(Malformed("not a domain")),
    }
}

fn mailboxes(peers: Vec<Vec<u8>>) -> Result<Vec<PeerKey>, Malformed> {
    let peers = list(peers, limits::MAILBOXES_MAX, |peer| PeerKey::new(peer).ok_or(Malformed("not a peer")))?;
    if peers.iter().enumerate().any(|(at, peer)| peers[..at].contains(peer)) {
        return Err(Malformed("a mailbox twice"));
    }
    Ok(peers)
}

fn members(listed: Vec<schema::Member>) -> Result<Vec<Member>, Malformed> {
    let members = list(listed, limits::DEVICES_MAX, Member::from_schema)?;
    let twice = |(at, one): (usize, &Member)| members[..at].iter().any(|two| two.device.id == one.device.id);
    if members.iter().enumerate().any(twice) {
        return Err(Malformed("a device twice"));
    }
    Ok(members)
}

fn line(listed: &[schema::Former]) -> Result<Vec<Former>, Malformed> {
    list(listed.iter().collect(), limits::LINE_OF_DEVICES_MAX, Former::from_schema)
}

/// A public key that means one signer.
fn strong(bytes: &[u8]) -> Result<[u8; ed25519::PUBLIC_LEN], Malformed> {
    let key = array(bytes)?;
    if ed25519::is_public_key(&key) { Ok(key) } else { Err(Malformed("a weak key")) }
}

/// Where an account log stands: sent inside every message, so that two views of one log can't stay apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogHead {
    /// The last entry's number.
    pub seq: u64,
    /// The last entry's hash.
    pub hash: Digest,
}

impl LogHead {
    pub(crate) fn to_schema(self) -> schema::LogHead {
        schema::LogHead { seq: self.seq, hash: self.hash.as_bytes().to_vec() }
    }

    pub(crate) fn from_schema(head: &schema::LogHead) -> Result<Self, Malformed> {
        Ok(Self { seq: head.seq, hash: Digest::new(array(&head.hash)?) })
    }
}

/// The signed entries of a log in the wire's form.
pub(crate) fn log_to_schema(entries: &[Signed]) -> Vec<schema::Signed> {
    entries.iter().map(Signed::to_schema).collect()
}

/// The signed entries of a log, bounded in number and size, not yet verified.
pub(crate) fn log_from_schema(entries: Vec<schema::Signed>) -> Result<Vec<Signed>, Malformed> {
    list(entries, limits::LOG_ENTRIES_MAX, |entry| Signed::from_schema(entry, limits::LOG_ENTRY_MAX))
}
