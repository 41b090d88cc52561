//! Account logs: the hash-chained list, signed by the identity key alone, of who speaks for an account.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::ed25519::{self, Signature};
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{Label, label};
use crate::domain::identity::account::AccountKey;
use crate::wire::account::{
    Device, Former, LogEntry, LogHead, LogOperation, LogState, Member, Purposes, Rotation,
};
use crate::wire::signed::Signed;

const NOTHING: Digest = Digest::new([0; 32]);

/// An account's log, every entry of it verified.
///
/// It begins with an entry that stands for itself: one that opens a generation, or a snapshot. From the last such
/// entry on it must be carried along, and that part never exceeds [`limits::LOG_CARRIED_MAX`]; up to
/// [`limits::LOG_KEPT_MAX`] of what came before is kept, for readers who were away.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountLog {
    account: AccountId,
    entries: Vec<Kept>,
    generation: u64,
    state: LogState,
    successor: Option<AccountId>,
}

/// An entry with what is asked of it often.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Kept {
    signed: Signed,
    head: LogHead,
    at: Time,
    stands_alone: bool,
}

impl AccountLog {
    /// Opens the log of an account with its first device, or begins it anew where the former one is lost: the
    /// entry's number is the time, so that it is above every number before, and no two entries of an account ever
    /// have one number, whether or not their maker remembers what there was.
    pub fn begin(key: &AccountKey, device: Member, now: Time) -> Self {
        Self::begin_in_line(key, device, Vec::new(), now)
    }

    /// The same for an account that takes the place of those in `line`, whose devices it takes over.
    pub(super) fn begin_in_line(key: &AccountKey, device: Member, line: Vec<Former>, now: Time) -> Self {
        let operation = LogOperation::Open(device.clone(), line.clone());
        let seq = now.as_millis();
        let entry = LogEntry { account: key.id(), seq, previous: NOTHING, at: now, operation };
        let signed = Signed::new(key.signing(), label::LOG_ENTRY, entry.encode());
        let kept = Kept { head: LogHead { seq, hash: hash(&signed) }, signed, at: now, stands_alone: true };
        let state = LogState { members: vec![device], line, ..LogState::default() };
        Self { account: key.id(), entries: vec![kept], generation: seq, state, successor: None }
    }

    /// Adds an entry, and a snapshot where too much would have to be carried along otherwise. The entry's time is
    /// never before that of the one before, whatever the clock says. Nothing changes where this fails.
    ///
    /// # Errors
    /// Where the key isn't the account's, or the operation makes no sense where the log stands.
    pub fn append(&mut self, key: &AccountKey, operation: LogOperation, now: Time) -> Result<(), LogError> {
        let mut next = self.clone();
        next.sign(key, operation, now)?;
        if next.successor.is_none() && next.carried_size() > limits::LOG_CARRIED_MAX {
            next.sign_snapshot(key, now)?;
        }
        next.shorten();
        *self = next;
        Ok(())
    }

    /// Ends the account: `successor` takes its place, and accepts that. No entry can follow.
    ///
    /// # Errors
    /// As [`AccountLog::append`]; and where the successor is the account itself.
    pub fn rotate(&mut self, key: &AccountKey, successor: &AccountKey, now: Time) -> Result<(), LogError> {
        let mut next = self.clone();
        if next.carried_size() + ROTATION_SIZE > limits::LOG_CARRIED_MAX {
            next.sign_snapshot(key, now)?;
        }
        let payload = Rotation::acceptance_payload(&self.account, &next.head().hash, &successor.id());
        let acceptance = successor.signing().sign(label::ACCEPTANCE, &payload);
        let rotation = Rotation { successor: successor.id(), acceptance };
        next.sign(key, LogOperation::RotateIdentity(rotation), now)?;
        next.shorten();
        *self = next;
        Ok(())
    }

    /// Verifies a log from outside: every signature, the chain, that each operation makes sense, and that the part
    /// to be carried along is within its bound. It may begin at any entry that stands for itself.
    pub fn verify(account: AccountId, entries: Vec<Signed>) -> Result<Self, LogError> {
        if entries.len() > limits::LOG_ENTRIES_MAX {
            return Err(LogError::Full);
        }
        let state = LogState::default();
        let mut log = Self { account, entries: Vec::new(), generation: 0, state, successor: None };
        entries.into_iter().try_for_each(|entry| log.admit(entry))?;
        log.complete()
    }

    /// The log with the entries that follow its head; see [`AccountLog::verify`].
    pub fn followed_by(&self, entries: Vec<Signed>) -> Result<Self, LogError> {
        if entries.len() > limits::LOG_ENTRIES_MAX {
            return Err(LogError::Full);
        }
        let mut log = self.clone();
        entries.into_iter().try_for_each(|entry| log.admit(entry))?;
        log.complete()
    }

    /// Whose log it is.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Where it stands.
    pub fn head(&self) -> LogHead {
        self.entries.last().map_or(LogHead { seq: 0, hash: NOTHING }, |entry| entry.head)
    }

