//! A business's ledger as lines of JSON: whose it is, every event at its place in the chain, and a signed end.

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::domain::billing::audit::{Auditor, BEGINNING, Checked, Entry, Keys, Summary};
use crate::domain::billing::logs::{Line, Logs};
use crate::domain::identity::address;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::succession;
use crate::wire::billing::SignedEvent;
use crate::wire::document::SignedDocument;
use crate::wire::signed::Signed;

/// What such a file names its format.
pub const FORMAT: &str = "sigillo-ledger/1";
/// How an event's line begins, goes on and ends.
const EVENT_LINE: [&str; 3] = ["{\"event\":\"", "\",\"link\":\"", "\"}\n"];

/// The first line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`FORMAT`].
    pub format: String,
    /// Whose ledger it is.
    pub account: AccountId,
    /// The logs that its events are verified by, one author's each.
    pub logs: Vec<LogLine>,
}

/// The logs of one author.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// Whose.
    pub account: AccountId,
    /// The log's entries, oldest first, followed by those of the accounts that took its place.
    pub entries: Vec<SignedDocument>,
    /// The logs from before the identity was restored, oldest first: what was signed then is proven by nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<Vec<SignedDocument>>,
}

/// The line of an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLine {
    /// The encoded `SignedEvent`, in lower-case hexadecimal.
    pub event: String,
    /// Its link.
    pub link: Digest,
}

/// The last line: so that a file that was cut off is noticed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedEnd {
    /// SHA-256 of the first line.
    pub head: Digest,
    /// How many events there are.
    pub count: u64,
    /// The last link.
    pub link: Digest,
    /// When it was signed.
    pub at: Time,
    /// The device of the business that signed.
    pub signer: DeviceId,
    /// The signature over account, first line, count, link and time.
    pub signed: SignedDocument,
}

impl Head {
    /// The first line of an account's ledger.
    pub fn new(account: AccountId, logs: &Logs) -> Self {
        let documents = |entries: Vec<Signed>| entries.iter().map(SignedDocument::new).collect::<Vec<_>>();
        let line = |(account, line): (&AccountId, &Line)| LogLine {
            account: *account,
            entries: documents(entries(line.present())),
            superseded: line.superseded().iter().map(|log| documents(log.entries())).collect(),
        };
        Self { format: FORMAT.to_owned(), account, logs: logs.iter().map(line).collect() }
    }

    /// As it is written, with the line's end; none where it can't be.
    pub fn written(&self) -> Option<String> {
        written(self)
    }

    /// The hash of the line, which the signed end names.
    pub fn hash(&self) -> Digest {
        Digest::new(sha256(&[self.written().unwrap_or_default().as_bytes()]))
    }

    /// The logs in it, each verified; none where one doesn't hold.
    pub fn verified_logs(&self) -> Option<Logs> {
        if self.format != FORMAT {
            return None;
        }
        let line = |line: &LogLine| {
            let present = succession::successors(line.account, signed(&line.entries)?).ok()?;
            let former = line.superseded.iter();
            let former = former.map(|log| AccountLog::verify(line.account, signed(log)?).ok());
            Some((line.account, Line::new(present, former.collect::<Option<Vec<_>>>()?)?))
        };
        self.logs.iter().map(line).collect()
    }
}

/// The entries of a line of logs: the first one's whole, the others' as they are carried.
fn entries(line: &[AccountLog]) -> Vec<Signed> {
    let first = line.first().map(AccountLog::entries).unwrap_or_default();
    first.into_iter().chain(line.iter().skip(1).flat_map(AccountLog::carried)).collect()
}

fn signed(entries: &[SignedDocument]) -> Option<Vec<Signed>> {
    entries.iter().map(|entry| entry.signed(limits::LOG_ENTRY_MAX).ok()).collect()
}

fn written(line: &impl Serialize) -> Option<String> {
    serde_json::to_string(line).ok().map(|text| text + "\n")
}

impl EventLine {
    /// The line of an entry.
    pub fn new(entry: &Entry) -> Self {
        Self { event: data_encoding::HEXLOWER.encode(&entry.event.encode()), link: entry.link }
    }

