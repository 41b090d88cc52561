//! A business's ledger as lines of JSON: whose it is, every event at its place in the chain, and a signed end.

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kdf::label;
use crate::domain::billing::audit::{BEGINNING, Entry, Logs, Summary};
use crate::domain::billing::recorded::could_sign;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::succession;
use crate::wire::billing::SignedEvent;
use crate::wire::document::SignedDocument;
use crate::wire::signed::Signed;

/// What such a file names its format.
pub const FORMAT: &str = "sigillo-ledger/1";

/// The first line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`FORMAT`].
    pub format: String,
    /// Whose ledger it is.
    pub account: AccountId,
    /// The logs that its events are verified by, each followed by those of the accounts that took its place.
    pub logs: Vec<LogLine>,
}

/// The log of one author.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// Whose.
    pub account: AccountId,
    /// Its entries, oldest first.
    pub entries: Vec<SignedDocument>,
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
    /// How many events there are.
    pub count: u64,
    /// The last link.
    pub link: Digest,
    /// When it was signed.
    pub at: Time,
    /// The device of the business that signed.
    pub signer: DeviceId,
    /// The signature over account, count, link and time.
    pub signed: SignedDocument,
}

impl Head {
    /// The first line of an account's ledger.
    pub fn new(account: AccountId, logs: &Logs) -> Self {
        let line = |(account, line): (&AccountId, &Vec<AccountLog>)| LogLine {
            account: *account,
            entries: entries(line).iter().map(SignedDocument::new).collect(),
        };
        Self { format: FORMAT.to_owned(), account, logs: logs.iter().map(line).collect() }
    }

    /// The logs in it, each verified; none where one doesn't hold.
    pub fn verified_logs(&self) -> Option<Logs> {
        if self.format != FORMAT {
            return None;
        }
        let log = |line: &LogLine| {
            let entries = line.entries.iter().map(|entry| entry.signed(limits::LOG_ENTRY_MAX).ok());
            let entries = entries.collect::<Option<Vec<_>>>()?;
            Some((line.account, succession::successors(line.account, entries).ok()?))
        };
        self.logs.iter().map(log).collect()
    }
}

/// The entries of a line of logs: the first one's whole, the others' as they are carried.
fn entries(line: &[AccountLog]) -> Vec<Signed> {
    let first = line.first().map(AccountLog::entries).unwrap_or_default();
    first.into_iter().chain(line.iter().skip(1).flat_map(AccountLog::carried)).collect()
}

impl EventLine {
    /// The line of an entry.
    pub fn new(entry: &Entry) -> Self {
        Self { event: data_encoding::HEXLOWER.encode(&entry.event.encode()), link: entry.link }
    }

    /// The entry; none where the line isn't one in its only form.
    pub fn entry(&self) -> Option<Entry> {
        let bytes = data_encoding::HEXLOWER.decode(self.event.as_bytes()).ok()?;
        let event = SignedEvent::decode(&bytes).ok().filter(|event| event.encode() == bytes)?;
        Some(Entry { event, link: self.link })
    }
}

impl SignedEnd {
    /// Signs how far an account's ledger goes.
    pub fn sign(account: AccountId, count: u64, link: Digest, keys: &DeviceKeys, now: Time) -> Self {
        let signed = Signed::new(keys.signing(), label::LEDGER_HEAD, payload(account, count, link, now));
        Self { count, link, at: now, signer: keys.id(), signed: SignedDocument::new(&signed) }
    }

    /// Whether the business signed this end, and the events that were replayed are all up to it.
    pub fn holds(&self, account: AccountId, logs: &Logs, replayed: &Summary) -> bool {
        let Ok(signed) = self.signed.signed(charging::EVENT_MAX) else { return false };
        let payload = payload(account, self.count, self.link, self.at);
        let verified = signed.verify(self.signer.as_bytes(), label::LEDGER_HEAD);
        let line = logs.get(&account).map(Vec::as_slice).unwrap_or_default();
        verified.is_ok_and(|signed| signed == payload)
            && line.iter().any(|log| could_sign(log, self.signer, self.at))
            && replayed.events == self.count
            && replayed.head.unwrap_or(BEGINNING) == self.link
    }
}

fn payload(account: AccountId, count: u64, link: Digest, at: Time) -> Vec<u8> {
    let (count, at) = (count.to_be_bytes(), at.as_millis().to_be_bytes());
    [account.as_bytes().as_slice(), &count, link.as_bytes(), &at].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::audit::{audit, link};
    use crate::domain::billing::fixture::{NOW, World};

    #[test]
    fn a_ledger_reads_back_and_its_end_holds_for_what_it_was_signed_over() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let [request, invoice, receipt] = [
            book.history().events().next().unwrap().clone(),
            book.history().invoices().next().unwrap().1.clone(),
            book.history().receipts()[0].1.clone(),
        ];
        let mut before = BEGINNING;
        let entries: Vec<Entry> = [request, invoice, receipt]
            .into_iter()
            .map(|recorded| {
                before = link(&before, recorded.signed());
                Entry { event: recorded.signed().clone(), link: before }
            })
            .collect();
        let account = world.business.key.id();
        let logs: Logs =
            [&world.business, &world.person].map(|party| (party.key.id(), vec![party.log.clone()])).into();
        let head = serde_json::to_string(&Head::new(account, &logs)).unwrap();
        let head: Head = serde_json::from_str(&head).unwrap();
        let read = head.verified_logs().unwrap();
        assert_eq!(read, logs);
        let lines: Vec<String> =
            entries.iter().map(|entry| serde_json::to_string(&EventLine::new(entry)).unwrap()).collect();
        let parsed: Vec<Entry> = lines
            .iter()
            .map(|line| serde_json::from_str::<EventLine>(line).unwrap().entry().unwrap())
            .collect();
        assert_eq!(parsed, entries);
        let summary = audit(&parsed, &read);
        assert_eq!(summary.first_break, None);
        let end = SignedEnd::sign(account, 3, before, &world.business.keys, NOW);
        assert!(end.holds(account, &read, &summary));
        let cut_off = audit(&parsed[..2], &read);
        assert!(cut_off.first_break.is_none() && !end.holds(account, &read, &cut_off));
        for changed in [
            SignedEnd { count: 2, ..end.clone() },
            SignedEnd { at: NOW.plus(core::time::Duration::from_secs(1)), ..end.clone() },
            SignedEnd::sign(account, 3, before, &world.person.keys, NOW),
        ] {
            assert!(!changed.holds(account, &read, &summary));
        }
        let mut forged = head;
        forged.logs[0].entries[0].signature[0] ^= 1;
        assert!(forged.verified_logs().is_none());
    }
}