    /// The devices that speak for the account now; none once another account took its place.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = &Device> {
        self.state.members.iter().map(|member| &member.device)
    }

    /// The device, if it may sign for `purpose` now.
    pub fn device(&self, id: &DeviceId, purpose: Purposes) -> Option<&Device> {
        self.devices().find(|device| device.id == *id && device.purposes.allow(purpose))
    }

    /// An ended log as it stood before another account took its place; `None` where nobody did.
    pub fn before_its_end(&self) -> Option<Self> {
        self.successor?;
        let mut entries = self.entries();
        entries.pop();
        Self::verify(self.account, entries).ok()
    }

    /// What the log comes to.
    pub const fn state(&self) -> &LogState {
        &self.state
    }

    /// The account that took this one's place, by the word of both.
    pub const fn successor(&self) -> Option<AccountId> {
        self.successor
    }

    /// The number of the entry that opened what stands now: it grows whenever the identity is restored. Chains of
    /// receipts are told apart by it.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// When the generation was opened, by its number.
    pub const fn began(&self) -> Time {
        Time::from_millis(self.generation)
    }

    /// The signed entries that are kept, oldest first.
    pub fn entries(&self) -> Vec<Signed> {
        self.entries.iter().map(|entry| entry.signed.clone()).collect()
    }

    /// The signed entries that must be carried along: from the last one that stands for itself on.
    pub fn carried(&self) -> Vec<Signed> {
        self.entries[self.base()..].iter().map(|entry| entry.signed.clone()).collect()
    }

    /// The entries behind the one with the number and hash of `head`; `None` where that one isn't kept.
    pub fn entries_after(&self, head: &LogHead) -> Option<Vec<Signed>> {
        let at = self.entries.iter().position(|entry| entry.head == *head)?;
        Some(self.entries[at + 1..].iter().map(|entry| entry.signed.clone()).collect())
    }

    /// The hash of the entry with a number, if that is kept.
    pub fn hash_at(&self, seq: u64) -> Option<Digest> {
        self.entries.iter().find(|entry| entry.head.seq == seq).map(|entry| entry.head.hash)
    }

    /// What the first kept entry names as the one before it, and its own number.
    pub fn root(&self) -> Option<(u64, Digest)> {
        let entry = LogEntry::decode(self.entries.first()?.signed.unverified()).ok()?;
        Some((entry.seq, entry.previous))
    }

    fn sign(&mut self, key: &AccountKey, operation: LogOperation, now: Time) -> Result<(), LogError> {
        let last = self.entries.last().ok_or(LogError::Empty)?;
        let at = now.max(last.at);
        let next = last.head.seq.checked_add(1).ok_or(LogError::Full)?;
        let seq = if matches!(operation, LogOperation::Open(..)) { next.max(at.as_millis()) } else { next };
        let entry = LogEntry { account: self.account, seq, previous: last.head.hash, at, operation };
        self.admit(Signed::new(key.signing(), label::LOG_ENTRY, entry.encode()))
    }

    fn sign_snapshot(&mut self, key: &AccountKey, now: Time) -> Result<(), LogError> {
        let snapshot = LogOperation::Snapshot { generation: self.generation, state: self.state.clone() };
        self.sign(key, snapshot, now)
    }

    /// Takes one more entry, if it holds; nothing changes where it doesn't.
    fn admit(&mut self, signed: Signed) -> Result<(), LogError> {
        if self.successor.is_some() {
            return Err(LogError::Over);
        }
        let payload =
            signed.verify(self.account.as_bytes(), label::LOG_ENTRY).map_err(|_| LogError::Signature)?;
        let entry = LogEntry::decode(payload).map_err(|_| LogError::Entry)?;
        let stands_alone = matches!(entry.operation, LogOperation::Open(..) | LogOperation::Snapshot { .. });
        if entry.account != self.account || !self.is_next(&entry, stands_alone) {
            return Err(LogError::Chain);
        }
        let (seq, at) = (entry.seq, entry.at);
        self.apply(entry)?;
        let head = LogHead { seq, hash: hash(&signed) };
        self.entries.push(Kept { signed, head, at, stands_alone });
        Ok(())
    }

    fn is_next(&self, entry: &LogEntry, stands_alone: bool) -> bool {
        let opens = matches!(entry.operation, LogOperation::Open(..));
        match self.entries.last() {
            None if opens && entry.previous == NOTHING => entry.seq == entry.at.as_millis(),
            None if opens => entry.seq >= entry.at.as_millis(),
            None => stands_alone && entry.previous != NOTHING,
            Some(last) => {
                let Some(next) = last.head.seq.checked_add(1) else { return false };
                let seq = if opens { next.max(entry.at.as_millis()) } else { next };
                entry.seq == seq && entry.previous == last.head.hash && entry.at >= last.at
            }
        }
    }

    fn apply(&mut self, entry: LogEntry) -> Result<(), LogError> {
        let (known, state) = (!self.entries.is_empty(), &mut self.state);
        match entry.operation {
            LogOperation::Open(member, line) => {
                let opened = LogState { members: vec![member], line, ..LogState::default() };
                consented(&self.account, &opened)?;
                *state = opened;
                self.generation = entry.seq;
            }
            LogOperation::AddDevice(member) => {
                if state.members.len() >= limits::DEVICES_MAX {
                    return Err(LogError::Full);
                }
                if state.members.iter().any(|one| one.device.id == member.device.id) {
                    return Err(LogError::Entry);
                }
                agreed(&self.account, &state.line, &member)?;
                state.members.push(member);
            }
            LogOperation::RevokeDevice(id) => {
                let at = state.members.iter().position(|member| member.device.id == id);
                state.members.remove(at.ok_or(LogError::Entry)?);
            }
            LogOperation::Snapshot { generation, state: restated } => {
                let truthful = generation == self.generation && restated == *state;
                if known && !truthful || generation >= entry.seq {
                    return Err(LogError::Entry);
                }
                if !known {
                    consented(&self.account, &restated)?;
                }
                (self.generation, *state) = (generation, restated);
            }
            LogOperation::RotateIdentity(Rotation { successor, acceptance }) => {
                let payload = Rotation::acceptance_payload(&self.account, &entry.previous, &successor);
                let accepted =
                    ed25519::verify(successor.as_bytes(), label::ACCEPTANCE, &payload, &acceptance);
                if successor == self.account || accepted.is_err() {
                    return Err(LogError::Acceptance);
                }
                *state = LogState::default();
                self.successor = Some(successor);
            }
            LogOperation::SetDomain(domain) => state.domain = domain,
            LogOperation::SetMailboxes(peers) => state.mailboxes = peers,
        }
        Ok(())
    }

    fn complete(mut self) -> Result<Self, LogError> {
        if self.entries.is_empty() {
            return Err(LogError::Empty);
        }
        if self.carried_size() > limits::LOG_CARRIED_MAX {
            return Err(LogError::Full);
        }
        self.shorten();
        Ok(self)
    }

    /// Drops the oldest entries, up to one that stands for itself, while there is more than is to be kept.
    fn shorten(&mut self) {
        while size(&self.entries) > limits::LOG_KEPT_MAX || self.entries.len() > limits::LOG_ENTRIES_MAX {
            let Some(next) = self.entries.iter().skip(1).position(|entry| entry.stands_alone) else { return };
            self.entries.drain(..=next);
        }
    }

    fn base(&self) -> usize {
        self.entries.iter().rposition(|entry| entry.stands_alone).unwrap_or(0)
    }

    fn carried_size(&self) -> usize {
        size(&self.entries[self.base()..])
    }
}