    /// As it is written, with the line's end.
    pub fn written(&self) -> String {
        let [begin, middle, end] = EVENT_LINE;
        format!("{begin}{}{middle}{}{end}", self.event, self.link)
    }
}

impl SignedEnd {
    /// Signs how far the ledger with this first line goes.
    pub fn sign(head: &Head, count: u64, link: Digest, keys: &DeviceKeys, now: Time) -> Self {
        let payload = payload(&head.account, &head.hash(), count, &link, now);
        let signed = Signed::new(keys.signing(), label::LEDGER_HEAD, payload);
        Self {
            head: head.hash(),
            count,
            link,
            at: now,
            signer: keys.id(),
            signed: SignedDocument::new(&signed),
        }
    }

    /// As it is written, with the line's end; none where it can't be.
    pub fn written(&self) -> Option<String> {
        written(self)
    }

    /// Whether the business signed this end under this first line, and the events that were replayed are all up to it.
    fn holds(&self, head: &Head, logs: &Logs, replayed: &Summary) -> bool {
        let Ok(signed) = self.signed.signed(charging::EVENT_MAX) else { return false };
        let payload = payload(&head.account, &self.head, self.count, &self.link, self.at);
        let verified = signed.verify(self.signer.as_bytes(), label::LEDGER_HEAD);
        verified.is_ok_and(|signed| signed == payload)
            && self.head == head.hash()
            && logs.could_sign(&head.account, self.signer, self.at)
            && replayed.events == self.count
            && replayed.head.unwrap_or(BEGINNING) == self.link
    }
}

fn payload(account: &AccountId, head: &Digest, count: u64, link: &Digest, at: Time) -> Vec<u8> {
    let (count, at) = (count.to_be_bytes(), at.as_millis().to_be_bytes());
    [account.as_bytes().as_slice(), head.as_bytes(), &count, link.as_bytes(), &at].concat()
}

/// A line behind the first, as it was read and verified by itself: what needs no other line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    /// An event, and its link.
    Event(Digest, Box<Checked>),
    /// The signed end.
    End(Box<SignedEnd>),
    /// Neither, in the only form of either.
    Neither,
}

impl Read {
    /// Reads a line with its end.
    pub fn new(line: &str, logs: &Logs, keys: &mut Keys) -> Self {
        let mut event = || {
            let [begin, middle, end] = EVENT_LINE;
            let (event, link) = line.strip_prefix(begin)?.strip_suffix(end)?.split_once(middle)?;
            let digest = Digest::from_hex(link).filter(|digest| digest.to_string() == link)?;
            let bytes = data_encoding::HEXLOWER.decode(event.as_bytes()).ok()?;
            let event = SignedEvent::decode(&bytes).ok().filter(|event| event.encode() == bytes)?;
            Some(Self::Event(digest, Box::new(Checked::of(&event, &bytes, logs, keys))))
        };
        event().or_else(|| end(line).map(|end| Self::End(Box::new(end)))).unwrap_or(Self::Neither)
    }
}

fn end(line: &str) -> Option<SignedEnd> {
    let end: SignedEnd = serde_json::from_str(line).ok()?;
    (end.written()? == *line).then_some(end)
}

/// Audits a file, line by line.
pub struct FileAuditor {
    head: Head,
    logs: Logs,
    auditor: Auditor,
    end: Option<SignedEnd>,
}

/// What the audit of a file came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileAudit {
    /// Whose ledger it is.
    pub account: AccountId,
    /// What its events come to.
    pub summary: Summary,
    /// When its end was signed; none where the chain breaks before it.
    pub until: Option<Time>,
}

impl FileAuditor {
    /// Begins with the first line; `issuer` is whose ledger it must be, where that is known.
    ///
    /// # Errors
    /// Where it isn't the first line of such a file, or not that business's.
    pub fn begin(first: &str, issuer: Option<&AccountId>) -> Result<Self, FileError> {
        let head: Head = serde_json::from_str(first).map_err(|_| FileError::Head)?;
        if head.written().as_deref() != Some(first) {
            return Err(FileError::Head);
        }
        let logs = head.verified_logs().ok_or(FileError::Log)?;
        if issuer.is_some_and(|issuer| *issuer != head.account) {
            return Err(FileError::Another(head.account));
        }
        let auditor = Auditor::of(&head.account, &logs);
        Ok(Self { head, logs, auditor, end: None })
    }