/// The encoded length of a rotation at its longest; a test measures it.
const ROTATION_SIZE: usize = 260;

fn size(entries: &[Kept]) -> usize {
    entries.iter().map(|entry| entry.signed.size()).sum()
}

fn hash(entry: &Signed) -> Digest {
    Digest::new(sha256(&[&label::LOG_HASH.encoded(), entry.unverified()]))
}

/// Every device of a log agreed to be the account's, or that of an account before it in the line, each of which says
/// which one took its place.
fn consented(account: &AccountId, state: &LogState) -> Result<(), LogError> {
    let heirs = state.line.iter().skip(1).map(|former| &former.account).chain([account]);
    for (former, heir) in state.line.iter().zip(heirs) {
        let payload = Former::payload(&former.account, heir);
        verified(former.account.as_bytes(), label::SUCCESSION, &payload, &former.signature)?;
    }
    state.members.iter().try_for_each(|member| agreed(account, &state.line, member))
}

/// Nobody lists a device that didn't sign that it is theirs.
fn agreed(account: &AccountId, line: &[Former], member: &Member) -> Result<(), LogError> {
    let of = match usize::try_from(member.former).map_err(|_| LogError::Consent)? {
        0 => account,
        back => &line.iter().rev().nth(back - 1).ok_or(LogError::Consent)?.account,
    };
    let payload = Member::consent_payload(of, &member.device);
    verified(member.device.id.as_bytes(), label::DEVICE_CONSENT, &payload, &member.consent)
}

fn verified(key: &[u8; 32], label: Label, payload: &[u8], signature: &Signature) -> Result<(), LogError> {
    ed25519::verify(key, label, payload, signature.as_bytes()).map_err(|_| LogError::Consent)
}

/// Why a log isn't believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LogError {
    /// No entry.
    #[error("the account log is empty")]
    Empty,
    /// More entries, bytes or devices than allowed.
    #[error("the account log has too many entries or devices")]
    Full,
    /// A signature isn't the account's.
    #[error("the account log has an entry that the account didn't sign")]
    Signature,
    /// An entry doesn't follow from the one before.
    #[error("the account log's chain is broken")]
    Chain,
    /// An entry doesn't parse or makes no sense where it stands.
    #[error("the account log has an entry that makes no sense")]
    Entry,
    /// A device that is listed didn't sign that it is the account's, or an account before this one didn't name it.
    #[error("the account log lists a device that didn't agree to be its account's")]
    Consent,
    /// The account that is named as successor didn't accept, or is the account itself.
    #[error("the account log names a successor that didn't accept")]
    Acceptance,
    /// An entry stands behind the one that ended the account.
    #[error("the account log goes on behind its end")]
    Over,
}