    /// The logs that lines are read with.
    pub const fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// Where it can't stand there.
    pub fn take(&mut self, line: Read) -> Result<(), FileError> {
        if self.end.is_some() {
            return Err(FileError::Behind);
        }
        match line {
            Read::Event(link, checked) => self.auditor.take(&link, *checked),
            Read::End(end) => self.end = Some(*end),
            Read::Neither if self.auditor.summary().first_break.is_some() => {}
            Read::Neither => return Err(FileError::Line(self.auditor.summary().events)),
        }
        Ok(())
    }

    /// What it came to, after the last line.
    ///
    /// # Errors
    /// Where no event breaks the chain, but the end isn't that of these events.
    pub fn finish(self) -> Result<FileAudit, FileError> {
        let Self { head, logs, auditor, end } = self;
        let summary = auditor.summary().clone();
        let account = head.account;
        if summary.first_break.is_some() {
            return Ok(FileAudit { account, summary, until: None });
        }
        let end = end.ok_or(FileError::CutOff)?;
        if !end.holds(&head, &logs, &summary) {
            return Err(FileError::End);
        }
        Ok(FileAudit { account, summary, until: Some(end.at) })
    }
}

/// Why a file isn't a sound ledger, where no event is to blame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FileError {
    /// The first line isn't that of a ledger.
    #[error("it isn't a ledger's file, or its first line was changed")]
    Head,
    /// A log in the first line doesn't hold.
    #[error("a log in its first line doesn't hold")]
    Log,
    /// It is another business's.
    #[error("it is the ledger of {}", address::encode(.0))]
    Another(AccountId),
    /// A line is neither an event nor an end.
    #[error("line {0} behind the first can't be read")]
    Line(u64),
    /// There is something behind the end.
    #[error("there is something behind its end")]
    Behind,
    /// There is no end.
    #[error("it has no signed end: it was cut off")]
    CutOff,
    /// The end is another one's.
    #[error("its signed end isn't that of its first line and events: it was cut off, or changed")]
    End,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;
    use crate::domain::billing::audit::{Reason, link};
    use crate::domain::billing::calendar::days;
    use crate::domain::billing::fixture::{NOW, World, logs_of};
    use crate::domain::billing::recorded::Recorded;
    use crate::wire::account::Purposes;

    /// A ledger of one subscription with a receipt that is signed twice, in lines.
    fn file() -> (World, Vec<String>) {
        let mut world = World::new();
        let mut book = world.book();
        let paid = world.pay(&mut book, NOW).signed_twice(&world.business.keys, &world.business.log);
        let events = [
            book.history().events().next().unwrap().clone(),
            book.history().invoices().next().unwrap().1.clone(),
            paid,
        ];
        let logs = logs_of([&world.business, &world.person]);
        let lines = written(&world, &events, &logs);
        (world, lines)
    }

    fn written(world: &World, events: &[Recorded], logs: &Logs) -> Vec<String> {
        let head = Head::new(world.business.key.id(), logs);
        let mut before = BEGINNING;
        let mut lines = vec![head.written().unwrap()];
        for recorded in events {
            before = link(&before, recorded.signed());
            let entry = Entry { event: recorded.signed().clone(), link: before };
            let line = EventLine::new(&entry);
            assert_eq!(line.written(), serde_json::to_string(&line).unwrap() + "\n");
            lines.push(line.written());
        }
        let end = SignedEnd::sign(&head, events.len() as u64, before, &world.business.keys, NOW);
        lines.push(end.written().unwrap());
        lines
    }

    fn audit(world: &World, text: &str) -> Result<FileAudit, FileError> {
        let issuer = world.business.key.id();
        let mut lines = text.split_inclusive('\n');
        let mut auditor = FileAuditor::begin(lines.next().unwrap_or_default(), Some(&issuer))?;
        let mut keys = Keys::default();
        for line in lines {
            let read = Read::new(line, auditor.logs(), &mut keys);
            auditor.take(read)?;
        }
        auditor.finish()
    }

    fn is_sound(world: &World, text: &str) -> bool {
        audit(world, text).is_ok_and(|audit| audit.summary.first_break.is_none())
    }

    #[test]
    fn a_ledger_reads_back_whole() {
        let (world, lines) = file();
        let audit = audit(&world, &lines.concat()).unwrap();
        assert_eq!((audit.summary.events, audit.summary.receipts, audit.until), (3, 1, Some(NOW)));
        assert_eq!(audit.summary.first_break, None);
        let other = FileAuditor::begin(&lines[0], Some(&world.person.key.id()));
        assert_eq!(other.err(), Some(FileError::Another(world.business.key.id())));
    }

    #[test]
    fn no_byte_of_a_ledger_can_be_changed_left_out_or_put_in() {
        let (world, lines) = file();
        let text = lines.concat();
        for position in 0..text.len() {
            for bit in [0x01_u8, 0x20] {
                let mut changed = text.clone().into_bytes();
                changed[position] ^= bit;
                let Ok(changed) = String::from_utf8(changed) else { continue };
                assert!(!is_sound(&world, &changed), "byte {position} of {}", text.len());
            }
        }
        for position in (0..text.len()).step_by(7) {
            let without = format!("{}{}", &text[..position], &text[position + 1..]);
            assert!(!is_sound(&world, &without), "without byte {position}");
            for more in [" ", "\n", "0"] {
                let with = format!("{}{more}{}", &text[..position], &text[position..]);
                assert!(!is_sound(&world, &with), "{more:?} before byte {position}");
            }
            assert!(!is_sound(&world, &text[..position]), "cut off at {position}");
        }
    }

    #[test]
    fn no_line_can_be_left_out_doubled_or_moved() {
        let (world, lines) = file();
        for place in 0..lines.len() {
            let mut changed = lines.clone();
            changed.remove(place);
            assert!(!is_sound(&world, &changed.concat()), "without line {place}");
            let mut changed = lines.clone();
            changed.insert(place, lines[place].clone());
            assert!(!is_sound(&world, &changed.concat()), "line {place} twice");
            if place > 0 {
                let mut changed = lines.clone();
                changed.swap(place - 1, place);
                assert!(!is_sound(&world, &changed.concat()), "line {place} before the one before it");
            }
        }
        // A log of somebody who has nothing to do with it, in a first line that is well made.
        let mut head: Head = serde_json::from_str(&lines[0]).unwrap();
        head.logs.remove(1);
        let fewer = [vec![head.written().unwrap()], lines[1..].to_vec()].concat();
        assert!(!is_sound(&world, &fewer.concat()));
        let end: SignedEnd = serde_json::from_str(&lines[4]).unwrap();
        let other =
            SignedEnd::sign(&serde_json::from_str(&lines[0]).unwrap(), 3, end.link, &world.person.keys, NOW);
        let resigned = [lines[..4].to_vec(), vec![other.written().unwrap()]].concat();
        assert_eq!(audit(&world, &resigned.concat()).err(), Some(FileError::End), "signed by a customer");
    }

    #[test]
    fn what_was_signed_before_a_restore_is_proven_by_the_log_of_then() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let events: Vec<Recorded> = [
            book.history().events().next().unwrap(),
            book.history().invoices().next().unwrap().1,
            book.history().receipts()[0].1,
        ]
        .map(Clone::clone)
        .to_vec();
        let person = &world.person.key;
        let keys = DeviceKeys::derive(&Secret::new([77; 32]), &person.id());
        let new = AccountLog::begin(person, keys.member(&person.id(), Purposes::ALL), NOW.plus(days(2)));
        let lines = |superseded| {
            let mut logs = logs_of([&world.business]);
            logs.put(person.id(), Line::new(vec![new.clone()], superseded).unwrap());
            written(&world, &events, &logs).concat()
        };
        let found = audit(&world, &lines(Vec::new())).unwrap().summary.first_break.unwrap();
        assert_eq!(
            (found.position, found.reason),
            (0, Reason::Signer),
            "the request is by a device that is gone"
        );
        let kept = lines(vec![world.person.log.clone()]);
        assert!(is_sound(&world, &kept), "{:?}", audit(&world, &kept));
        let name = kept.find("superseded").unwrap();
        assert!(!is_sound(&world, &kept.replacen("superseded", "superseder", 1)), "{name}");
    }
}
